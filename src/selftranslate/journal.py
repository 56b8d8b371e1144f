"""When each artifact was made, how long it took, on which machine.

It lies beside the artifacts and is part of none: equal recipes give equal bytes, not equal times.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Any

FILE = "journal.jsonl"


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

    def _append(self, rows: list[Mapping[str, Any]]) -> None:
        """Append in one write, so that processes do not tear each other's lines.

        What a full disk may have torn is ended first.
        """
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        handle = os.open(self.root / FILE, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
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
    path = root / FILE
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
    for line in lines:
        try:
            row = json.loads(line)
            if "session" in row:
                session = Session(**row["session"])
                sessions[session.id] = session
            else:
                entry = Entry(**row["made"])
                entries[entry.stage, entry.key] = entry
        except (ValueError, KeyError, TypeError):
            continue
    return Journal(entries, sessions)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
