"""Two files that come into being together, at the end: the translated rows and the rejects."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from selftranslate import datafile, lock, plugins, rows
from selftranslate.datafile import Changes, Codes, Item, Unreadable, Writer
from selftranslate.errors import DataError, disk
from selftranslate.sealed import flush


@dataclass(slots=True)
class Output:
    """Where each row goes, and how many went there."""

    writer: Writer
    rejects: TextIO
    out: int = 0
    kept: int = 0
    texts: int = 0
    """Texts or sentences of the rows that were not kept."""
    rejected: Counter[str] = field(default_factory=Counter)

    def write(self, item: Item, changes: Changes) -> None:
        """Put a translated row into the output."""
        self.writer.write(item, changes)
        self.out += 1

    def keep(self, item: Item) -> None:
        """Put a row of the earlier output into the new one."""
        self.writer.keep(item)
        self.out += 1
        self.kept += 1

    def reject(
        self, item: Item | Unreadable, reason: str, changes: Changes | None = None, error: str = ""
    ) -> None:
        """Put a row among the rejects, with its translation or what is wrong with it."""
        self.rejected[reason] += 1
        if isinstance(item, Unreadable):
            number, rest = item.number, {"text": _json(item.text)}
        else:
            number, rest = item.row.number or 0, {"source": item.json({})}
            if changes is not None:
                rest["target"] = item.json(changes)
        if error:
            rest = {"error": _json(error), **rest}
        # The row's own JSON is put in as it is: its numbers and escapes are not ours to rewrite.
        parts = {"row": str(number), "reason": _json(reason), **rest}
        self.rejects.write("{" + ", ".join(f'"{k}": {v}' for k, v in parts.items()) + "}\n")


@contextmanager
def alone(out: Path, tell: lock.Tell) -> Iterator[None]:
    """Let no other process write the same output meanwhile; wait for one that does."""
    with ExitStack() as stack:
        try:
            with disk(out):
                path = out.with_name(f".{out.name}.lock")
                stack.enter_context(lock.alone(path, str(out), tell))
        except lock.NoLocks:
            tell(f"{out}: no locks on this disk; let one run at a time write it")
        yield


@contextmanager
def opened(out: Path, like: Path, both: Codes | None) -> Iterator[Output]:
    """Open drafts beside `out` and its rejects; move both to their places if all went well.

    The output comes last: where it is, everything is. Raises DiskError.
    """
    places = [rejects_of(out), out]
    drafts = [place.with_name(f".draft.{place.name}") for place in places]
    with disk(out):
        try:
            with (
                datafile.created(drafts[0]) as rejects,
                datafile.of(out).create(drafts[1], like, both) as writer,
            ):
                yield Output(writer, rejects)
            for draft in drafts:
                flush(draft)
            for draft, place in zip(drafts, places, strict=True):
                os.replace(draft, place)
            flush(out.absolute().parent)
        finally:
            for draft in drafts:
                draft.unlink(missing_ok=True)


def rejects_of(out: Path) -> Path:
    """Name the file of the rows that are not in the output; no two outputs share one.

    >>> rejects_of(Path("de.jsonl")).name, rejects_of(Path("de.csv")).name
    ('de.rejects.jsonl', 'de.csv.rejects.jsonl')
    """
    stem = out.name.removesuffix(".jsonl")
    if datafile.kind(Path(stem)) in plugins.names("datafile"):  # de.csv, or de.csv.jsonl beside it
        stem = out.name
    return out.with_name(f"{stem}.rejects.jsonl")


def rejected(out: Path) -> frozenset[int]:
    """Return the numbers of the rows an earlier run rejected. Raises DataError."""
    path = rejects_of(out)
    for needed in (out, path):
        if not needed.is_file():
            message = "no such file; --only-failed goes on from an earlier run's"
            raise DataError.at(needed, None, None, message)
    found = set()
    for number, raw in rows.raw_lines(path):
        text = rows.decode(path, number, raw)
        values = rows.json_object(path, number, text)
        found.add(rows.Row(str(path), number, values).whole("row"))
    return frozenset(found)


def _json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
