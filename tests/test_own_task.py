"""docs/own_task.md quotes the errors that its own recipe and rows would give."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from selftranslate import plugins, recipe
from selftranslate.errors import DataError, RecipeError

PAGE = Path(__file__).parents[1] / "docs" / "own_task.md"
FILES = dict(re.findall(r'```\w+ title="(\S+)"\n(.*?)```', PAGE.read_text("utf-8"), re.S))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_the_pages_errors_are_said_so(folder: Path) -> None:
    wrong = recipe.load(folder / "recipe.yaml", ['task.prompt="{{ txt }}"'])
    assert wrong.data is not None
    sources = {"data": wrong.data.sources()}
    with pytest.raises(RecipeError) as unknown_field:
        plugins.build("tasks", "jsonl", {**wrong.task.params, **sources})
    assert str(unknown_field.value) in PAGE.read_text("utf-8")
    right = plugins.build(
        "tasks", "jsonl", {**wrong.task.params, **sources, "prompt": "{{ text }}"}
    )
    row = FILES["train.jsonl"].splitlines()[1]
    (folder / "train.jsonl").write_text((row + "\n") * 16 + row.replace(": 13", ": 12") + "\n")
    with pytest.raises(DataError) as wrong_row:
        list(right.load("train", "en"))
    assert str(wrong_row.value).removeprefix(f"{folder}/") in PAGE.read_text("utf-8")
