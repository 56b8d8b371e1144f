"""What a run says while it works: what is to be done, a stage with a count, and notes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Protocol

Advance = Callable[[int], None]
"""Call it with how many units of the stage were just done."""


class Progress(Protocol):
    """Whoever shows a run to people: a terminal, a log, nobody."""

    def plan(self, units: Mapping[str, int]) -> None:
        """Say how much the whole run has to do, e.g. {"texts": 2216, "steps": 1080}."""
        ...

    def stage(self, label: str, total: int, unit: str) -> AbstractContextManager[Advance]:
        """Open a stage of `total` units, e.g. ("translate question into German", 508, "texts")."""
        ...

    def found(self, label: str, total: int, unit: str) -> None:
        """Say that a stage's result was in the store."""
        ...

    def note(self, text: str) -> None:
        """Say something a user should know: shots dropped, a row refused, damage found."""
        ...

    def say(self, text: str) -> None:
        """Say something about this run alone, which no artifact carries: what is left to do."""
        ...


class Silent:
    """Shows nothing."""

    def plan(self, units: Mapping[str, int]) -> None:
        """Plan for nobody."""

    @contextmanager
    def stage(self, label: str, total: int, unit: str) -> Iterator[Advance]:
        """Count for nobody."""
        yield lambda count: None

    def found(self, label: str, total: int, unit: str) -> None:
        """Say it to nobody."""

    def note(self, text: str) -> None:
        """Say it to nobody."""

    def say(self, text: str) -> None:
        """Say it to nobody."""


@dataclass(frozen=True, slots=True)
class Noting:
    """Passes everything on and keeps the notes, so that an artifact can carry them."""

    inner: Progress
    notes: list[str] = field(default_factory=list)

    def plan(self, units: Mapping[str, int]) -> None:
        """Pass it on."""
        self.inner.plan(units)

    def stage(self, label: str, total: int, unit: str) -> AbstractContextManager[Advance]:
        """Pass it on."""
        return self.inner.stage(label, total, unit)

    def found(self, label: str, total: int, unit: str) -> None:
        """Pass it on."""
        self.inner.found(label, total, unit)

    def note(self, text: str) -> None:
        """Keep it and pass it on."""
        self.notes.append(text)
        self.inner.note(text)

    def say(self, text: str) -> None:
        """Pass it on."""
        self.inner.say(text)
