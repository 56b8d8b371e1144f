"""What leaves a store for others: a run's weights, or a setting's rows, and a card that explains.

`choose` finds the run; `hf`, `merged` and `trl` each write a folder of one kind, `card` its
README.md, and `hub` uploads it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selftranslate import report
from selftranslate.archive import Archive
from selftranslate.errors import DataError, RecipeError, disk, unknown
from selftranslate.index import Column, Index, Ran
from selftranslate.protocol import Cell, Outcome
from selftranslate.report import Result
from selftranslate.report.answers import best
from selftranslate.store import Artifact

CARD = "README.md"
BEST = "best"
"""The run with the highest validation score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which run of a store is meant; what is not named is chosen."""

    store: Path
    key: str = ""
    """The beginning of a result's key; "" is the newest."""
    language: str = ""
    setting: str = ""
    """"" is the one with the highest mean in the language."""
    run: str = BEST
    """Or the beginning of the key of what it trained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """One run of a finished experiment, and all that the store knows about it."""

    archive: Archive
    artifact: Artifact
    """Of the whole experiment."""
    index: Index
    result: Result
    column: Column
    cell: Cell
    ran: Ran
    outcome: Outcome

    @property
    def weights(self) -> Artifact:
        """What the run trained: an adapter or a whole model. Raises DataError."""
        if self.ran.test is None and self.ran.diverged:
            msg = f"{self.ran.setting}: this run left no weights: {self.ran.diverged}"
            raise DataError(msg)
        return self._artifact("train", self.ran.trained)

    @property
    def samples(self) -> Artifact:
        """What it was trained on. Raises DataError."""
        return self._artifact("mix", self.ran.samples)

    @property
    def parts(self) -> tuple[str, ...]:
        """What the setting trains on."""
        settings = {each["name"]: each["train_on"] for each in self.index.recipe["settings"]}
        return tuple(settings[self.ran.setting])

    def _artifact(self, stage: str, key: str | None) -> Artifact:
        if key is None:
            msg = f"{self.ran.setting}: a setting that trains nothing has nothing to export"
            raise DataError(msg)
        return self.archive.get(stage, key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A folder that training left, and the experiment it is part of, if there is one."""

    folder: Path
    chosen: Chosen | None


def choose(wanted: Wanted) -> Chosen:
    """Find a run of a finished experiment.

    Raises RecipeError for what is not there or must be said, DataError for a damaged store.
    """
    archive = Archive(wanted.store)
    artifact = archive.result(wanted.key)
    index = archive.index(artifact)
    column = _column(index, wanted.language)
    result = report.assemble(archive, index)
    cell = _cell(result, column, wanted.setting)
    runs = [ran for ran in column.runs if ran.setting == cell.setting]
    at = _run(cell, runs, wanted.run)
    return Chosen(
        archive=archive,
        artifact=artifact,
        index=index,
        result=result,
        column=column,
        cell=cell,
        ran=runs[at],
        outcome=cell.outcomes[at],
    )


def find(folder: Path) -> Source:
    """Take a folder that training left, STORE/train/KEY, with its experiment if that is finished.

    Raises DataError if training left no such folder.
    """
    if not any((folder / name).is_file() for name in ("adapter_config.json", "config.json")):
        msg = f"{folder}: neither an adapter nor a model; name a folder that training left"
        raise DataError(msg)
    archive = Archive(folder.resolve().parents[1])
    for artifact in archive.results():
        for column in archive.index(artifact).columns:
            for ran in column.runs:
                if ran.trained == folder.resolve().name and column.translates:
                    wanted = Wanted(
                        store=archive.root, key=artifact.key, language=column.code,
                        setting=ran.setting, run=ran.trained,
                    )  # fmt: skip
                    return Source(folder=folder, chosen=choose(wanted))
    return Source(folder=folder, chosen=None)


def write(out: Path, fill: Callable[[Path], Any]) -> None:
    """Make a new folder and let it be filled. Raises DataError if it holds something."""
    fresh(out)
    with disk(out):
        out.mkdir(parents=True, exist_ok=True)
        fill(out)


def fresh(out: Path) -> None:
    """Raise DataError unless a folder is new or empty."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        msg = f"{out}: there is something already; name a new folder"
        raise DataError(msg)


def explain(out: Path, text: str) -> None:
    """Write a card into a folder."""
    with disk(out):
        (out / CARD).write_text(text, encoding="utf-8", newline="\n")


def _column(index: Index, language: str) -> Column:
    columns = {column.code: column for column in index.columns if column.translates}
    if language:
        if language not in columns:
            raise RecipeError(unknown("language of this experiment", language, columns))
        return columns[language]
    if len(columns) > 1:
        msg = f"this experiment has several languages; name one: --language {'|'.join(columns)}"
        raise RecipeError(msg)
    return next(iter(columns.values()))


def _cell(result: Result, column: Column, setting: str) -> Cell:
    cells = {c.setting: c for c in result.languages[column.code].cells if c.trained}
    if setting:
        if setting not in cells:
            raise RecipeError(unknown("trained setting", setting, cells))
        return cells[setting]
    good = [cell for cell in cells.values() if cell.kept]
    if not good:
        msg = f"{column.code}: no run of a trained setting counts; there is nothing to export"
        raise DataError(msg)
    return max(good, key=lambda cell: cell.mean)


def _run(cell: Cell, runs: list[Ran], run: str) -> int:
    """Return which of a setting's runs is meant."""
    if run == BEST:
        place = best(cell)
        if place is None:
            msg = f"{cell.setting}: no run counts, all diverged; choose another setting"
            raise DataError(msg)
        return place
    keys = [ran.trained or "" for ran in runs]
    found = [at for at, key in enumerate(keys) if key.startswith(run)]
    if len(found) != 1:
        raise RecipeError(unknown("run", run, [*keys, BEST]))
    return found[0]
