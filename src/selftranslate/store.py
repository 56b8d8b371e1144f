"""Artifacts on disk: made once, named by what they are made from.

An artifact's key is the hash of its stage, the stage's version, its spec and the keys of its
inputs. HOW it is computed (device, batch size) is never part of the key. A folder with a
manifest.json is complete; without one it never existed. The manifest holds the hash of every
file, so a damaged artifact is found and made again. Processes that share a store share the work:
one makes an artifact under the key's lock, the others wait for it.
"""

from __future__ import annotations

import errno
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
from pathlib import Path
from secrets import token_hex
from typing import Any, TextIO, TypeVar

from selftranslate import interrupts, lock
from selftranslate.errors import DiskError
from selftranslate.example import Record
from selftranslate.failpoints import reach
from selftranslate.journal import Writer

R = TypeVar("R", bound=Record)

MANIFEST = "manifest.json"
KEY = 16
"""Characters of a key."""

SPOOL = 1 << 26
"""Bytes of records that are held in memory, at most, until their hash is known."""

ABANDONED = 30 * 24 * 3600
"""Seconds after which what a killed process kept of an unfinished artifact is nobody's."""

DISK = {
    errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.ENOTDIR,
    errno.EEXIST, errno.EISDIR,
}  # fmt: skip
"""What a disk or a folder is to blame for; libraries raise OSError for much else."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """A finished folder."""

    stage: str
    key: str
    path: Path

    def read(self, kind: type[R], name: str = "rows.jsonl") -> Iterator[R]:
        """Yield the records of one file."""
        with (self.path / name).open(encoding="utf-8", newline="\n") as lines:
            for line in lines:
                yield kind.from_json(json.loads(line))

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
        if not _intact(artifact):
            with disk(artifact.path):
                artifact.path.parent.mkdir(parents=True, exist_ok=True)
            with self._alone(artifact):
                if not _intact(artifact):  # nobody was faster
                    self._make(artifact, identity, work)
                    return artifact
        self.found.append(artifact)
        return artifact

    def _make(
        self, artifact: Artifact, identity: Mapping[str, Any], work: Callable[[Path], None]
    ) -> None:
        """Work in a draft beside the artifact; publish it when it is whole and on the disk."""
        if artifact.path.exists():
            self.damaged.append(artifact)
            self.tell(f"{artifact.path}: damaged; it is made again")
        with disk(artifact.path):
            draft = artifact.path.with_name(f".{artifact.key}-{token_hex(8)}")
            draft.mkdir()  # as open to others as the umask says, for teams that share a store
        done = self.journal.begin() if self.journal else None
        try:
            with disk(artifact.path):
                reach(f"{artifact.stage}.work")
                work(draft)
                reach(f"{artifact.stage}.seal")
                seal(draft, identity)
                reach(f"{artifact.stage}.publish")
                _publish(draft, artifact)
                if done:
                    done(artifact.stage, artifact.key)
                shutil.rmtree(unfinished(draft), ignore_errors=True)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        self.made.append(artifact)
        reach(f"{artifact.stage}.published")
        interrupts.check()

    @contextmanager
    def _alone(self, artifact: Artifact) -> Iterator[None]:
        """Hold the lock of the artifact's key, where the file system has locks."""
        with ExitStack() as stack:
            if self._locks:
                with disk(artifact.path):
                    self._locks = self._enter(stack, artifact)
            yield

    def _enter(self, stack: ExitStack, artifact: Artifact) -> bool:
        what = f"{artifact.stage}/{artifact.key}"
        try:
            stack.enter_context(lock.alone(_lock(artifact.path), what, self.tell))
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
            for row in rows:
                line = _line(row).encode()
                content.update(line)
                with disk(self.root):
                    spool.write(line)

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


def unfinished(draft: Path) -> Path:
    """Name the folder for what is to survive a kill while a draft's artifact is being made."""
    return draft.with_name("." + _finished(draft).name + ".unfinished")


def damage(folder: Path) -> str | None:
    """Say what is wrong with a sealed folder; None if every file is what its manifest says."""
    try:
        files = dict(json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"])
    except (FileNotFoundError, NotADirectoryError):
        return f"{MANIFEST} is missing"
    except (ValueError, KeyError, TypeError):
        return f"{MANIFEST} cannot be read"
    there = _hashes(folder)
    for name in sorted(files.keys() | there.keys()):
        if name not in there:
            return f"{name} is missing"
        if there[name] != files.get(name):
            return f"{name} is not what was written"
    return None


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


def write(rows: Iterable[Record], folder: Path, name: str = "rows.jsonl") -> int:
    """Write records as JSON lines; return how many."""
    count = 0
    with (folder / name).open("w", encoding="utf-8", newline="\n") as file:
        for row in rows:
            line = _line(row)
            reach("store.row", partial(_tear, file, line))
            file.write(line)
            count += 1
            interrupts.check()
    return count


def write_json(value: Any, folder: Path, name: str) -> None:
    """Write one JSON file, keys in order."""
    (folder / name).write_text(_json(value) + "\n", encoding="utf-8", newline="\n")


def _tear(file: TextIO, line: str) -> None:
    file.write(line[: len(line) // 2])
    file.flush()


def seal(draft: Path, identity: Mapping[str, Any]) -> None:
    """Flush every file to the disk, the manifest with their hashes last, then the folders."""
    for path in _files(draft):
        flush(path)
    write_json({**identity, "files": _hashes(draft)}, draft, MANIFEST)
    flush(draft / MANIFEST)
    for folder in [*(path for path in draft.rglob("*") if path.is_dir()), draft]:
        flush(folder)


def flush(path: Path) -> None:
    """Wait until a file, or a folder's list of names, is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        error.filename = str(path)
        raise
    finally:
        os.close(handle)


def _files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.is_file() and p.name != MANIFEST)


def _hashes(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): _hash(path) for path in _files(folder)}


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def disk(path: Path) -> Iterator[None]:
    """Raise DiskError for what a disk or a folder is to blame for; it names the file, or `path`."""
    try:
        yield
    except OSError as error:
        if error.errno not in DISK:
            raise
        where = error.filename or path
        msg = (
            f"{where}: {error.strerror or error}; what was finished is kept: free or fix the "
            "disk and run the same command again"
        )
        raise DiskError(msg) from error


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _line(row: Record) -> str:
    return json.dumps(row.to_json(), sort_keys=True, ensure_ascii=False) + "\n"
