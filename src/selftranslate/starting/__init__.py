"""From a data file or a task's name to a recipe that runs: what `selftranslate init` does.

`columns` reads the file, `proposal` says what its columns are for, `division` deals its rows out
and writes sheets for translators, `writing` writes the recipe.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from selftranslate import languages, plugins, recipe, schema
from selftranslate.errors import DataError, RecipeError
from selftranslate.starting import columns, division, proposal, writing
from selftranslate.starting.division import Sheet
from selftranslate.starting.proposal import Proposal
from selftranslate.tasks import Split, Task

RECIPE = "recipe.yaml"
LANGUAGE = "{language}"
SOURCE = "en"

Write = Callable[[Path], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What a user said."""

    out: Path
    model: str
    languages: tuple[str, ...]
    task: str = ""
    data: Path | None = None
    given: Mapping[str, Path] = field(default_factory=dict)
    """Files that are there already: {"test": "my/test.{language}.csv", "shots": ...}."""
    overwrite: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """What was made of it."""

    recipe: Path
    files: tuple[Path, ...]
    """All that was written."""
    proposal: Proposal | None
    rows: Mapping[str, int]
    """How many rows of the data each split got; none where the data was not divided."""
    sheets: Mapping[Path, int]
    """The files that people have to fill in, and how many rows each has."""
    kept: tuple[Path, ...] = ()
    """Those of them that hold translations already."""


def begin(start: Start) -> Started:
    """Write a recipe, its schema, and the files that its data takes.

    Raises DataError for bad rows, RecipeError if something is there already and may not be written
    over, or if there is no such task, language or parameter.
    """
    for code in start.languages:
        languages.get(code)
    if bool(start.task) == (start.data is not None):
        msg = "a task or a data file is wanted, one of them: --task NAME or --data FILE"
        raise RecipeError(msg)
    return _known_task(start) if start.data is None else _own_task(start, start.data)


def _known_task(start: Start) -> Started:
    made = plugins.build("tasks", start.task)
    try:
        hub = not any(True for _ in made.load("shots", SOURCE))
    except DataError:  # it makes no rows of its own
        hub = True
    text = writing.known_task(start.task, hub, start.languages, start.model)
    files = _write(start, text, {})
    return Started(recipe=files[0], files=files, proposal=None, rows={}, sheets={})


def _own_task(start: Start, data: Path) -> Started:
    table = columns.read(data)
    found = proposal.of(table, single_sentences=start.model == writing.MINIATURE)
    wanted = [split for split in ("validation", "test", "shots") if split not in start.given]
    rows = division.divide(table, found, wanted) if wanted else {}
    sheets: dict[str, Sheet] = {
        s: Sheet(table, found, rows[s]) for s in ("test", "shots") if s in rows
    }
    named = _named(start, data, rows, sheets)
    count = len(rows.get("train", table.items))
    text = writing.own_task(
        found, data.name.split(".")[0], named, start.languages, start.model, count
    )
    _task(recipe.parse(_values(text), RECIPE))  # before anything is written
    blank = {
        _in(start, named[split], code): sheet
        for split, sheet in sheets.items()
        for code in start.languages
    }
    kept = {path for path, sheet in blank.items() if path.exists() and sheet.kept(path)}
    parts: dict[Path, Write] = {
        _in(start, named[split]): partial(division.copy, table, rows[split])
        for split in ("train", "validation")
        if split in rows
    }
    parts |= {_in(start, named[s]): sheet.writer(blank=False) for s, sheet in sheets.items()}
    parts |= {path: sheet.writer(blank=True) for path, sheet in blank.items() if path not in kept}
    files = _write(start, text, parts)
    _read(start, files[0])
    return Started(
        recipe=files[0],
        files=files,
        proposal=found,
        rows={split: len(rows[split]) for split in writing.SPLITS if split in rows},
        sheets={path: len(sheet.rows) for path, sheet in blank.items()},
        kept=tuple(sorted(kept)),
    )


def _named(
    start: Start,
    data: Path,
    rows: Mapping[str, Sequence[int]],
    sheets: Mapping[str, Sheet],
) -> dict[str, str]:
    """Name each split's file as the recipe does, relative to it."""
    ending = "".join(data.suffixes[-2:] if data.suffix == ".gz" else data.suffixes[-1:])
    named = {"train": os.path.relpath(data, start.out)}
    named |= {split: f"{split}{ending}" for split in rows}
    named |= {split: f"{split}.{LANGUAGE}.{sheet.ending}" for split, sheet in sheets.items()}
    named |= {split: os.path.relpath(path, start.out) for split, path in start.given.items()}
    return {split: named[split] for split in writing.SPLITS}


def _in(start: Start, name: str, code: str = SOURCE) -> Path:
    return start.out / name.replace(LANGUAGE, code)


def _write(start: Start, text: str, parts: Mapping[Path, Write]) -> tuple[Path, ...]:
    """Write everything, or nothing if something is there already."""
    files: dict[Path, Write] = {
        start.out / RECIPE: lambda path: path.write_text(text, encoding="utf-8"),
        start.out / writing.SCHEMA: schema.write,
        **parts,
    }
    for path in files:
        if not path.exists():
            continue
        if start.data is not None and path.samefile(start.data):
            msg = f"{path}: is the data itself; name another folder with --out"
            raise RecipeError(msg)
        if not start.overwrite:
            msg = f"{path}: it is there already; name another --out, or give --overwrite"
            raise RecipeError(msg)
    start.out.mkdir(parents=True, exist_ok=True)
    for path, write in files.items():
        write(path)
    return tuple(files)


def _read(start: Start, path: Path) -> None:
    """Read the recipe, and every row that is there already, as a run would."""
    task = _task(recipe.load(path))
    splits: tuple[Split, ...] = ("train", "validation", "test", "shots")
    for split in splits:
        codes = start.languages if split in start.given and split != "validation" else ()
        for code in (SOURCE, *codes):
            for _ in task.load(split, code):
                pass


def _task(wanted: recipe.Recipe) -> Task:
    data = {"data": wanted.data.sources()} if wanted.data else {}
    made: Task = plugins.build("tasks", wanted.task.name, {**data, **wanted.task.params})
    return made


def _values(text: str) -> Any:
    from ruamel.yaml import YAML

    return YAML(typ="safe", pure=True).load(text)
