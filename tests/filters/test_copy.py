"""A translation is not its source again; empty is none either."""

from __future__ import annotations

from typing import Any

import pytest

MARBLES = "Tom had nine marbles and gave four of them to his sister."


@pytest.mark.parametrize(
    ("code", "source", "target"),
    [
        ("de", MARBLES, MARBLES),
        ("de", MARBLES, MARBLES.upper()),
        ("fr", MARBLES, MARBLES.replace("four", "quatre")),
        ("sw", MARBLES, MARBLES.replace("Tom", "Juma")),
        ("id", MARBLES, f"{MARBLES}."),
        ("vi", MARBLES, MARBLES.replace(".", " .")),
        ("ru", MARBLES, MARBLES),
        ("th", "You are definitely wrong.", "You are definitely wrong"),
        ("zh", "How many apples?", "How many apples?"),
        ("hi", MARBLES, f"{MARBLES} हाँ"),
        ("ar", MARBLES, MARBLES.replace("sister", "أخت")),
        ("ja", "She is here now.", "she is here now。"),
    ],
)
def test_a_copy_is_found_even_if_a_word_changed(
    judge: Any, code: str, source: str, target: str
) -> None:
    assert judge("copy", code, source, target) == "is a copy"


@pytest.mark.parametrize(
    ("code", "source", "target"),
    [
        ("de", "New York, 1910", "New York, 1910"),
        ("de", "Warm water", "Warm Water"),
        ("ru", "NASA", "NASA"),
        ("de", MARBLES, "Tom hatte neun Murmeln und gab seiner Schwester vier davon."),
        ("nl", "Is water warm?", "Is water warm?"),
    ],
)
def test_names_and_short_texts_may_stay_as_they_are(
    judge: Any, code: str, source: str, target: str
) -> None:
    assert judge("copy", code, source, target) is None


@pytest.mark.parametrize(
    "target",
    ["", " ", "\n\t", "...", "…", "？", "。", "-", "\u200b", "\u200e\u200f", "«»", "***", "\u0e4e"],
)
@pytest.mark.parametrize("code", ["de", "th", "zh", "ar"])
def test_a_text_without_a_word_is_empty(judge: Any, code: str, target: str) -> None:
    assert judge("empty", code, MARBLES, target) == "is empty"


def test_a_number_is_a_word_and_a_wordless_source_needs_none(judge: Any) -> None:
    assert judge("empty", "th", "Nine.", "๙") is None
    assert judge("empty", "de", "…", "…") is None
