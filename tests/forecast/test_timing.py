"""What was timed on a few rows is scaled up as the rows that run together share it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from selftranslate.engines import Request
from selftranslate.forecast.step import Asking
from selftranslate.forecast.timing import Clock, Pace

TEXTS = Asking(
    translates=True, tuned=0, texts=640, sample=Request(texts=["x"], max_new_tokens=1),
    longer=1.0, prefix=0, prompt=1.0, answer=1.0,
)  # fmt: skip


def clock(job: Asking, rows: int = 64) -> Clock:
    return Clock(
        rows=rows, where="here", paces={job.kind: Pace(start=5.0, together=2.0, each=0.01)}
    )


def test_a_batch_takes_its_time_once_and_each_row_its_own() -> None:
    assert clock(TEXTS).seconds(TEXTS) == pytest.approx(5 + 10 * 2 + 640 * 0.01)
    assert clock(TEXTS, 128).seconds(TEXTS) == pytest.approx(5 + 5 * 2 + 640 * 0.01)
    few = replace(TEXTS, texts=3)
    assert clock(few).seconds(few) == pytest.approx(5 + 2 + 0.03)


def test_longer_texts_take_longer_and_each_adapter_begins_anew() -> None:
    longer = replace(TEXTS, longer=2.0)
    assert clock(longer).seconds(longer) == pytest.approx(5 + 2 * (20 + 6.4))
    tuned = replace(TEXTS, tuned=3)
    assert clock(tuned).seconds(tuned) == pytest.approx(3 * (5 + 20 + 6.4))


def test_libraries_are_loaded_once() -> None:
    made = clock(TEXTS)
    assert made.start(3) == 0
    made.loads += [20.0, 3.0]
    assert [made.start(times) for times in (0, 1, 3)] == [0, 20, 26]


def test_a_kind_that_was_not_timed_is_not_known() -> None:
    other = replace(TEXTS, sample=Request(texts=["y"], max_new_tokens=1))
    assert clock(TEXTS).seconds(other) is None
