"""Each table of the paper has a recipe that says what the paper did, and runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from selftranslate import paper, recipe
from selftranslate.pipeline import Pipeline
from selftranslate.recipe import Recipe
from selftranslate.runtime import Runtime

RECIPES = Path(__file__).parents[1] / "recipes"
LLAMA = "meta-llama/Llama-2-7b-hf"
QWEN = "Qwen/Qwen1.5-1.8B"
NAMES = sorted(path.stem for path in (RECIPES / "paper").glob("*.yaml"))
TASKS = {"table3_squad": "squad", "table3_mnli": "mnli"}
"""The others are the math task's."""
PRINTED = {
    "table3_gsm8k": (LLAMA, ["D_src", "+D_tgt", "+D_tgt+D_cs"]),
    "table3_squad": (LLAMA, ["D_src", "+D_tgt", "+D_tgt+D_cs"]),
    "table3_mnli": (LLAMA, ["D_src", "+D_tgt", "+D_tgt+D_cs"]),
    "table8": (QWEN, ["D_src", "+D_tgt", "+D_tgt+D_cs"]),
    "table9": (LLAMA, ["D_src", "+D_tgt", "+D_tgt+D_cs"]),
    "table10": (LLAMA, ["D_src", "D_tgt", "+D_tgt"]),
    "table11": (LLAMA, ["D_src", "+D_tgt", "+D_tgt+D_cs"]),
}
"""The recipes whose every cell the paper printed, with the model and the settings."""


def load(name: str, *changes: str) -> Recipe:
    return recipe.load(RECIPES / "paper" / f"{name}.yaml", changes)


def test_there_is_a_recipe_for_each_table() -> None:
    assert sorted([*PRINTED, "table6", "figure2"]) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_says_what_the_paper_did(name: str) -> None:
    wanted = load(name)
    assert wanted.task.name == TASKS.get(name, "gsm8k")
    assert wanted.data is not None and wanted.data.hub and wanted.shots == 8
    assert wanted.model in {LLAMA, QWEN, "meta-llama/Llama-2-13b-hf"}
    if name == "table6":
        return
    rules = wanted.protocol
    assert (rules.learning_rates, rules.seeds, rules.steps, rules.keep) == (
        (5e-5, 3e-4), (0, 1, 2), 1000, 4,
    )  # fmt: skip
    assert wanted.training.params["batch_size"] == 64
    assert wanted.test_source is (name == "table9")
    assert wanted.at_most("train") == (10_000 if wanted.limits.train else None)
    assert [f.name for f in wanted.filters] == ["complete", "length_ratio"]


@pytest.mark.parametrize("name", PRINTED)
def test_every_cell_of_a_recipe_has_its_printed_number(name: str) -> None:
    for task in ("gsm8k", "squad", "mnli") if name in {"table9", "table10"} else [None]:
        wanted = load(name, *([f"task={task}"] if task else []))
        assert (wanted.model, [s.name for s in wanted.settings]) == PRINTED[name]
        assert wanted.languages == ("de", "ru", "th", "zh")
        for language in wanted.languages:
            for setting in wanted.settings:
                cell = (wanted.task.name, wanted.model, language, setting.name)
                more: dict[str, Any] = {"translator": wanted.translator}
                assert paper.printed(*cell, **more, tested_in_source=name == "table9"), cell


def test_the_models_of_table_6_have_their_bleu() -> None:
    text = (RECIPES / "paper" / "table6.yaml").read_text(encoding="utf-8")
    models = [load("table6").model] + [
        line.split("model=")[1].split()[0] for line in text.splitlines() if "model=" in line
    ]
    assert len(models) == 4
    for model in models:
        row = ", ".join(f"{paper.bleu(model, code):4}" for code in ("de", "ru", "th", "zh"))
        assert " ".join(row.split()) in " ".join(text.split())


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all recipes: they translate the same texts."""
    return tmp_path_factory.mktemp("paper")


QUICK = ["table3_gsm8k", "table10", "table11"]


@pytest.mark.parametrize(
    "name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in NAMES]
)
def test_a_recipe_runs_with_the_miniature_on_real_files(
    name: str, paper_data: Path, store: Path
) -> None:
    task = TASKS.get(name, "gsm8k")
    files = YAML(typ="safe").load((RECIPES / f"{task}.yaml").read_text(encoding="utf-8"))["data"]
    files["folder"] = str(paper_data)
    changes = [
        "model=mini", "translator=null", "translation_engine=null", f"data={files}",
        "languages=[de]", "limit=2", "limits.test=1", "limits.validation=1", "limits.quality=1",
        "protocol={learning_rates: [1e-4], seeds: [0], steps: 1, keep: 1}",
        "training.batch_size=2", "training.max_left_out=1",
    ]  # fmt: skip
    if task == "gsm8k":
        # What the miniature makes of the real world is no translation; D_tgt alone needs some.
        changes.append("filters=[{name: length_ratio, limit: 1000}]")
    wanted = load(name, *changes)
    _, made = Pipeline(wanted, Runtime(store=store)).run()
    german = made.json("report.json")["languages"]["de"]
    assert german["kept"] + sum(german["dropped"].values()) == (1 if name == "table6" else 2)
    assert list(german["settings"]) == [setting.name for setting in wanted.settings]
    assert german["quality"]
