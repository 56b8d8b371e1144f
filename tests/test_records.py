"""Records that are read several times and never held."""

from __future__ import annotations

from pathlib import Path

from selftranslate.example import Example
from selftranslate.records import Records
from selftranslate.store import Store


def test_records_are_read_anew_and_counted(tmp_path: Path) -> None:
    rows = [
        Example(id=str(n), language="en", fields={"q": f"one\ntwo\u2028three\r {n}"})
        for n in range(3)
    ]
    records = Records(Store(tmp_path).keep("load", iter(rows)), Example)
    assert list(records) == list(records) == rows
    assert len(records) == 3, "a line break inside a text ends no record"
