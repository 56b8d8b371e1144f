"""Which artifacts an experiment consists of, by role: what the report and later commands read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from selftranslate.example import Record
from selftranslate.training import Run

FILE = "index.json"

LISTS = ("fields", "notes", "licences", "data_sets")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran(Record):
    """One run of a setting, or the one asking of a setting that trains nothing."""

    setting: str
    run: Run | None = None
    """None where nothing is trained."""
    samples: str | None = None
    """Key of stage "mix": what it was trained on."""
    trained: str | None = None
    """Key of stage "train"."""
    validation: str | None = None
    """Key of stage "answer": the questions that choose the runs."""
    test: str | None = None
    """Key of stage "answer"; None if there was nothing to ask."""
    diverged: str | None = None
    """Why this run does not count."""

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Self:
        """Rebuild the run too."""
        return cls(**{**row, "run": Run(**row["run"]) if row["run"] else None})


@dataclass(frozen=True, slots=True, kw_only=True)
class Column(Record):
    """One column of the table: a target language, or the source language asked for one (C.1)."""

    code: str
    """"de"; "en (de)" for English test questions to what was trained for German."""
    language: str
    """The language of the questions."""
    trained_for: str
    """The target language."""
    shots: str
    """Key of stage "shots"; so are the others keys of their stages."""
    translated: str
    """Stage "translate": every pair."""
    filtered: str
    """Stage "filter": the pairs that were kept, and beside them the dropped ones."""
    quality: str
    """Stage "quality": the translations of test texts (A.4)."""
    gold: str | None
    """Stage "load-train" of the target language, where a setting trains on it."""
    validation: str
    """Stage "load-validation", or "validation-translated"."""
    test: str
    """Stage "load-test"."""
    runs: tuple[Ran, ...]

    @property
    def translates(self) -> bool:
        """Whether the column is of the language that was translated into."""
        return self.language == self.trained_for

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Self:
        """Rebuild the runs too."""
        return cls(**{**row, "runs": tuple(map(Ran.from_json, row["runs"]))})


@dataclass(frozen=True, slots=True, kw_only=True)
class Index(Record):
    """A finished experiment."""

    task: str
    metric: str
    """The task's metric; a column's own score may have another name."""
    fields: tuple[str, ...]
    """The translated fields, in the order to show them."""
    quality: str
    """The field whose translation is measured (A.4)."""
    recipe: Mapping[str, Any]
    model: str
    """The model's fingerprint."""
    train: str
    """Key of stage "load-train": the source language's training data."""
    columns: tuple[Column, ...]
    notes: tuple[str, ...]
    licences: tuple[str, ...] = ()
    """Of the task's data sets."""
    data_sets: tuple[str, ...] = ()
    """Names on the hub, if the rows came from there."""

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Self:
        """Rebuild the columns too."""
        columns = tuple(map(Column.from_json, row["columns"]))
        lists = {name: tuple(row.get(name, ())) for name in LISTS}
        return cls(**{**row, **lists, "columns": columns})
