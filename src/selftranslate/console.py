"""Show a run's progress: bars with the time left on a terminal, a line per stage elsewhere."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn

from selftranslate.amounts import duration
from selftranslate.progress import Advance

GUESS = {"texts": 0.03, "steps": 0.15, "answers": 0.01}
"""Seconds a unit takes before anything was measured: the miniature on two cores."""

EVERY = 60.0
"""Seconds between two lines about a stage where there is no terminal."""

LOUDNESS: ContextVar[int] = ContextVar("loudness", default=0)
"""-1 is quiet: notes and errors only; 1 is verbose: the libraries speak, errors come with where."""


@dataclass(slots=True)
class Estimate:
    """How much of a run is left, in seconds, from the speed seen so far."""

    left: dict[str, int] = field(default_factory=dict)
    done: dict[str, int] = field(default_factory=dict)
    spent: dict[str, float] = field(default_factory=dict)

    def seconds(self) -> float:
        """Sum what is left of every unit at its own speed."""
        return sum(count * self._each(unit) for unit, count in self.left.items())

    def share(self) -> float:
        """Return which share of the whole run's time is over, 0 to 1."""
        over = sum(self.spent.values())
        return over / max(over + self.seconds(), 1e-9)

    def count(self, unit: str, count: int, seconds: float) -> None:
        """Record units that took some time."""
        self.skip(unit, count)
        self.done[unit] = self.done.get(unit, 0) + count
        self.spent[unit] = self.spent.get(unit, 0.0) + seconds

    def skip(self, unit: str, count: int) -> None:
        """Record units that need not be done."""
        self.left[unit] = max(0, self.left.get(unit, 0) - count)

    def _each(self, unit: str) -> float:
        if self.done.get(unit):
            return self.spent[unit] / self.done[unit]
        return GUESS.get(unit, 0.05)


class Shown:
    """A run on a terminal, or in a log if there is none; everything goes to stderr."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._quiet = LOUDNESS.get() < 0
        self._estimate = Estimate()
        self._bars: Progress | None = None
        self._whole: TaskID | None = None
        self._begun = time.monotonic()

    @contextmanager
    def showing(self) -> Iterator[None]:
        """Keep the bars on the screen for as long as this is open."""
        if self._quiet or not self._console.is_terminal:
            yield
            return
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=28),
            TextColumn("{task.fields[count]}"),
        )
        with Progress(*columns, console=self._console, transient=True) as bars:
            self._bars = bars
            self._whole = bars.add_task("the whole run", total=1.0, count="")
            try:
                yield
            finally:
                self._bars = None

    def plan(self, units: Mapping[str, int]) -> None:
        """Start the estimate of the time left."""
        self._estimate.left = dict(units)
        what = ", ".join(f"{count:,} {unit}" for unit, count in units.items())
        self.say(f"to do: {what}; about {duration(self._estimate.seconds())}")

    @contextmanager
    def stage(self, label: str, total: int, unit: str) -> Iterator[Advance]:
        """Show a bar that counts up to `total`."""
        begun = last = said = time.monotonic()
        done = 0
        bar = self._bars.add_task(escape(label), total=total, count="") if self._bars else None

        def advance(count: int) -> None:
            nonlocal done, last, said
            now = time.monotonic()
            self._estimate.count(unit, count, now - last)
            done, last = done + count, now
            if self._bars is not None and bar is not None:
                self._bars.update(bar, completed=done, count=f"{done:,} of {total:,} {unit}")
                self._draw_whole()
            elif now - said >= EVERY:
                said = now
                self._line(f"{label}: {done:,} of {total:,} {unit}")

        yield advance
        self._estimate.skip(unit, total - done)
        if self._bars is not None and bar is not None:
            self._bars.remove_task(bar)
            self._draw_whole()
        took = time.monotonic() - begun
        self._line(f"{label}: {done:,} {unit} in {took:.1f} s")

    def found(self, label: str, total: int, unit: str) -> None:
        """Say that there was nothing to do."""
        self._estimate.skip(unit, total)
        self._line(f"{label}: in the store already")

    def note(self, text: str) -> None:
        """Show a note."""
        self._console.print(
            f"note: {escape(text)}", style="yellow", highlight=False, soft_wrap=True
        )

    def say(self, text: str) -> None:
        """Show it in passing."""
        if not self._quiet:
            self._console.print(escape(text), style="dim", highlight=False)

    def _line(self, text: str) -> None:
        left = self._estimate.seconds()
        tail = f"  (about {duration(left)} left)" if left >= 1 else ""
        self.say(text + tail)

    def _draw_whole(self) -> None:
        if self._bars is not None and self._whole is not None:
            left = f"about {duration(self._estimate.seconds())} left"
            self._bars.update(self._whole, completed=self._estimate.share(), count=left)


def quiet_libraries() -> None:
    """Keep the libraries' own bars and advice out of ours; a user's own setting wins."""
    if LOUDNESS.get() > 0:
        return
    for name, value in (
        ("TRANSFORMERS_VERBOSITY", "error"),
        ("HF_HUB_DISABLE_PROGRESS_BARS", "1"),
        ("TOKENIZERS_PARALLELISM", "false"),
        ("HF_HUB_DISABLE_TELEMETRY", "1"),
    ):
        os.environ.setdefault(name, value)
