"""What a store holds and what is going on there: runs, finished experiments, room taken."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import Any

from selftranslate import elsewhere, journal, live, report
from selftranslate.archive import Archive
from selftranslate.errors import DiskError, RecipeError, SelfTranslateError
from selftranslate.live import Account
from selftranslate.report import groups, summary, table
from selftranslate.sealed import MANIFEST
from selftranslate.store import KEY, Artifact
from selftranslate.translate import memory, shared

NEWEST = 10
"""Of how many finished experiments the verdicts are worked out: it takes a second or more each."""

BESIDE = {live.FOLDER, report.FOLDER, journal.FOLDER, shared.FOLDER, elsewhere.OTHERS}
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

    store: str
    """Its folder, or its URL."""
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
            "store": self.store,
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
    sizes = _sizes(store)
    if not (sizes if elsewhere.at(store) else store.is_dir()):
        msg = f"{elsewhere.named(store)}: no such store; name that of a run with --store"
        raise RecipeError(msg)
    archive = Archive(store)
    return Overview(
        store=elsewhere.named(store),
        runs=tuple(live.read(store)),
        finished=tuple(
            _finished(archive, made, when, at < NEWEST)
            for at, (made, when) in enumerate(archive.finished())
        ),
        stages=tuple(sorted(_stages(sizes), key=lambda kept: -kept.bytes - kept.unfinished)),
        memory=_entries(store),
        memory_bytes=sum(
            size
            for path, size in sizes.items()
            if path.parts[0] in {memory.FILE, f"{memory.FILE}-wal", shared.FOLDER}
        ),
    )


def _finished(archive: Archive, made: Artifact, when: float, judged: bool) -> Finished:
    """Say what an experiment is, and what it came to."""
    moment = datetime.fromtimestamp(when, UTC)
    recipe: Mapping[str, Any] = {}
    verdicts: tuple[str, ...] = ()
    try:
        made_of = archive.index(made)
        recipe = made_of.recipe
        if judged:
            result = report.assemble(archive, made_of)
            verdicts = (
                tuple(one.whole for one in summary.sentences(result))
                if groups.many(result)
                else tuple(table.verdict(result, code) for code in result.languages)
            )
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


def _stages(sizes: Mapping[PurePath, int]) -> Iterator[Kept]:
    stages: dict[str, dict[PurePath, int]] = {}
    for path, size in sizes.items():
        if len(path.parts) > 1 and path.parts[0] not in BESIDE:
            stages.setdefault(path.parts[0], {})[path] = size
    for stage, files in sorted(stages.items()):
        done = {p.parts[1] for p in files if p.match(f"{stage}/{'[0-9a-f]' * KEY}/{MANIFEST}")}
        whole = sum(size for path, size in files.items() if path.parts[1] in done)
        yield Kept(
            stage=stage,
            artifacts=len(done),
            bytes=whole,
            unfinished=sum(files.values()) - whole,
        )


def _sizes(store: Path) -> dict[PurePath, int]:
    """Return the bytes of every file of a store; one that goes away meanwhile is left out."""
    if far := elsewhere.at(store):
        return {PurePath(name): there.size for name, there in far.files().items()}
    found: dict[PurePath, int] = {}
    for folder, _, names in os.walk(store):
        for path in (Path(folder, name) for name in names):
            with suppress(OSError):
                found[path.relative_to(store)] = path.stat().st_size
    return found


def _entries(store: Path) -> int | None:
    try:
        with memory.look(store) as kept:
            found = next(kept.rows("SELECT count(*) FROM completions"))
    except DiskError:
        return None
    return int(found[0])
