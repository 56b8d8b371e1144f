"""Rows in and out of a data file. One file per format, named by the ending of its data files;
each has `build()` and returns a `Format`. JSON Lines and CSV may be packed (.gz).
"""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TextIO, cast

from selftranslate import plugins
from selftranslate.errors import DataError, RecipeError
from selftranslate.fieldpath import Place
from selftranslate.rows import Row

Changes = Mapping[Place, str | int]
"""New values for some places of a row; everything else stays."""

Codes = tuple[str, str]
"""The names of the source row and of the translated one where both are written: ("en", "de")."""


class Item(Protocol):
    """A row as its format holds it."""

    @property
    def row(self) -> Row:
        """Return its values by name, and where it came from."""
        ...

    def json(self, changes: Changes) -> str:
        """Return the row as one JSON object; a value that JSON does not have is a text."""
        ...


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What stands in a row's place and is none."""

    number: int
    error: DataError
    text: str


class Writer(Protocol):
    """A data file that is being written."""

    def write(self, item: Item, changes: Changes) -> None:
        """Write a row with these changes; after the row as it was, where both are wanted."""
        ...

    def keep(self, item: Item) -> None:
        """Write a row of an earlier version of the same file as it stands."""
        ...


class Format(Protocol):
    """How rows of a kind of file are read and written."""

    def read(self, path: Path) -> Iterator[Item | Unreadable]:
        """Yield what stands in each row. Raises DataError if the file as a whole is no good."""
        ...

    def create(self, path: Path, like: Path, both: Codes | None) -> AbstractContextManager[Writer]:
        """Open a new file whose rows come from a file `like` this one, or hold two of its rows."""
        ...


def of(path: Path) -> Format:
    """Return the format of a file by its name's ending. Raises RecipeError if it is unknown."""
    ending, known = kind(path), plugins.names("datafile")
    if ending not in known:
        packed = " (.jsonl.gz, .csv.gz)"
        msg = f"{path}: unknown ending; write {', '.join(f'.{name}' for name in known)}{packed}"
        raise RecipeError(msg)
    made: Format = plugins.build("datafile", ending)
    return made


def kind(path: Path) -> str:
    """Return the ending that decides the format.

    >>> kind(Path("train.jsonl.gz"))
    'jsonl'
    """
    name = path.name.removesuffix(".gz")
    ending = Path(name).suffix.removeprefix(".")
    return "" if ending == "parquet" and name != path.name else ending


def json_text(values: Mapping[str, Any]) -> str:
    """Write values as one JSON object; a date, bytes or NaN as text."""
    return json.dumps(_plain(values), ensure_ascii=False)


@contextmanager
def created(path: Path) -> Iterator[TextIO]:
    """Open a new text file, packed if its name ends in .gz; equal texts give equal bytes."""
    with (
        path.open("wb") as file,
        _packed(file, path) as stream,
        # A lone surrogate of a row that is passed on becomes a sign that shows it.
        TextIOWrapper(stream, "utf-8", "backslashreplace", newline="\n") as text,
    ):
        yield text


def _packed(file: BinaryIO, path: Path) -> BinaryIO:
    if path.suffix != ".gz":
        return file
    return cast(BinaryIO, gzip.GzipFile("", "wb", 6, file, mtime=0))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if value is None or isinstance(value, str | int):
        return value
    return value if isinstance(value, float) and math.isfinite(value) else str(value)
