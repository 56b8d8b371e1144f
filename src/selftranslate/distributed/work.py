"""Stages as Ray's tasks and actors: names go out, names come back, notes with them."""

from __future__ import annotations

import logging
import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from selftranslate import interrupts
from selftranslate.distributed import cluster
from selftranslate.distributed.cluster import own_errors
from selftranslate.distributed.job import Job
from selftranslate.progress import Progress
from selftranslate.runtime import Cluster

T = TypeVar("T")
Arguments = tuple[Any, ...]
Stage = Callable[..., T]
"""Takes the job, then names."""

GLANCE = 0.5
"""Seconds between two looks whether somebody asked for the end."""


@dataclass(frozen=True, slots=True)
class Made:
    """What a stage returned, and what people should know of it."""

    value: Any
    notes: tuple[str, ...]
    """They belong to the result."""
    said: tuple[str, ...]
    """All that was said."""
    fresh: bool
    """Whether the store did not have it."""


def do(stage: Stage[Any], job: Job, arguments: Arguments) -> Made:
    """Do a stage in this process; a worker."""
    made = job.pipeline.store.made
    before = len(made)
    value = stage(job, *arguments)
    job.carry()
    notes, said = tuple(job.pipeline.notes.notes), tuple(job.heard.notes)
    return Made(value, notes, said, fresh=len(made) > before)


class Worker:
    """An actor: what it has loaded stays, from one piece of work to the next."""

    def __call__(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Do a row of names, as Ray Data hands them out, again and again to new workers."""
        stage, job, arguments = pickle.loads(row["call"])
        with job.tried(f"{stage.__name__}-{row['index']}"):
            return {"index": row["index"], "made": pickle.dumps(do(stage, job, arguments))}


@dataclass(slots=True)
class Work:
    """A job's work on a cluster."""

    job: Job
    size: Cluster
    progress: Progress
    notes: set[str] = field(default_factory=set)
    """What the result says to its readers."""
    idle: bool = True
    """Whether the store had everything so far."""
    _said: set[str] = field(default_factory=set)
    _behind: list[Any] = field(default_factory=list)
    _keeper: Any = None

    def once(self, stage: Stage[T], *arguments: Any) -> T:
        """Do a stage, wherever there is room."""
        return self.each(stage, [arguments])[0]

    def each(self, stage: Stage[T], rows: Sequence[Arguments]) -> list[T]:
        """Do a stage with each row of arguments, at once; return what came, in their order."""
        done = dict(self._tasks(stage, rows, cluster.light(self.size)))
        return [done[i] for i in range(len(rows))]

    def trained(self, stage: Stage[T], rows: Sequence[Arguments]) -> Iterator[tuple[int, T]]:
        """Do a stage that trains; yield each row's number and what came, as it comes."""
        return self._tasks(stage, rows, cluster.training(self.size))

    def pool(self, stage: Stage[T], rows: Sequence[Arguments]) -> Iterator[tuple[int, T]]:
        """Do a stage that asks a model, in a pool of engines that grows with what is free."""
        import ray.data
        from ray.data import ActorPoolStrategy

        logging.getLogger("ray.data").setLevel(logging.ERROR)
        ray.data.DataContext.get_current().enable_progress_bars = False
        if not rows:
            return
        # In the row, not in the actor: a killed one starts again without asking anybody.
        calls = [
            {"index": i, "call": pickle.dumps((stage, self.job, row))} for i, row in enumerate(rows)
        ]
        with own_errors():
            made = ray.data.from_items(calls, override_num_blocks=len(calls)).map(
                Worker,
                compute=ActorPoolStrategy(min_size=1, max_size=self.size.workers or None),
                **cluster.heavy(self.size),
            )
            for row in made.iter_rows():
                interrupts.check()
                yield int(row["index"]), self._heard(pickle.loads(row["made"]))

    def beside(self, stage: Stage[T], rows: Sequence[Arguments]) -> list[T]:
        """Do a stage on this process's machine, where the translation memory lies, in turn."""
        calls = {self._hand().do.remote(stage, self.job, row): i for i, row in enumerate(rows)}
        done = dict(self._wait(calls))
        return [done[i] for i in range(len(rows))]

    def behind(self, stage: Stage[Any], *arguments: Any) -> None:
        """Begin the same, and do not wait for it; `settle` does."""
        self._behind.append(self._hand().do.remote(stage, self.job, arguments))

    def settle(self) -> None:
        """Wait for what was begun behind."""
        for _ in self._wait({call: i for i, call in enumerate(self._behind)}):
            pass
        self._behind.clear()

    def _hand(self) -> Any:
        """Return the one actor that writes the translation memory."""
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        if self._keeper is None:
            here = ray.get_runtime_context().get_node_id()
            self._keeper = (
                ray.remote(Keeper)
                .options(
                    num_cpus=0,
                    max_restarts=-1,
                    max_task_retries=-1,
                    scheduling_strategy=NodeAffinitySchedulingStrategy(here, soft=False),
                )
                .remote()
            )
        return self._keeper

    def _tasks(
        self, stage: Stage[T], rows: Sequence[Arguments], takes: Mapping[str, Any]
    ) -> Iterator[tuple[int, T]]:
        import ray

        task = ray.remote(do).options(**takes)
        calls = {task.remote(stage, self.job, row): i for i, row in enumerate(rows)}
        return self._wait(calls)

    def _wait(self, calls: dict[Any, int]) -> Iterator[tuple[int, Any]]:
        """Yield what each call returned, as it comes; when one fails, none of the others counts."""
        import ray

        left = list(calls)
        try:
            while left:
                interrupts.check()
                done, left = ray.wait(left, timeout=GLANCE)
                for call in done:
                    with own_errors():
                        made = ray.get(call)
                    yield calls[call], self._heard(made)
        finally:
            for call in left:
                ray.cancel(call)

    def _heard(self, made: Made) -> Any:
        """Tell people what a worker said, once."""
        for text in made.said:
            if text not in self._said:
                self._said.add(text)
                self.progress.note(text)
        self.notes.update(made.notes)
        self.idle &= not made.fresh
        return made.value


class Keeper:
    """An actor beside the translation memory."""

    def do(self, stage: Stage[Any], job: Job, arguments: Arguments) -> Made:
        """Do a stage."""
        return do(stage, job, arguments)
