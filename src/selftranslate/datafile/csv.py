"""CSV, plain or .gz: commas, a header, cells in double quotes where they need them, UTF-8.

id,question
7,"Why, Ann?"

A quote inside quotes is doubled, a quoted cell may hold line breaks; nothing is escaped otherwise.
A row is known by the line it begins at. Lines are written with "\\n" at their ends.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from selftranslate.datafile import (
    Changes,
    Codes,
    Format,
    Item,
    Unreadable,
    Writer,
    created,
    json_text,
)  # fmt: skip
from selftranslate.errors import DataError
from selftranslate.fieldpath import put
from selftranslate.rows import SURROGATE, Row, raw_lines

LONGEST_CELL = 1 << 30
"""Characters; the module's own limit of 131,072 is too few for cells that are only passed on."""

_SPECIAL = re.compile('[",\r\n]')


def build() -> Format:
    """Build the format."""
    return _Csv()


class _Csv:
    def read(self, path: Path) -> Iterator[Item | Unreadable]:
        records = _records(path)
        header = _header(path, next(records, None))
        for number, cells, text in records:
            try:
                yield _Cells(Row(str(path), number, _named(path, number, header, cells)))
            except DataError as error:
                yield Unreadable(number, error, text)

    @contextmanager
    def create(self, path: Path, like: Path, both: Codes | None) -> Iterator[Writer]:
        header = _header(like, next(_records(like), None))
        if both:
            header = [f"{code}.{name}" for code in both for name in header]
        with created(path) as file:
            file.write(_line(header))
            yield _Writer(file, tuple(header), bool(both))


@dataclass(frozen=True, slots=True)
class _Cells:
    row: Row

    def changed(self, changes: Changes) -> dict[str, str]:
        values = dict(self.row.values)
        put(values, {place: str(new) for place, new in changes.items()})
        return values

    def json(self, changes: Changes) -> str:
        return json_text(self.changed(changes))


@dataclass(frozen=True, slots=True)
class _Writer:
    file: TextIO
    header: tuple[str, ...]
    both: bool

    def write(self, item: Item, changes: Changes) -> None:
        assert isinstance(item, _Cells)
        before = item.row.values.values() if self.both else ()
        self.file.write(_line([*before, *item.changed(changes).values()]))

    def keep(self, item: Item) -> None:
        if tuple(item.row.values) != self.header:
            item.row.refuse("", f"its columns are not {', '.join(self.header)}")
        self.file.write(_line(list(item.row.values.values())))


def _records(path: Path) -> Iterator[tuple[int, list[str] | csv.Error, str]]:
    """Yield the line each record begins at, its cells or what is wrong with it, and its text."""
    csv.field_size_limit(LONGEST_CELL)
    lines: list[str] = []

    def feed() -> Iterator[str]:
        for number, raw in raw_lines(path):
            # What is no UTF-8 becomes lone surrogates, so that the row can be named.
            text = raw.decode("utf-8", "surrogateescape")
            lines.append(text.removeprefix("\ufeff") if number == 1 else text)
            yield lines[-1]

    reader, number = csv.reader(feed(), strict=True), 1
    while True:
        cells: list[str] | csv.Error
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            cells = error
        yield number, cells, "".join(lines).rstrip("\r\n")
        number += len(lines)
        lines.clear()


def _header(path: Path, first: tuple[int, list[str] | csv.Error, str] | None) -> list[str]:
    if first is None:
        raise DataError.at(path, 1, None, "the file is empty; a header is expected")
    _, cells, _ = first
    if isinstance(cells, csv.Error):
        raise DataError.at(path, 1, None, f"no CSV: {cells}")
    for name in cells:
        if cells.count(name) > 1:
            raise DataError.at(path, 1, name, "two columns have this name; rename one")
    if not cells or SURROGATE.search("".join(cells)):
        raise DataError.at(path, 1, None, "no header in UTF-8; name the columns in the first line")
    return cells


def _named(
    path: Path, number: int, header: Sequence[str], cells: list[str] | csv.Error
) -> dict[str, str]:
    if isinstance(cells, csv.Error):
        message = f"no CSV: {cells}; put the cell in double quotes and double those inside"
        raise DataError.at(path, number, None, message)
    if not cells:
        raise DataError.at(path, number, None, "an empty line; remove it")
    if len(cells) != len(header):
        message = f"{len(cells)} cells, not {len(header)} ({', '.join(header)})"
        raise DataError.at(path, number, None, message)
    if SURROGATE.search("".join(cells)):
        raise DataError.at(path, number, None, "not UTF-8; save the file as UTF-8")
    return dict(zip(header, cells, strict=True))


def _line(cells: Sequence[str]) -> str:
    """Write one record; csv.writer would leave a carriage return bare before Python 3.13."""
    if list(cells) == [""]:
        return '""\n'
    quoted = ('"' + c.replace('"', '""') + '"' if _SPECIAL.search(c) else c for c in cells)
    return ",".join(quoted) + "\n"
