"""What workers do, one function a stage: names in, names out; who was killed does it again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from selftranslate import report, translate
from selftranslate import transfer as flow
from selftranslate.archive import Archive
from selftranslate.distributed import shards
from selftranslate.distributed.job import Job, Name, Names, name, names
from selftranslate.distributed.shards import Recalled, Shard
from selftranslate.example import Example, Pair
from selftranslate.index import Ran
from selftranslate.languages import Language
from selftranslate.pipeline import Pipeline
from selftranslate.progress import Silent
from selftranslate.recipe import Setting
from selftranslate.records import Records
from selftranslate.store import Artifact
from selftranslate.training import Run
from selftranslate.translate import pieces
from selftranslate.translate.memory import Memory
from selftranslate.translate.pieces import Plan
from selftranslate.translate.plan import Field, Plans


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """Stages 1 and 2."""

    english: Name
    shots: Mapping[str, Name]
    """Of each language."""
    plan: Mapping[str, int]
    """How much there is to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A run of a setting that is to be trained, or a setting that is only asked."""

    setting: str
    samples: Name | None = None
    run: Run | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixed:
    """Stage 5 of one language: what is to be trained on what, and asked which questions."""

    material: Names
    trials: tuple[Trial, ...]
    tests: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """Stage 7: what answered one test set."""

    material: Names
    test: Name
    runs: tuple[Ran, ...]


def begin(job: Job) -> Begun:
    """Stages 1 and 2: load the training data, choose shots, fail now if the run would."""
    english = job.pipeline.load("train", job.pipeline.recipe.source)
    chosen = job.pipeline.begin(english)
    return Begun(
        english=name(english),
        shots={code: name(each) for code, each in chosen.items()},
        plan=job.heard.planned,
    )


def cut(job: Job, begun: Begun, code: str) -> list[Shard]:
    """Stage 3, planned: the texts of a language that are to be translated, in shards."""
    pipeline = job.pipeline
    english, shots = job.artifact(begun.english), job.artifact(begun.shots[code])
    with Memory(None) as nothing:  # what is known is looked up where the memory lies
        made = [
            shard
            for planned, plans in _planned(pipeline, english, shots, code, nothing)
            for shard in shards.cut(pipeline.store, planned, plans)
        ]
    return list(dict.fromkeys(made))


def known(job: Job, shard: Shard) -> Name | None:
    """What the store's translation memory holds of a shard; None if that is nothing."""
    header, texts = _shard(job, shard)
    with job.pipeline.shop.remembered() as memory:
        answers = list(shards.known(memory, header, texts))
    return name(job.pipeline.store.keep("known", answers)) if answers else None


def complete(job: Job, shard: Shard, known: Name | None) -> Name:
    """Stage 3, asked: what the model answers to the texts of a shard."""
    before = job.artifact(known) if known else None
    engine = job.pipeline.shop.translating
    return name(shards.complete(job.pipeline.store, engine, *_shard(job, shard), before))


def remember(job: Job, shard: Shard, completed: Name) -> None:
    """Keep a shard's answers in the store's translation memory."""
    header, _ = _shard(job, shard)
    with job.pipeline.shop.remembered() as memory:
        shards.recall(memory, header, job.artifact(completed))


def material(job: Job, begun: Begun, code: str, completed: Sequence[tuple[Shard, Name]]) -> Names:
    """Stages 3 and 4: put a language's translations together out of the answers, and filter."""
    pipeline = job.pipeline
    english, shots = job.artifact(begun.english), job.artifact(begun.shots[code])
    with Memory(None) as memory:
        failed: set[str] = set()
        for shard, answers in completed:
            failed |= shards.recall(memory, _shard(job, shard)[0], job.artifact(answers))
        with pipeline.shop.answered(memory, lambda engine: Recalled(engine, failed)):
            made = pipeline.material(english, shots, code)
    if pipeline.store.journal and completed:
        known = Archive(pipeline.store.root).journal
        parts = [known.entry(*answers) for _, answers in completed]
        there = [part for part in parts if part]
        pipeline.store.journal.credit(*name(made.translated), there)
    return names(made)


def mix(job: Job, begun: Begun, material: Names) -> Mixed:
    """Stage 5: the samples of every setting that trains."""
    recipe = job.pipeline.recipe
    transfer = flow.Transfer(job.pipeline.shop, job.material(material))
    everyone = {code: job.artifact(shots) for code, shots in begun.shots.items()}
    trials: list[Trial] = []
    for setting in recipe.settings:
        if not setting.train_on:
            trials.append(Trial(setting=setting.name))
            continue
        samples = name(transfer.mix(setting, everyone))
        trials += [
            Trial(setting=setting.name, samples=samples, run=run) for run in recipe.protocol.runs()
        ]
    tests = tuple(name(test) for test in transfer.tests())
    return Mixed(material=material, trials=tuple(trials), tests=tests)


def tune(job: Job, material: Names, trial: Trial) -> Name:
    """Stage 6: one run of a setting."""
    assert trial.samples and trial.run, "a setting that trains nothing is not tuned"
    transfer = flow.Transfer(job.pipeline.shop, job.material(material))
    samples = job.artifact(trial.samples)
    return name(transfer.tune(_setting(job, trial), samples, trial.run))


def ask(
    job: Job, material: Names, trial: Trial, tuned: Name | None, tests: Sequence[Name]
) -> list[Ran]:
    """Stage 7: one run's answers to the validation questions and to each test set."""
    transfer = flow.Transfer(job.pipeline.shop, job.material(material))
    whole = flow.Trial(
        _setting(job, trial),
        trial.run,
        job.artifact(trial.samples) if trial.samples else None,
        job.artifact(tuned) if tuned else None,
    )
    return [transfer.ran(whole, job.artifact(test)) for test in tests]


def finish(
    job: Job, begun: Begun, asked: Sequence[Asked], notes: frozenset[str]
) -> tuple[report.Result, Name]:
    """Stages 8 and 9: compare, and write the reports."""
    pipeline = job.pipeline
    columns = [
        flow.Transfer(pipeline.shop, job.material(one.material)).column(
            job.artifact(one.test), one.runs
        )
        for one in asked
    ]
    pipeline.notes.notes.extend(notes)
    found, made = pipeline.result(job.artifact(begun.english), columns)
    report.publish(Archive(pipeline.store.root), made, found)
    return found, name(made)


def _shard(job: Job, shard: Shard) -> tuple[Artifact, Artifact]:
    return job.artifact(("shard-header", shard.header)), job.artifact(("shard", shard.texts))


def _setting(job: Job, trial: Trial) -> Setting:
    return next(each for each in job.pipeline.recipe.settings if each.name == trial.setting)


def _plans(planned: Field, source: Language, rows: Records[Example]) -> Iterator[Plan]:
    for row in rows:
        yield pieces.plan(row, planned.name, planned.how, planned.answers, source)


def _planned(
    pipeline: Pipeline, english: Artifact, shots: Artifact, code: str, memory: Memory
) -> Iterator[tuple[Field, Plans]]:
    """Plan every field that the model is to translate into a language, as the stages will."""
    shop, task = pipeline.shop, pipeline.task
    rows = [english]
    if pipeline.recipe.validation == "translated":
        used = [pair.source.id for pair in shots.read(Pair)]
        rows.append(pipeline.held_out(code, used))
    translator = pipeline.translator(shots, code, Silent(), pipeline.recipe.length_limit)
    for each in rows:
        if not shop.store.has("translate", translate.spec(translator), [each, shots]):
            for planned in translate.survey(translator, Records(each, Example), memory).values():
                yield planned, partial(_plans, planned, translator.source, Records(each, Example))
    both = pipeline.quality_texts(shots, code)
    translator = pipeline.translator(shots, code, Silent())
    if not shop.store.has("quality", pipeline.quality_spec(translator), [both, shots]):
        texts = [pair.source.fields[task.quality] for pair in both.read(Pair)]
        planned = translate.survey_field(translator, task.quality, texts, memory)
        yield planned, lambda: map(pieces.whole, texts)
