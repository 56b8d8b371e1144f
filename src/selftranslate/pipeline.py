"""The whole method, top to bottom. Each stage reads artifacts and makes one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from selftranslate import evaluate, languages, model, plugins, quality, report, translate
from selftranslate.engines import Engine
from selftranslate.errors import DataError
from selftranslate.example import Example, Pair, Sample
from selftranslate.filters import Filter, sieve
from selftranslate.metrics import Score
from selftranslate.mixing import Corpus, Part, mix, source_only
from selftranslate.progress import Noting, Progress
from selftranslate.protocol import Cell, Outcome, cell
from selftranslate.recipe import Plugin, Recipe, Setting
from selftranslate.runtime import Runtime
from selftranslate.splits import apart, balance, draw
from selftranslate.store import Artifact, Store, write, write_json
from selftranslate.tasks import Split, Task
from selftranslate.training import Run, Trainer
from selftranslate.translate import Translator, memory
from selftranslate.translate.shots import choose

SAMPLES = 3
"""Translations shown in the report for each language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What the training of one language draws from."""

    language: str
    shots: Artifact
    pairs: Artifact
    gold: Artifact | None
    quality: tuple[Score, ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """Examples that are read anew each time."""

    artifact: Artifact

    def __iter__(self) -> Iterator[Example]:
        return self.artifact.read(Example)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Pipeline:
    """One recipe, one machine, one store: the context every stage shares."""

    def __init__(self, recipe: Recipe, runtime: Runtime) -> None:
        self.recipe = recipe
        self.runtime = runtime
        self.store = Store(runtime.store, runtime.progress.note)
        self.notes = Noting(runtime.progress)
        data = {"data": recipe.data.sources()} if recipe.data else {}
        self.task: Task = plugins.build("tasks", recipe.task.name, {**data, **recipe.task.params})
        self.model = model.fingerprint(recipe.model)

    def run(self) -> tuple[report.Result, Artifact]:
        """Make everything the recipe asks for; return the result and the report's files."""
        english = self.load("train", self.recipe.source)
        chosen = {code: self.choose_shots(code) for code in self.recipe.languages}
        self._plan(english, chosen)
        materials = [self.material(english, chosen[code], code) for code in chosen]
        findings = {m.language: self.experiment(english, m, chosen) for m in materials}
        return self.report(findings)

    def load(self, split: Split, code: str, without: Iterable[str] = ()) -> Artifact:
        """Stage 1: a split of the task in one language, without these ids (4.1)."""
        left_out = set(without)
        examples = [e for e in self.task.load(split, code) if e.id not in left_out]
        if not examples:
            msg = f"{self.task.name}: {split} {code}: no rows; check `data` in the recipe"
            raise DataError(msg)
        most = self.recipe.at_most(split)
        if most is not None:
            examples = draw(examples, most, self.recipe.seed)
        for reason, count in self.task.left_out(split, code).items():
            self.notes.note(f"{split} {code}: {count:,} rows left out: {reason}")
        return self.store.keep(f"load-{split}", examples)

    def material(self, english: Artifact, shots: Artifact, code: str) -> Material:
        """Stages 3 and 4 for one language, and how good its translations are."""
        translated = self.translate(english, shots, code)
        return Material(
            language=code,
            shots=shots,
            pairs=self.filter(translated, code),
            gold=self.load("train", code) if self.recipe.needs_gold else None,
            quality=self.quality(shots, code),
        )

    def choose_shots(self, code: str) -> Artifact:
        """Stage 2: the parallel examples translation learns from (4.4)."""
        there = {e.id: e for e in self.task.load("shots", code)}
        candidates = [
            Pair(source=example, target=there[example.id])
            for example in self.task.load("shots", self.recipe.source)
            if example.id in there
        ]
        source, target = languages.get(self.recipe.source), languages.get(code)
        chosen = choose(self.task, candidates, self.recipe.shots, source, target, self.notes)
        return self.store.keep("shots", chosen)

    def translate(self, english: Artifact, shots: Artifact, code: str) -> Artifact:
        """Stage 3: the model translates its own training data, field by field (4.4)."""
        examples = Rows(english)
        progress = Noting(self.runtime.progress)
        translator = self._translator(shots, code, progress, self.recipe.length_limit)

        def work(folder: Path) -> None:
            with memory.open_(self.store.root) as kept:
                pairs = write(replace(translator, memory=kept).translate(examples), folder)
            balance(self.task, len(examples), pairs, 0)
            write_json(progress.notes, folder, "notes.json")

        texts = len(examples) * len(self.task.translated)
        unit = (f"translate into {translator.target.name}", texts, "texts")
        return self._make(unit, "translate", translate.spec(translator), [english, shots], work)

    def filter(self, pairs: Artifact, code: str) -> Artifact:
        """Stage 4: drop what is unfinished, over- or under-translated; keep the reasons (A.3)."""
        checks: dict[str, Filter] = {
            f.name: plugins.build("filters", f.name, f.params) for f in self.recipe.filters
        }

        def work(folder: Path) -> None:
            before = list(pairs.read(Pair))
            result = sieve(before, checks)
            balance(self.task, len(before), len(result.kept), len(result.dropped))
            write(result.kept, folder)
            write(result.dropped, folder, "dropped.jsonl")
            write_json(result.reasons, folder, "reasons.json")

        made = self.store.make(
            "filter", {"filters": [f.model_dump() for f in self.recipe.filters]}, [pairs], work
        )
        if not any(made.read(Pair)):
            self.notes.note(
                f"{languages.get(code).name}: no translation got through the filters; "
                "settings with target data have only the source data and the shots"
            )
        return made

    def experiment(
        self, english: Artifact, material: Material, everyone: Mapping[str, Artifact]
    ) -> report.Findings:
        """Stages 5 to 8 for one language: mix, train, ask, compare (4.5, 5.1)."""
        language = languages.get(material.language)
        used = [pair.source.id for pair in material.shots.read(Pair)]
        test = self.load("test", language.code, without=used)
        validation = self._validation(language.code, used)
        self._keep_apart(english, validation, test)
        cells: list[Cell] = []
        counted: dict[str, Any] = {}
        for setting in self.recipe.settings:
            samples = self.mix(setting, english, material, everyone)
            outcomes = []
            for run in self.recipe.protocol.runs():
                adapter = self.train(samples, run, f"{setting.name}, {language.name}")
                chosen = self.score(adapter, validation, "validation")
                counted = self.score(adapter, test, language.name)
                outcomes.append(Outcome(run=run, validation=chosen["value"], test=counted["value"]))
            baseline = cells[0] if cells else None
            cells.append(cell(setting.name, outcomes, baseline, self.recipe.protocol))
        return report.Findings(
            language=language.name,
            quality=material.quality,
            kept=sum(1 for _ in material.pairs.read(Pair)),
            dropped=material.pairs.json("reasons.json"),
            unverified=sum(pair.unverified for pair in material.pairs.read(Pair)),
            samples=tuple(material.pairs.read(Pair))[:SAMPLES],
            cells=tuple(cells),
            metric=counted["name"],
            signature=counted["signature"],
        )

    def mix(
        self,
        setting: Setting,
        english: Artifact,
        material: Material,
        everyone: Mapping[str, Artifact],
    ) -> Artifact:
        """Stage 5: D_src, D_tgt, D_cs or any list of parts (section 3)."""
        parts: list[Part] = [plugins.build("mixing", name) for name in setting.train_on]
        corpus = Corpus(
            task=self.task,
            source=tuple(english.read(Example)),
            shots=tuple(material.shots.read(Pair)),
            pairs=tuple(material.pairs.read(Pair)),
            gold=tuple(material.gold.read(Example)) if material.gold else (),
        )
        if self.recipe.share_source_runs and source_only(parts, corpus):
            everyones = tuple(pair for shots in everyone.values() for pair in shots.read(Pair))
            corpus = replace(corpus, shots=everyones)
        return self.store.keep("mix", mix(parts, corpus))

    def train(self, samples: Artifact, run: Run, label: str) -> Artifact:
        """Stage 6: one run (4.5)."""
        spec = {
            "trainer": self._trainer.identity,
            "learning_rate": run.learning_rate,
            "seed": run.seed,
            "steps": run.steps,
        }

        def work(folder: Path) -> None:
            self._trainer.fit(list(samples.read(Sample)), run, folder, f"train {label}")

        return self._make((f"train {label}", run.steps, "steps"), "train", spec, [samples], work)

    def score(self, adapter: Artifact, questions: Artifact, label: str) -> dict[str, Any]:
        """Stage 7: ask the trained model, and count what is right (A.1)."""
        examples = list(questions.read(Example))
        language = languages.get(examples[0].language)
        engine: Engine = self._build(
            "engines", self.recipe.engine, self.recipe.model, adapter=str(adapter.path)
        )

        def work(folder: Path) -> None:
            progress = self.runtime.progress
            predictions = evaluate.predict(engine, self.task, examples, f"ask {label}", progress)
            scores = evaluate.score(self.task, predictions, language)
            write(predictions, folder, "outputs.jsonl")
            write_json([asdict(score) for score in scores], folder, "metrics.json")

        spec = {
            "engine": self.recipe.engine.model_dump(),
            "model": self.model,
            "metric": self.task.metric,
            "max_new_tokens": self.task.max_new_tokens,
        }
        unit = (f"ask {label}", len(examples), "answers")
        made = self._make(unit, "answer", spec, [adapter, questions], work)
        first: dict[str, Any] = made.json("metrics.json")[0]
        return first

    def quality(self, shots: Artifact, code: str) -> tuple[Score, ...]:
        """How well the model translates: BLEU on test texts, with the same shots (A.4)."""
        used = [pair.source.id for pair in shots.read(Pair)]
        both = quality.parallel(
            self.load("test", self.recipe.source, without=used).read(Example),
            self.load("test", code, without=used).read(Example),
            self.recipe.at_most("quality"),
        )
        texts = self.store.keep("quality-texts", both)
        progress = Noting(self.runtime.progress)
        translator = self._translator(shots, code, progress)

        def work(folder: Path) -> None:
            with memory.open_(self.store.root) as kept:
                predictions, scores = quality.measure(replace(translator, memory=kept), both)
            write(predictions, folder, "outputs.jsonl")
            write_json([asdict(score) for score in scores], folder, "metrics.json")
            write_json(progress.notes, folder, "notes.json")

        spec = {**translate.spec(translator), "field": self.task.quality}
        unit = (f"measure {translator.target.name}", len(both), "texts")
        made = self._make(unit, "quality", spec, [texts, shots], work)
        return tuple(Score(**row) for row in made.json("metrics.json"))

    def report(self, findings: Mapping[str, report.Findings]) -> tuple[report.Result, Artifact]:
        """Stage 9: tables for people and programs."""
        recipe = self.recipe.model_dump(mode="json", exclude={"data": {"folder"}})
        noted = [a for a in self._all if a.stage in {"translate", "quality"}]
        result = report.Result(
            task=self.task.name,
            metric=next(iter(findings.values())).metric,
            fields=self.task.translated,
            recipe=recipe,
            languages=findings,
            notes=tuple(
                dict.fromkeys(
                    [*self.notes.notes, *(n for a in noted for n in a.json("notes.json"))]
                )
            ),
        )
        inputs = list({a.key: a for a in self._all}.values())
        made = self.store.make("report", recipe, inputs, partial(report.save, result))
        return result, made

    @cached_property
    def _trainer(self) -> Trainer:
        made: Trainer = self._build("training", self.recipe.training, self.recipe.model)
        return made

    @property
    def _all(self) -> list[Artifact]:
        return sorted(
            {a.key: a for a in (*self.store.made, *self.store.found)}.values(),
            key=lambda artifact: (artifact.stage, artifact.key),
        )

    def _plan(self, english: Artifact, chosen: Mapping[str, Artifact]) -> None:
        """Tell people how much there is to do; the store may hold some of it."""
        tests, validations = {}, {}
        for code, shots in chosen.items():
            used = [pair.source.id for pair in shots.read(Pair)]
            tests[code] = len(Rows(self.load("test", code, without=used)))
            validations[code] = len(Rows(self._validation(code, used)))
        texts = len(Rows(english)) * len(self.task.translated)
        self.runtime.progress.plan(self.recipe.workload(texts, tests, validations))

    def _validation(self, code: str, used: Sequence[str]) -> Artifact:
        """The held-out questions that choose the runs, never the test set (4.5)."""
        chosen_in = self.recipe.source if self.recipe.validation == "source" else code
        return self.load("validation", chosen_in, without=used)

    def _keep_apart(self, english: Artifact, validation: Artifact, test: Artifact) -> None:
        """Refuse training or validation data that is in the test set, in either language."""
        code = next(test.read(Example)).language
        tests = [e for c in (code, self.recipe.source) for e in self.task.load("test", c)]
        for name, artifact in (("train", english), ("validation", validation)):
            apart(self.task, name, list(artifact.read(Example)), tests)

    def _translator(
        self, shots: Artifact, code: str, progress: Progress, length_limit: float | None = None
    ) -> Translator:
        wanted = self.recipe.translation_engine or self.recipe.engine
        return Translator(
            engine=self._build("engines", wanted, self.recipe.translator or self.recipe.model),
            task=self.task,
            source=languages.get(self.recipe.source),
            target=languages.get(code),
            shots=tuple(shots.read(Pair)),
            progress=progress,
            length_limit=length_limit,
        )

    def _build(self, kind: str, plugin: Plugin, name: str, **more: str) -> Any:
        shared = {"model": name, "runtime": self.runtime}
        return plugins.build(kind, plugin.name, {**shared, **plugin.params, **more})

    def _make(
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
