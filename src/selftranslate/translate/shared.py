"""The translation memory of a store elsewhere: pieces that machines add, and nobody changes.

A piece is named by the hash of its content. A working copy's memory knows which pieces it has
seen, and up to which of its own entries it has sent.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from selftranslate import elsewhere
from selftranslate.elsewhere import Elsewhere
from selftranslate.errors import DiskError
from selftranslate.failpoints import reach
from selftranslate.translate.schema import checksum, digest

FOLDER = "memory"
ENTRIES = 20_000
"""In a piece, at most; all of them are in Python's memory at once."""

PATIENCE = 60.0
"""Seconds to wait for another process that is writing."""

TABLES = (
    "CREATE TABLE IF NOT EXISTS pieces (name TEXT PRIMARY KEY)",
    "CREATE TABLE IF NOT EXISTS sent (upto INTEGER NOT NULL)",
    "INSERT INTO sent SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM sent)",
)
ASKED = "engine, prefix, fence, source, target"
ENTRY = (
    "max_new_tokens, most_characters, text, completion, ended, log_probability, tokens, seconds, "
    "attempt, written"
)
NEWER = f"""
SELECT completions.rowid, asked, digest, checksum, {ASKED}, {ENTRY}
FROM completions JOIN asked ON asked.id = completions.asked
WHERE completions.rowid > ? ORDER BY completions.rowid LIMIT {ENTRIES}
"""
ADD_ASKED = f"INSERT OR IGNORE INTO asked VALUES ({', '.join('?' * 6)})"
ADD = f"INSERT OR IGNORE INTO completions VALUES ({', '.join('?' * 13)})"

_one = Lock()


def send(path: Path) -> None:
    """Send what is new in the memory of a working copy, if it is one. Raises DiskError."""
    if (far := elsewhere.at(path.parent)) and path.exists():
        with _one, _opened(path) as database:
            _send(far, database)


def fetch(path: Path) -> None:
    """Add what other machines have sent, if this is the memory of a working copy.

    Raises DiskError.
    """
    if not (far := elsewhere.at(path.parent)):
        return
    there = far.files(FOLDER)
    if there or path.exists():
        with _one, _opened(path) as database:
            for name in sorted(there.keys() - _pieces(database)):
                _merge(database, name, _read(far, name))


def replace(path: Path) -> None:
    """Send the whole memory of a working copy in place of the pieces that it has seen.

    Raises DiskError.
    """
    if far := elsewhere.at(path.parent):
        with _one, _opened(path) as database:
            before = _pieces(database)
            database.execute("DELETE FROM pieces")
            database.execute("UPDATE sent SET upto = 0")
            _send(far, database)
            if gone := sorted(before - _pieces(database)):
                far.remove(FOLDER, gone)


def _send(far: Elsewhere, database: sqlite3.Connection) -> None:
    """Send entries behind the last one that was sent; killed in between, some go twice."""
    while True:
        (upto,) = database.execute("SELECT upto FROM sent").fetchone()
        rows = database.execute(NEWER, (upto,)).fetchall()
        if not rows:
            return
        whole = [row[4:] for row in rows if row[3] == checksum(*row[1:3], *row[9:16])]
        lines = "".join(json.dumps(entry) + "\n" for entry in whole)
        piece = gzip.compress(lines.encode(), mtime=0)
        name = f"{hashlib.sha256(piece).hexdigest()[:32]}.jsonl.gz"
        reach("send.memory")
        far.write(f"{FOLDER}/{name}", piece)
        with _changing(database):
            database.execute("INSERT OR IGNORE INTO pieces VALUES (?)", (name,))
            database.execute("UPDATE sent SET upto = ?", (rows[-1][0],))


def _read(far: Elsewhere, name: str) -> list[list[Any]]:
    """Fetch a piece; a damaged one says nothing: its texts are translated again."""
    with tempfile.TemporaryDirectory() as folder:
        if not far.get(FOLDER, [name], Path(folder)):
            return []
        piece = Path(folder, name).read_bytes()
    if not name.startswith(hashlib.sha256(piece).hexdigest()[:32]):
        return []
    return [json.loads(line) for line in gzip.decompress(piece).decode().splitlines()]


def _merge(database: sqlite3.Connection, name: str, entries: Iterable[list[Any]]) -> None:
    """Add a piece's entries; what is here already stays."""
    with _changing(database):
        newest = "SELECT coalesce(max(rowid), 0) FROM completions"
        (before,) = database.execute(newest).fetchone()
        for entry in entries:
            asked, values = entry[:5], entry[5:]
            identity = digest("\0".join(asked))
            proved = (digest(values[2]), *values[:7])
            row = (identity, *proved, *values[7:], checksum(identity, *proved))
            database.execute(ADD_ASKED, (identity, *asked))
            database.execute(ADD, row)
        database.execute("INSERT OR IGNORE INTO pieces VALUES (?)", (name,))
        # Unless own entries wait to be sent, nothing up to here need be.
        database.execute(f"UPDATE sent SET upto = ({newest}) WHERE upto = ?", (before,))


def _pieces(database: sqlite3.Connection) -> set[str]:
    return {name for (name,) in database.execute("SELECT name FROM pieces")}


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a working copy's memory, which is made if it is missing. Raises DiskError."""
    from selftranslate.translate.memory import Memory

    with Memory(path):
        pass  # its tables are there now, and of this version
    try:
        with closing(sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)) as database:
            database.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
            for statement in TABLES:
                database.execute(statement)
            yield database
    except sqlite3.Error as error:
        msg = f"{path}: {error}; run the same command again"
        raise DiskError(msg) from error


@contextmanager
def _changing(database: sqlite3.Connection) -> Iterator[None]:
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise
