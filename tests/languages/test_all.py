"""`languages: all`, and --languages: what they come to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from selftranslate import changes, languages, recipe, schema
from selftranslate.cli import main
from selftranslate.errors import DataError, RecipeError

OWN: dict[str, Any] = {
    "task": {
        "name": "jsonl",
        "fields": {"text": {"translate": 64}, "intent": "copy"},
        "prompt": "{{ text }}",
        "output": "{{ intent }}",
        "labels": ["buy", "sell"],
    },
    "model": "mini",
}


def parsed(rows: dict[str, Any], **more: Any) -> recipe.Recipe:
    return recipe.parse({**rows, **more}, "recipe.yaml")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Shots in five languages, a test set in four of them and in another one."""
    for name, codes in {"shots": "en de sw zh-TW th", "test": "en de sw zh-TW fr"}.items():
        for code in codes.split():
            file = tmp_path / code / f"{name}.{code}.jsonl"
            file.parent.mkdir(exist_ok=True)
            file.write_text('{"text": "a", "intent": "buy"}\n', encoding="utf-8")
    return tmp_path


def files(folder: Path) -> dict[str, str]:
    said = {split: f"{{language}}/{split}.{{language}}.jsonl" for split in ("shots", "test")}
    return {"folder": str(folder), "train": "train.jsonl", **said}


def test_all_is_what_has_shots_and_a_test_set(folder: Path) -> None:
    (folder / "de" / "test.fr.jsonl").touch()  # of no one language
    found = parsed(OWN, data=files(folder), languages="all")
    assert found.languages == ("de", "sw", "zh-TW")
    assert found == parsed(OWN, data=files(folder), languages=["de", "sw", "zh-TW"])
    assert parsed(OWN, data=files(folder), source="sw", languages="all").languages == (
        *("de", "en", "zh-TW"),
    )


def test_all_is_read_off_a_language_column_too(folder: Path) -> None:
    rows = [{"text": "a", "intent": "buy", "language": code} for code in ("en", "ja", "de", "ja")]
    (folder / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    data = {**files(folder), "test": "test.jsonl"}
    assert parsed(OWN, data=data, languages="all").languages == ("de",)
    assert parsed(OWN, data={**data, "shots": "test.jsonl"}, languages="all").languages == (
        *("de", "ja"),
    )


@pytest.mark.parametrize(
    ("task", "count"), [("gsm8k", 10), ("squad", 11), ("mnli", 14), ("mini", 4), ("mini_nli", 4)]
)
def test_all_languages_of_the_known_tasks(task: str, count: int) -> None:
    found = recipe.parse({"task": task, "data": "hub", "model": "m", "languages": "all"}, "r")
    assert len(found.languages) == count and "en" not in found.languages


def test_all_of_the_papers_files(paper_data: Path) -> None:
    for name in ("gsm8k", "squad", "mnli"):
        file = Path(__file__).parents[2] / "recipes" / f"{name}.yaml"
        found = recipe.load(file, ["languages=all", f"data.folder={paper_data}"])
        assert found.languages == ("de", "ru", "th", "zh")


def test_all_that_cannot_be_known_is_refused(folder: Path) -> None:
    with pytest.raises(RecipeError, match=r"recipe.yaml: languages: jsonl has no language with"):
        parsed(OWN, data={"train": "t.jsonl"}, languages="all")
    for name in ("shots", "test"):
        (folder / "qu").mkdir(exist_ok=True)
        (folder / "qu" / f"{name}.qu.jsonl").touch()
    with pytest.raises(RecipeError, match=r"the task has 'qu', and there is no languages/qu.yaml"):
        parsed(OWN, data=files(folder), languages="all")
    with pytest.raises(RecipeError, match=r"unknown task 'minni'"):
        recipe.parse({"task": "minni", "model": "m", "languages": "all"}, "r")
    with pytest.raises(RecipeError, match=r"languages: write \[de\], in brackets, or all"):
        recipe.parse({"task": "mini", "model": "m", "languages": "de"}, "r")
    with pytest.raises(DataError, match=r"nowhere.jsonl: No such file"):
        parsed(OWN, data={**files(folder), "shots": "nowhere.jsonl"}, languages="all")


def test_the_schema_allows_all_and_known_languages() -> None:
    check = jsonschema.Draft202012Validator(schema.of_recipe())
    good = {"task": "mini", "model": "mini"}
    assert check.is_valid({**good, "languages": "all"})
    assert check.is_valid({**good, "languages": ["de", "zh-TW"]})
    for bad in ("de", "every", ["xx"], [], ["de", "de"]):
        assert not check.is_valid({**good, "languages": bad}), bad


def test_languages_on_the_command_line_go_before_the_recipes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "recipe.yaml"
    file.write_text(
        "task: {name: mini, train: 9, validation: 2, test: 2}\nlanguages: [de]\nmodel: mini\n"
    )
    assert changes.of_languages(" de,th ") == ["languages=[de, th]"]
    options = ["plan", str(file), "--no-probe", "--json", "--store", str(tmp_path / "runs")]
    assert main([*options, "--languages", "th,zh"]) == 0
    shown = capsys.readouterr().out
    assert "Thai" in shown and "Chinese" in shown and "German" not in shown
    assert main([*options, "--languages", "xx"]) == 2
    assert "unknown language 'xx'" in capsys.readouterr().err


def test_the_list_shows_names_family_and_script(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "languages", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found) == languages.codes()
    assert found["ru"] == {
        "name": "Russian", "native": "русский", "family": "Slavic", "script": "Cyrl"
    }  # fmt: skip
