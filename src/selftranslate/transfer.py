"""Stages 5 to 7, for one language: mix, train, ask (4.5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from selftranslate import evaluate, languages, plugins
from selftranslate.example import Example, Pair, Sample
from selftranslate.finetuning import processes
from selftranslate.index import Column, Ran
from selftranslate.mixing import Corpus, Part, mix, source_only
from selftranslate.protocol import at_chance
from selftranslate.recipe import Setting
from selftranslate.records import Records
from selftranslate.store import Artifact, unfinished, write, write_json
from selftranslate.training import Run
from selftranslate.workshop import Workshop


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What the training of one language draws from, and what its runs are asked."""

    language: str
    english: Artifact
    """The task's training data in the source language."""
    shots: Artifact
    translated: Artifact
    pairs: Artifact
    """What the filters kept of it."""
    gold: Artifact | None
    quality: Artifact
    validation: Artifact
    test: Artifact


@dataclass(frozen=True, slots=True)
class Trial:
    """A run of a setting that was trained, or a setting that is only asked."""

    setting: Setting
    run: Run | None = None
    samples: Artifact | None = None
    tuned: Artifact | None = None

    @property
    def diverged(self) -> str | None:
        """Why there is nothing to ask."""
        reason: str | None = None
        if self.tuned is not None:
            reason = self.tuned.json("training.json").get("diverged")
        return reason

    @property
    def trained(self) -> Ran:
        """What was made before anything is asked."""
        return Ran(
            setting=self.setting.name,
            run=self.run,
            samples=self.samples.key if self.samples else None,
            trained=self.tuned.key if self.tuned else None,
            diverged=self.diverged,
        )


@dataclass(frozen=True, slots=True)
class Transfer:
    """The settings of the recipe in one target language."""

    shop: Workshop
    material: Material

    def train(self, everyone: Mapping[str, Artifact]) -> list[Trial]:
        """Stages 5 and 6: every run of every setting; `everyone` has all languages' shots."""
        settings = self.shop.recipe.settings
        return [trial for setting in settings for trial in self.trials(setting, everyone)]

    def trials(self, setting: Setting, everyone: Mapping[str, Artifact]) -> list[Trial]:
        """Stages 5 and 6 for one setting: its runs, or itself if it trains nothing."""
        if not setting.train_on:
            return [Trial(setting)]
        samples = self.mix(setting, everyone)
        return [
            Trial(setting, run, samples, self.tune(setting, samples, run))
            for run in self.shop.recipe.protocol.runs()
        ]

    def ask(self, trials: Sequence[Trial]) -> Iterator[Column]:
        """Stage 7: ask everything that was trained; one column of the table, or two (C.1)."""
        for test in self.tests():
            yield self.column(test, [self.ran(trial, test) for trial in trials])

    def tests(self) -> Iterator[Artifact]:
        """The test questions: the language's, and if so wished the source language's (C.1)."""
        yield self.material.test
        if self.shop.recipe.test_source:
            used = [pair.source.id for pair in self.material.shots.read(Pair)]
            yield self.shop.load("test", self.shop.recipe.source, without=used)

    def mix(self, setting: Setting, everyone: Mapping[str, Artifact]) -> Artifact:
        """Stage 5: D_src, D_tgt, D_cs or any list of parts (section 3)."""
        parts: list[Part] = [plugins.build("mixing", name) for name in setting.train_on]
        gold = self.material.gold
        corpus = Corpus(
            task=self.shop.task,
            source=Records(self.material.english, Example),
            shots=Records(self.material.shots, Pair),
            pairs=Records(self.material.pairs, Pair),
            gold=Records(gold, Example) if gold else (),
        )
        if self.shop.recipe.share_source_runs and source_only(parts, corpus):
            everyones = tuple(pair for shots in everyone.values() for pair in shots.read(Pair))
            corpus = replace(corpus, shots=everyones)
        return self.shop.store.keep("mix", mix(parts, corpus))

    def tune(self, setting: Setting, samples: Artifact, run: Run) -> Artifact:
        """Stage 6: one run of a setting (4.5)."""
        label = f"train {setting.name}, {languages.get(self.material.language).name}"
        spec = {
            "trainer": self.shop.trainer.identity,
            "learning_rate": run.learning_rate,
            "seed": run.seed,
            "steps": run.steps,
        }

        def work(folder: Path) -> None:
            kept = unfinished(folder)
            processes.call(
                {
                    "samples": str(samples.path),
                    "run": asdict(run),
                    "folder": str(folder),
                    "kept": str(kept),
                }
            )
            self.shop.trainer.fit(list(samples.read(Sample)), run, folder, label, kept)

        return self.shop.make((label, run.steps, "steps"), "train", spec, [samples], work)

    def column(self, test: Artifact, runs: Sequence[Ran]) -> Column:
        """Say what was asked these questions, and what it was made from."""
        material, code = self.material, self.material.language
        own = test.key == material.test.key
        source = self.shop.recipe.source
        return Column(
            code=code if own else f"{source} ({code})",
            language=code if own else source,
            trained_for=code,
            shots=material.shots.key,
            translated=material.translated.key,
            filtered=material.pairs.key,
            quality=material.quality.key,
            gold=material.gold.key if material.gold else None,
            validation=material.validation.key,
            test=test.key,
            runs=tuple(runs),
        )

    def ran(self, trial: Trial, test: Artifact) -> Ran:
        """Ask the validation questions, which choose the runs, and those of the test."""
        made = trial.trained
        if made.diverged is not None:
            return made
        made = replace(made, test=self._ask(trial, test).key)
        if trial.run is None:
            return made
        chosen = self._ask(trial, self.material.validation)
        reason = None
        if self.shop.recipe.validation != "target":  # what it was not trained on says nothing
            answers = [self.shop.task.answer(e) for e in self.material.validation.read(Example)]
            items = chosen.json("metrics.json")[0]["items"]
            reason = at_chance(items, answers, self.shop.task.chance)
        return replace(made, validation=chosen.key, diverged=reason)

    def _ask(self, trial: Trial, questions: Artifact) -> Artifact:
        """Ask, and count what is right (A.1)."""
        task, setting = self.shop.task, trial.setting
        examples = list(questions.read(Example))
        language = languages.get(examples[0].language)
        if said := evaluate.note(task, language):
            self.shop.notes.note(said)
        label = f"ask {setting.name}, {language.name}"
        pairs = self.material.shots.read(Pair) if setting.ask == "few-shot" else ()
        asked = evaluate.Asked(task, examples, [pair.target for pair in pairs])
        prompts = "\0".join([asked.request.prefix, *asked.request.texts])

        def work(folder: Path) -> None:
            whole, tuned = self.shop.asked, trial.tuned
            engine = whole if tuned is None else whole.adapted(tuned.path)
            predictions = evaluate.predict(engine, asked, label, self.shop.runtime.progress)
            scores = evaluate.score(task, predictions, language)
            write(evaluate.marked(predictions, scores[0]), folder, "outputs.jsonl")
            rows = [asdict(replace(score, answers=())) for score in scores]
            write_json(rows, folder, "metrics.json")

        spec = {
            "engine": self.shop.recipe.engine.model_dump(),
            "model": self.shop.model,
            "metric": task.metric,
            "metric_params": task.metric_params,
            "max_new_tokens": task.max_new_tokens,
            "prompts": evaluate.prompt_hash(prompts),
        }
        inputs = [*([trial.tuned] if trial.tuned else []), questions]
        unit = (label, len(examples), "answers")
        return self.shop.make(unit, "answer", spec, inputs, work)


def follow(shop: Workshop) -> None:
    """Train along with the process that leads, and do nothing else (see `processes`)."""

    def work(job: processes.Job) -> None:
        samples = Artifact("mix", "", Path(job["samples"])).read(Sample)
        run, folder, kept = Run(**job["run"]), Path(job["folder"]), Path(job["kept"])
        shop.trainer.fit(list(samples), run, folder, unfinished=kept)

    processes.follow(work)
