"""What was translated before, in one SQLite file of the store: nothing is paid for twice.

An entry is keyed by content: the engine with its model's fingerprint, the shots, the fence, the
languages, the text. Completions are committed in small batches as they arrive, so that a killed
run loses less than one batch; several processes may use the file at once.
"""

from __future__ import annotations

import json
import math
import sqlite3
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from selftranslate import interrupts
from selftranslate.engines import Completion
from selftranslate.errors import DiskError
from selftranslate.example import Ended
from selftranslate.failpoints import reach
from selftranslate.translate import schema, shared
from selftranslate.translate.advice import GO_ON, advice, code
from selftranslate.translate.schema import checksum, digest

FILE = "memory.sqlite"
BATCH = 1024
"""Completions to a commit, at most."""
DELAY = 0.5
"""Seconds after a commit from which on a completion is committed as soon as it comes. A commit
waits some milliseconds for the disk: at two a second, or 1,024 texts, that is not felt."""
LOG = 8000
"""Pages that SQLite's log may have before they are worked into the file. Entries belong all over
the index: with a short log its pages are written again and again, the more the larger it is."""
PATIENCE = 60.0
"""Seconds to wait for another process that is writing."""
AT_ONCE = 0.5
"""Of these, how many SQLite waits by itself: Ctrl-C is not felt meanwhile."""
FIND = """
SELECT digest, max_new_tokens, most_characters, text, completion, ended, log_probability, tokens,
checksum FROM json_each(?) CROSS JOIN completions ON asked = ? AND digest = value
"""
ASK = f"INSERT OR IGNORE INTO asked VALUES ({', '.join('?' * 6)})"
ADD = f"INSERT OR REPLACE INTO completions VALUES ({', '.join('?' * 13)})"

BY_ITSELF = frozenset({"fence", "eos", "unverified", "repetition"})
"""Endings that limits had no part in."""


class Asked(NamedTuple):
    """What an answer depends on beside the text."""

    engine: str
    prefix: str
    """The hash of the shots as they are written before the text."""
    fence: str
    source: str
    target: str

    @property
    def id(self) -> int:
        """64 bits of the hash of all of it: the same in every process and at every time."""
        return _id(self)


class Limits(NamedTuple):
    """How long an answer may become; `most_characters` 0 is any length."""

    max_new_tokens: int
    most_characters: int = 0

    def hold(self, completion: Completion, written_under: Limits) -> bool:
        """Say whether these limits would have given the same completion."""
        if written_under == self:
            return True
        # An engine that counts no tokens: each is at least a byte.
        tokens = completion.tokens or len(completion.text.encode())
        characters = self.most_characters
        return (
            completion.ended in BY_ITSELF
            and tokens < self.max_new_tokens
            and (not characters or len(completion.text) <= characters)
        )


class Entry(NamedTuple):
    """A text's completion, and the limits it was written under."""

    key: int
    """The text's digest."""
    text: str
    completion: Completion
    under: Limits


class Memory:
    """An open translation memory; None is one that nobody else sees, and that is not kept.

    Raises DiskError, here and wherever it reads or writes, if the file cannot be written, is no
    translation memory, is damaged, or comes from a newer version.
    """

    def __init__(self, path: Path | None, *, only_read: bool = False) -> None:
        self.path = path
        self.damaged: list[str] = []
        """The beginnings of texts whose entries were met and are damaged, and so not used."""
        self._pending: list[tuple[Asked, tuple[object, ...]]] = []
        self._committed = time.monotonic()
        with self._named():
            where = _unwritten(path) if path and only_read else path or ""
            self._database = sqlite3.connect(
                where, timeout=AT_ONCE, isolation_level=None, uri=bool(path and only_read)
            )
            self._database.text_factory = _text
            try:
                (self._expect if only_read else self._prepare)()
            except BaseException:
                self._database.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.commit()
        finally:
            self._database.close()

    def find(self, asked: Asked, text: str, limits: Limits) -> Completion | None:
        """Return what was written for the text, if the limits would not have changed it."""
        return self.find_all(asked, {text: limits}).get(text)

    def find_all(self, asked: Asked, wanted: Mapping[str, Limits]) -> dict[str, Completion]:
        """Return what `find` finds of texts; of a thousand at once it is 20 times faster."""
        found: dict[str, Completion] = {}
        for entry in self.entries(asked, {digest(text) for text in wanted}):
            limits = wanted.get(entry.text)
            if limits and limits.hold(entry.completion, entry.under):
                found.setdefault(entry.text, entry.completion)
        return found

    def holds(self, asked: Asked, key: int, limits: Limits) -> bool:
        """Say whether `find` would find a text of this digest."""
        return any(limits.hold(e.completion, e.under) for e in self.entries(asked, [key]))

    def entries(self, asked: Asked, keys: Collection[int]) -> list[Entry]:
        """Return these digests' entries, but for damaged ones: their texts are asked again."""
        with self._named():
            rows = self._do(FIND, (json.dumps(sorted(keys)), asked.id)).fetchall()
        found = []
        for *proved, proof in rows:
            if proof != checksum(asked.id, *proved):
                self.damaged.append(str(proved[3])[:60])
                continue
            key, tokens, characters, text, *completion = proved
            found.append(Entry(key, text, _completion(*completion), Limits(tokens, characters)))
        return found

    def add(
        self, asked: Asked, text: str, limits: Limits, completion: Completion, effort: Effort
    ) -> None:
        """Keep a completion that is no "error"; commit now and then."""
        if completion.ended == "error":
            return
        proved = (
            digest(text),
            *limits,
            text,
            completion.text,
            completion.ended,
            _number(completion.log_probability),
            completion.tokens,
        )
        took = (round(effort.seconds, 6), effort.attempt, time.time())
        row = (*proved, *took, checksum(asked.id, *proved))
        self._pending.append((asked, row))
        if len(self._pending) >= BATCH or time.monotonic() - self._committed >= DELAY:
            self.commit()

    def commit(self) -> None:
        """Write what was added since the last time to the disk."""
        if not self._pending:
            return
        with self._named():
            reach("memory.commit")
            with self._writing():
                ids = {asked: asked.id for asked, _ in self._pending}
                self._database.executemany(ASK, [(id_, *asked) for asked, id_ in ids.items()])
                rows = [(ids[asked], *row) for asked, row in self._pending]
                self._database.executemany(ADD, rows)
            self._pending.clear()
            self._committed = time.monotonic()
            reach("memory.committed")

    def rows(self, sql: str, values: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        """Yield what a query finds."""
        with self._named():
            for row in self._do(sql, values):  # noqa: UP028 - may outlive the file
                yield row

    def change(self, sql: Sequence[str], values: Sequence[object] = ()) -> None:
        """Do statements as one transaction; `values` are the first one's."""
        with self._named(), self._writing():
            self._do(sql[0], values)
            for statement in sql[1:]:
                self._do(statement)

    def shrink(self) -> None:
        """Give the room of removed entries back to the disk."""
        with self._named():
            self._do("VACUUM")
            self._do("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Open a transaction; whatever stops it, nothing of it stays."""
        self._do("BEGIN IMMEDIATE")
        try:
            yield
            self._do("COMMIT")
        except BaseException:
            if self._database.in_transaction:  # a full disk has ended it already
                self._do("ROLLBACK")
            raise

    def _do(self, sql: str, values: Sequence[object] = ()) -> sqlite3.Cursor:
        """Execute a statement; while another process writes, wait, and be interruptible."""
        begun = time.monotonic()
        while True:
            try:
                return self._database.execute(sql, values)
            except sqlite3.OperationalError as error:
                if code(error) != sqlite3.SQLITE_BUSY or time.monotonic() - begun > PATIENCE:
                    raise
            interrupts.check()

    def _prepare(self) -> None:
        if schema.version(self._database) != schema.VERSION:
            with self._writing():
                schema.bring_up_to_date(self._database, self.path)
        # A private one need not survive anything.
        journal, synchronous = ("WAL", "FULL") if self.path else ("OFF", "OFF")
        self._do(f"PRAGMA journal_mode = {journal}")
        self._do(f"PRAGMA synchronous = {synchronous}")
        self._do(f"PRAGMA wal_autocheckpoint = {LOG}")
        self._do("PRAGMA cache_size = -8000")  # kilobytes

    def _expect(self) -> None:
        """Raise DiskError for tables of another version: they cannot be brought up to date."""
        if self.path and schema.version(self._database) != schema.VERSION:
            msg = f"{self.path}: of another version; `selftranslate memory stats` says more"
            raise DiskError(msg)

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Say which file is to blame, and what to do."""
        try:
            yield
        except sqlite3.Error as error:
            msg = f"{self.path}: {advice(error, PATIENCE)}"
            raise DiskError(msg) from error
        except OSError as error:
            msg = f"{self.path}: {error.strerror or error}; {GO_ON}"
            raise DiskError(msg) from error


@dataclass(frozen=True, slots=True)
class Effort:
    """What a completion took: seconds since the one before it, and which attempt it is."""

    seconds: float
    attempt: int


def open_(store: Path) -> Memory:
    """Open a store's memory; an empty one is made if there is none. Raises DiskError.

    Of a store elsewhere, others' entries are fetched; `shared.send` sends its own.
    """
    try:
        store.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"{store}: {error.strerror}; {GO_ON}"
        raise DiskError(msg) from error
    shared.fetch(store / FILE)
    return Memory(store / FILE)


def look(store: Path) -> Memory:
    """Open a store's memory, if it has one, so that nothing of the store changes.

    Raises DiskError if the file is no translation memory, is damaged or of another version.
    """
    path = store / FILE
    shared.fetch(path)
    return Memory(path if path.is_file() else None, only_read=path.is_file())


def _unwritten(path: Path) -> str:
    """Name a file to SQLite so that it leaves it alone, and every other beside it.

    Where somebody is writing, or was killed, the newest entries lie in a log: SQLite then reads
    that too, by its rules for several processes.
    """
    busy = Path(f"{path}-wal").exists()
    return f"{path.resolve().as_uri()}?{'mode=ro' if busy else 'immutable=1'}"


@cache
def _id(asked: Asked) -> int:
    return digest("\0".join(asked))


def is_text(text: str) -> bool:
    """Say whether a text can be written down; half a surrogate pair cannot."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _completion(text: str, ended: Ended, log_probability: float | None, tokens: int) -> Completion:
    return Completion(
        index=0, text=text, ended=ended, log_probability=log_probability, tokens=tokens
    )


def _number(value: float | None) -> float | None:
    """Return what SQLite and JSON give back as it is: NaN they do not."""
    return float(value) if value is not None and math.isfinite(value) else None


def _text(stored: bytes) -> str:
    """Read also what damage made no UTF-8: its checksum tells."""
    return stored.decode("utf-8", "surrogateescape")
