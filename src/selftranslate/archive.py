"""A store that is only read: what runs left there, and how it was made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from selftranslate import index, journal
from selftranslate.elsewhere import at, named
from selftranslate.errors import DataError
from selftranslate.index import Index
from selftranslate.journal import Journal
from selftranslate.sealed import MANIFEST
from selftranslate.store import KEY, Artifact, Store

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
        """Return the finished experiments, the newest first; what is elsewhere stays there."""
        return [artifact for artifact, _ in self.finished()]

    def finished(self) -> list[tuple[Artifact, float]]:
        """Return `results` with the seconds since 1970 at which each was finished."""
        return sorted(self.all(RESULT), key=lambda one: (-one[1], one[0].key))

    def result(self, key: str = "") -> Artifact:
        """Return the newest finished experiment, or the one whose key begins like this.

        Raises DataError if there is none, or several begin like this.
        """
        found = [artifact for artifact in self.results() if artifact.key.startswith(key)]
        if key and len(found) > 1:
            raise DataError(_several(key, found))
        if not found:
            what = f"no finished experiment {key}" if key else "no finished experiment"
            msg = f"{named(self.root)}: {what} here; `selftranslate status` says what there is"
            raise DataError(msg)
        return self.get(RESULT, found[0].key)

    def index(self, result: Artifact) -> Index:
        """Read which artifacts an experiment consists of. Raises DataError."""
        try:
            return Index.from_json(self.get(RESULT, result.key).json(index.FILE))
        except (OSError, ValueError, KeyError, TypeError) as error:
            msg = f"{result.path / index.FILE}: cannot be read; run the recipe again to mend it"
            raise DataError(msg) from error

    def get(self, stage: str, key: str) -> Artifact:
        """Return an artifact, fetched if it is elsewhere. Raises DataError if it is nowhere."""
        artifact = self._artifact(stage, key)
        here = (artifact.path / MANIFEST).is_file()
        return artifact if here else Store(self.root).get(stage, key)

    def find(self, key: str) -> Artifact:
        """Return the artifact whose key begins like this, of whatever stage. Raises DataError."""
        found = [artifact for artifact, _ in self.all("*") if artifact.key.startswith(key)]
        if len(found) > 1:
            raise DataError(_several(key, found))
        if not found:
            msg = f"{named(self.root)}: no artifact's key begins with {key!r}"
            raise DataError(msg)
        return self.get(found[0].stage, found[0].key)

    def all(self, stage: str = "*") -> Iterator[tuple[Artifact, float]]:
        """Yield what is there of a stage, or of "*", and when it was finished."""
        pattern = f"{stage}/{'[0-9a-f]' * KEY}/{MANIFEST}"
        if far := at(self.root):
            place = "" if stage == "*" else stage
            for name, there in sorted(far.files(place).items()):
                whole = PurePosixPath(place, name)
                if whole.match(pattern) and len(whole.parts) == 3:
                    yield self._artifact(*whole.parts[:2]), there.modified
            return
        for path in sorted(self.root.glob(pattern)):
            yield self._artifact(*path.parts[-3:-1]), path.stat().st_mtime

    def _artifact(self, stage: str, key: str) -> Artifact:
        return Artifact(stage, key, self.root / stage / key)


def _several(key: str, found: list[Artifact]) -> str:
    names = ", ".join(f"{artifact.stage}/{artifact.key}" for artifact in found)
    return f"{key!r} is the beginning of several: {names}"
