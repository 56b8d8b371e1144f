"""When each artifact was made, how long it took, on which machine.

It lies beside the artifacts and is part of none: equal recipes give equal bytes, not equal times.
Each process has a file of its own, for network disks let two machines tear each other's lines.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Any

from selftranslate import elsewhere

FOLDER = "journal"
"""Where in a store the files lie, one for each process."""

BEFORE = "journal.jsonl"
"""One file for all, as older versions wrote it; it is still read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """How one artifact was made."""

    stage: str
    key: str
    began: str
    """ISO 8601, UTC."""
    seconds: float
    tokens: int
    """How many tokens engines generated for it."""
    session: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One process that made artifacts."""

    id: str
    began: str
    machine: Mapping[str, Any]
    """Versions of what computes, processor, cores, memory, GPUs."""


@dataclass(frozen=True, slots=True)
class Journal:
    """What a store's journal says; the last word on an artifact or a session counts."""

    entries: Mapping[tuple[str, str], Entry]
    sessions: Mapping[str, Session]

    def entry(self, stage: str, key: str) -> Entry | None:
        """Return how an artifact was made, if that is known."""
        return self.entries.get((stage, key))


@dataclass(slots=True)
class Writer:
    """Writes down what one process makes."""

    root: Path
    describe: Callable[[], Mapping[str, Any]] = dict
    """Asked at each artifact: libraries are loaded when they are needed."""
    tokens: Callable[[], int] = int
    """How many tokens were generated so far."""
    _session: str = field(default_factory=lambda: token_hex(4))
    _began: str = field(default_factory=lambda: _now())
    _said: Mapping[str, Any] | None = None

    def begin(self) -> Callable[[str, str], None]:
        """Start the clock; call what is returned with stage and key of what was made."""
        began, start, before = _now(), time.monotonic(), self.tokens()

        def made(stage: str, key: str) -> None:
            rows: list[Mapping[str, Any]] = []
            if (machine := self.describe()) != self._said:
                session = Session(id=self._session, began=self._began, machine=machine)
                rows.append({"session": asdict(session)})
                self._said = machine
            entry = Entry(
                stage=stage,
                key=key,
                began=began,
                seconds=round(time.monotonic() - start, 3),
                tokens=self.tokens() - before,
                session=self._session,
            )
            self._append([*rows, {"made": asdict(entry)}])

        return made

    def credit(self, stage: str, key: str, parts: Sequence[Entry]) -> None:
        """Say that an artifact took what its parts took, which others made."""
        entry = Entry(
            stage=stage,
            key=key,
            began=_now(),
            seconds=round(sum(part.seconds for part in parts), 3),
            tokens=sum(part.tokens for part in parts),
            session=self._session,
        )
        self._append([{"made": asdict(entry)}])

    def _append(self, rows: list[Mapping[str, Any]]) -> None:
        """Append in one write; what a full disk may have torn is ended first."""
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        path = self.root / FOLDER / f"{self._session}.jsonl"
        path.parent.mkdir(exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        try:
            size = os.fstat(handle).st_size
            torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
            os.write(handle, (b"\n" if torn else b"") + text.encode())
        finally:
            os.close(handle)


def read(root: Path) -> Journal:
    """Read a store's journal; a line that a crash tore is left out."""
    entries: dict[tuple[str, str], Entry] = {}
    sessions: dict[str, Session] = {}
    for line in _lines(root):
        try:
            row = json.loads(line)
            if "session" in row:
                session = Session(**row["session"])
                sessions[session.id] = session
            else:
                entry = Entry(**row["made"])
                before = entries.get((entry.stage, entry.key), entry)
                entries[entry.stage, entry.key] = max(entry, before, key=lambda one: one.began)
        except (ValueError, KeyError, TypeError):
            continue
    return Journal(entries, sessions)


def _lines(root: Path) -> Iterator[str]:
    """Yield the lines of all processes; those of other machines are fetched."""
    far = elsewhere.at(root)
    others = far.others(FOLDER) if far else []
    for path in (root / BEFORE, *sorted((root / FOLDER).glob("*.jsonl")), *others):
        with suppress(FileNotFoundError):
            yield from path.read_text(encoding="utf-8", errors="replace").splitlines()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
