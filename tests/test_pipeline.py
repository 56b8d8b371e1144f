"""The whole method on the miniature: what goes in comes out, nothing is done twice or leaked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from selftranslate import recipe
from selftranslate.engines import Completion, Request
from selftranslate.errors import DataError
from selftranslate.example import Example, Pair, Prediction, Sample
from selftranslate.machine import fastest_precision
from selftranslate.pipeline import Pipeline
from selftranslate.recipe import Recipe
from selftranslate.runtime import Runtime
from selftranslate.store import Artifact

SMALL: dict[str, Any] = {
    "task": {"name": "mini", "train": 10, "validation": 4, "test": 6},
    "model": "mini",
    "languages": ["de"],
    "limits": {"quality": 3},
    "settings": [
        {"name": "D_src", "train_on": ["source"]},
        {"name": "+D_tgt", "train_on": ["source", "target"]},
    ],
    "training": {"name": "lora", "r": 4, "batch_size": 4},
    "protocol": {"learning_rates": [1e-3], "seeds": [0], "steps": 1, "keep": 1},
}
BESIDE = {"memory.sqlite", "journal", "reports", "live"}
"""What a store holds that is no artifact."""
EVERYTHING = [
    {"name": "D_src", "train_on": ["source"]},
    {"name": "+D_tgt", "train_on": ["source", "target"]},
    {"name": "+D_tgt+D_cs", "train_on": ["source", "target", "codeswitch"]},
    {"name": "+gold", "train_on": ["source", "gold"]},
]


def small(**changes: Any) -> Recipe:
    return recipe.parse({**SMALL, **changes}, "test")


def run(wanted: Recipe, store: Path) -> tuple[Pipeline, dict[str, Any], Artifact]:
    pipeline = Pipeline(wanted, Runtime(store=store))
    _, made = pipeline.run()
    return pipeline, made.json("report.json"), made


def stage(pipeline: Pipeline, name: str) -> list[Artifact]:
    known = {a.key: a for a in (*pipeline.store.made, *pipeline.store.found) if a.stage == name}
    return list(known.values())


def bytes_of(store: Path) -> dict[str, str]:
    """Hash every artifact's files; memory, journal and what is live hold times and are none."""
    return {
        path.relative_to(store).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(store.rglob("*"))
        if path.is_file() and path.relative_to(store).parts[0] not in BESIDE
    }


@pytest.mark.parametrize("task", ["mini", "mini_nli", "mini_qa"])
def test_every_stage_is_real_and_no_row_is_lost(task: str, tmp_path: Path) -> None:
    wanted = small(
        task={"name": task, "train": 10, "validation": 4, "test": 6}, settings=EVERYTHING
    )
    pipeline, found, _ = run(wanted, tmp_path)
    german = found["languages"]["de"]
    assert german["kept"] + sum(german["dropped"].values()) == 10
    assert list(german["settings"]) == [s["name"] for s in EVERYTHING]
    for answers in stage(pipeline, "answer"):
        assert sum(1 for _ in answers.read(Prediction, "outputs.jsonl")) in (4, 6)
    sizes = [sum(1 for _ in a.read(Sample)) for a in stage(pipeline, "mix")]
    switched = 0 if task == "mini_nli" else 2 * german["kept"]
    assert sizes[0] == 10 + 8 and sizes[1] == 18 + german["kept"]
    if switched:
        assert sizes[2] == sizes[1] + switched
    assert sizes[-1] == 18 + 10


def test_a_second_run_does_no_work_and_another_store_gets_the_same_bytes(tmp_path: Path) -> None:
    first, found, _ = run(small(), tmp_path / "a")
    again, refound, _ = run(small(), tmp_path / "a")
    assert first.store.made and again.store.made == []
    assert refound == found
    run(small(), tmp_path / "b")
    assert bytes_of(tmp_path / "a") == bytes_of(tmp_path / "b")


def test_the_translations_are_the_models_own(tmp_path: Path) -> None:
    pipeline, _, _ = run(small(), tmp_path)
    (translated,) = stage(pipeline, "translate")
    pairs = list(translated.read(Pair))
    assert [p.source.id for p in pairs] == [f"mini/train/{n}" for n in range(1, 11)]
    gold = {e.id: e for e in pipeline.task.load("train", "de")}
    assert all(
        p.target.language == "de" and p.ended.keys() == {"question", "answer"} for p in pairs
    )
    right = sum(p.target.fields["question"] == gold[p.source.id].fields["question"] for p in pairs)
    assert right >= 5, "the miniature translates German well"


def test_a_recipe_pays_for_no_text_that_another_one_had_translated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from selftranslate.engines.transformers import TransformersEngine

    asked: list[str] = []
    generate = TransformersEngine.generate

    def counting(self: TransformersEngine, request: Request) -> Iterator[Completion]:
        asked.extend(request.texts if request.prefix else ())
        return generate(self, request)

    monkeypatch.setattr(TransformersEngine, "generate", counting)
    first, _, _ = run(small(), tmp_path)
    before = len(asked)
    assert before > 20
    changed = {"task": {"name": "mini", "train": 9, "validation": 4, "test": 6}, "seed": 7}
    second, _, _ = run(small(**changed, limits={"quality": 2}), tmp_path)
    assert len(asked) == before
    assert {"translate", "quality"} <= {artifact.stage for artifact in second.store.made}
    (old,), (new,) = stage(first, "translate"), stage(second, "translate")
    assert list(new.read(Pair)) == list(old.read(Pair))[:9]


def test_source_runs_are_shared_only_when_asked(tmp_path: Path) -> None:
    both = {"languages": ["de", "ru"]}
    apart, _, _ = run(small(**both), tmp_path / "apart")
    shared, _, _ = run(small(**both, share_source_runs=True), tmp_path / "shared")
    assert len(stage(apart, "train")) == 4 and len(stage(shared, "train")) == 3
    largest = max((list(a.read(Sample)) for a in stage(shared, "mix")), key=len)
    smallest = min((list(a.read(Sample)) for a in stage(shared, "mix")), key=len)
    assert [s.languages for s in smallest].count("de>de") == 8
    assert [s.languages for s in smallest].count("ru>ru") == 8
    assert len({s.languages for s in largest}) == 2


def test_settings_that_train_nothing_are_asked_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from selftranslate.decoding import loaded

    load, read = loaded.load, []
    monkeypatch.setattr(loaded, "load", lambda *how: read.append(how) or load(*how))
    settings = [
        {"name": "zero-shot"},
        {"name": "few-shot", "ask": "few-shot"},
        {"name": "D_src", "train_on": ["source"]},
        {"name": "+D_tgt", "train_on": ["source", "target"]},
    ]
    wanted = small(settings=settings, test_source=True, shots=2)
    pipeline, found, _ = run(wanted, tmp_path)
    assert len(read) == 2, "once to translate, once to ask two adapters and the model itself"
    assert set(found["languages"]) == {"de", "en (de)"}
    for column in found["languages"].values():
        rows = column["settings"]
        assert list(rows) == ["zero-shot", "few-shot", "D_src", "+D_tgt"]
        assert [len(row["scores"]) for row in rows.values()] == [1, 1, 1, 1]
    assert len(stage(pipeline, "train")) == 2
    # Two settings that train are asked in validation, too; every one in German and in English.
    asked = [list(a.read(Prediction, "outputs.jsonl")) for a in stage(pipeline, "answer")]
    assert sorted(map(len, asked)) == [4] * 2 + [6] * 8
    assert len({rows[0].prompt_hash for rows in asked if len(rows) == 6}) == 4


def test_runs_may_be_chosen_by_what_the_model_translates_of_the_validation_set(
    tmp_path: Path,
) -> None:
    pipeline, _, _ = run(small(validation="translated"), tmp_path)
    (held_out,) = stage(pipeline, "validation-translated")
    (english,) = stage(pipeline, "load-validation")
    translated, originals = list(held_out.read(Example)), list(english.read(Example))
    assert {e.language for e in translated} == {"de"}
    assert {e.id for e in translated} <= {e.id for e in originals}
    assert [e.fields for e in translated] != [e.fields for e in originals]
    asked = [list(a.read(Prediction, "outputs.jsonl")) for a in stage(pipeline, "answer")]
    ids = {e.id for e in translated}
    assert sum({p.id for p in rows} == ids for rows in asked) == 2


OTHER = "float32" if fastest_precision(torch.device("cpu")) == "bf16" else "bfloat16"
"""The precision that "auto" does not choose for the miniature here."""


CHANGES: dict[str, tuple[Any, set[str]]] = {
    # field: (another value, the stages of which something is made anew, beside the report)
    "task": (
        {"name": "mini", "train": 9, "validation": 4, "test": 6},
        {"load-train", "translate", "filter", "mix", "train", "answer"},
    ),
    "data": ({"folder": "elsewhere"}, set()),
    "source": ("ru", {"load-train", "load-validation", "load-test", "shots", "quality-texts", "quality",
                      "translate", "filter", "mix", "train", "answer"}),
    "languages": (
        ["zh"],
        {"shots", "load-test", "quality-texts", "quality", "translate", "filter", "mix", "train",
         "answer"},
    ),
    # The random model's translations are all dropped: then the mixtures are what they were.
    "model": ("{tiny}", {"translate", "filter", "quality", "train", "answer"}),
    "engine": (
        {"name": "transformers", "dtype": OTHER},
        {"translate", "filter", "quality", "answer"},
    ),
    "translation_engine": (
        {"name": "transformers", "dtype": OTHER},
        {"translate", "filter", "quality"},
    ),
    "translator": ("{tiny}", {"translate", "filter", "quality"}),
    "shots": (2, {"shots", "translate", "filter", "quality", "mix", "train", "answer"}),
    "limit": (2, {"load-train", "load-validation", "load-test", "quality-texts", "quality",
                  "translate", "filter", "mix", "train", "answer"}),
    "limits": ({"test": 3, "quality": 3}, {"load-test", "quality-texts", "quality", "answer"}),
    # A mixture is named by its content: of the base's ten pairs and of none, two that exist.
    # Its limit also decides how much is written of a translation that it will drop.
    "filters": ([{"name": "length_ratio", "limit": 0.5}], {"translate", "filter"}),
    "settings": ([{"name": "x", "train_on": ["target"]}], {"mix", "train", "answer"}),
    "training": ({"name": "lora", "r": 5, "batch_size": 4}, {"train", "answer"}),
    "protocol": (
        {"learning_rates": [1e-3], "seeds": [1], "steps": 1, "keep": 1},
        {"train", "answer"},
    ),
    "validation": ("target", {"load-validation", "answer"}),
    "share_source_runs": (True, set()),
    "test_source": (True, {"answer"}),
    "seed": (1, set()),
}  # fmt: skip


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("base")
    run(small(), store)
    return store


def test_every_recipe_field_has_a_row_above() -> None:
    assert set(CHANGES) == set(Recipe.model_fields)


@pytest.mark.parametrize("field", CHANGES)
def test_a_changed_field_remakes_its_stages_and_no_other(
    field: str, base: Path, tiny_model: Path, tmp_path: Path
) -> None:
    value, remade = CHANGES[field]
    value = str(tiny_model) if value == "{tiny}" else value
    import shutil

    shutil.copytree(base, tmp_path / "store")
    pipeline, _, _ = run(small(**{field: value}), tmp_path / "store")
    made = {artifact.stage for artifact in pipeline.store.made} - {"result"}
    # Equal translations may give an equal mixture: then nothing after it is made anew.
    optional = {"filter", "mix", "train", "answer"} if field == "engine" else set()
    assert made - optional == remade - optional


def test_no_runtime_field_is_in_any_key(base: Path) -> None:
    pipeline = Pipeline(small(), Runtime(store=base, device="cpu", batch_size=2))
    pipeline.run()
    assert pipeline.store.made == []


def paragraphs(language: str) -> dict[str, Any]:
    """An XQuAD-like test set of twelve questions in a toy language."""
    rows = []
    for number in range(12):
        name, place = f"Person {number}", f"{language} town {number}"
        context = f"{name} lives in {place}. The weather is good."
        answer = {"text": place, "answer_start": context.index(place)}
        question = {"id": str(number), "question": f"Where does {name} live?", "answers": [answer]}
        rows.append({"context": context, "qas": [question]})
    return {"version": "1.1", "data": [{"title": "t", "paragraphs": rows}]}


@pytest.fixture
def question_answering(tmp_path: Path) -> dict[str, Any]:
    for code in ("en", "de"):
        (tmp_path / f"test.{code}.json").write_text(json.dumps(paragraphs(code)))
    train = paragraphs("train")
    for at, paragraph in enumerate(train["data"][0]["paragraphs"]):
        paragraph["qas"][0]["id"] = f"t{at}"
    (tmp_path / "train.json").write_text(json.dumps(train))
    return {
        "task": {"name": "squad", "validation": 2},
        "data": {"folder": str(tmp_path), "train": "train.json", "test": "test.{language}.json"},
    }


def test_shots_out_of_the_test_set_are_never_scored(
    question_answering: dict[str, Any], tmp_path: Path
) -> None:
    pipeline, _, _ = run(small(**question_answering), tmp_path / "store")
    (chosen,) = stage(pipeline, "shots")
    shots = {pair.source.id for pair in chosen.read(Pair)}
    assert len(shots) == 8
    tests = [e.id for a in stage(pipeline, "load-test") for e in a.read(Example)]
    assert tests and not shots & set(tests)
    for answers in stage(pipeline, "answer") + stage(pipeline, "quality"):
        asked = {p.id for p in answers.read(Prediction, "outputs.jsonl")}
        assert asked and not asked & shots


@pytest.mark.parametrize("split", ["train", "validation"])
def test_a_split_that_overlaps_the_test_set_is_refused_with_its_rows(
    question_answering: dict[str, Any], tmp_path: Path, split: str
) -> None:
    data = {**question_answering["data"], split: "test.en.json"}
    with pytest.raises(DataError, match=f"rows of {split} are in the test set"):
        run(small(**{**question_answering, "data": data}), tmp_path / "store")


def test_what_was_finished_before_an_error_is_kept(
    question_answering: dict[str, Any], tmp_path: Path
) -> None:
    changed = {**question_answering, "languages": ["de", "ru"]}
    with pytest.raises(DataError, match=r"test\.ru\.json"):
        run(small(**changed), tmp_path / "store")
    pipeline, _, _ = run(small(**question_answering), tmp_path / "store")
    assert {a.stage for a in pipeline.store.found} >= {"load-train", "shots"}


RECIPES = Path(__file__).parents[1] / "recipes"


@pytest.mark.parametrize("name", ["gsm8k", "squad", "mnli"])
def test_the_papers_tasks_run_on_their_real_files(
    name: str, paper_data: Path, tmp_path: Path
) -> None:
    languages = "[de, th]"
    changes = [
        "model=mini", "limit=6", "protocol.steps=1", "protocol.learning_rates=[1e-4]",
        "protocol.seeds=[0]", "protocol.keep=1", "training.batch_size=2", "limits.test=4",
        "limits.validation=2", "limits.quality=2", "training.max_left_out=1",
        f"languages={languages}", f"data={paper_data}",
    ]  # fmt: skip
    pipeline, found, _ = run(recipe.load(RECIPES / f"{name}.yaml", changes), tmp_path)
    for german in found["languages"].values():
        assert german["kept"] + sum(german["dropped"].values()) == 6
    for translated in stage(pipeline, "translate"):
        for pair in translated.read(Pair):
            for field, (start, end) in pair.target.spans.items():
                assert pair.target.fields["context"][start:end] == pair.target.fields[field]
                assert "<answer>" not in pair.target.fields["context"]
