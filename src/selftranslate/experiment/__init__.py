"""An experiment from Python: as a whole, or stage by stage, with data frames to look at.

Every stage is an artifact in the store, as with the command: what is there is not made again.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from selftranslate import distributed, elsewhere, report
from selftranslate import recipe as recipes
from selftranslate.archive import Archive
from selftranslate.carrying import carried
from selftranslate.errors import RecipeError, unknown
from selftranslate.experiment import frames
from selftranslate.experiment.finished import Finished, open_
from selftranslate.pipeline import Pipeline
from selftranslate.progress import Progress, Silent
from selftranslate.recipe import Recipe, Setting
from selftranslate.runtime import Cluster, Runtime
from selftranslate.store import Artifact
from selftranslate.tasks import Split
from selftranslate.transfer import Transfer

if TYPE_CHECKING:
    from pandas import DataFrame


class Experiment:
    """One recipe and one store."""

    def __init__(self, recipe: Recipe, runtime: Runtime) -> None:
        self.recipe = recipe
        self.runtime = runtime

    @classmethod
    def from_yaml(
        cls,
        path: str | Path,
        *changes: str,
        store: str | Path = "runs",
        progress: Progress | None = None,
        cluster: Cluster | None = None,
    ) -> Experiment:
        """Read a recipe; changes are those of --set: "protocol.steps=100". Raises RecipeError.

        The store is a folder or a URL such as "s3://bucket/folder"; with a `cluster`, `run` works
        on Ray.
        """
        runtime = Runtime(
            store=elsewhere.local(store), progress=progress or Silent(), cluster=cluster
        )
        return cls(recipes.load(Path(path), changes), runtime)

    @staticmethod
    def open(store: str | Path = "runs", key: str = "") -> Finished:
        """Open the newest finished experiment of a store, or the one whose key begins like this.

        It needs neither the model nor the data. Raises DataError if there is none.
        """
        return open_(elsewhere.local(store), key)

    def run(self) -> Finished:
        """Make everything the recipe asks for, on Ray if the runtime has a `cluster`."""
        archive = Archive(self.runtime.store)
        with carried(self.runtime.store):
            if self.runtime.cluster is not None:
                done = distributed.run(self.recipe, self.runtime, self.runtime.cluster)
                return Finished(archive, done.made, archive.index(done.made), done.result)
            result, made = self._pipeline.run()
            report.publish(archive, made, result)
        return Finished(archive, made, archive.index(made), result)

    def load(self, split: Split = "train", language: str = "") -> DataFrame:
        """Stage 1: return a split's examples, in the source language if none is named (4.1)."""
        return frames.examples(self._pipeline.load(split, language or self.recipe.source))

    def shots(self, code: str) -> DataFrame:
        """Stage 2: return the examples that show how to translate into a language (4.4)."""
        return frames.shots(self._shots[self._known(code)])

    def translate(self, code: str) -> DataFrame:
        """Stage 3: let the model translate its training data; return every text (4.4)."""
        made = frames.translations(self._translated(code))
        self._pipeline.shop.clear()
        return made

    def filter(self, code: str) -> DataFrame:
        """Stage 4: return the translations with what the filters say of each (A.3)."""
        pairs = self._translated(code)
        filtered = self._pipeline.filter(pairs, self._shots[code], code)
        made = frames.translations(pairs, filtered)
        self._pipeline.shop.clear()
        return made

    def mix(self, setting: str, code: str) -> DataFrame:
        """Stage 5: return the rows that a setting is trained on (section 3)."""
        wanted = self._setting(setting)
        return frames.samples(self._transfer(code).mix(wanted, self._shots))

    def train(self, setting: str, code: str) -> DataFrame:
        """Stage 6: train every run of a setting; return how that went (4.5)."""
        wanted, transfer = self._setting(setting), self._transfer(code)
        trials = transfer.trials(wanted, self._shots)
        self._pipeline.shop.clear()
        archive = Archive(self.runtime.store)
        return frames.trained(archive, [trial.trained for trial in trials])

    def ask(self, setting: str, code: str) -> DataFrame:
        """Stage 7: ask a setting's runs the test questions; return every answer."""
        transfer = self._transfer(code)
        trials = transfer.trials(self._setting(setting), self._shots)
        self._pipeline.shop.clear()
        test = transfer.material.test
        rans = [transfer.ran(trial, test) for trial in trials]
        self._pipeline.shop.clear()
        return frames.predictions(Archive(self.runtime.store), rans, test)

    @cached_property
    def _pipeline(self) -> Pipeline:
        return Pipeline(self.recipe, self.runtime)

    @cached_property
    def _english(self) -> Artifact:
        return self._pipeline.load("train", self.recipe.source)

    @cached_property
    def _shots(self) -> Mapping[str, Artifact]:
        return {code: self._pipeline.choose_shots(code) for code in self.recipe.languages}

    def _translated(self, code: str) -> Artifact:
        shots = self._shots[self._known(code)]
        return self._pipeline.translate(self._english, shots, code)

    def _transfer(self, code: str) -> Transfer:
        shots = self._shots[self._known(code)]
        material = self._pipeline.material(self._english, shots, code)
        self._pipeline.shop.clear()
        return Transfer(self._pipeline.shop, material)

    def _setting(self, name: str) -> Setting:
        settings = {setting.name: setting for setting in self.recipe.settings}
        if name not in settings:
            raise RecipeError(unknown("setting", name, settings))
        return settings[name]

    def _known(self, code: str) -> str:
        if code not in self.recipe.languages:
            raise RecipeError(unknown("language of this recipe", code, self.recipe.languages))
        return code
