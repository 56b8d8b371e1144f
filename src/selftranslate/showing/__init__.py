"""One row of a finished experiment, looked at from close by; a file for each way to look.

All of it comes from the store: neither the task's data nor the model's weights are needed.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from selftranslate import plugins, recipe
from selftranslate.archive import Archive
from selftranslate.errors import DataError, RecipeError, unknown
from selftranslate.index import Column, Index, Ran
from selftranslate.recipe import Recipe
from selftranslate.tasks import Task

R = TypeVar("R")

NEAREST = 3


@dataclass(frozen=True)
class Place:
    """Where to look: one language of one experiment."""

    archive: Archive
    key: str
    """The experiment's."""
    index: Index
    column: Column

    @cached_property
    def recipe(self) -> Recipe:
        """What was asked for; the folder of its data is not kept."""
        return recipe.parse(self.index.recipe, f"result/{self.key}")

    @cached_property
    def task(self) -> Task:
        """The task, whose data cannot be loaded from here."""
        wanted, data = self.recipe.task, self.recipe.data
        read = {"data": data.sources()} if data else {}
        built: Task = plugins.build("tasks", wanted.name, {**read, **wanted.params})
        return built

    def runs(self, setting: str | None) -> list[Ran]:
        """Return the runs of a setting, or of all. Raises RecipeError if there is none."""
        names = list(dict.fromkeys(ran.setting for ran in self.column.runs))
        if setting is not None and setting not in names:
            raise RecipeError(unknown("setting", setting, names))
        return [ran for ran in self.column.runs if setting in {None, ran.setting}]


def place(store: Path, key: str = "", language: str | None = None) -> Place:
    """Find an experiment, the newest unless a key says which, and a language, else the first.

    Raises DataError if there is no such experiment, RecipeError if it has no such language.
    """
    archive = Archive(store)
    made = archive.result(key)
    index = archive.index(made)
    columns = {column.code: column for column in index.columns}
    if language is not None and language not in columns:
        raise RecipeError(unknown("language", language, columns))
    return Place(archive, made.key, index, columns[language] if language else index.columns[0])


def pick(rows: Iterable[R], name: Callable[[R], str], wanted: str, where: str) -> list[R]:
    """Return the rows of an id; a number that is no id is the n-th row.

    Raises DataError that names the nearest ids and how many rows there are.
    """
    found: list[R] = []
    counted: list[R] = []
    ids: dict[str, None] = {}
    number = int(wanted) if wanted.isascii() and wanted.isdigit() else 0
    count = 0
    for count, row in enumerate(rows, 1):
        ids[name(row)] = None
        if name(row) == wanted:
            found.append(row)
        if count == number:
            counted.append(row)
    if found or counted:
        return found or counted
    near = difflib.get_close_matches(wanted, ids, n=NEAREST, cutoff=0.0)
    msg = (
        f"{where}: no row {wanted!r}; it has {count:,}, name one by its number or its id, as "
        f"{', '.join(near)}"
    )
    raise DataError(msg)
