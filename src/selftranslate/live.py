"""What each run is doing now, in a file beside the artifacts, for whoever asks meanwhile or after.

A lock that ends with its process tells a run that works from one that was killed. Nothing here
can stop a run: what cannot be written is not known, no more.
"""

from __future__ import annotations

import json
import math
import os
import socket
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Any, Literal, Self

from selftranslate import elsewhere, lock
from selftranslate.progress import Advance, Progress

FOLDER = "live"

EVERY = 1.0
"""Seconds between two words about a stage's count; its beginning and end are said at once."""

KEPT = 20
"""How many runs' files stay."""

RECENT = 30
"""Over how many of its last words a stage's rate is measured."""

State = Literal["running", "finished", "interrupted", "failed", "died", "unknown"]
"""A run is "died" if it said no last word and its process is gone; "unknown" if its process is on
another machine, and the disk has no locks or the store is elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Which run it is."""

    recipe: str
    """The recipe's path as it was given."""
    task: str
    model: str
    languages: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Stage:
    """What has one label: one stage, or the runs of a setting."""

    label: str
    unit: str
    made: int = 0
    """How often it was worked on to its end."""
    found: int = 0
    """How often it was in the store."""
    done: int = 0
    """Units that were worked on."""
    skipped: int = 0
    """Units that were in the store."""
    seconds: float = 0.0


@dataclass(slots=True, kw_only=True)
class Current:
    """The stage that is being worked on."""

    label: str
    unit: str
    total: int
    done: int = 0
    seconds: float = 0.0
    rate: float | None = None
    """Units a second, lately."""


@dataclass(slots=True, kw_only=True)
class Account:
    """What a run says of itself."""

    id: str
    about: About
    pid: int
    host: str
    locked: bool
    """Whether a lock tells if the process lives."""
    began: str
    """ISO 8601, UTC; so are the others."""
    updated: str
    ended: str = ""
    state: State = "running"
    message: str = ""
    """Why it failed."""
    notes: int = 0
    plan: dict[str, int] = field(default_factory=dict)
    """What the whole run has to do, in the order in which it does it."""
    stages: list[Stage] = field(default_factory=list)
    current: Current | None = None

    @property
    def seconds(self) -> float:
        """How long the run took, or has been heard of."""
        last = datetime.fromisoformat(self.ended or self.updated)
        return (last - datetime.fromisoformat(self.began)).total_seconds()

    @property
    def left(self) -> dict[str, int]:
        """What is left to do, at most: texts that repeat or are in the memory cost nothing.

        A unit is over when work on a later one has begun, for the method goes through the plan
        in order.
        """
        now = [self.current.unit] if self.current else []
        met = {*now, *(stage.unit for stage in self.stages)}
        units = list(self.plan)
        last = max((units.index(unit) for unit in met if unit in self.plan), default=0)
        over = self.state == "finished"
        return {
            unit: 0 if over or at < last else max(0, self.plan[unit] - self._through(unit))
            for at, unit in enumerate(units)
        }

    @property
    def seconds_left(self) -> dict[str, float | None]:
        """How long what is left will take; None where no rate is known yet."""
        rates = {unit: self._rate(unit) for unit in self.plan}
        return {
            unit: 0.0 if not count else count / rate if (rate := rates[unit]) else None
            for unit, count in self.left.items()
        }

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Self:
        """Rebuild the account from `to_json`'s values."""
        about = {**row["about"], "languages": tuple(row["about"]["languages"])}
        parts = {
            "about": About(**about),
            "stages": [Stage(**stage) for stage in row["stages"]],
            "current": Current(**row["current"]) if row["current"] else None,
        }
        return cls(**{**row, **parts})

    def stage(self, label: str, unit: str) -> Stage:
        """Return what is known of a label, from now on."""
        for stage in self.stages:
            if stage.label == label:
                return stage
        self.stages.append(Stage(label=label, unit=unit))
        return self.stages[-1]

    def _through(self, unit: str) -> int:
        now = self.current.done if self.current and self.current.unit == unit else 0
        return now + sum(s.done + s.skipped for s in self.stages if s.unit == unit)

    def _rate(self, unit: str) -> float | None:
        if self.current and self.current.unit == unit and self.current.rate:
            return self.current.rate
        done = sum(stage.done for stage in self.stages if stage.unit == unit)
        spent = sum(stage.seconds for stage in self.stages if stage.unit == unit)
        return done / spent if done and spent else None


@contextmanager
def told(store: Path, about: About, inner: Progress) -> Iterator[Progress]:
    """Tell a store's live folder what happens inside this block, beside `inner`."""
    now, moment = _now(), datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    account = Account(
        id=f"{moment}-{token_hex(4)}",
        about=about,
        pid=os.getpid(),
        host=socket.gethostname(),
        locked=False,
        began=now,
        updated=now,
    )
    living, held = Live(store / FOLDER, account, inner), ExitStack()
    with suppress(OSError, lock.NoLocks):
        living.folder.mkdir(parents=True, exist_ok=True)
        _sweep(living.folder)
        held.enter_context(lock.alone(_lock(living.folder, account.id), "a run", inner.note))
        account.locked = True
    living.write()
    try:
        yield living
    except BaseException as error:
        stopped = isinstance(error, KeyboardInterrupt)
        account.message = "" if stopped else _one_line(error)
        living.end("interrupted" if stopped else "failed")
        raise
    else:
        living.end("finished")
    finally:
        with suppress(OSError):
            held.close()


@dataclass(slots=True)
class Live:
    """Passes everything on and writes down where the run is."""

    folder: Path
    account: Account
    inner: Progress
    _written: float = -math.inf

    def plan(self, units: Mapping[str, int]) -> None:
        """Write it down."""
        self.account.plan = dict(units)
        self.write()
        self.inner.plan(units)

    def stage(self, label: str, total: int, unit: str) -> AbstractContextManager[Advance]:
        """Write down what is done of it, now and then."""
        return self._stage(label, total, unit)

    @contextmanager
    def _stage(self, label: str, total: int, unit: str) -> Iterator[Advance]:
        before, begun = self.account.current, time.monotonic()
        current = Current(label=label, unit=unit, total=total)
        words: deque[tuple[float, int]] = deque(maxlen=RECENT)
        self.account.current = current
        self.write()
        with self.inner.stage(label, total, unit) as advance:

            def count(units: int) -> None:
                advance(units)
                now = time.monotonic()
                current.done = min(total, current.done + units)
                current.seconds = now - begun
                # From the first unit on: what a checkpoint gave back was not done just now.
                if not words or now - words[-1][0] >= EVERY:
                    words.append((now, current.done))
                    current.rate = _rate(words)
                self.write(EVERY)

            yield count
        whole = self.account.stage(label, unit)
        whole.made, whole.done = whole.made + 1, whole.done + current.done
        whole.seconds += time.monotonic() - begun
        self.account.current = before
        self.write()

    def found(self, label: str, total: int, unit: str) -> None:
        """Write down that it need not be done."""
        whole = self.account.stage(label, unit)
        whole.found, whole.skipped = whole.found + 1, whole.skipped + total
        self.write(EVERY)
        self.inner.found(label, total, unit)

    def note(self, text: str) -> None:
        """Count it."""
        self.account.notes += 1
        self.inner.note(text)

    def say(self, text: str) -> None:
        """Pass it on."""
        self.inner.say(text)

    def end(self, state: State) -> None:
        """Say the last word."""
        self.account.state, self.account.ended = state, _now()
        self.write()

    def write(self, seconds: float = 0.0) -> None:
        """Write the account, whole or not at all, unless the last time is not so long ago."""
        now = time.monotonic()
        if now - self._written < seconds:
            return
        self._written, self.account.updated = now, _now()
        path = self.folder / f"{self.account.id}.json"
        draft = path.with_name(f".{path.name}")
        with suppress(OSError):
            draft.write_text(json.dumps(self.account.to_json()), encoding="utf-8")
            draft.replace(path)


def read(store: Path) -> list[Account]:
    """Return what the runs of a store say of themselves, the newest first, nothing unreadable."""
    found, far = [], elsewhere.at(store)
    others = far.others(FOLDER, KEPT) if far else []
    own = (store / FOLDER).glob("[0-9]*.json")
    for path in sorted([*own, *others], key=lambda each: each.name, reverse=True):
        try:
            account = Account.from_json(json.loads(path.read_text(encoding="utf-8")))
            if account.state == "running":
                account.state = "unknown" if path in others else _state(path.parent, account)
        except (OSError, ValueError, KeyError, TypeError):
            continue
        found.append(account)
    return found


def _state(folder: Path, account: Account) -> State:
    """Say what became of a run that said no last word."""
    if account.locked:
        with suppress(lock.NoLocks):
            return "running" if lock.held(_lock(folder, account.id)) else "died"
    if account.host != socket.gethostname():
        return "unknown"
    try:
        os.kill(account.pid, 0)
    except ProcessLookupError:
        return "died"
    except OSError:  # somebody else's process
        pass
    return "running"


def _sweep(folder: Path) -> None:
    """Remove all but the newest files, and whatever belongs to no file."""
    accounts = sorted(folder.glob("[0-9]*.json"), reverse=True)
    kept = {path.stem for path in accounts[: KEPT - 1]}
    for path in folder.iterdir():
        name = path.name.removeprefix(".").partition(".")[0]
        if name not in kept and not lock.held(_lock(folder, name)):
            path.unlink(missing_ok=True)


def _rate(words: deque[tuple[float, int]]) -> float | None:
    (first, before), (last, after) = words[0], words[-1]
    return (after - before) / (last - first) if after > before else None


def _lock(folder: Path, name: str) -> Path:
    return folder / f"{name}.lock"


def _one_line(error: BaseException) -> str:
    said = str(error).strip().splitlines()
    return said[0][:500] if said else type(error).__name__


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
