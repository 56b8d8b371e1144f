"""A folder that proves its own files: the manifest, written last, holds the hash of each."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MANIFEST = "manifest.json"


def seal(draft: Path, identity: Mapping[str, Any]) -> None:
    """Flush every file to the disk, the manifest with their hashes last, then the folders."""
    for path in _files(draft):
        flush(path)
    made = json.dumps({**identity, "files": _hashes(draft)}, sort_keys=True, ensure_ascii=False)
    (draft / MANIFEST).write_text(made + "\n", encoding="utf-8", newline="\n")
    flush(draft / MANIFEST)
    for folder in [*(path for path in draft.rglob("*") if path.is_dir()), draft]:
        flush(folder)


def listed(folder: Path) -> dict[str, str]:
    """Return the names and hashes of a manifest. Raises OSError or ValueError."""
    try:
        return dict(json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"])
    except (KeyError, TypeError) as error:
        raise ValueError(error) from error


def damage(folder: Path) -> str | None:
    """Say what is wrong with a sealed folder; None if every file is what its manifest says."""
    try:
        files = listed(folder)
    except (FileNotFoundError, NotADirectoryError):
        return f"{MANIFEST} is missing"
    except ValueError:
        return f"{MANIFEST} cannot be read"
    there = _hashes(folder)
    for name in sorted(files.keys() | there.keys()):
        if name not in there:
            return f"{name} is missing"
        if there[name] != files.get(name):
            return f"{name} is not what was written"
    return None


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
