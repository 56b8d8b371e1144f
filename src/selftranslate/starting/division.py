"""Rows for training, validation, test and shots out of one file, and what people translate of them.

Which row goes where hangs on what it says, not on its number: rows that are added later change
little. Rows that share their longest text stay together, so that nobody is asked about a text that
was trained on.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from selftranslate import datafile, fieldpath
from selftranslate.datafile import Unreadable
from selftranslate.errors import DataError, RecipeError
from selftranslate.fieldpath import shown
from selftranslate.rows import Row
from selftranslate.starting.columns import Table
from selftranslate.starting.proposal import Proposal

SHOTS = 8
TEST = 100
VALIDATION = 200
FEWEST = 20
"""Rows below which nothing is left to train on."""

ENGLISH = "english"
"""What stands before the name of a column that shows a translator the English."""


def divide(table: Table, proposal: Proposal, wanted: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Return which rows each split gets, by index; "train" gets all that is left.

    `wanted` names the others that are to be made. Raises DataError if there are too few rows.
    """
    count = len(table.items)
    if count < FEWEST:
        message = f"{count} rows; at least {FEWEST} are needed, and hundreds to learn something"
        raise DataError.at(table.file, None, None, message)
    groups = _groups(proposal)
    free = sum(map(len, groups))
    sizes = {"test": min(TEST, free // 4), "validation": min(VALIDATION, free // 5)}
    found: dict[str, tuple[int, ...]] = {}
    if "shots" in wanted:
        found["shots"], groups = _shots(groups, proposal)
    for split, size in sizes.items():
        if split in wanted:
            found[split], groups = _dealt(groups, size)
    for split, rows in found.items():
        if not rows:
            message = f"no {split} rows: too few that are whole and ask something of their own"
            raise DataError.at(table.file, None, None, message)
    taken = {index for rows in found.values() for index in rows}
    return {"train": tuple(i for i in range(count) if i not in taken), **found}


Groups = list[list[int]]


def _groups(proposal: Proposal) -> Groups:
    """Put rows together that share their longest input, in an order of chance; none with a gap."""
    columns = [field.column for field in proposal.inputs]
    key = max(columns, key=lambda column: sum(map(len, column.values)))
    groups: dict[str, list[int]] = defaultdict(list)
    for index, value in enumerate(key.values):
        if all(field.column.values[index].strip() for field in proposal.fields):
            groups[value].append(index)
    return [groups[value] for value in sorted(groups, key=_chance)]


def _chance(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="backslashreplace")).digest()


def _dealt(groups: Groups, size: int) -> tuple[tuple[int, ...], Groups]:
    """Take groups as long as they fit; return their rows, and the groups that are left."""
    rows: list[int] = []
    left: Groups = []
    for group in groups:
        if len(rows) + len(group) <= size:
            rows += group
        else:
            left.append(group)
    return tuple(sorted(rows)), left


def _shots(groups: Groups, proposal: Proposal) -> tuple[tuple[int, ...], Groups]:
    """Take short rows, for every prompt shows them, of each label in turn, one of a group."""
    length = {
        group[0]: sum(len(field.column.values[group[0]]) for field in proposal.written)
        for group in groups
    }
    limit = median(length.values()) if length else 0
    by_answer: dict[str, list[int]] = defaultdict(list)
    for index in (index for index in length if length[index] <= limit):
        answer = proposal.output.column.values[index] if proposal.labels else ""
        by_answer[answer].append(index)
    turns = [(turn, index) for rows in by_answer.values() for turn, index in enumerate(rows)]
    rows = [index for _, index in sorted(turns, key=lambda each: each[0])][:SHOTS]
    return tuple(sorted(rows)), [group for group in groups if group[0] not in rows]


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows that people read and write: all in English, or with empty places for a translation."""

    table: Table
    proposal: Proposal
    rows: Sequence[int]

    @property
    def ending(self) -> str:
        """CSV for a spreadsheet, unless fields lie inside others: then JSON Lines."""
        return "csv" if all(len(column.place) == 1 for column in self.table.columns) else "jsonl"

    def writer(self, *, blank: bool) -> Callable[[Path], object]:
        """Return what writes the file; with `blank` the English stands beside empty places."""
        rows = [self._row(index, blank) for index in self.rows]
        if self.ending == "jsonl":
            text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        else:
            out = io.StringIO()
            cells = csv.DictWriter(out, list(rows[0]))
            cells.writeheader()
            cells.writerows(rows)
            text = out.getvalue()
        return lambda path: path.write_text(text, encoding="utf-8", newline="")

    def kept(self, path: Path) -> bool:
        """Say whether a file holds translations of just these rows.

        Raises RecipeError if it holds translations of others: nobody's work is written over.
        """
        there = [
            item.row.values if not isinstance(item, Unreadable) else {ENGLISH: item.text}
            for item in datafile.of(path).read(path)
        ]
        ours = [self._row(index, blank=True) for index in self.rows]
        if [*map(_english, there)] == [*map(_english, ours)]:
            return any(map(self._translated, there))
        if any(map(self._translated, there)):
            msg = f"{path}: holds translations of other rows; move it away, or name another --out"
            raise RecipeError(msg)
        return False

    def _row(self, index: int, blank: bool) -> dict[str, Any]:
        written = [field.column for field in self.proposal.written]
        empty = [*written, *(field.start for field in self.proposal.written if field.start)]
        if self.ending == "jsonl":
            text = self.table.items[index].json({c.place: "" for c in empty} if blank else {})
            english = {shown(column.place): column.values[index] for column in written}
            row = {**({ENGLISH: english} if blank else {}), **json.loads(text)}
            row.pop("language", None)  # the file's name says it
            return row
        used = {field.column for field in self.proposal.fields} | {*empty, self.proposal.id}
        row = {}  # of the columns that are used
        for column in self.table.columns:
            name = str(column.place[0])
            if blank and column in written:
                row[f"{ENGLISH}.{name}"] = column.values[index]
            if column in used:
                row[name] = "" if blank and column in empty else column.values[index]
        return row

    def _translated(self, row: Mapping[str, Any]) -> bool:
        """Say whether a row has a translation."""
        return any(
            any(
                text.strip()
                for _, text in fieldpath.parse(field.column.path.rstrip("?") + "?").texts(found)
            )
            for field in self.proposal.written
            for found in [Row("", None, row)]
        )


def _english(row: Mapping[str, Any]) -> list[Any]:
    return [value for name, value in row.items() if name.split(".")[0] == ENGLISH]


def copy(table: Table, rows: Sequence[int], path: Path) -> None:
    """Write rows of a data file into another of the same kind, as they are."""
    with datafile.of(path).create(path, table.file, None) as writer:
        for index in rows:
            writer.write(table.items[index], {})
