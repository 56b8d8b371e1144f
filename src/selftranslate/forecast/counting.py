"""What a run has to do, stage by stage: rehearsed, so that it is a run's own count."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import Any, TypeVar

from selftranslate import evaluate, languages, plugins, translate
from selftranslate.engines import Engine
from selftranslate.example import Example, Pair, Sample
from selftranslate.forecast import shape
from selftranslate.forecast.shape import Shape
from selftranslate.forecast.step import Asking, Step, Training
from selftranslate.index import Column, Ran
from selftranslate.pipeline import Pipeline
from selftranslate.progress import Silent
from selftranslate.recipe import Plugin, Recipe
from selftranslate.records import Records
from selftranslate.rehearsal import Call, Rehearsed
from selftranslate.store import Artifact
from selftranslate.translate import Translator, plan
from selftranslate.translate.memory import Memory

T = TypeVar("T")

ROWS = 20
"""Texts that stand for all of their kind: their tokens are counted, their time is taken."""

BYTES = 4
"""Of a weight of an adapter, in its file."""

ANSWER_BYTES = 300
"""What is written beside each answer: ids, hashes, names."""


def count(
    pipeline: Pipeline, store: Rehearsed, columns: Sequence[Column], memory: Memory
) -> list[Step]:
    """Return a run's steps in their order; `memory` is what was translated before."""
    made = [
        *_translations(pipeline, store, memory),
        *_trainings(pipeline, store, columns),
        *_answers(pipeline, store, columns),
    ]
    order = ("translate", "quality", "filter", "mix", "train", "answer")
    return sorted(made, key=lambda step: order.index(step.stage))


def served(engine: Plugin) -> bool:
    """Say whether an engine is a server: only those have prices."""
    try:
        plugins.parameter("engines", engine.name, engine.params, "price")
    except KeyError:
        return False
    return True


def adapter(recipe: Recipe, own: Shape) -> int:
    """Count the weights that a run trains beside the model; 0 where it trains the model."""
    rank = int(_told(recipe, "r", 0))
    return shape.adapter(own, rank, _told(recipe, "target_modules", None)) if rank else 0


def _translations(pipeline: Pipeline, store: Rehearsed, memory: Memory) -> Iterator[Step]:
    """Stages 3 and 4, and how good the translations are."""
    recipe, task = pipeline.recipe, pipeline.task
    asks = served(recipe.translation_engine or recipe.engine)
    for call in list(store.calls.values()):
        stage, key = call.artifact.stage, call.artifact.key
        if stage == "filter":
            source = store.calls[call.inputs[0].key]
            rows = sum(1 for _ in source.artifact.read(Pair))
            yield Step(
                stage=stage, what=_into(source), unit="pairs", total=rows, distinct=rows,
                left=0 if call.done else rows, keys={key: call.done}, bytes=_size(call),
            )  # fmt: skip
        if stage not in {"translate", "quality"}:
            continue
        english, shots = call.inputs
        code = call.spec["languages"][1]
        limit = recipe.length_limit if stage == "translate" else None
        translator = pipeline.translator(shots, code, Silent(), limit)
        if stage == "translate":
            fields = list(translate.survey(translator, Records(english, Example), memory).values())
        else:
            texts = [pair.source.fields[task.quality] for pair in english.read(Pair)]
            fields = [translate.survey_field(translator, task.quality, texts, memory)]
        jobs = [job for one in fields for job in _asked(translator, one, memory)]
        written = sum(_bytes_of(one) for one in fields)
        yield Step(
            stage=stage,
            what=_into(call),
            unit="texts",
            total=sum(texts.met for one in fields for texts in one.surveyed.values()),
            distinct=sum(one.texts for one in fields),
            left=0 if call.done else sum(job.texts for job in jobs),
            keys={key: call.done},
            bytes=0 if call.done else 4 * written,  # in the artifact and in the memory
            jobs=() if call.done else tuple(job for job in jobs if job.texts),
            served=asks,
        )


def _asked(translator: Translator, one: plan.Field, memory: Memory) -> Iterator[Asking]:
    """Yield what is to be sent of a field: one job for each group's shots."""
    engine = translator.engine
    before, after = (
        sum(engine.count_tokens(example.fields[one.name]) for example in side)
        for side in zip(*((pair.source, pair.target) for pair in translator.shots), strict=True)
    )
    for marked, group in one.groups.items():
        texts = one.surveyed[marked]
        some = _spread(texts.sample)
        size = sum(size * many for size, many in texts.sizes.items()) / len(texts)
        of_some = fmean(len(text.encode()) for text in some) if some else size
        tokens = fmean(map(engine.count_tokens, some)) * size / of_some if some else 0.0
        yield Asking(
            translates=True,
            tuned=0,
            texts=len(texts) - plan.known(memory, group),
            sample=group.request(some, [group.limits(text) for text in some]),
            longer=size / of_some,
            prefix=engine.count_tokens(group.prefix),
            prompt=plan.prompt_tokens(engine, texts, group) / len(texts),
            answer=min(1 + tokens * after / max(1, before), group.max_new_tokens),
        )


def _trainings(pipeline: Pipeline, store: Rehearsed, columns: Sequence[Column]) -> Iterator[Step]:
    """Stages 5 and 6: a line for each setting and language, or for all that share its runs."""
    shared: dict[tuple[str, ...], list[tuple[str, str]]] = {}
    found: dict[tuple[str, ...], list[Ran]] = {}
    for column in columns:
        for name, runs in _by_setting(column):
            if column.translates and (keys := tuple(run.trained for run in runs if run.trained)):
                shared.setdefault(keys, []).append((name, _title(column)))
                found[keys] = runs
    own = shape.of(pipeline.recipe.model)
    weights = BYTES * adapter(pipeline.recipe, own) or own.bytes
    for keys, runs in found.items():
        names = zip(*shared[keys], strict=True)
        what = ", ".join(name for each in names for name in dict.fromkeys(each))
        mixed = store.calls[runs[0].samples or ""]
        tokens, learned, rows = _lengths(pipeline.shop.asked, mixed.artifact)
        made = {key: store.calls[key].done for key in keys}
        yield Step(
            stage="mix", what=what, unit="samples", total=rows, distinct=rows,
            left=0 if mixed.done else rows, keys={mixed.artifact.key: mixed.done},
            bytes=_size(mixed),
        )  # fmt: skip
        left = [run.run for run in runs if run.run and not made[run.trained or ""]]
        steps = pipeline.recipe.protocol.steps
        jobs = [
            Training(
                samples=mixed.artifact,
                runs=len(left),
                steps=steps,
                batch_size=int(_told(pipeline.recipe, "batch_size", 1)),
                tokens=tokens,
                learned=learned,
                run=run,
            )
            for run in left[:1]
        ]
        yield Step(
            stage="train", what=what, unit="steps", total=len(runs) * steps,
            distinct=len(runs) * steps, left=len(left) * steps, keys=made,
            bytes=len(left) * weights, jobs=tuple(jobs),
        )  # fmt: skip


def _answers(pipeline: Pipeline, store: Rehearsed, columns: Sequence[Column]) -> Iterator[Step]:
    """Stage 7: a line for each setting and column, test and validation questions together."""
    asks = served(pipeline.recipe.engine)
    counted: set[str] = set()  # columns that share their runs share answers, too
    for column in columns:
        for name, runs in _by_setting(column):
            jobs: list[Asking] = []
            keys: dict[str, bool] = {}
            total = left = written = 0
            for part in ("test", "validation"):
                named = dict.fromkeys(key for run in runs if (key := getattr(run, part)))
                asked = [store.calls[key] for key in named if key not in counted]
                counted |= named.keys()
                missing = [call for call in asked if not call.done]
                for call in asked[:1]:
                    questions = list(call.inputs[-1].read(Example))
                    total += len(questions) * len(asked)
                    left += len(questions) * len(missing)
                if missing:
                    job = _questions(pipeline, store, column, name, missing)
                    jobs.append(job)
                    each = ANSWER_BYTES + 8 * job.answer
                    written += round(len(missing) * job.texts * each)
                keys |= {call.artifact.key: call.done for call in asked}
            if keys:
                yield Step(
                    stage="answer", what=f"{name}, {_title(column)}", unit="answers",
                    total=total, distinct=total, left=left, keys=keys, bytes=written,
                    jobs=tuple(jobs), served=asks,
                )  # fmt: skip


def _questions(
    pipeline: Pipeline, store: Rehearsed, column: Column, name: str, calls: Sequence[Call]
) -> Asking:
    """Say what is asked: every call the same questions, each of another trained model."""
    task, engine = pipeline.task, pipeline.shop.asked
    setting = next(one for one in pipeline.recipe.settings if one.name == name)
    examples = list(calls[0].inputs[-1].read(Example))
    few_shot = setting.ask == "few-shot"
    pairs = store.calls[column.shots].artifact.read(Pair) if few_shot else ()
    shots = [pair.target for pair in pairs]
    request = evaluate.Asked(task, _spread(examples), shots).request
    answer: float = task.max_new_tokens  # untaught it goes on until it is stopped
    if setting.train_on:
        mixed = store.calls[calls[0].inputs[0].key].inputs[0]
        answer = min(answer, _lengths(engine, mixed)[1])
    elif shots:
        answer = min(answer, 1 + fmean(engine.count_tokens(task.answer(one)) for one in shots))
    return Asking(
        translates=False,
        tuned=len(calls) if setting.train_on else 0,
        texts=len(examples),
        sample=replace(request, max_new_tokens=round(answer)),
        longer=1.0,
        prefix=engine.count_tokens(request.prefix),
        prompt=fmean(map(engine.count_tokens, request.texts)),
        answer=answer,
    )


def _told(recipe: Recipe, name: str, default: Any) -> Any:
    """Return what the trainer is told, where it takes that."""
    try:
        return plugins.parameter("training", recipe.training.name, recipe.training.params, name)
    except KeyError:
        return default


def _by_setting(column: Column) -> list[tuple[str, list[Ran]]]:
    found: dict[str, list[Ran]] = {}
    for run in column.runs:
        found.setdefault(run.setting, []).append(run)
    return list(found.items())


def _title(column: Column) -> str:
    name = languages.get(column.language).name
    return name if column.translates else f"{name} ({languages.get(column.trained_for).name})"


def _lengths(engine: Engine, mixed: Artifact) -> tuple[float, float, int]:
    """Return the mean tokens of a training row, those that are learned, and the rows."""
    some, rows = _some(mixed)
    learned = fmean(engine.count_tokens(one.completion) + 1 for one in some)
    return learned + fmean(engine.count_tokens(one.prompt) for one in some), learned, rows


@cache
def _some(mixed: Artifact) -> tuple[list[Sample], int]:
    """Read some training rows, and count all."""
    samples = list(mixed.read(Sample))
    return _spread(samples, 10 * ROWS), len(samples)


def _spread(rows: Sequence[T], most: int = ROWS) -> list[T]:
    """Take some rows, evenly spread."""
    return [rows[at * len(rows) // most] for at in range(most)] if len(rows) > most else [*rows]


def _into(call: Call) -> str:
    """Say what a translation is of, and into which language."""
    name = languages.get(call.spec["languages"][1]).name
    return f"{name}, validation" if call.inputs[0].stage == "load-validation" else name


def _bytes_of(one: plan.Field) -> int:
    return sum(size * many for texts in one.surveyed.values() for size, many in texts.sizes.items())


def _size(call: Call) -> int:
    return 0 if call.done else folder_size(call.artifact.path)


def folder_size(folder: Path) -> int:
    """Return the bytes of a folder's files."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
