"""A store that is only read: what runs left there, and how it was made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from selftranslate import index, journal
from selftranslate.errors import DataError
from selftranslate.index import Index
from selftranslate.journal import Journal
from selftranslate.store import KEY, MANIFEST, Artifact

RESULT = "result"
"""The stage whose artifacts are whole experiments."""


@dataclass(frozen=True)
class Archive:
    """The artifacts of a store."""

    root: Path

    @cached_property
    def journal(self) -> Journal:
        """When and where each artifact was made."""
        return journal.read(self.root)

    def results(self) -> list[Artifact]:
        """Return the finished experiments, the newest first."""
        found = self._all(RESULT)
        return sorted(found, key=lambda a: (-(a.path / MANIFEST).stat().st_mtime, a.key))

    def result(self, key: str = "") -> Artifact:
        """Return the newest finished experiment, or the one whose key begins like this.

        Raises DataError if there is none, or several begin like this.
        """
        found = [artifact for artifact in self.results() if artifact.key.startswith(key)]
        if key and len(found) > 1:
            raise DataError(_several(key, found))
        if not found:
            what = f"no finished experiment {key}" if key else "no finished experiment"
            msg = f"{self.root}: {what} here; `selftranslate status` says what there is"
            raise DataError(msg)
        return found[0]

    def index(self, result: Artifact) -> Index:
        """Read which artifacts an experiment consists of. Raises DataError."""
        try:
            return Index.from_json(result.json(index.FILE))
        except (OSError, ValueError, KeyError, TypeError) as error:
            msg = f"{result.path / index.FILE}: cannot be read; run the recipe again to mend it"
            raise DataError(msg) from error

    def get(self, stage: str, key: str) -> Artifact:
        """Return an artifact. Raises DataError if it is not there."""
        artifact = Artifact(stage, key, self.root / stage / key)
        if not (artifact.path / MANIFEST).is_file():
            msg = f"{artifact.path}: missing; run the recipe again, it makes what is not there"
            raise DataError(msg)
        return artifact

    def find(self, key: str) -> Artifact:
        """Return the artifact whose key begins like this, of whatever stage. Raises DataError."""
        found = [artifact for artifact in self._all("*") if artifact.key.startswith(key)]
        if len(found) > 1:
            raise DataError(_several(key, found))
        if not found:
            msg = f"{self.root}: no artifact's key begins with {key!r}"
            raise DataError(msg)
        return found[0]

    def _all(self, stage: str) -> Iterator[Artifact]:
        for path in sorted(self.root.glob(f"{stage}/{'[0-9a-f]' * KEY}")):
            if (path / MANIFEST).is_file():
                yield Artifact(path.parent.name, path.name, path)


def _several(key: str, found: list[Artifact]) -> str:
    names = ", ".join(f"{artifact.stage}/{artifact.key}" for artifact in found)
    return f"{key!r} is the beginning of several: {names}"
