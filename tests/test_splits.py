"""Drawing, and keeping splits apart."""

from __future__ import annotations

import pytest

from selftranslate.errors import DataError
from selftranslate.example import Example
from selftranslate.splits import apart, balance, draw
from selftranslate.tasks import Copy, Task, Translate

TASK = Task(
    name="t", fields={"q": Translate(), "label": Copy()}, prompt="{q}", output="label",
    max_new_tokens=1, metric="label", natural_output=False, quality="q", load=lambda s, c: [],
)  # fmt: skip


def rows(code: str, *numbers: int, prefix: str = "") -> list[Example]:
    return [
        Example(id=f"{prefix}{n}", language=code, fields={"q": f"{code} {n}", "label": "x"})
        for n in numbers
    ]


def test_every_language_draws_the_same_examples_in_the_files_order() -> None:
    english = [e.id for e in draw(rows("en", *range(100)), 10, 0)]
    german = [e.id for e in draw(rows("de", *reversed(range(100))), 10, 0)]
    assert len(english) == 10 and sorted(english, key=int) == english
    assert set(english) == set(german) and english != [str(n) for n in range(10)]
    assert set(english) != {e.id for e in draw(rows("en", *range(100)), 10, 1)}


def test_a_draw_of_more_than_there_is_takes_all() -> None:
    assert len(draw(rows("en", 1, 2), 9, 0)) == 2


def test_rows_are_drawn_and_kept_apart_while_they_come() -> None:
    drawn = draw((row for row in rows("en", *range(100))), 10, 0)
    assert drawn == draw(rows("en", *range(100)), 10, 0)
    many = (row for row in rows("en", *range(7)))
    with pytest.raises(DataError, match=r"7 rows of train .*: 0, 1, 2, 3, 4 …; name"):
        apart(TASK, "train", many, (row for row in rows("en", *range(9))))


def test_the_same_text_under_another_id_is_an_overlap() -> None:
    apart(TASK, "validation", rows("en", 1, prefix="v"), rows("en", 2))
    apart(TASK, "validation", rows("en", 1, prefix="v"), rows("de", 1))
    with pytest.raises(DataError, match="v1"):
        apart(TASK, "validation", rows("en", 1, prefix="v"), rows("en", 1))
    with pytest.raises(DataError, match="1 rows of train"):
        apart(TASK, "train", rows("en", 1), rows("de", 1))


def test_missing_rows_are_an_error() -> None:
    balance(TASK, 3, 2, 1)
    with pytest.raises(DataError, match="3 rows in, 2 out, 0 dropped"):
        balance(TASK, 3, 2, 0)
