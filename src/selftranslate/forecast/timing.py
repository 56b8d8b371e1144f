"""How long a plan takes on this machine: some of each kind of work is done, and scaled up.

A pass over few rows takes almost as long as one over many. So a few texts are timed, then more:
what both have in common is a pass's own time, which many rows share, and the rest is a row's.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from statistics import median

from selftranslate import plugins
from selftranslate.engines import Engine, Request
from selftranslate.example import Sample
from selftranslate.forecast.step import Asking, Step, Training
from selftranslate.machine import device
from selftranslate.pipeline import Pipeline
from selftranslate.progress import Advance, Progress, Silent

FEW = 4
"""Texts that are timed by themselves, after one that warms up and before all others."""
STEPS = 4
"""Training steps that are timed, after one that warms up."""
AT_ONCE = {"cpu": 64, "cuda": 512}
"""Rows that engines of ours work on at once, at most."""


@dataclass(slots=True)
class Stopwatch(Silent):
    """Writes down when each training step was over; passes notes on, each once."""

    told: Progress
    ticks: list[float] = field(default_factory=list)
    _said: set[str] = field(default_factory=set)

    def note(self, text: str) -> None:
        """Pass it on if it is new."""
        if text not in self._said:
            self._said.add(text)
            self.told.note(text)

    @contextmanager
    def stage(self, label: str, total: int, unit: str) -> Iterator[Advance]:
        """Write the time down at each advance."""

        def advance(count: int) -> None:
            if count:
                self.ticks.append(time.monotonic())

        yield advance


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds that texts of one kind take."""

    start: float
    """Until the first is written, beyond what it takes itself: the model, the prefix."""
    together: float
    """What a batch takes, however many rows it has."""
    each: float
    """What a row adds."""


@dataclass(slots=True, kw_only=True)
class Clock:
    """What was measured here."""

    rows: int
    """Rows at once."""
    where: str
    paces: dict[tuple[object, ...], Pace] = field(default_factory=dict)
    token: float = 0.0
    """Seconds of training for a token."""
    run: float = 0.0
    """Seconds that a run takes beside its steps."""
    loads: list[float] = field(default_factory=list)
    """Seconds until a model is ready; the first time libraries are loaded, too."""

    @property
    def assumptions(self) -> tuple[str, ...]:
        """Say what the figures rest on."""
        return (
            f"measured just now on {self.where}: up to 20 texts of each field and language, "
            f"{STEPS} training steps; scaled up to {self.rows} rows at once",
        )

    def loaded(self, engine: Engine, job: Asking) -> None:
        """Ask one text, so that the model is loaded."""
        self.loads.append(_run(engine, _part(job.sample, 0, 1)))

    def take(self, engine: Engine, job: Asking) -> None:
        """Time texts of a kind that is new."""
        if job.kind not in self.paces:
            self.paces[job.kind] = _pace(engine, job.sample)

    def start(self, times: int) -> float:
        """Return the seconds for loading models."""
        return self.loads[0] + (times - 1) * self.loads[-1] if times and self.loads else 0.0

    def seconds(self, job: Asking | Training) -> float | None:
        """Return how long a job takes; None if its kind was not measured."""
        if isinstance(job, Training):
            steps = job.runs * job.steps
            return steps * job.batch_size * job.tokens * self.token + job.runs * self.run
        pace = self.paces.get(job.kind)
        if pace is None:
            return None
        batches = max(1.0, job.texts / self.rows)
        once = job.longer * (batches * pace.together + job.texts * pace.each)
        return max(1, job.tuned) * (pace.start + once)


def measure(pipeline: Pipeline, watch: Stopwatch, steps: Sequence[Step]) -> Clock:
    """Do some of each kind of work that is left; nothing of it is kept.

    `watch` is the progress that the pipeline's trainer tells of its steps.
    """
    where = device(pipeline.runtime)
    rows = pipeline.runtime.batch_size or _at_once(pipeline, where.type)
    clock = Clock(rows=rows, where="this machine's GPU" if where.type == "cuda" else "this machine")
    jobs = [job for step in steps for job in step.jobs]
    shop = pipeline.shop
    asked = [job for job in jobs if isinstance(job, Asking)]
    for job in (job for job in asked if not job.tuned):
        engine = shop.translating if job.translates else shop.asked
        if not clock.loads:
            clock.loaded(engine, job)
        clock.take(engine, job)
    shop.clear()
    trainings = [job for job in jobs if isinstance(job, Training)]
    with tempfile.TemporaryDirectory(prefix="selftranslate-") as folder:
        tuned = False
        if trainings:
            longest = max(trainings, key=lambda job: job.tokens)
            tuned = _train(pipeline, watch, longest, Path(folder), clock)
            shop.clear()
        for at, job in enumerate(job for job in asked if job.tuned):
            if at == 0:
                clock.loaded(shop.asked, job)
            clock.take(shop.asked.adapted(Path(folder)) if tuned else shop.asked, job)
    shop.clear()
    return clock


def _pace(engine: Engine, request: Request) -> Pace:
    """Time one text, a few, and the rest."""
    first, few, rest = (
        _part(request, 0, 1), _part(request, 1, 1 + FEW), _part(request, 1 + FEW, None)
    )  # fmt: skip
    begun = _run(engine, first)
    if not few.texts:
        return Pace(start=0.0, together=0.0, each=begun)
    some = _run(engine, few)
    many = _run(engine, rest) if len(rest.texts) > len(few.texts) else some
    size, more = len(few.texts), max(len(rest.texts), len(few.texts))
    each = max(0.0, (many - some) / (more - size)) if more > size else some / size
    each = min(each, many / more)
    together = max(0.0, many - more * each)
    return Pace(start=max(0.0, begun - together - each), together=together, each=each)


def _part(request: Request, begin: int, end: int | None) -> Request:
    most = request.most_characters
    return replace(
        request,
        texts=request.texts[begin:end],
        most_characters=most[begin:end] if most else None,
    )


def _run(engine: Engine, request: Request) -> float:
    begun = time.monotonic()
    for _ in engine.generate(request):
        pass
    return time.monotonic() - begun


def _train(pipeline: Pipeline, watch: Stopwatch, job: Training, folder: Path, clock: Clock) -> bool:
    """Make a run of one step, which warms up, and one of a few; say if that left an adapter."""
    samples = list(job.samples.read(Sample))
    trainer, run = pipeline.shop.trainer, job.run
    with tempfile.TemporaryDirectory(prefix="selftranslate-") as warm:
        trainer.fit(samples, replace(run, steps=1), Path(warm))
    watch.ticks.clear()
    begun = time.monotonic()
    trainer.fit(samples, replace(run, steps=STEPS), folder)
    took = time.monotonic() - begun
    # The median: where others compute, too, one step may take several times as long.
    step = median([after - before for before, after in pairwise(watch.ticks)] or [took])
    said = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    clock.token = step / (said["tokens"] / STEPS)
    clock.run = max(0.0, took - STEPS * step)
    return said["diverged"] is None


def _at_once(pipeline: Pipeline, kind: str) -> int:
    """Return how many rows are in flight at a server, or together on a device."""
    wanted = pipeline.recipe.translation_engine or pipeline.recipe.engine
    if wanted.name == "openai":
        return int(plugins.parameter("engines", wanted.name, wanted.params, "concurrency"))
    return AT_ONCE.get(kind, AT_ONCE["cuda"])
