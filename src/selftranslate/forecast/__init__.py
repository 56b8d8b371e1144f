"""What a recipe will take: texts, tokens, time, money, disk; counted before anything is made.

A run is rehearsed (see `rehearsal`), so that what is counted is what a run does. Time comes from
some of the work done here, or from a model of a device; nothing is written into the store.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol

from selftranslate.forecast import counting, devices, shape
from selftranslate.forecast.devices import Device
from selftranslate.forecast.roofline import Roofline
from selftranslate.forecast.step import Asking, Step, Training
from selftranslate.machine import device
from selftranslate.recipe import Recipe
from selftranslate.rehearsal import rehearsed
from selftranslate.runtime import Runtime
from selftranslate.translate import memory


class Timing(Protocol):
    """Whoever knows how long work takes."""

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What its figures rest on, a sentence each."""

    def start(self, times: int) -> float:
        """Return the seconds for loading models, so many times."""

    def seconds(self, job: Asking | Training) -> float | None:
        """Return the seconds for a job, None if nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Of a million tokens, in the user's currency."""

    read: float
    written: float

    def of(self, step: Step) -> float | None:
        """Return what a step costs; None where nothing is paid for."""
        if not step.served:
            return None
        return (step.billed_tokens * self.read + step.new_tokens * self.written) / 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A step of the plan, and what it takes."""

    step: Step
    seconds: float | None
    """None where it was not asked for, or nobody knows."""
    money: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """The whole plan."""

    lines: tuple[Line, ...]
    starts: float
    """Seconds for loading models."""
    on_gpu: bool
    timed: bool
    """Whether somebody was asked for the time."""
    assumptions: tuple[str, ...]

    @property
    def done(self) -> bool:
        """Whether a run would find everything in the store."""
        return all(line.step.done for line in self.lines)

    @property
    def seconds(self) -> float | None:
        """The whole run's; None if a step's is not known."""
        known = [0.0 if line.step.done else line.seconds for line in self.lines]
        return None if None in known else self.starts + sum(s for s in known if s is not None)

    @property
    def gpu_hours(self) -> float | None:
        """The whole run's on one GPU; None if its time is not known."""
        seconds = self.seconds
        if seconds is None:
            return None
        return seconds / 3600 if self.on_gpu else 0.0

    @property
    def money(self) -> float | None:
        """The whole run's; None if nothing is paid for, or the price is not known."""
        costs = [line.money for line in self.lines if line.money is not None]
        return sum(costs) if costs else None

    def total(self, unit: str) -> dict[str, int]:
        """Return how much of a unit there is, without repetitions, and how much is left."""
        steps = [line.step for line in self.lines if line.step.unit == unit]
        return {
            "total": sum(step.total for step in steps),
            "distinct": sum(step.distinct for step in steps),
            "left": sum(step.left for step in steps),
        }

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "done": self.done,
            "units": {unit: self.total(unit) for unit in ("texts", "steps", "answers")},
            "seconds": self.seconds,
            "gpu_hours": self.gpu_hours,
            "bytes": sum(line.step.bytes for line in self.lines),
            "money": self.money,
            "stages": [_row(line) for line in self.lines],
            "starts_seconds": self.starts,
            "assumptions": list(self.assumptions),
        }


def plan(
    recipe: Recipe,
    runtime: Runtime,
    *,
    probe: bool = True,
    on: str | None = None,
    price: Price | None = None,
) -> Forecast:
    """Count what a run would do, and say how long it would take.

    Here, measured by a probe; on a device by name; or without a time at all. Raises what a run
    would raise before its first stage, RecipeError for an unknown device.
    """
    modelled = devices.find(on) if on else None
    from selftranslate.forecast import timing

    watch = timing.Stopwatch(runtime.progress)
    watched = replace(runtime, progress=watch)
    with rehearsed(recipe, watched) as (pipeline, store), memory.look(runtime.store) as known:
        columns = pipeline.columns(pipeline.load("train", recipe.source))
        steps = counting.count(pipeline, store, columns, known)
        left = [job for step in steps for job in step.jobs]
        clock: Timing | None = None
        if modelled is not None:
            clock = _roofline(recipe, modelled)
        elif probe and left:
            runtime.progress.say("timing some of each kind of work; --no-probe does without")
            clock = timing.measure(pipeline, watch, steps)
    paid = price or _price(recipe)
    lines = tuple(
        Line(step=one, seconds=_seconds(clock, one), money=paid.of(one) if paid else None)
        for one in steps
    )
    loads = {None if isinstance(job, Training) else job.translates for job in left}
    return Forecast(
        lines=lines,
        starts=clock.start(len(loads)) if clock else 0.0,
        on_gpu=modelled.gpu if modelled else device(runtime).type == "cuda",
        timed=clock is not None,
        assumptions=(*_counted(recipe), *(clock.assumptions if clock else ())),
    )


def _counted(recipe: Recipe) -> tuple[str, ...]:
    """Say where tokens are no tokens."""
    asked = recipe.translation_engine or recipe.engine
    if counting.served(asked) and not asked.params.get("tokenizer"):
        return ("the server's tokenizer is not named: each byte counts as a token, the most it is",)
    return ()


def _roofline(recipe: Recipe, on: Device) -> Timing:
    served = counting.served(recipe.translation_engine or recipe.engine)
    own = shape.of(recipe.model)
    return Roofline(
        device=on,
        translating=None if served else shape.of(recipe.translator or recipe.model),
        asked=own,
        adapter=counting.adapter(recipe, own),
    )


def _seconds(clock: Timing | None, step: Step) -> float | None:
    if clock is None:
        return None
    each = [clock.seconds(job) for job in step.jobs]
    return None if None in each else sum(one for one in each if one is not None)


def _price(recipe: Recipe) -> Price | None:
    """Return what the recipe says about its server."""
    for engine in (recipe.translation_engine, recipe.engine):
        if engine is not None and (said := engine.params.get("price")):
            return Price(read=float(said["input"]), written=float(said["output"]))
    return None


def _row(line: Line) -> dict[str, Any]:
    step = line.step
    return {
        "stage": step.stage,
        "what": step.what,
        "unit": step.unit,
        "total": step.total,
        "distinct": step.distinct,
        "left": step.left,
        "done": step.done,
        "artifacts": dict(step.keys),
        "prompt_tokens": step.prompt_tokens,
        "new_tokens": step.new_tokens,
        "billed_tokens": step.billed_tokens if step.served else None,
        "bytes": step.bytes,
        "seconds": 0.0 if step.done else line.seconds,
        "money": line.money,
    }
