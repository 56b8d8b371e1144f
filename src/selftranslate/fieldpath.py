"""Paths to values inside a row: `question`, `a.b`, `items.0.text`, `messages.*.content`.

`*` is every item of a list or every value of an object, a number an item of a list, counted from
0. A `?` at the end lets the value be missing or null. A backslash takes the meaning from a sign:
`a\\.b` is one key.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from selftranslate.errors import RecipeError
from selftranslate.rows import SURROGATE, Row, described

Place = tuple[str | int, ...]
"""Where one value stands in a row: ("messages", 0, "content")."""

EVERY = None


@dataclass(frozen=True, slots=True)
class FieldPath:
    """A path as it was written, without the `?`, and its steps."""

    name: str
    steps: tuple[str | None, ...]
    optional: bool = False

    @property
    def many(self) -> bool:
        """Whether it may lead to several values of one row."""
        return EVERY in self.steps

    def texts(self, row: Row) -> list[tuple[Place, str]]:
        """Return the row's texts at this path, in order. Raises DataError with the place."""
        return [(place, _text(row, place, value)) for place, value in self._values(row)]

    def copies(self, row: Row) -> list[tuple[Place, str]]:
        """Return the row's texts at this path, numbers and truth values too, as JSON has them."""
        return [(place, _text(row, place, _written(value))) for place, value in self._values(row)]

    def wholes(self, row: Row) -> list[tuple[Place, int]]:
        """Return the row's whole numbers at this path; a table without types has them as text."""
        found = []
        for place, value in self._values(row):
            if isinstance(value, str) and value.isascii() and value.isdigit():
                value = int(value)
            if not isinstance(value, int) or isinstance(value, bool):
                row.refuse(shown(place), f"{described(value)}, not a whole number")
            found.append((place, value))
        return found

    def _values(self, row: Row) -> Iterator[tuple[Place, Any]]:
        return self._below(row, row.values, ())

    def _below(self, row: Row, value: Any, place: Place) -> Iterator[tuple[Place, Any]]:
        if value is None and self.optional:
            return
        if len(place) == len(self.steps):
            yield place, value
            return
        step = self.steps[len(place)]
        if step is EVERY:
            for key, inner in _members(row, place, value):
                yield from self._below(row, inner, (*place, key))
            return
        found = _member(value, step)
        if found is not None:
            key, inner = found
            yield from self._below(row, inner, (*place, key))
        elif not self.optional:
            row.refuse(shown((*place, step)), f"no such field; {_has(value)}")


def parse(text: str) -> FieldPath:
    """Read a path. Raises RecipeError if a step is empty.

    >>> parse("messages.*.content").steps
    ('messages', None, 'content')
    """
    name = text.removesuffix("?")
    steps = split(name, ".")
    if not all(steps):
        msg = f"field {text!r}: a step of the path is empty; write it like messages.*.content"
        raise RecipeError(msg)
    plain = tuple(EVERY if step == "*" else "".join(_unescaped(step)) for step in steps)
    return FieldPath(name, plain, optional=name != text)


def split(text: str, separator: str) -> list[str]:
    r"""Cut a text at a separator that no backslash stands before; backslashes stay.

    >>> split(r"a\.b.c", ".")
    ['a\\.b', 'c']
    """
    parts = [""]
    signs = iter(text)
    for sign in signs:
        if sign == separator:
            parts.append("")
        else:
            parts[-1] += sign + next(signs, "") if sign == "\\" else sign
    return parts


def put(values: Any, changes: Mapping[Place, Any]) -> None:
    """Set values of a row in place."""
    for place, new in changes.items():
        *path, last = place
        inner = values
        for step in path:
            inner = inner[step]
        inner[last] = new


def shown(place: Place) -> str:
    """Write a place as messages have it.

    >>> shown(("messages", 0, "content"))
    'messages[0].content'
    """
    return "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in place).removeprefix(".")


def _text(row: Row, place: Place, value: Any) -> str:
    problem = None
    if not isinstance(value, str):
        problem = f"{described(value)}, not a text"
    elif "\0" in value:
        problem = "holds a NUL character; remove it"
    elif SURROGATE.search(value):
        problem = "holds half a surrogate pair; save it as UTF-8"
    if problem:
        row.refuse(shown(place), problem)
    return cast(str, value)


def _written(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, int | float) else value


def _members(row: Row, place: Place, value: Any) -> Iterator[tuple[str | int, Any]]:
    if isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, list):
        yield from enumerate(value)
    else:
        row.refuse(shown(place), f"{described(value)}, which has no items")


def _member(value: Any, step: str) -> tuple[str | int, Any] | None:
    if isinstance(value, Mapping):
        return (step, value[step]) if step in value else None
    if isinstance(value, list) and step.isascii() and step.isdigit() and int(step) < len(value):
        return int(step), value[int(step)]
    return None


def _has(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"there are {', '.join(map(str, value)) or 'none'}"
    if isinstance(value, list):
        return f"there are {len(value)} items, counted from 0"
    return f"it would be inside {described(value)}"


def _unescaped(step: str) -> Iterator[str]:
    signs = iter(step)
    for sign in signs:
        yield next(signs, "\\") if sign == "\\" else sign
