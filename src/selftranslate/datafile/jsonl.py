"""JSON Lines, plain or .gz: outside of what is changed, a row's text stays as it is, to the byte.

{"id": 7, "question": "Why?"} with a new question is {"id": 7, "question": "Warum?"}; numbers keep
their digits, strings their escapes. Lines end at "\\n".
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from selftranslate.datafile import Changes, Codes, Format, Item, Unreadable, Writer, created
from selftranslate.errors import DataError
from selftranslate.example import Span
from selftranslate.fieldpath import Place
from selftranslate.rows import Row, decode, json_object, raw_lines

_decode = json.JSONDecoder().raw_decode
_SPACE = re.compile(r"[ \t\n\r]*")


def build() -> Format:
    """Build the format."""
    return _JsonLines()


class _JsonLines:
    def read(self, path: Path) -> Iterator[Item | Unreadable]:
        for number, raw in raw_lines(path):
            try:
                text = decode(path, number, raw)
                yield _Line(Row(str(path), number, json_object(path, number, text)), text)
            except DataError as error:
                shown = raw.decode(errors="backslashreplace").rstrip("\r\n")
                yield Unreadable(number, error, shown)

    @contextmanager
    def create(self, path: Path, like: Path, both: Codes | None) -> Iterator[Writer]:
        del like
        with created(path) as file:
            yield _Writer(file, both)


@dataclass(frozen=True, slots=True)
class _Line:
    row: Row
    text: str

    def json(self, changes: Changes) -> str:
        parts, end = [], 0
        for (start, stop), place in sorted(
            (span, place) for place, span in spans(self.text, changes).items()
        ):
            parts += [self.text[end:start], json.dumps(changes[place], ensure_ascii=False)]
            end = stop
        return "".join([*parts, self.text[end:]]).strip()


@dataclass(frozen=True, slots=True)
class _Writer:
    file: TextIO
    both: Codes | None

    def write(self, item: Item, changes: Changes) -> None:
        line = item.json(changes)
        if self.both:
            source, target = map(json.dumps, self.both)
            line = f"{{{source}: {item.json({})}, {target}: {line}}}"
        self.file.write(line + "\n")

    def keep(self, item: Item) -> None:
        self.file.write(item.json({}) + "\n")


def spans(text: str, places: Collection[Place]) -> dict[Place, Span]:
    """Return where the values at these places begin and end in the text of a JSON object."""
    inside = {place[:length] for place in places for length in range(len(place))}
    found: dict[Place, Span] = {}

    def skip(at: int) -> int:
        gap = _SPACE.match(text, at)
        return gap.end() if gap else at

    def value(at: int, place: Place) -> int:
        """Return where the value that begins here ends; only what leads to a place is opened."""
        end = members(at, place) if place in inside else int(_decode(text, at)[1])
        if place in places:
            found[place] = (at, end)
        return end

    def members(at: int, place: Place) -> int:
        keyed, index = text[at] == "{", 0
        at = skip(at + 1)
        while text[at] not in "}]":
            step: str | int = index
            if keyed:
                step, at = _decode(text, at)
                at = skip(skip(at) + 1)
            at = skip(value(at, (*place, step)))
            if text[at] == ",":
                at = skip(at + 1)
            index += 1
        return at + 1

    value(skip(0), ())
    return found
