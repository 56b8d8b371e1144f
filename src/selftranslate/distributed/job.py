"""What a worker is told: a recipe, where the store is, names of artifacts. Never data."""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from secrets import token_hex
from typing import Any

from selftranslate import elsewhere, journal, recipe
from selftranslate.errors import DiskError, EngineError, disk
from selftranslate.pipeline import Pipeline
from selftranslate.progress import Advance
from selftranslate.recipe import Recipe
from selftranslate.runtime import Runtime
from selftranslate.store import Artifact
from selftranslate.transfer import Material

Name = tuple[str, str]
"""Stage and key of an artifact."""

Names = Mapping[str, Any]
"""Of what the training of one language draws from (`Material`), and the language's code."""

RETRIES = 20
"""How often work begins again whose worker was killed: machines come and go, but a text that kills
every worker is not to keep a cluster busy."""


@dataclass(slots=True)
class Heard:
    """What is said in a worker, to be told by the process that leads."""

    notes: list[str] = field(default_factory=list)
    planned: dict[str, int] = field(default_factory=dict)

    def plan(self, units: Mapping[str, int]) -> None:
        """Keep it."""
        self.planned = dict(units)

    @contextmanager
    def stage(self, label: str, total: int, unit: str) -> Iterator[Advance]:
        """Count for nobody: the process that leads counts what comes back."""
        yield lambda count: None

    def found(self, label: str, total: int, unit: str) -> None:
        """Say it to nobody."""

    def note(self, text: str) -> None:
        """Keep it."""
        self.notes.append(text)

    def say(self, text: str) -> None:
        """Say it to nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One run of one recipe, as the workers know it."""

    recipe: str
    """JSON."""
    store: str
    """A folder that all nodes see, or a URL."""
    folder: str
    """The working directory: paths in the recipe may be relative to it."""
    sight: str
    """A folder of the store for this run alone: a node that does not find it does not see the
    store. In it stands how often each piece of work was begun."""
    device: str = "auto"
    batch_size: int = 0
    checkpoint_seconds: float = 300.0

    @property
    def pipeline(self) -> Pipeline:
        """The recipe's stages; made once in each process. Raises DiskError."""
        return _opened(self)[0]

    @property
    def heard(self) -> Heard:
        """What was said in this process."""
        return _opened(self)[1]

    def carry(self) -> None:
        """Send what this process wrote beside the artifacts, if the store is elsewhere."""
        if far := elsewhere.at(self.pipeline.store.root):
            far.carry(journal.FOLDER)

    @contextmanager
    def tried(self, what: str) -> Iterator[None]:
        """Count how often work is begun and not ended. Raises EngineError if that is too often."""
        path = self.pipeline.store.root / self.sight / what
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(b".")
        if path.stat().st_size > RETRIES:
            msg = (
                f"{what}: {RETRIES} workers were killed at it, one after the other; give them more "
                "memory (--worker-memory), or run it without Ray to see why"
            )
            raise EngineError(msg)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)

    def artifact(self, name: Name) -> Artifact:
        """Return what a name stands for. Raises DataError if the store does not have it."""
        return self.pipeline.store.get(*name)

    def material(self, names: Names) -> Material:
        """Return what the names of one language stand for."""
        there = {
            each.name: self.artifact(names[each.name])
            for each in fields(Material)
            if each.name != "language" and names[each.name] is not None
        }
        return Material(**{"language": names["language"], "gold": None, **there})


def describe(wanted: Recipe, runtime: Runtime) -> Job:
    """Say what the workers of a run are told."""
    return Job(
        recipe=json.dumps(wanted.model_dump(mode="json")),
        store=elsewhere.address(runtime.store),
        folder=str(Path.cwd()),
        sight=f".cluster/{token_hex(8)}",
        device=runtime.device,
        batch_size=runtime.batch_size,
        checkpoint_seconds=runtime.checkpoint_seconds,
    )


@contextmanager
def sighted(store: Path, job: Job) -> Iterator[None]:
    """Leave a folder in the store by which workers tell that they see it."""
    with disk(store):
        (store / job.sight).mkdir(parents=True)
    try:
        yield
    finally:
        shutil.rmtree(store / job.sight, ignore_errors=True)


def name(artifact: Artifact) -> Name:
    """Name an artifact."""
    return artifact.stage, artifact.key


def names(material: Material) -> Names:
    """Name what the training of one language draws from."""
    values = {each.name: getattr(material, each.name) for each in fields(Material)}
    return {k: name(v) if isinstance(v, Artifact) else v for k, v in values.items()}


@cache
def _opened(job: Job) -> tuple[Pipeline, Heard]:
    if Path(job.folder).is_dir():
        os.chdir(job.folder)
    root = elsewhere.local(job.store)
    if elsewhere.at(root) is None and not (root / job.sight).exists():
        msg = (
            f"{socket.gethostname()} does not see {job.store}: give --store a folder that all "
            "nodes share, or a URL such as s3://bucket/folder"
        )
        raise DiskError(msg)
    heard = Heard()
    runtime = Runtime(
        store=root,
        device=job.device,
        batch_size=job.batch_size,
        checkpoint_seconds=job.checkpoint_seconds,
        progress=heard,
    )
    return Pipeline(recipe.parse(json.loads(job.recipe), "recipe"), runtime), heard
