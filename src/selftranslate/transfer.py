"""Stages 5 to 8, for one language: mix, train, ask, compare (4.5, 5.1)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from selftranslate import evaluate, languages, plugins, report
from selftranslate.example import Example, Pair, Sample
from selftranslate.finetuning import processes
from selftranslate.metrics import Score
from selftranslate.mixing import Corpus, Part, mix, source_only
from selftranslate.protocol import Outcome, at_chance, cells
from selftranslate.recipe import Setting
from selftranslate.store import Artifact, unfinished, write, write_json
from selftranslate.training import Run
from selftranslate.workshop import Workshop

SAMPLES = 3
"""Translations shown in the report for each language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What the training of one language draws from, and what its runs are asked."""

    language: str
    english: Artifact
    """The task's training data in the source language."""
    shots: Artifact
    pairs: Artifact
    gold: Artifact | None
    quality: tuple[Score, ...]
    validation: Artifact
    test: Artifact


@dataclass(frozen=True, slots=True)
class Trial:
    """A run of a setting that was trained, or a setting that is only asked."""

    setting: Setting
    run: Run | None = None
    tuned: Artifact | None = None

    @property
    def diverged(self) -> str | None:
        """Why there is nothing to ask."""
        reason: str | None = None
        if self.tuned is not None:
            reason = self.tuned.json("training.json").get("diverged")
        return reason


@dataclass(frozen=True, slots=True)
class Transfer:
    """The settings of the recipe in one target language."""

    shop: Workshop
    material: Material

    def train(self, everyone: Mapping[str, Artifact]) -> list[Trial]:
        """Stages 5 and 6: every run of every setting; `everyone` has all languages' shots."""
        language = languages.get(self.material.language)
        trials = []
        for setting in self.shop.recipe.settings:
            if not setting.train_on:
                trials.append(Trial(setting))
                continue
            samples = self._mix(setting, everyone)
            for run in self.shop.recipe.protocol.runs():
                tuned = self._train(samples, run, f"train {setting.name}, {language.name}")
                trials.append(Trial(setting, run, tuned))
        return trials

    def ask(self, trials: Sequence[Trial]) -> Iterator[tuple[str, report.Findings]]:
        """Stages 7 and 8: ask everything that was trained, and compare; one column or two."""
        code, source = self.material.language, self.shop.recipe.source
        language, english = languages.get(code), languages.get(source)
        first = self._column(trials, self.material.test)
        yield (
            code,
            report.Findings(
                language=language.name,
                quality=self.material.quality,
                kept=sum(1 for _ in self.material.pairs.read(Pair)),
                dropped=self.material.pairs.json("reasons.json"),
                unverified=sum(pair.unverified for pair in self.material.pairs.read(Pair)),
                samples=tuple(self.material.pairs.read(Pair))[:SAMPLES],
                **first,
            ),
        )
        if self.shop.recipe.test_source:
            used = [pair.source.id for pair in self.material.shots.read(Pair)]
            test = self.shop.load("test", source, without=used)
            name = f"{english.name} ({language.name})"
            column = self._column(trials, test)
            yield f"{source} ({code})", report.Findings(language=name, trained_for=code, **column)

    def _mix(self, setting: Setting, everyone: Mapping[str, Artifact]) -> Artifact:
        """Stage 5: D_src, D_tgt, D_cs or any list of parts (section 3)."""
        parts: list[Part] = [plugins.build("mixing", name) for name in setting.train_on]
        gold = self.material.gold
        corpus = Corpus(
            task=self.shop.task,
            source=tuple(self.material.english.read(Example)),
            shots=tuple(self.material.shots.read(Pair)),
            pairs=tuple(self.material.pairs.read(Pair)),
            gold=tuple(gold.read(Example)) if gold else (),
        )
        if self.shop.recipe.share_source_runs and source_only(parts, corpus):
            everyones = tuple(pair for shots in everyone.values() for pair in shots.read(Pair))
            corpus = replace(corpus, shots=everyones)
        return self.shop.store.keep("mix", mix(parts, corpus))

    def _train(self, samples: Artifact, run: Run, label: str) -> Artifact:
        """Stage 6: one run (4.5)."""
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

    def _column(self, trials: Sequence[Trial], test: Artifact) -> dict[str, Any]:
        """Ask all trials one test set; return the cells of its column, and how they count."""
        outcomes: dict[str, list[Outcome]] = {}
        counted: dict[str, Any] = {}
        for trial in trials:
            outcome, scored = self._outcome(trial, test)
            outcomes.setdefault(trial.setting.name, []).append(outcome)
            counted = scored or counted
        return {
            "cells": cells(outcomes, self.shop.recipe.protocol),
            "metric": counted.get("name", self.shop.task.metric),
            "signature": counted.get("signature", "no run got as far as the test"),
        }

    def _outcome(self, trial: Trial, test: Artifact) -> tuple[Outcome, dict[str, Any] | None]:
        """Choose by the validation set, count on the test set."""
        reason = trial.diverged
        if reason is not None:
            nothing = Outcome(run=trial.run, validation=math.nan, test=math.nan, diverged=reason)
            return nothing, None
        counted = self._score(trial, test)
        made = Outcome(
            run=trial.run,
            validation=None,
            test=counted["value"],
            items=tuple(counted["items"]),
        )
        if trial.run is None:
            return made, counted
        chosen = self._score(trial, self.material.validation)
        if self.shop.recipe.validation != "target":  # what it was not trained on says nothing
            answers = [self.shop.task.answer(e) for e in self.material.validation.read(Example)]
            reason = at_chance(chosen["items"], answers, self.shop.task.chance)
        return replace(made, validation=chosen["value"], diverged=reason), counted

    def _score(self, trial: Trial, questions: Artifact) -> dict[str, Any]:
        """Stage 7: ask, and count what is right (A.1)."""
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
        made = self.shop.make(unit, "answer", spec, inputs, work)
        first: dict[str, Any] = made.json("metrics.json")[0]
        return first


def follow(shop: Workshop) -> None:
    """Train along with the process that leads, and do nothing else (see `processes`)."""

    def work(job: processes.Job) -> None:
        samples = Artifact("mix", "", Path(job["samples"])).read(Sample)
        run, folder, kept = Run(**job["run"]), Path(job["folder"]), Path(job["kept"])
        shop.trainer.fit(list(samples), run, folder, unfinished=kept)

    processes.follow(work)
