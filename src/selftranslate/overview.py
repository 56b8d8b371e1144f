"""What a store holds and what is going on there: runs, finished experiments, room taken."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from selftranslate import live, report
from selftranslate.archive import Archive
from selftranslate.errors import DiskError, RecipeError, SelfTranslateError
from selftranslate.live import Account
from selftranslate.report import table
from selftranslate.sealed import MANIFEST
from selftranslate.store import KEY, Artifact
from selftranslate.translate import memory

NEWEST = 10
"""Of how many finished experiments the verdicts are worked out: it takes a second or more each."""

BESIDE = {live.FOLDER, report.FOLDER}
"""Folders that hold no artifacts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """One finished experiment."""

    key: str
    finished: str
    """ISO 8601, UTC."""
    task: str
    model: str
    languages: tuple[str, ...]
    verdicts: tuple[str, ...]
    """A sentence per language, or why it cannot be said; () for all but the newest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What a stage takes in the store."""

    stage: str
    artifacts: int
    bytes: int
    unfinished: int
    """Bytes of what a process works on, or was killed over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """A store, read and not changed."""

    store: Path
    runs: tuple[Account, ...]
    """The newest first."""
    finished: tuple[Finished, ...]
    """The newest first."""
    stages: tuple[Kept, ...]
    """The largest first."""
    memory: int | None
    """Entries of the translation memory; None if it cannot be read."""
    memory_bytes: int

    @property
    def bytes(self) -> int:
        """How much the artifacts and the memory take."""
        return self.memory_bytes + sum(kept.bytes + kept.unfinished for kept in self.stages)

    @property
    def told(self) -> list[Account]:
        """The runs worth telling: those at work, and the last one of each recipe."""
        seen: set[object] = set()
        shown = []
        for run in self.runs:
            if run.state == "running" or run.about not in seen:
                shown.append(run)
            seen.add(run.about)
        return shown

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "store": str(self.store),
            "runs": [
                {
                    **run.to_json(),
                    "seconds": run.seconds,
                    "left": run.left,
                    "seconds_left": run.seconds_left,
                }
                for run in self.runs
            ],
            "finished": [asdict(one) for one in self.finished],
            "stages": [asdict(kept) for kept in self.stages],
            "memory": {"entries": self.memory, "bytes": self.memory_bytes},
            "bytes": self.bytes,
        }


def look(store: Path) -> Overview:
    """Read what there is. Raises RecipeError if the store does not exist."""
    if not store.is_dir():
        msg = f"{store}: no such store; name the folder of a run with --store"
        raise RecipeError(msg)
    archive = Archive(store)
    files = [Path(f"{store / memory.FILE}{ending}") for ending in ("", "-wal")]
    return Overview(
        store=store,
        runs=tuple(live.read(store)),
        finished=tuple(
            _finished(archive, made, at < NEWEST) for at, made in enumerate(archive.results())
        ),
        stages=tuple(sorted(_stages(store), key=lambda kept: -kept.bytes - kept.unfinished)),
        memory=_entries(store),
        memory_bytes=sum(_bytes(file) for file in files),
    )


def _finished(archive: Archive, made: Artifact, judged: bool) -> Finished:
    """Say what an experiment is, and what it came to."""
    moment = datetime.fromtimestamp((made.path / MANIFEST).stat().st_mtime, UTC)
    recipe: Mapping[str, Any] = {}
    verdicts: tuple[str, ...] = ()
    try:
        made_of = archive.index(made)
        recipe = made_of.recipe
        if judged:
            result = report.assemble(archive, made_of)
            verdicts = tuple(table.verdict(result, code) for code in result.languages)
    except (SelfTranslateError, OSError, ValueError) as error:
        verdicts = (str(error),)
    return Finished(
        key=made.key,
        finished=moment.isoformat(timespec="seconds"),
        task=str(recipe["task"]["name"]) if recipe else "?",
        model=str(recipe.get("model", "?")),
        languages=tuple(recipe.get("languages", ())),
        verdicts=verdicts,
    )


def _stages(store: Path) -> Iterator[Kept]:
    for folder in sorted(store.iterdir()):
        if not folder.is_dir() or folder.name in BESIDE:
            continue
        done = [p for p in folder.glob("[0-9a-f]" * KEY) if (p / MANIFEST).is_file()]
        whole = sum(map(_bytes, done))
        yield Kept(
            stage=folder.name,
            artifacts=len(done),
            bytes=whole,
            unfinished=_bytes(folder) - whole,
        )


def _bytes(path: Path) -> int:
    """Add up files; one that goes away meanwhile counts nothing."""
    total = 0
    files = [path] if not path.is_dir() else (
        Path(folder, name) for folder, _, names in os.walk(path) for name in names
    )  # fmt: skip
    for file in files:
        try:
            total += file.stat().st_size
        except OSError:
            continue
    return total


def _entries(store: Path) -> int | None:
    try:
        with memory.look(store) as kept:
            found = next(kept.rows("SELECT count(*) FROM completions"))
    except DiskError:
        return None
    return int(found[0])
