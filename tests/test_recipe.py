"""Recipes: strict, typed, and helpful when wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from selftranslate import recipe
from selftranslate.errors import RecipeError

GOOD = """
task: mini
model: mini
languages: [de, th]
protocol: {learning_rates: [1e-4], seeds: [0, 1], keep: 2}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "recipe.yaml"
    path.write_text(GOOD, encoding="utf-8")
    return path


def test_a_recipe_is_read_as_yaml_1_2(file: Path) -> None:
    made = recipe.load(file)
    assert made.protocol.learning_rates == (1e-4,)
    assert made.task.name == "mini" and made.shots == 8
    assert [s.name for s in made.settings] == ["D_src", "+D_tgt", "+D_tgt+D_cs"]


def test_the_defaults_are_the_papers(file: Path) -> None:
    file.write_text("task: gsm8k\nmodel: m\nlanguages: [de]\n", encoding="utf-8")
    made = recipe.load(file)
    assert (made.protocol.learning_rates, made.protocol.seeds) == ((5e-5, 3e-4), (0, 1, 2))
    assert (made.protocol.steps, made.protocol.keep, made.shots) == (1000, 4, 8)
    assert [f.name for f in made.filters] == ["complete", "length_ratio"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("langauges=[de]", r"unknown key 'langauges'. Did you mean 'languages'\?"),
        ("languages=[de, rus]", r"unknown language 'rus'. Did you mean 'ru'\?"),
        ("languages=[en]", "source language"),
        ("languages=[de, de]", "twice"),
        ("languages=[]", "languages"),
        ("task=minni", r"unknown task 'minni'. Did you mean 'mini'\?"),
        ("engine=transformer", r"Did you mean 'transformers'\?"),
        ("translation_engine=transformer", r"Did you mean 'transformers'\?"),
        ("filters=[lenght_ratio]", r"Did you mean 'length_ratio'\?"),
        ("filters=[{name: length_ratio, limits: 3}]", r"Did you mean 'limit'\?"),
        ("training.rank=3", r"unknown parameter of training/lora 'rank'"),
        ("training.model=x", "given by the recipe's own keys"),
        ("protocol.step=3", r"unknown key 'protocol.step'. Did you mean 'protocol.steps'\?"),
        ("protocol.keep=3", "cannot keep the best 3 of 2 runs"),
        ("protocol.steps=many", "protocol.steps"),
        ("settings=[{name: a, train_on: [sauce]}]", r"Did you mean 'source'\?"),
        ("limits.trian=3", r"Did you mean 'limits.train'\?"),
        ("limit=0", "limit"),
        ("model=", "model"),
        ("protocol", "KEY=VALUE"),
        ("model.name.x=1", "name"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(file: Path, change: str, said: str) -> None:
    with pytest.raises(RecipeError, match=said) as error:
        recipe.load(file, [change])
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["", "- a\n", "a: [\n", "a: 1\na: 2\n", "{a: &a [*a]}\n"])
def test_what_is_no_recipe_is_refused_in_one_line(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(RecipeError) as error:
        recipe.load(file)
    assert "recipe.yaml" in str(error.value) and "\n" not in str(error.value)


def test_a_missing_recipe_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"no\.yaml"):
        recipe.load(tmp_path / "no.yaml")


def test_set_reaches_every_depth(file: Path) -> None:
    made = recipe.load(
        file, ["protocol.steps=7", "training.r=4", "limits.test=9", "data=hub", "shots=2"]
    )
    assert made.protocol.steps == 7 and made.protocol.seeds == (0, 1)
    assert made.training.name == "lora" and made.training.params == {"r": 4}
    assert made.limits.test == 9 and made.data is not None and made.data.hub and made.shots == 2


def test_data_lies_relative_to_the_recipe_and_set_relative_to_here(file: Path) -> None:
    file.write_text(GOOD + "data: {folder: files, train: a.jsonl}\n", encoding="utf-8")
    first, second = recipe.load(file), recipe.load(file, ["data=elsewhere"])
    assert first.data and second.data
    assert Path(first.data.folder) == file.parent / "files"
    assert second.data.folder == "elsewhere" and second.data.train == "a.jsonl"


@pytest.mark.parametrize(
    ("limits", "split", "most"),
    [
        ({}, "train", None),
        ({"train": 5}, "train", 5),
        ({"train": 50}, "train", 10),
        ({}, "test", 10),
    ],
)
def test_limit_caps_every_split(file: Path, limits: Any, split: str, most: int | None) -> None:
    changes = [f"limits.{key}={value}" for key, value in limits.items()]
    made = recipe.load(file, [*changes, *(["limit=10"] if most not in (None, 5) else [])])
    assert made.at_most(split) == most


@pytest.mark.parametrize("path", sorted(Path(__file__).parents[1].glob("recipes/*.yaml")), ids=str)
def test_every_shipped_recipe_is_one(path: Path) -> None:
    assert recipe.load(path).languages
