"""A store elsewhere: a URL (s3://, gs://, hf://), and the working copy of it on this machine.

The rest of the program reads and writes the working copy: a folder like any store, which knows the
URL that it is a copy of. What lies under one name there is written by one session, or is the same
whoever writes it, so that machines do not overwrite each other's. Credentials come from the
environment alone, and are written down nowhere.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

from selftranslate.errors import DiskError, RecipeError, unknown
from selftranslate.failpoints import reach
from selftranslate.sealed import MANIFEST, listed

MARK = "elsewhere.json"
"""A working copy's file that says of what."""

OTHERS = "elsewhere"
"""A working copy's folder for what other machines wrote beside the artifacts."""

CACHE = "SELFTRANSLATE_CACHE"
"""The variable that names the folder of all working copies."""

PLATE = "selftranslate.txt"
SAID = "A store of selftranslate. What there is: selftranslate status --store {url}\n"
"""What people find who look into the bucket."""

PACKAGES = {"s3": "'selftranslate[s3]'", "s3a": "'selftranslate[s3]'", "gs": "gcsfs"}
PACKAGES |= {"gcs": "gcsfs", "abfs": "adlfs", "abfss": "adlfs", "az": "adlfs"}

RESOLUTION = 1.0
"""Seconds: object stores say no fractions of when a file was written."""

HERE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}
"""What this machine's disk is to blame for, not the network."""


@dataclass(frozen=True, slots=True)
class There:
    """A file of the store elsewhere."""

    size: int
    modified: float
    """Seconds since 1970; 0 where it is not known."""


class Elsewhere:
    """The far side of a working copy. Whatever fails raises DiskError, with the URL and why."""

    def __init__(self, root: Path, url: str) -> None:
        self.root = root
        self.url = url
        self._greeted = False
        self._whole: set[str] | None = None
        self.known: set[str] = set()
        """Sealed folders that this process has fetched or sent."""
        self._carried: dict[str, tuple[int, int]] = {}
        self._compared: set[str] = set()

    def greet(self, tell: Callable[[str], None]) -> None:
        """Write the name plate: what cannot be written is known before anything is made."""
        if not self._greeted:
            self.write(PLATE, SAID.format(url=self.url).encode())
            self._greeted = True
            tell(f"{self.url}: no locks there; what two machines make at once is made twice")

    def files(self, place: str = "") -> dict[str, There]:
        """Return the files below a folder there, by their names in it."""
        with self._reached() as (system, base):
            path = f"{base}/{place}".rstrip("/")
            try:
                found = system.find(path, detail=True)
            except FileNotFoundError:
                return {}
        names = {name.removeprefix(path).lstrip("/"): info for name, info in found.items()}
        return {
            name: There(int(info.get("size") or 0), _modified(info))
            for name, info in names.items()
            if proper(name)
        }

    def get(self, place: str, names: Sequence[str], folder: Path) -> bool:
        """Bring files here. Return False if one is not there."""
        if not all(map(proper, names)):
            return False
        with self._reached() as (system, base):
            try:
                system.get(
                    [f"{base}/{place}/{name}" for name in names],
                    [str(folder / name) for name in names],
                )
            except FileNotFoundError:
                return False
        return True

    def put(self, place: str, folder: Path, names: Sequence[str]) -> None:
        """Send files."""
        with self._reached() as (system, base):
            system.put(
                [str(folder / name) for name in names],
                [f"{base}/{place}/{name}" for name in names],
            )

    def write(self, name: str, content: bytes) -> None:
        """Write a file there."""
        with self._reached() as (system, base):
            system.pipe_file(f"{base}/{name}", content)

    def remove(self, place: str, names: Sequence[str]) -> None:
        """Remove files there."""
        with self._reached() as (system, base), suppress(FileNotFoundError):
            system.rm([f"{base}/{place}/{name}" for name in names])

    def has(self, place: str) -> bool:
        """Say whether a sealed folder is there, now."""
        with self._reached() as (system, base):
            return bool(system.exists(f"{base}/{place}/{MANIFEST}"))

    def fetch(self, place: str, draft: Path) -> bool:
        """Bring a sealed folder into a draft, to be proved there. Return False if there is none."""
        if not self.get(place, [MANIFEST], draft):
            return False
        with suppress(ValueError):
            if names := sorted(listed(draft)):
                self.get(place, names, draft)
        return True

    def send(self, place: str, folder: Path) -> None:
        """Send a sealed folder: the manifest last, for what has none was never there."""
        names = sorted(listed(folder))
        reach("send.files")
        if names:
            self.put(place, folder, names)
        reach("send.manifest")
        self.put(place, folder, [MANIFEST])
        self.known.add(place)

    def holds(self, place: str) -> bool:
        """Say whether a sealed folder was there when this process first asked for any."""
        if place in self.known:
            return True
        if self._whole is None:
            ending = f"/{MANIFEST}"
            self._whole = {n.removesuffix(ending) for n in self.files() if n.endswith(ending)}
        return place in self._whole

    def carry(self, name: str) -> None:
        """Send what changed in a folder that lies beside the artifacts."""
        here = self.root / name
        files = {
            path.relative_to(here).as_posix(): path.stat()
            for path in sorted(here.rglob("*"))
            if path.is_file() and not path.name.startswith(".") and path.suffix != ".lock"
        }
        if files and name not in self._compared:
            for file, there in self.files(name).items():
                if file in files and files[file].st_mtime < there.modified + RESOLUTION:
                    self._carried[f"{name}/{file}"] = _state(files[file])
            self._compared.add(name)
        for file, stat in files.items():
            if self._carried.get(f"{name}/{file}") != _state(stat):
                self.put(name, here, [file])
                self._carried[f"{name}/{file}"] = _state(stat)

    def others(self, name: str, most: int | None = None) -> list[Path]:
        """Bring here what other machines wrote in such a folder, the last `most` by name."""
        here, folder = self.root / name, self.root / OTHERS / name
        there = self.files(name)
        wanted = sorted(file for file in there if not (here / file).exists())[-(most or 0) :]
        for file in wanted:
            path, info = folder / file, there[file]
            if not path.exists() or _seen(path) != (info.size, int(info.modified)):
                path.parent.mkdir(parents=True, exist_ok=True)
                if self.get(name, [file], folder):
                    os.utime(path, (info.modified, info.modified))
        return [folder / file for file in wanted]

    @contextmanager
    def _reached(self) -> Iterator[tuple[Any, str]]:
        """Open the file system; say in one line what fails there."""
        try:
            from fsspec.core import url_to_fs

            system, base = url_to_fs(self.url, use_listings_cache=False)
            yield system, base.rstrip("/")
        except (DiskError, RecipeError):
            raise
        except Exception as error:  # each file system has its own
            if isinstance(error, OSError) and error.errno in HERE:
                raise
            msg = (
                f"{self.url}: {_reason(error)}; what was finished is kept: see to it and run the "
                "same command again"
            )
            raise DiskError(msg) from error


def local(store: str | Path) -> Path:
    """Return a store's folder: itself, or the working copy of a URL, which is made if missing.

    Raises RecipeError for a URL that cannot be a store's, or whose package is missing.
    """
    if isinstance(store, Path) or "://" not in store:
        return Path(store)
    protocol, _, rest = store.partition("://")
    if protocol == "file":
        return Path(unquote(rest))
    rest = rest.rstrip("/")
    _check(protocol, rest)
    url = f"{protocol}://{rest}"
    root = _copies() / _folder(url)
    try:
        root.mkdir(parents=True, exist_ok=True)
        if not (root / MARK).exists():
            draft = root / f".{MARK}-{os.getpid()}"
            draft.write_text(json.dumps({"url": url}) + "\n", encoding="utf-8")
            draft.replace(root / MARK)
    except OSError as error:
        msg = f"{root}: {error.strerror or error}; name another folder with {CACHE}"
        raise DiskError(msg) from error
    return root


def at(root: Path) -> Elsewhere | None:
    """Return the far side of a store's folder; None if it is no working copy."""
    return _at(root) if (root / MARK).is_file() else None


def named(path: Path) -> str:
    """Return what people call a path: inside a working copy, the URL."""
    for folder in (path, *path.parents):
        if far := at(folder):
            return "/".join([far.url, *path.relative_to(folder).parts])
    return str(path)


def address(root: Path) -> str:
    """Return what leads another machine to a store: its URL, or its absolute path."""
    far = at(root)
    return far.url if far else str(root.absolute())


def proper(name: str) -> bool:
    """Whether a name stays inside the folder that it is in; anybody may write into a bucket."""
    path = PurePosixPath(name)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts


@cache
def _at(root: Path) -> Elsewhere:
    return Elsewhere(root, json.loads((root / MARK).read_text(encoding="utf-8"))["url"])


def _check(protocol: str, rest: str) -> None:
    """Refuse what cannot be a store, and never repeat a secret."""
    host, _, path = rest.partition("/")
    if "@" in host or "?" in rest or "::" in rest:
        msg = (
            f"{protocol}://…/{path.partition('?')[0].partition('::')[0]}: a store's URL holds no "
            "user, password, key or option; they belong in the environment (AWS_ACCESS_KEY_ID, "
            "AWS_ENDPOINT_URL) or in fsspec's configuration"
        )
        raise RecipeError(msg)
    if not host:
        msg = f"{protocol}://: names no bucket; for example s3://bucket/folder"
        raise RecipeError(msg)
    from fsspec import available_protocols, get_filesystem_class

    if protocol not in available_protocols():
        raise RecipeError(unknown("kind of store", protocol, ["s3", "gs", "hf", "abfs", "file"]))
    try:
        get_filesystem_class(protocol)
    except ImportError as error:
        package = PACKAGES.get(protocol)
        advice = f"pip install {package}" if package else str(error)
        msg = f"{protocol}://{rest}: a package is missing: {advice}"
        raise RecipeError(msg) from error


def _copies() -> Path:
    """Return the folder of all working copies."""
    if own := os.environ.get(CACHE):
        return Path(own).absolute()
    general = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(general, "selftranslate").absolute()


def _folder(url: str) -> str:
    """Name a working copy: readable, and another one for the same URL on another server."""
    servers = [os.environ.get(name, "") for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3")]
    proof = hashlib.sha256("\0".join([url, *servers]).encode()).hexdigest()[:12]
    return f"{re.sub(r'[^A-Za-z0-9.]+', '-', url)[:60]}-{proof}"


def _reason(error: Exception) -> str:
    """Say in a line why a file system failed."""
    said = str(error).strip().splitlines()
    reason = said[0][:300] if said else type(error).__name__
    return f"{type(error).__name__}: {reason}" if " " not in reason else reason


def _modified(info: dict[str, Any]) -> float:
    """Return when a file was written; each file system has its own word for it."""
    for name in ("LastModified", "mtime", "last_modified", "updated", "created"):
        moment = info.get(name)
        if isinstance(moment, str):
            moment = datetime.fromisoformat(moment)
        if moment is not None:
            return moment.timestamp() if isinstance(moment, datetime) else float(moment)
    return 0.0


def _state(stat: os.stat_result) -> tuple[int, int]:
    return stat.st_size, stat.st_mtime_ns


def _seen(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_size, int(stat.st_mtime)
