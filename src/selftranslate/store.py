"""Artifacts on disk: made once, named by what they are made from.

An artifact's key is the hash of its stage, the stage's version, its spec and the keys of its
inputs. HOW it is computed (device, batch size) is never part of the key. A folder with a
manifest.json is complete; without one it never existed. The manifest holds the hash of every
file, so a damaged artifact is found and made again. Processes that share a store share the work:
one makes an artifact under the key's lock, the others wait for it. Where the folder is the working
copy of a store elsewhere, what is not here is fetched from there, and what is made is sent.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from operator import itemgetter
from pathlib import Path
from secrets import token_hex
from typing import Any, TextIO, TypeVar

from selftranslate import elsewhere, interrupts, lock
from selftranslate.errors import DataError, disk
from selftranslate.example import Record
from selftranslate.failpoints import reach
from selftranslate.journal import Writer
from selftranslate.sealed import MANIFEST, damage, flush, seal

R = TypeVar("R", bound=Record)

KEY = 16
"""Characters of a key."""

BLOCK = 256
"""Records that are written down at once."""

SPOOL = 1 << 20
"""Bytes of records that are held in memory, at most, until their hash is known."""

ABANDONED = 30 * 24 * 3600
"""Seconds after which what a killed process kept of an unfinished artifact is nobody's."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """A finished folder."""

    stage: str
    key: str
    path: Path

    @property
    def name(self) -> str:
        """What it is called in every store."""
        return f"{self.stage}/{self.key}"

    def read(self, kind: type[R], name: str = "rows.jsonl") -> Iterator[R]:
        """Yield the records of one file."""
        return map(itemgetter(1), self.both(kind, name))

    def both(self, kind: type[R], name: str = "rows.jsonl") -> Iterator[tuple[str, R]]:
        """Yield the records of one file, each behind the line it stands in."""
        with (self.path / name).open(encoding="utf-8", newline="\n") as lines:
            for line in lines:
                yield line, kind.from_json(_read(line)[0])

    def json(self, name: str) -> Any:
        """Read one JSON file."""
        return json.loads((self.path / name).read_text(encoding="utf-8"))


@dataclass(slots=True)
class Store:
    """A folder of artifacts, and what this run made or found there."""

    root: Path
    tell: lock.Tell = lambda text: None
    """Says what a user should know: damage found, whom this run waits for, a disk without locks."""
    journal: Writer | None = None
    """Writes down how long each artifact took, where it is kept."""
    made: list[Artifact] = field(default_factory=list)
    found: list[Artifact] = field(default_factory=list)
    damaged: list[Artifact] = field(default_factory=list)
    _swept: bool = False
    _locks: bool = True

    def make(
        self,
        stage: str,
        spec: Mapping[str, Any],
        inputs: Sequence[Artifact],
        work: Callable[[Path], None],
        *,
        version: int = 1,
    ) -> Artifact:
        """Return the artifact for this spec, calling `work(folder)` only if it is missing.

        Waits while another process makes it. Raises DiskError if the store cannot be written;
        what was finished before stays.
        """
        key, identity = identify(stage, spec, inputs, version)
        artifact = Artifact(stage, key, self.root / stage / key)
        self._sweep()
        far = elsewhere.at(self.root)
        if not _intact(artifact):
            with self._alone(artifact):
                if not (_intact(artifact) or self._fetched(artifact)):  # nobody was faster
                    self._make(artifact, identity, work)
                    return artifact
        elif far and not far.holds(artifact.name):  # a process was killed before it was sent
            far.greet(self.tell)
            far.send(artifact.name, artifact.path)
        self.found.append(artifact)
        return artifact

    def get(self, stage: str, key: str) -> Artifact:
        """Return an artifact by its name. Raises DataError if it is nowhere, or damaged."""
        artifact = Artifact(stage, key, self.root / stage / key)
        why = damage(artifact.path)
        if why and elsewhere.at(self.root):
            with self._alone(artifact):
                if _intact(artifact) or self._fetched(artifact):
                    return artifact
        if why:
            place, why = elsewhere.named(artifact.path), why.removeprefix(f"{MANIFEST} is ")
            msg = f"{place}: {why}; run the recipe again, it makes what is not there"
            raise DataError(msg)
        return artifact

    def has(
        self, stage: str, spec: Mapping[str, Any], inputs: Sequence[Artifact], version: int = 1
    ) -> bool:
        """Say whether `make` would find the artifact."""
        key, _ = identify(stage, spec, inputs, version)
        artifact, far = Artifact(stage, key, self.root / stage / key), elsewhere.at(self.root)
        return _intact(artifact) or (far is not None and far.has(artifact.name))

    def _fetched(self, artifact: Artifact) -> bool:
        """Bring an artifact from elsewhere, whole or not at all, if this store has such a place."""
        if (far := elsewhere.at(self.root)) is None:
            return False
        with disk(artifact.path), _drafted(artifact) as draft:
            if not far.fetch(artifact.name, draft):
                return False
            if why := damage(draft):
                self.damaged.append(artifact)
                self.tell(f"{far.url}/{artifact.name}: damaged: {why}")
                return False
            _publish(draft, artifact)
            far.known.add(artifact.name)
        return True

    def _make(
        self, artifact: Artifact, identity: Mapping[str, Any], work: Callable[[Path], None]
    ) -> None:
        """Work in a draft beside the artifact; publish it when it is whole and on the disk."""
        if far := elsewhere.at(self.root):
            far.greet(self.tell)
            if artifact in self.damaged:
                far.remove(artifact.name, [MANIFEST])
        if artifact.path.exists():
            self.damaged.append(artifact)
            self.tell(f"{elsewhere.named(artifact.path)}: damaged; it is made again")
        done = self.journal.begin() if self.journal else None
        with disk(artifact.path), _drafted(artifact) as draft:
            reach(f"{artifact.stage}.work")
            work(draft)
            reach(f"{artifact.stage}.seal")
            seal(draft, identity)
            reach(f"{artifact.stage}.publish")
            _publish(draft, artifact)
            if done:
                done(artifact.stage, artifact.key)
            shutil.rmtree(unfinished(draft), ignore_errors=True)
        self.made.append(artifact)
        reach(f"{artifact.stage}.published")
        if far:
            far.send(artifact.name, artifact.path)
        interrupts.check()

    @contextmanager
    def _alone(self, artifact: Artifact) -> Iterator[None]:
        """Hold the lock of the artifact's key, where the file system has locks."""
        with disk(artifact.path):
            artifact.path.parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            if self._locks:
                with disk(artifact.path):
                    self._locks = self._enter(stack, artifact)
            yield

    def _enter(self, stack: ExitStack, artifact: Artifact) -> bool:
        try:
            stack.enter_context(lock.alone(_lock(artifact.path), artifact.name, self.tell))
        except lock.NoLocks:
            self.tell(f"{self.root}: no locks on this disk; use it with one run at a time")
            return False
        return True

    def _sweep(self) -> None:
        """Remove what killed processes left, where nobody holds the key's lock.

        Drafts go; what is kept of an unfinished artifact goes with the artifact's end, or its age.
        """
        if self._swept:
            return
        self._swept = True
        with suppress(OSError, lock.NoLocks):  # what is left takes room, no more
            for left in {_lock(each) for each in self.root.glob(f"*/.{'[0-9a-f]' * KEY}[-.]*")}:
                with lock.free(left) as nobodys:
                    if nobodys:
                        for draft in left.parent.glob(f"{left.stem}-*"):
                            shutil.rmtree(draft, ignore_errors=True)
                        kept = unfinished(left)
                        if kept.exists() and (_finished(kept).exists() or _age(kept) > ABANDONED):
                            shutil.rmtree(kept, ignore_errors=True)

    def keep(self, stage: str, rows: Iterable[Record]) -> Artifact:
        """Store records under the hash of their own content: where outside data comes in.

        They are written down before their hash is known, so that any number of them may come.
        """
        content = hashlib.sha256()
        with disk(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
        with tempfile.SpooledTemporaryFile(SPOOL, dir=str(self.root)) as spool:
            coming = iter(rows)
            while block := "".join(map(_line, islice(coming, BLOCK))).encode():
                content.update(block)
                with disk(self.root):
                    spool.write(block)

            def work(folder: Path) -> None:
                spool.seek(0)
                with (folder / "rows.jsonl").open("wb") as file:
                    shutil.copyfileobj(spool, file)

            return self.make(stage, {"content": content.hexdigest()}, [], work)


def identify(
    stage: str, spec: Mapping[str, Any], inputs: Sequence[Artifact], version: int
) -> tuple[str, dict[str, Any]]:
    """Return the key of what is made from these, and what it is the hash of."""
    identity = {
        "stage": stage,
        "version": version,
        "spec": spec,
        "inputs": [a.key for a in inputs],
    }
    return hashlib.sha256(_json(identity).encode()).hexdigest()[:KEY], identity


@contextmanager
def _drafted(artifact: Artifact) -> Iterator[Path]:
    """Make a folder beside the artifact, and remove it if it was not moved away."""
    draft = artifact.path.with_name(f".{artifact.key}-{token_hex(8)}")
    draft.mkdir()  # as open to others as the umask says, for teams that share a store
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def unfinished(draft: Path) -> Path:
    """Name the folder for what is to survive a kill while a draft's artifact is being made."""
    return draft.with_name("." + _finished(draft).name + ".unfinished")


def _lock(path: Path) -> Path:
    """Name the lock file of an artifact or of one of its drafts."""
    return path.with_name("." + _finished(path).name + ".lock")


def _finished(path: Path) -> Path:
    """Name the artifact that a draft, a lock or what is unfinished belongs to."""
    return path.with_name(path.name.lstrip(".")[:KEY])


def _age(path: Path) -> float:
    return time.time() - path.stat().st_mtime


def _intact(artifact: Artifact) -> bool:
    return damage(artifact.path) is None


def _publish(draft: Path, artifact: Artifact) -> None:
    """Move a finished draft to its place, unless another process was faster."""
    if artifact.path.exists() and not _intact(artifact):
        shutil.rmtree(artifact.path)
    try:
        os.replace(draft, artifact.path)
    except OSError:  # where there are no locks another process may have been faster
        if not _intact(artifact):
            raise
    for folder in (artifact.path.parent, artifact.path.parent.parent):
        flush(folder)


@contextmanager
def lines(folder: Path, name: str = "rows.jsonl") -> Iterator[Callable[[Record | str], None]]:
    """Open a file of JSON lines; give what writes one record, or the line of one."""
    with (folder / name).open("w", encoding="utf-8", newline="\n") as file:

        def put(row: Record | str) -> None:
            line = row if isinstance(row, str) else _line(row)
            reach("store.row", partial(_tear, file, line))
            file.write(line)
            interrupts.check()

        yield put


def write(rows: Iterable[Record], folder: Path, name: str = "rows.jsonl") -> int:
    """Write records as JSON lines; return how many."""
    count = 0
    with lines(folder, name) as put:
        for count, row in enumerate(rows, 1):  # noqa: B007 - counted
            put(row)
    return count


def write_json(value: Any, folder: Path, name: str) -> None:
    """Write one JSON file, keys in order."""
    (folder / name).write_text(_json(value) + "\n", encoding="utf-8", newline="\n")


def _tear(file: TextIO, line: str) -> None:
    file.write(line[: len(line) // 2])
    file.flush()


_json = json.JSONEncoder(sort_keys=True, ensure_ascii=False).encode
_read = json.JSONDecoder().raw_decode


def _line(row: Record) -> str:
    return row.to_line() + "\n"
