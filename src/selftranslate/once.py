"""Names that may come once each: they lie in a temporary file, so that any number may come."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager


@contextmanager
def once() -> Iterator[Callable[[str], bool]]:
    """Give what says of a name whether it comes for the first time."""
    with closing(sqlite3.connect("", isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("CREATE TABLE met (name TEXT PRIMARY KEY) WITHOUT ROWID")
        database.execute("BEGIN")

        def first(name: str) -> bool:
            return database.execute("INSERT OR IGNORE INTO met VALUES (?)", (name,)).rowcount == 1

        yield first
