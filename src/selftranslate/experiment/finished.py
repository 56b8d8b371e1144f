"""A finished experiment as data frames and plots, from the store alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selftranslate import report
from selftranslate.archive import Archive
from selftranslate.errors import RecipeError, unknown
from selftranslate.experiment import figures, frames
from selftranslate.index import Column, Index, Ran
from selftranslate.report import Result, table
from selftranslate.store import Artifact

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

STATISTICS = (
    "language", "setting", "mean", "sd", "baseline", "difference", "t", "degrees_of_freedom",
    "p_value", "significant", "harmful", "holm_p_value", "holm_significant", "all_runs_p_value",
    "runs_needed",
)  # fmt: skip


@dataclass(frozen=True, slots=True, repr=False)
class Finished:
    """What an experiment found. Codes are those of the table's columns: "de", "en (de)"."""

    archive: Archive
    artifact: Artifact
    index: Index
    result: Result

    def __repr__(self) -> str:
        return "\n".join(self.verdict(code) for code in self.result.languages)

    @property
    def report(self) -> Path:
        """The page for people, on this machine."""
        return self.archive.root / report.FOLDER / self.artifact.key / "report.html"

    def verdict(self, code: str) -> str:
        """Say in one sentence whether the best setting helped. Raises RecipeError."""
        return table.verdict(self.result, self._column(code).code)

    def table(self) -> DataFrame:
        """Return the paper's table 3 as it is printed: settings down, languages across."""
        import pandas

        names = [found.language for found in self.result.languages.values()]
        lines = table.lines(self.result)
        return pandas.DataFrame(
            [[entry.text for entry in line.entries] for line in lines],
            columns=names,
            index=pandas.Index([line.name for line in lines], name="setting"),
        )

    def statistics(self) -> DataFrame:
        """Return mean, spread and tests of each setting in each language; scores are fractions."""
        import pandas

        return pandas.DataFrame(
            ({"language": code, "setting": name, **cell} for code, name, cell in self._cells()),
            columns=list(STATISTICS),
        )

    def runs(self) -> DataFrame:
        """Return every run with its validation and test score, and whether it was kept."""
        import pandas

        return pandas.DataFrame(
            {"language": code, "setting": name, **run}
            for code, name, cell in self._cells()
            for run in cell["runs"]
        )

    def quality(self) -> DataFrame:
        """Return how well the model translates into each language, and what was kept (A.3, A.4)."""
        import pandas

        return pandas.DataFrame(
            {"language": code}
            | {table.NAMES.get(one.name, one.name): 100 * one.value for one in found.quality}
            | {"kept": found.kept, "dropped": sum(found.dropped.values())}
            for code, found in table.translated(self.result).items()
        )

    def translations(self, code: str) -> DataFrame:
        """Return every translated text of a language, and why its row was dropped if it was."""
        column = self._column(code)
        pairs = self.archive.get("translate", column.translated)
        return frames.translations(pairs, self.archive.get("filter", column.filtered))

    def losses(self, code: str) -> DataFrame:
        """Return the training loss of each step, a column for each run."""
        return frames.losses(self.archive, self._column(code).runs)

    def predictions(self, code: str, setting: str) -> DataFrame:
        """Return every answer of a setting's runs to the test questions. Raises RecipeError."""
        column = self._column(code)
        runs: dict[str, list[Ran]] = {}
        for ran in column.runs:
            runs.setdefault(ran.setting, []).append(ran)
        if setting not in runs:
            raise RecipeError(unknown("setting", setting, runs))
        test = self.archive.get("load-test", column.test)
        return frames.predictions(self.archive, runs[setting], test)

    def plot(self) -> Figure:
        """Draw the table: a bar for each setting's mean, a dot for each run that was kept."""
        return figures.scores(self.result)

    def plot_losses(self, code: str) -> Figure:
        """Draw the learning curves of a language's runs."""
        return figures.losses(self.losses(code), self.result.languages[code].language)

    def _column(self, code: str) -> Column:
        columns = {column.code: column for column in self.index.columns}
        if code not in columns:
            raise RecipeError(unknown("language of this experiment", code, columns))
        return columns[code]

    def _cells(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        for code, found in report.to_json(self.result)["languages"].items():
            for name, cell in found["settings"].items():
                yield code, name, cell


def open_(store: Path, key: str = "") -> Finished:
    """Read the newest finished experiment of a store, or the one whose key begins like this.

    Raises DataError if there is none, or an artifact of it is missing.
    """
    archive = Archive(store)
    artifact = archive.result(key)
    index = archive.index(artifact)
    return Finished(archive, artifact, index, report.assemble(archive, index))
