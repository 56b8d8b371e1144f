"""One row from close by: what is shown is what really happened."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from selftranslate import evaluate, showing
from selftranslate.archive import Archive
from selftranslate.cli import main
from selftranslate.errors import DataError
from selftranslate.example import Example, Pair, Prediction, Sample
from selftranslate.finetuning.rows import IGNORED, tokenise
from selftranslate.model import tokenizer
from selftranslate.showing import mask, prediction, prompt, tokens, translation
from selftranslate.translate import plan

from .conftest import Experiment

Shown = Callable[..., str]
STYLE = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def place(experiment: Experiment) -> showing.Place:
    return showing.place(experiment.store)


@pytest.fixture
def show(experiment: Experiment, capsys: pytest.CaptureFixture[str]) -> Shown:
    def shown(kind: str, wanted: object, *options: str, store: Path = experiment.store) -> str:
        assert main(["show", str(store), kind, str(wanted), *options]) == 0
        return capsys.readouterr().out

    return shown


def rows(place: showing.Place, kind: Any, stage: str, key: str, name: str = "rows.jsonl") -> Any:
    return list(place.archive.get(stage, key).read(kind, name))


def test_the_prompt_is_what_the_engine_was_sent_byte_for_byte(
    place: showing.Place, experiment: Experiment
) -> None:
    pairs = rows(place, Pair, "translate", place.column.translated)
    found = [
        one
        for pair in pairs
        for name in pair.ended
        for one in prompt.find(place, pair.source.id, name)
    ]
    assert len(found) == sum(len(why) for pair in pairs for why in pair.ended.values()) > 16
    assert {one.whole for one in found} <= experiment.prompts
    wrote = {h for pair in pairs for made in pair.provenance.values() for h in made.prefixes}
    assert {plan.hash_of(one.prefix) for one in found} == wrote
    marked = {one.shots for one in found if "<answer>" in one.text}
    assert marked and max(marked) < 8, "the shots that found no room are not shown"
    assert {one.shots for one in found if one.field == "question"} == {8}


def test_the_prompt_comes_with_what_the_model_went_on_with(place: showing.Place) -> None:
    pair = rows(place, Pair, "translate", place.column.translated)[0]
    (one,) = prompt.find(place, "1", "question")
    assert (one.answer, one.ended) == (pair.target.fields["question"], "fence")
    sentences = prompt.find(place, "1", "context")
    assert [each.ended for each in sentences] == list(pair.ended["context"])


def test_without_the_memory_the_prompt_is_still_there(
    experiment: Experiment, tmp_path: Path, show: Shown
) -> None:
    shutil.copytree(experiment.store, tmp_path / "store")
    (tmp_path / "store" / "memory.sqlite").unlink()
    out = json.loads(show("prompt", 1, "--json", store=tmp_path / "store"))
    assert out["prompt"][0]["answer"] is None and out["prompt"][0]["prefix"]


def test_shots_that_are_not_the_runs_are_refused(experiment: Experiment, tmp_path: Path) -> None:
    shutil.copytree(experiment.store, tmp_path / "store")
    place = showing.place(tmp_path / "store")
    file = place.archive.get("shots", place.column.shots).path / "rows.jsonl"
    file.write_text(file.read_text().replace("?", "!"), encoding="utf-8")
    with pytest.raises(DataError, match="no selection of these shots has the hash"):
        prompt.find(place, "1", "question")


def test_a_prompt_is_plain_text_where_there_is_no_terminal(
    show: Shown, place: showing.Place
) -> None:
    (one,) = prompt.find(place, "1", "question")
    out = show("prompt", "mini_qa/train/1", "--field", "question")
    assert one.whole in out and f"→ {one.answer}" in out and one.prefix_hash in out
    read = tokenizer(place.recipe.model)
    before, after = tokens.asked(read, one.prefix, one.text)
    assert f"{len(before) + len(after)} tokens, {len(before)} of them before" in out


def test_tokens_are_the_engines_and_their_texts_are_the_whole_text(place: showing.Place) -> None:
    read = tokenizer(place.recipe.model)
    for text in ("Äpfel kosten 3 €.\n", "แอปเปิล 🍎 two", "  a\tb ", "日本\u0301語"):
        cut = tokens.cut(read, text)
        assert [one.id for one in cut] == read(text, add_special_tokens=False)["input_ids"]
        assert "".join(one.text for one in cut) == text


def test_the_mask_is_the_trainers_own(place: showing.Place) -> None:
    ran = next(ran for ran in place.column.runs if ran.samples)
    samples = rows(place, Sample, "mix", ran.samples)
    left_out = place.archive.get("train", ran.trained).json("training.json")["left_out"]
    assert left_out, "some rows are longer than max_length"
    read, states = tokenizer(place.recipe.model), []
    for number, sample in enumerate(samples, 1):
        (one,) = mask.find(place, str(number), "+D_tgt")
        (row,) = tokenise([sample], read, None).kept
        assert [t.id for t in one.tokens] == row["input_ids"]
        assert [t.trained for t in one.tokens] == [label != IGNORED for label in row["labels"]]
        learned = "".join(t.text for t in one.tokens if t.trained)
        assert learned == sample.completion + read.eos_token
        states += [one.id] if one.state == "too long" else []
    assert states == left_out


def test_an_id_shows_all_its_training_rows_in_every_language(place: showing.Place) -> None:
    kept = rows(place, Pair, "filter", place.column.filtered)
    found = mask.find(place, kept[0].source.id, "+D_tgt")
    assert [one.languages for one in found] == ["en>en", "de>de"]


def test_a_mask_has_brackets_where_there_are_no_colours(show: Shown, place: showing.Place) -> None:
    (one,) = mask.find(place, "1")
    out = show("mask", 1)
    learned = "".join(f"[{t.text}]" for t in one.tokens if t.trained)
    assert learned in out and learned.endswith("[<|endoftext|>]")
    assert "learned tokens are in [ ]" in out and "\x1b" not in out


@pytest.mark.parametrize("no_color", [False, True])
def test_a_mask_has_colours_on_a_terminal_unless_nobody_wants_any(
    show: Shown, monkeypatch: pytest.MonkeyPatch, no_color: bool
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLORTERM", "truecolor")
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    out = show("mask", 1)
    assert ("learned tokens are in [ ]" in out) == no_color
    assert bool(re.search(r"\x1b\[[0-9;]*48;", out)) == (not no_color)


def test_a_row_that_is_not_trained_on_says_so(place: showing.Place, show: Shown) -> None:
    ran = next(ran for ran in place.column.runs if ran.samples)
    first = place.archive.get("train", ran.trained).json("training.json")["left_out"][0]
    said = show("mask", first)
    assert "left out of training: longer than 49 tokens" in said and "changed" not in said
    told = {**place.index.recipe, "training": {"name": "lora", "max_length": 5}}
    elsewhere = replace(place, index=replace(place.index, recipe=told))
    assert mask.find(elsewhere, "1")[0].state == "too long"


def test_a_mask_without_the_tokenizer_is_text(place: showing.Place) -> None:
    told = {**place.index.recipe, "model": "nobody/no-such-model"}
    elsewhere = replace(place, index=replace(place.index, recipe=told))
    (one,) = mask.find(elsewhere, "1")
    assert (one.state, one.tokens) == ("unknown", ()) and one.completion


def test_a_translation_says_its_verdict_and_who_wrote_it(place: showing.Place, show: Shown) -> None:
    pairs = rows(place, Pair, "translate", place.column.translated)
    kept = {pair.source.id for pair in rows(place, Pair, "filter", place.column.filtered)}
    verdicts = {pair.source.id: translation.find(place, pair.source.id) for pair in pairs}
    assert {name for name, one in verdicts.items() if one.kept} == kept
    assert all(one.reason for name, one in verdicts.items() if name not in kept)
    pair = pairs[0]
    out = show("translation", 1)
    for said in (*pair.source.fields.values(), *pair.target.fields.values()):
        assert said in out
    assert f"{pair.log_probability['question']:.4f}" in out
    assert pair.provenance["question"].prefixes[0] in out
    assert "ended by fence" in out and "adapter=none" in out
    assert "context" not in show("translation", 1, "--field", "question")


def test_a_prediction_shows_every_run_and_the_prompt_it_hashes(
    place: showing.Place, show: Shown
) -> None:
    test = rows(place, Example, "load-test", place.column.test)
    found = prediction.find(place, "2")
    assert found.id == test[1].id
    assert [(one.setting, one.run) for one in found.said] == [("as it is", 1), ("+D_tgt", 1)]
    for one, ran in zip(found.said, place.column.runs, strict=True):
        answer = rows(place, Prediction, "answer", ran.test, "outputs.jsonl")[1]
        assert (one.text, one.read, one.correct) == (answer.text, answer.answer, answer.correct)
        assert one.prompt_hash == evaluate.prompt_hash(found.prompt)
    out = show("prediction", 2, "--setting", "+D_tgt")
    assert found.prompt.strip() in out and "as it is" not in out
    assert ("✓" in out) == (found.said[1].correct == 1)


def test_json_is_one_line_for_every_kind(show: Shown, experiment: Experiment) -> None:
    for kind in ("translation", "prompt", "mask", "prediction"):
        (line,) = show(kind, 1, "--json").splitlines()
        made = json.loads(line)
        assert made["result"] == experiment.key and made["language"] == "de" and made[kind]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["translation", "mini_qa/train/x"], 3, "it has 8"),
        (["translation", "9"], 3, "mini_qa/train/"),
        (["mask", "1", "--setting", "+D_tg"], 2, "Did you mean '+D_tgt'"),
        (["mask", "1", "--setting", "as it is"], 2, "only asked"),
        (["prompt", "1", "--field", "answer"], 2, "unknown translated field 'answer'"),
        (["prompt", "1", "--setting", "+D_tgt"], 2, "--setting says nothing about a prompt"),
        (["prediction", "1", "--run", "4"], 2, "no such run"),
        (["prediction", "1", "--language", "fr"], 2, "Known: de"),
        (["prediction", "1", "--key", "zz"], 3, "zz"),
    ],
)
def test_what_is_not_there_is_said_in_a_line(
    experiment: Experiment, capsys: pytest.CaptureFixture[str],
    arguments: list[str], code: int, said: str,
) -> None:  # fmt: skip
    assert main(["show", str(experiment.store), *arguments]) == code
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


@pytest.mark.parametrize("terminal", [False, True])
def test_data_never_drives_the_terminal(
    experiment: Experiment, tmp_path: Path, show: Shown, monkeypatch: pytest.MonkeyPatch,
    terminal: bool,
) -> None:  # fmt: skip
    """Neither in what is shown nor in errors: the nearest ids are data, too."""
    if terminal:
        monkeypatch.setenv("FORCE_COLOR", "1")
    evil = "\x1b[2J\x9b31m\u202egnp.exe\r\x07"
    store = tmp_path / "store"
    shutil.copytree(experiment.store, store)
    key = Archive(store).index(Archive(store).result()).columns[0]
    for stage, name in (("translate", key.translated), ("load-test", key.test)):
        file = store / stage / name / "rows.jsonl"
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        for line in lines:
            sides = [line["source"], line["target"]] if "source" in line else [line]
            for side in sides:
                side["fields"]["question"] += evil
        file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    shown = show("translation", 1, store=store) + show("prediction", 1, store=store)
    assert "gnp.exe" in shown
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", STYLE.sub("", shown))
