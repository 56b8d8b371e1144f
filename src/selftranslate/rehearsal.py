"""A run that makes nothing: the whole method on a store that is only read.

Loading, choosing shots and mixing are done as ever, in a temporary folder. Where translating,
training or asking would be to do, what is in the store is taken, and else a stand-in is put there,
so that everything behind it can be counted. Keys are a run's own, up to the first stand-in.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from selftranslate.errors import DataError
from selftranslate.example import Example, Pair
from selftranslate.pipeline import Pipeline
from selftranslate.recipe import Recipe
from selftranslate.runtime import Runtime
from selftranslate.store import Artifact, Store, identify, write, write_json
from selftranslate.tasks import Project, Task, Translate

COSTLY = ("translate", "quality", "train", "answer")
"""Stages that ask a model or train one."""


@dataclass(frozen=True, slots=True)
class Call:
    """An artifact that was asked for, and what it is made from."""

    artifact: Artifact
    inputs: tuple[Artifact, ...]
    spec: Mapping[str, Any]
    done: bool
    """Whether the real store has it."""


@dataclass(slots=True)
class Rehearsed(Store):
    """A store in a folder of its own, on top of another one that is only read."""

    beneath: Path = field(default_factory=Path)
    task: Task | None = None
    calls: dict[str, Call] = field(default_factory=dict)
    """By key, in the order of a run."""

    def make(
        self,
        stage: str,
        spec: Mapping[str, Any],
        inputs: Sequence[Artifact],
        work: Callable[[Path], None],
        *,
        version: int = 1,
    ) -> Artifact:
        """Return the artifact of the store beneath, else one of this folder or a stand-in."""
        key, _ = identify(stage, spec, inputs, version)
        there = Artifact(stage, key, self.beneath / stage / key)
        done = False
        with suppress(DataError):
            done = bool(Store(self.beneath).get(stage, key))
        if done:
            self.found.append(there)
        else:
            if stage in COSTLY or (stage == "filter" and not self._is_real(inputs[0])):
                work = self._stand_in(stage, inputs)
            there = Store.make(self, stage, spec, inputs, work, version=version)
        self.calls.setdefault(key, Call(there, tuple(inputs), spec, done))
        return there

    def _is_real(self, artifact: Artifact) -> bool:
        return self.calls[artifact.key].done

    def _stand_in(self, stage: str, inputs: Sequence[Artifact]) -> Callable[[Path], None]:
        def work(folder: Path) -> None:
            write_json([], folder, "notes.json")
            if stage == "translate" and self.task is not None:
                write(_pairs(self.task, *inputs), folder)
            elif stage == "filter":
                write(inputs[0].read(Pair), folder)
                write_json({}, folder, "reasons.json")
            elif stage == "train":
                write_json({}, folder, "training.json")
            elif stage == "answer":
                write_json([{"items": []}], folder, "metrics.json")

        return work


@contextmanager
def rehearsed(recipe: Recipe, runtime: Runtime) -> Iterator[tuple[Pipeline, Rehearsed]]:
    """Open a pipeline whose store is a temporary folder on top of the runtime's."""
    with tempfile.TemporaryDirectory(prefix="selftranslate-") as folder:
        store = Rehearsed(Path(folder), runtime.progress.note, beneath=runtime.store)
        pipeline = Pipeline(recipe, replace(runtime, store=Path(folder)), store)
        store.task = pipeline.task
        yield pipeline, store


def _pairs(task: Task, english: Artifact, shots: Artifact) -> Iterator[Pair]:
    """Stand in for translations: the shots' own words, as long as theirs are beside the source."""
    known = list(shots.read(Pair))
    language = known[0].target.language
    translated = [name for name, how in task.fields.items() if isinstance(how, Translate)]
    words = {name: " ".join(pair.target.fields[name] for pair in known) for name in translated}
    ratio = {
        name: len(words[name]) / max(1, sum(len(pair.source.fields[name]) + 1 for pair in known))
        for name in translated
    }
    for row in english.read(Example):
        fields = dict(row.fields)
        for name in translated:
            length = round(len(row.fields[name]) * ratio[name])
            fields[name] = (words[name] * (1 + length // max(1, len(words[name]))))[:length]
        spans = {}
        for name, how in task.fields.items():
            if isinstance(how, Project) and row.fields.get(name):
                spans[name] = (0, min(len(row.fields[name]), len(fields[how.inside])))
                fields[name] = fields[how.inside][: spans[name][1]]
        target = Example(id=row.id, language=language, fields=fields, spans=spans)
        yield Pair(source=row, target=target, ended=dict.fromkeys(translated, ("fence",)))
