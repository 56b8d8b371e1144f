"""Paths to values inside a row: where they lead, and what is said when they lead nowhere."""

from __future__ import annotations

import re
from typing import Any

import pytest

from selftranslate.errors import DataError, RecipeError
from selftranslate.fieldpath import Place, parse, put
from selftranslate.rows import Row

ROW: dict[str, Any] = {
    "a": {"b": "deep", "b.c": "dotted", "*": "star"},
    "items": [{"text": "zero"}, {"text": "one"}],
    "messages": [{"content": "hi"}, {"content": None}, {"role": "tool"}],
    "word": "w",
    "none": None,
    "n": 3,
}


def texts(path: str) -> list[tuple[Place, str]]:
    return parse(path).texts(Row("f", 7, ROW))


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("word", [(("word",), "w")]),
        ("a.b", [(("a", "b"), "deep")]),
        (r"a.b\.c", [(("a", "b.c"), "dotted")]),
        (r"a.\*", [(("a", "*"), "star")]),
        ("items.1.text", [(("items", 1, "text"), "one")]),
        ("items.*.text", [(("items", 0, "text"), "zero"), (("items", 1, "text"), "one")]),
        ("a.*", [(("a", "b"), "deep"), (("a", "b.c"), "dotted"), (("a", "*"), "star")]),
        ("messages.*.content?", [(("messages", 0, "content"), "hi")]),
        ("none?", []),
        ("nothing.at.all?", []),
        ("items.9.text?", []),
    ],
)
def test_a_path_leads_to_texts(path: str, found: list[tuple[Place, str]]) -> None:
    assert texts(path) == found


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("wrod", "f:7: wrod: no such field; there are a, items, messages, word, none, n"),
        ("a.c", "f:7: a.c: no such field; there are b, b.c, *"),
        ("items.2.text", "f:7: items.2: no such field; there are 2 items, counted from 0"),
        ("items.-1.text", "f:7: items.-1: no such field"),
        ("word.x", "f:7: word.x: no such field; it would be inside a text"),
        ("messages.*.content", "f:7: messages[1].content: null, not a text"),
        ("word.*", "f:7: word: a text, which has no items"),
        ("n", "f:7: n: 3, not a text"),
        ("a", "f:7: a: an object, not a text"),
        ("n?", "f:7: n: 3, not a text"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(path: str, said: str) -> None:
    with pytest.raises(DataError, match=re.escape(said)):
        texts(path)


@pytest.mark.parametrize("value", ["a\0b", "half \ud83d"])
def test_a_text_no_model_could_read_is_refused(value: str) -> None:
    with pytest.raises(DataError, match="f:1: t: holds"):
        parse("t").texts(Row("f", 1, {"t": value}))


def test_whole_numbers_may_be_written_as_text() -> None:
    path = parse("n")
    assert path.wholes(Row("f", 1, {"n": 3})) == path.wholes(Row("f", 1, {"n": "3"}))
    for value in (True, "x", "-1", 1.0, "³", None):
        with pytest.raises(DataError, match="not a whole number"):
            path.wholes(Row("f", 1, {"n": value}))


@pytest.mark.parametrize("path", ["", "a..b", ".", "?", "a."])
def test_an_empty_step_is_refused(path: str) -> None:
    with pytest.raises(RecipeError, match="a step of the path is empty"):
        parse(path)


def test_what_is_found_can_be_put() -> None:
    row: dict[str, Any] = {"items": [{"text": "zero"}, {"text": "one"}], "id": 1}
    found = parse("items.*.text").texts(Row("f", 1, row))
    put(row, {place: text.upper() for place, text in found})
    assert row == {"items": [{"text": "ZERO"}, {"text": "ONE"}], "id": 1}
