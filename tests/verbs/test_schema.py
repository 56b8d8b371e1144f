"""The schema that editors check a recipe by allows what the tool allows, and explains it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from selftranslate import languages, plugins, recipe, schema
from selftranslate.cli import main

ROOT = Path(__file__).parents[2]
SHIPPED = sorted(
    [
        *ROOT.glob("recipes/**/*.yaml"),
        *(p for p in ROOT.glob("examples/**/*.yaml") if p.parent.name != "kubernetes"),
        ROOT / "src/selftranslate/mini/demo.yaml",
    ]
)
GOOD: dict[str, Any] = {"task": "mini", "model": "mini", "languages": ["de"]}


@pytest.fixture(scope="module")
def check() -> jsonschema.Draft202012Validator:
    made = schema.of_recipe()
    jsonschema.Draft202012Validator.check_schema(made)
    return jsonschema.Draft202012Validator(made)


def plain(path: Path) -> Any:
    return json.loads(json.dumps(YAML(typ="safe", pure=True).load(path.read_text("utf-8"))))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_shipped_recipe_is_allowed(
    check: jsonschema.Draft202012Validator, path: Path
) -> None:
    assert len(SHIPPED) >= 15
    check.validate(plain(path))


@pytest.mark.parametrize(
    "change",
    [
        {"langauges": ["de"]},
        {"languages": ["rus"]},
        {"languages": []},
        {"languages": ["de", "de"]},
        {"task": "minni"},
        {"task": {"name": "mini", "trian": 3}},
        {"task": {"name": "jsonl", "prompt": "x"}},
        {"training": {"name": "lora", "rank": 3}},
        {"training": {"name": "lora", "r": "many"}},
        {"training": {"name": "lora", "model": "x"}},
        {"training": {"r": 3}},
        {"filters": ["lenght_ratio"]},
        {"filters": "strikt"},
        {"protocol": {"step": 3}},
        {"settings": [{"name": "a", "train_on": ["sauce"]}]},
        {"data": "hubb"},
        {"data": {"trian": "x"}},
        {"limit": 0},
        {"validation": "other"},
    ],
    ids=str,
)
def test_what_the_tool_refuses_the_schema_refuses(
    check: jsonschema.Draft202012Validator, change: dict[str, Any]
) -> None:
    assert check.is_valid(GOOD)
    assert not check.is_valid({**GOOD, **change})


@pytest.mark.parametrize(
    "change",
    [
        {"task": "my_package.my_task"},
        {"task": {"name": "my_package.my_task", "anything": [1]}},
        {"engine": {"name": "transformers", "dtype": "float32"}, "translation_engine": None},
        {"filters": ["complete", {"name": "my.filter", "n": 3}]},
        {"filters": "strict"},
        {"settings": [{"name": "a", "train_on": ["source", "my.mixing"]}, {"name": "zero-shot"}]},
        {"data": "hub"},
        {"protocol": {"learning_rates": [1e-4], "seeds": [0]}},
    ],
    ids=str,
)
def test_plug_ins_from_elsewhere_are_allowed(
    check: jsonschema.Draft202012Validator, change: dict[str, Any]
) -> None:
    check.validate({**GOOD, **change})


def test_every_key_plug_in_and_language_is_there_with_its_words() -> None:
    made = schema.of_recipe()
    assert set(made["properties"]) == set(recipe.Recipe.model_fields)
    assert "C.3" in made["properties"]["translator"]["description"]
    named = {each["const"]: each["description"] for each in made["properties"]["source"]["oneOf"]}
    assert named == {code: languages.get(code).name for code in languages.codes()}
    for kind in ("tasks", "engines", "filters", "training"):
        (name, *_) = plugins.names(kind)
        first = made["$defs"][kind]["anyOf"][0]["oneOf"][0]
        assert first == {"const": name, "description": plugins.summary(kind, name)}
    (lora,) = [
        each["then"]["properties"]
        for each in made["$defs"]["training"]["anyOf"][2]["allOf"]
        if each["if"]["properties"]["name"]["const"] == "lora"
    ]
    assert lora["r"] == {"type": "integer", "default": 16}
    assert lora["warmup_ratio"]["default"] == 0.05 and "QLoRA" in lora["quantize"]["description"]
    assert not recipe.PROVIDED & set(lora)


def test_the_verb_prints_it_or_writes_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(schema.text())
    assert main(["schema", "-o", str(tmp_path / "recipe.schema.json")]) == 0
    assert json.loads((tmp_path / "recipe.schema.json").read_text("utf-8"))["required"]
    assert capsys.readouterr().out == ""
