"""A user's data file, read as a table: its rows, and the columns that texts can come from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selftranslate import datafile
from selftranslate.datafile import Item, Unreadable
from selftranslate.errors import DataError
from selftranslate.fieldpath import Place, shown

RESERVED = {
    "and", "or", "not", "in", "is", "if", "else", "true", "false", "none", "self", "loop",
    "range", "dict", "lipsum", "cycler", "joiner", "namespace", "language",
}  # fmt: skip
"""What means something else in a template."""

SOURCE = "en"
NUMBER = re.compile(r"[-+]?\d[\d.,]*%?")


@dataclass(frozen=True, slots=True)
class Column:
    """The values of one place in all rows, as texts; "" where there is none."""

    place: Place
    name: str
    """As templates call it: letters, digits and _."""
    values: tuple[str, ...]

    @property
    def path(self) -> str:
        """The place as a recipe writes it; a "?" says that it may be empty."""
        steps = (re.sub(r"([\\.*])", r"\\\1", str(step)) for step in self.place)
        return ".".join(steps) + ("" if all(map(str.strip, self.values)) else "?")

    @property
    def filled(self) -> list[str]:
        """The values that are there."""
        return [value for value in self.values if value.strip()]

    @property
    def longest(self) -> int:
        """The characters of the longest value."""
        return max(map(len, self.values))

    @property
    def numeric(self) -> bool:
        """Whether every value is a number."""
        return all(NUMBER.fullmatch(value) for value in self.filled)


@dataclass(frozen=True, slots=True)
class Table:
    """A data file in memory."""

    file: Path
    items: tuple[Item, ...]
    columns: tuple[Column, ...]


def read(path: Path) -> Table:
    """Read a data file. Raises DataError with file, row and field if it is no table of rows."""
    items = tuple(_items(path))
    if not items:
        raise DataError.at(path, 1, None, "holds no rows; a row is an example in English")
    for item in items:
        if (said := item.row.values.get("language", SOURCE)) != SOURCE:
            item.row.refuse("language", f"{said!r}; keep the rows in English ({SOURCE}) alone")
    leaves = [dict(_leaves(item.row.values, ())) for item in items]
    _same(items, leaves)
    places = [place for place in leaves[0] if _usable(place, leaves)]
    if len(places) == 1 and path.suffix == ".csv" and re.search("[;\t]", shown(places[0])):
        message = f"one column, {shown(places[0])!r}; save the file with commas between cells"
        raise DataError.at(path, 1, None, message)
    names = _names(places, leaves)
    columns = (
        Column(place, names[place], tuple(_text(row.get(place)) for row in leaves))
        for place in places
    )
    return Table(path, items, tuple(columns))


def _items(path: Path) -> Iterator[Item]:
    for item in datafile.of(path).read(path):
        if isinstance(item, Unreadable):
            raise item.error
        yield item


def _leaves(value: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    """Yield every value that holds no others, and where it stands."""
    if isinstance(value, Mapping):
        for key in value:
            yield from _leaves(value[key], (*place, str(key)))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, (*place, index))
    else:
        yield place, value


def _same(items: Sequence[Item], leaves: Sequence[Mapping[Place, Any]]) -> None:
    """Raise DataError unless all rows have the same fields; lists may be longer or shorter."""
    first = {place for place in leaves[0] if _fixed(place)}
    for item, row in zip(items, leaves, strict=True):
        for place in sorted(first ^ {each for each in row if _fixed(each)}, key=shown):
            known = "row 1 has it" if place in first else "row 1 has no such field"
            missing = "missing here, but " if place in first else ""
            item.row.refuse(
                shown(place),
                f"{missing}{known}; give every row the same fields, null where there is nothing",
            )


def _fixed(place: Place) -> bool:
    return all(isinstance(step, str) for step in place)


def _usable(place: Place, leaves: Sequence[Mapping[Place, Any]]) -> bool:
    """Say whether all rows have a value here that is a text, a number, a truth value or null."""
    return all(
        place in row and (row[place] is None or isinstance(row[place], str | int | float))
        for row in leaves
    )


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def _names(places: Sequence[Place], leaves: Sequence[Mapping[Place, Any]]) -> dict[Place, str]:
    """Name each column by its keys; a message of a chat by whose it is."""
    found: dict[Place, str] = {}
    for place in places:
        role = (*place[:-1], "role")
        said = {str(row.get(role)) for row in leaves} if place[-1] == "content" else set()
        steps = said if len(said) == 1 else [str(s) for s in place if isinstance(s, str)]
        name = re.sub(r"\W+", "_", "_".join(steps)).strip("_")
        name = name if name.isidentifier() and name.lower() not in RESERVED else f"field_{name}"
        taken = list(found.values())
        while name in taken:
            name = f"{name}_2"
        found[place] = name
    return found
