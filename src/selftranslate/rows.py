"""Rows of data files, read strictly: what is wrong is named with its file, row and field.

A row is a physical line, counted from 1. Lines end at "\\n" and cells at "\\t", nowhere else:
`str.splitlines` and `csv` both break real files of the paper's tasks.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NoReturn, cast

from selftranslate.errors import DataError

EXPANSION = 200
"""A .gz file may be this many times larger inside than outside; text is 3 to 10 times."""
SURROGATE = re.compile("[\\ud800-\\udfff]")


@dataclass(frozen=True, slots=True)
class Row:
    """Named values, and where they came from."""

    file: str
    number: int | None
    """The line, from 1; None inside a JSON document, where `path` tells the place."""
    values: Mapping[str, Any]
    path: str = ""
    """E.g. "data[0].paragraphs[3].": what stands before a field's name in a message."""

    def refuse(self, field: str, message: str) -> NoReturn:
        """Raise DataError: say what is wrong with a field of this row, and what to do."""
        raise DataError.at(self.file, self.number, self.path + field, message)

    def either(self, *fields: str) -> str:
        """Return the first of these names that the row has, as layouts differ."""
        for field in fields:
            if field in self.values:
                return field
        self.refuse(fields[0], f"no such field; the row has {', '.join(self.values) or 'none'}")

    def text(self, field: str) -> str:
        """Return a text as it stands; it is never empty."""
        value = self._get(field, str, "a text")
        if not value.strip():
            self.refuse(field, "empty; fill it in or remove the row")
        if "\0" in value:
            self.refuse(field, "holds a NUL character; remove it")
        if SURROGATE.search(value):
            self.refuse(field, "holds half a surrogate pair; save it as UTF-8")
        return cast(str, value)

    def whole(self, field: str) -> int:
        """Return a whole number."""
        return cast(int, self._get(field, int, "a whole number"))

    def items(self, field: str) -> list[Any]:
        """Return a list."""
        return cast(list[Any], self._get(field, list, "a list"))

    def inside(self, field: str) -> Row:
        """Return a nested object as a row of its own."""
        value = self._get(field, dict, "an object")
        return Row(self.file, self.number, value, f"{self.path}{field}.")

    def rows(self, field: str) -> list[Row]:
        """Return a list of nested objects as rows of their own."""
        made = []
        for i, value in enumerate(self.items(field)):
            if not isinstance(value, dict):
                self.refuse(f"{field}[{i}]", f"{described(value)}, not an object")
            made.append(Row(self.file, self.number, value, f"{self.path}{field}[{i}]."))
        return made

    def _get(self, field: str, kind: type, name: str) -> Any:
        value = self.values[self.either(field)]
        # True is an int to Python, not to whoever wrote the file.
        if not isinstance(value, kind) or isinstance(value, bool):
            self.refuse(field, f"{described(value)}, not {name}")
        return value


def read(path: Path, columns: Sequence[str], heads: Collection[str] = ()) -> Iterator[Row]:
    """Yield the rows of a JSON Lines or tab-separated file, plain or .gz, by its name's ending."""
    kind = Path(path.name.removesuffix(".gz")).suffix
    if kind == ".jsonl":
        return json_lines(path)
    if kind in {".tsv", ".txt"}:
        return tsv(path, columns, heads)
    raise DataError.at(path, None, None, "unknown ending; .jsonl, .tsv or .txt (or .gz of these)")


def json_lines(path: Path) -> Iterator[Row]:
    """Yield one row for each line."""
    for number, line in _lines(path):
        yield Row(str(path), number, json_object(path, number, line))


def tsv(path: Path, columns: Sequence[str], heads: Collection[str] = ()) -> Iterator[Row]:
    """Yield one row for each line; nothing is ever quoted.

    A first line that holds one of the `heads` names the columns; otherwise they are `columns`.
    """
    names, headed, number = columns, False, 0
    for number, line in _lines(path):
        cells = line.split("\t")
        if number == 1 and not set(heads).isdisjoint(cells):
            names, headed = cells, True
            continue
        if len(cells) != len(names):
            message = f"{len(cells)} columns, not {len(names)} ({', '.join(names)})"
            raise DataError.at(path, number, None, f"{message}; separate them by single tabs")
        yield Row(str(path), number, dict(zip(names, cells, strict=True)))
    if headed and number == 1:
        raise DataError.at(path, 1, None, "a header and no rows; fetch the file again")


def document(path: Path) -> Row:
    """Read a whole JSON document."""
    text = "\n".join(line for _, line in _lines(path))
    return Row(str(path), None, json_object(path, None, text))


def hub(name: str, config: str | None, split: str) -> Iterator[Row]:
    """Yield the rows of a data set of the Hugging Face hub, downloaded on first use."""
    import datasets

    try:
        rows = datasets.load_dataset(name, config, split=split)
    except (OSError, ValueError, RuntimeError, datasets.exceptions.DatasetsError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        advice = "unset HF_HUB_OFFLINE and download it once, or name files under `data`"
        raise DataError.at(
            name, None, config, f"cannot load {split!r}: {reason}; {advice}"
        ) from error
    file = "/".join([name, *([config] if config else []), split])
    for number, values in enumerate(rows, 1):
        yield Row(file, number, values)


def in_language(rows: Iterable[Row], language: str, unnamed: str) -> Iterator[Row]:
    """Keep the rows of one language; a row without a `language` of its own is in `unnamed`."""
    kept, file = 0, ""
    for row in rows:
        file = row.file
        if "language" not in row.values and unnamed != language:
            message = f"the rows are in {unnamed!r}, {language!r} was asked for; write {{language}}"
            row.refuse("language", f"{message} into the path, or add a language column")
        if row.values.get("language", language) == language:
            kept += 1
            yield row
    if not kept:
        raise DataError.at(file, None, "language", f"no row in {language!r}; add some")


def raw_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of a file, plain or .gz, numbered from 1, with their ends; maybe none."""
    number = 0
    try:
        # 1 MiB more, as a short text of one repeated letter is no bomb.
        budget = EXPANSION * path.stat().st_size + (1 << 20)
        with _open(path) as stream:
            while raw := stream.readline(budget + 1):
                number += 1
                budget -= len(raw)
                if budget < 0:
                    message = f"more than {EXPANSION} times larger than its .gz; unpack it yourself"
                    raise DataError.at(path, number, None, message)
                yield number, raw
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError.at(
            path, number + 1, None, f"damaged .gz ({error}); fetch it again"
        ) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError.at(path, None, None, f"{reason}; check the paths under `data`") from error


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    number = 0
    for number, raw in raw_lines(path):
        yield number, decode(path, number, raw)
    if number == 0:
        raise DataError.at(path, 1, None, "the file is empty; fetch it again")


def _open(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


def decode(path: Path, number: int, raw: bytes) -> str:
    """Return a line as text, without its end or a byte order mark."""
    try:
        text = raw.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        message = f"not UTF-8 at byte {error.start + 1} of the line; save the file as UTF-8"
        raise DataError.at(path, number, None, message) from error
    return text.removesuffix("\n").removesuffix("\r")


def json_object(path: Path, number: int | None, text: str) -> dict[str, Any]:
    """Read one JSON object, strictly: no key twice, no NaN."""
    if not text.strip():
        raise DataError.at(path, number or 1, None, "an empty line; remove it")
    try:
        value = _STRICT.decode(text)
    except json.JSONDecodeError as error:
        message = f"not JSON at column {error.colno}: {error.msg}; one JSON object is expected"
        raise DataError.at(path, number or error.lineno, None, message) from error
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise DataError.at(path, number, None, f"not plain JSON: {reason}; mend it") from error
    if not isinstance(value, dict):
        raise DataError.at(path, number or 1, None, f"{described(value)}, not an object {{...}}")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        msg = f"the key {twice!r} stands there twice"
        raise ValueError(msg)
    return values


def _no_constant(name: str) -> None:
    msg = f"{name} is no JSON number"
    raise ValueError(msg)


_STRICT = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant)


def described(value: object) -> str:
    """Say what a value is, in the words of messages."""
    names = {dict: "an object", list: "a list", str: "a text", type(None): "null"}
    return names.get(type(value), str(value)[:20])
