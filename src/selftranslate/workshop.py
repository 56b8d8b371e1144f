"""What all stages of a run share: the recipe, the machine, the store, the task, the models."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

from selftranslate import journal, machine, model, plugins
from selftranslate.engines import Adaptable, Engine
from selftranslate.errors import DataError
from selftranslate.example import Example
from selftranslate.metered import Meter, MeteredAdaptable
from selftranslate.progress import Noting
from selftranslate.recipe import Plugin, Recipe
from selftranslate.runtime import Runtime
from selftranslate.splits import draw
from selftranslate.store import Artifact, Store
from selftranslate.tasks import Split, Task
from selftranslate.training import Trainer
from selftranslate.translate import memory, shared
from selftranslate.translate.memory import Memory


class Workshop:
    """One recipe, one machine, one store; each model is in memory once, and only while needed."""

    def __init__(self, recipe: Recipe, runtime: Runtime, store: Store | None = None) -> None:
        self.recipe = recipe
        self.runtime = runtime
        self.meter = Meter()
        written = journal.Writer(runtime.store, machine.describe, lambda: self.meter.tokens)
        self.store = store or Store(runtime.store, runtime.progress.note, written)
        self.notes = Noting(runtime.progress)
        data = {"data": recipe.data.sources()} if recipe.data else {}
        self.task: Task = plugins.build("tasks", recipe.task.name, {**data, **recipe.task.params})
        self.model = model.fingerprint(recipe.model)
        self._engines: dict[str, Adaptable] = {}
        self._answered: Memory | None = None
        self._elsewhere: Callable[[Engine], Engine] | None = None

    @property
    def asked(self) -> Adaptable:
        """The model that is trained, as an engine."""
        return self._engine(self.recipe.engine, self.recipe.model)

    @property
    def translating(self) -> Engine:
        """The model that translates: the same one, unless the recipe names another (C.3)."""
        wanted = self.recipe.translation_engine or self.recipe.engine
        made = self._engine(wanted, self.recipe.translator or self.recipe.model)
        return self._elsewhere(made) if self._elsewhere else made

    @contextmanager
    def remembered(self) -> Iterator[Memory]:
        """Open the store's translation memory. Raises DiskError."""
        if self._answered is not None:
            yield self._answered
            return
        with memory.open_(self.store.root) as kept:
            yield kept
        shared.send(self.store.root / memory.FILE)

    @contextmanager
    def answered(self, answers: Memory, elsewhere: Callable[[Engine], Engine]) -> Iterator[None]:
        """Take translations from a memory of their own, filled elsewhere, and what is missing
        there from what stands in for the engine.
        """
        self._answered, self._elsewhere = answers, elsewhere
        try:
            yield
        finally:
            self._answered = self._elsewhere = None

    @cached_property
    def trainer(self) -> Trainer:
        """The trainer."""
        made: Trainer = self._build("training", self.recipe.training, self.recipe.model)
        return made

    def clear(self) -> None:
        """Give back the memory of all models, for the next stage loads its own."""
        for engine in self._engines.values():
            engine.close()
        self.__dict__.pop("trainer", None)

    def load(self, split: Split, code: str, without: Iterable[str] = ()) -> Artifact:
        """Stage 1: a split of the task in one language, without these ids (4.1)."""
        left_out = set(without)
        examples = (e for e in self.task.load(split, code) if e.id not in left_out)
        first = next(examples, None)
        if first is None:
            msg = f"{self.task.name}: {split} {code}: no rows; check `data` in the recipe"
            raise DataError(msg)
        loaded: Iterable[Example] = chain([first], examples)
        most = self.recipe.at_most(split)
        if most is not None:
            loaded = draw(loaded, most, self.recipe.seed)
        for reason, count in self.task.left_out(split, code).items():
            self.notes.note(f"{split} {code}: {count:,} rows left out: {reason}")
        return self.store.keep(f"load-{split}", loaded)

    def make(
        self,
        unit: tuple[str, int, str],
        stage: str,
        spec: Mapping[str, Any],
        inputs: Sequence[Artifact],
        work: Callable[[Path], None],
    ) -> Artifact:
        """Make an artifact that takes time, and say so if it was there already."""
        before = len(self.store.found)
        made = self.store.make(stage, spec, inputs, work)
        if len(self.store.found) > before:
            self.runtime.progress.found(*unit)
        return made

    def _engine(self, wanted: Plugin, name: str) -> Adaptable:
        key = f"{wanted.model_dump_json()} {name}"
        if key not in self._engines:
            made: Adaptable = self._build("engines", wanted, name)
            self._engines[key] = MeteredAdaptable(made, self.meter)
        return self._engines[key]

    def _build(self, kind: str, plugin: Plugin, name: str) -> Any:
        shared = {"model": name, "runtime": self.runtime}
        return plugins.build(kind, plugin.name, {**shared, **plugin.params})
