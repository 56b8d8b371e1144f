"""The translation memory's tables: how they are made, what proves an entry, older ones' update."""

from __future__ import annotations

import hashlib
import sqlite3
from functools import lru_cache
from pathlib import Path

from selftranslate.errors import DiskError

VERSION = 2
APPLICATION = 0x53545421
"""SQLite's application_id of our files, so that no other database is taken for one."""

TABLES = """
CREATE TABLE asked (
    id INTEGER PRIMARY KEY,
    engine TEXT NOT NULL, prefix TEXT NOT NULL, fence TEXT NOT NULL,
    source TEXT NOT NULL, target TEXT NOT NULL
);
CREATE TABLE completions (
    asked INTEGER NOT NULL REFERENCES asked, digest INTEGER NOT NULL,
    max_new_tokens INTEGER NOT NULL, most_characters INTEGER NOT NULL,
    text TEXT NOT NULL, completion TEXT NOT NULL, ended TEXT NOT NULL,
    log_probability REAL, tokens INTEGER NOT NULL,
    seconds REAL NOT NULL, attempt INTEGER NOT NULL, written REAL NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (asked, digest, max_new_tokens, most_characters)
);
"""
PROVED = (
    "asked, digest, max_new_tokens, most_characters, text, completion, ended, log_probability, "
    "tokens"
)
"""The columns that the checksum is of, in its order."""
ROWS = 10_000
"""Entries in Python's memory at once while an older file is brought up to date."""


@lru_cache(2048)
def digest(text: str) -> int:
    """Return 64 bits of a text's hash, as SQLite's integer; each is asked for several times."""
    return _hash(text)


def checksum(*proved: object) -> int:
    """Return what shows, beside an entry, that none of its bits was flipped; see PROVED."""
    return _hash("\0".join(map(str, proved)))


def _hash(text: str) -> int:
    hashed = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(hashed, "big", signed=True)


def version(database: sqlite3.Connection) -> int:
    """Return the version of the tables; 0 if there are none of ours."""
    ours = database.execute("PRAGMA application_id").fetchone()[0] == APPLICATION
    return int(database.execute("PRAGMA user_version").fetchone()[0]) if ours else 0


def bring_up_to_date(database: sqlite3.Connection, path: Path | None) -> None:
    """Make the tables, or add what an older version lacked, inside an open transaction.

    Raises DiskError for another program's file, and for that of a later version.
    """
    found = version(database)
    if found == VERSION:  # another process was faster
        return
    if found > VERSION:
        msg = (
            f"{path}: made by a later version of selftranslate (schema {found}, not {VERSION}); "
            "use that version, or move the file away to begin a new one"
        )
        raise DiskError(msg)
    if found == 1:
        _add_checksums(database)
    elif database.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
        msg = f"{path}: another program's database; move it away"
        raise DiskError(msg)
    else:
        for statement in TABLES.split(";"):
            database.execute(statement)
        database.execute(f"PRAGMA application_id = {APPLICATION}")
    database.execute(f"PRAGMA user_version = {VERSION}")


def _add_checksums(database: sqlite3.Connection) -> None:
    """Add version 2's column; what stands there is taken for right, as it was until now."""
    database.execute("ALTER TABLE completions ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0")
    query = f"SELECT rowid, {PROVED} FROM completions WHERE rowid > ? ORDER BY rowid LIMIT {ROWS}"
    last = -1
    while rows := database.execute(query, (last,)).fetchall():
        made = [(checksum(*proved), rowid) for rowid, *proved in rows]
        database.executemany("UPDATE completions SET checksum = ? WHERE rowid = ?", made)
        last = rows[-1][0]
