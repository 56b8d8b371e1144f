"""The whole method on a cluster: what `pipeline` does one after the other, workers do at once.

This process holds no data, only names of artifacts, and every worker makes artifacts as a run on
one machine does, under the same keys. So whatever is killed, here or there, the same command goes
on; and what comes out is the same, byte for byte.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from selftranslate import report
from selftranslate.distributed import stages, team
from selftranslate.distributed.cluster import joined
from selftranslate.distributed.job import Name, Names, describe, sighted
from selftranslate.distributed.shards import Shard
from selftranslate.distributed.stages import Asked, Begun, Mixed, Trial
from selftranslate.distributed.work import Work
from selftranslate.index import Ran
from selftranslate.recipe import Recipe
from selftranslate.runtime import Cluster, Runtime
from selftranslate.store import Artifact, Store


@dataclass(frozen=True, slots=True)
class Done:
    """What a run made."""

    result: report.Result
    made: Artifact
    idle: bool
    """Whether the store had everything."""


def run(wanted: Recipe, runtime: Runtime, size: Cluster) -> Done:
    """Make everything the recipe asks for.

    Raises what a run on one machine raises, and EngineError if no cluster answers.
    """
    job = describe(wanted, runtime)
    with joined(), sighted(runtime.store, job):
        work = Work(job, size, runtime.progress)
        result, made = through(work, wanted)
    return Done(result, Store(runtime.store).get(*made), work.idle)


def through(work: Work, wanted: Recipe) -> tuple[report.Result, Name]:
    """Do the stages, top to bottom; each goes to as many workers as it can."""
    begun: Begun = work.once(stages.begin)
    work.progress.plan(begun.plan)
    materials = _translate(work, begun, wanted.languages)
    mixed = work.each(stages.mix, [(begun, material) for material in materials])
    columns = _ask(work, mixed, _train(work, mixed))
    (made,) = work.beside(stages.finish, [(begun, columns, frozenset(work.notes))])
    return made


def _translate(work: Work, begun: Begun, codes: Sequence[str]) -> list[Names]:
    """Stages 3 and 4: the texts of all languages, in shards, through one pool of engines."""
    cut: list[list[Shard]] = work.each(stages.cut, [(begun, code) for code in codes])
    every = list(dict.fromkeys(shard for shards in cut for shard in shards))
    completed: dict[Shard, Name] = {}
    with work.progress.stage("translate", sum(s.count for s in every), "texts") as advance:
        known = work.beside(stages.known, [(shard,) for shard in every])
        for i, made in work.pool(stages.complete, list(zip(every, known, strict=True))):
            completed[every[i]] = made
            work.behind(stages.remember, every[i], made)
            advance(every[i].count)
        work.settle()
    return work.each(
        stages.material,
        [
            (begun, code, [(shard, completed[shard]) for shard in shards])
            for code, shards in zip(codes, cut, strict=True)
        ],
    )


def _train(work: Work, mixed: Sequence[Mixed]) -> dict[Trial, Name]:
    """Stage 6: every run of every setting, as many at once as fit; what is shared, once."""
    wanted = {trial: each.material for each in mixed for trial in each.trials if trial.run}
    trials, trained = list(wanted), {}
    steps = sum(trial.run.steps for trial in trials if trial.run)
    with work.progress.stage("train", steps, "steps") as advance:
        together = work.size.train_processes
        stage = stages.tune if together == 1 else partial(team.tune, count=together)
        for i, made in work.trained(stage, [(wanted[trial], trial) for trial in trials]):
            trained[trials[i]] = made
            advance(steps // len(trials))
    return trained


def _ask(work: Work, mixed: Sequence[Mixed], trained: Mapping[Trial, Name]) -> list[Asked]:
    """Stage 7: what was trained, one after the other on engines of one loaded model."""
    wanted = [
        (each.material, trial, trained.get(trial), each.tests)
        for each in mixed
        for trial in each.trials
    ]
    answered: dict[int, list[Ran]] = {}
    with work.progress.stage("ask", len(wanted), "runs") as advance:
        for i, runs in work.pool(stages.ask, wanted):
            answered[i] = runs
            advance(1)
    rows = iter(range(len(wanted)))
    columns = []
    for each in mixed:
        answers = [answered[next(rows)] for _ in each.trials]
        columns += [
            Asked(each.material, test, tuple(ran[i] for ran in answers))
            for i, test in enumerate(each.tests)
        ]
    return columns
