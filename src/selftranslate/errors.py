"""What can go wrong, as types a caller can catch; each carries the exit code of the command.

SelfTranslateError        1   the run failed
├── RecipeError           2   the recipe or the command line says something impossible
│   └── PluginError       2   no such engine / task / filter / metric / part / trainer / language
├── DataError             3   a data file does not hold what its task declares
├── EngineError           4   a model cannot be loaded or does not answer
└── DiskError             5   the store cannot be written
"""

from __future__ import annotations

import difflib
import errno
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

DISK = {
    errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.ENOTDIR,
    errno.EEXIST, errno.EISDIR,
}  # fmt: skip
"""What a disk or a folder is to blame for; libraries raise OSError for much else."""


class SelfTranslateError(Exception):
    """Base of every error this package raises on purpose."""

    exit_code: ClassVar[int] = 1


class RecipeError(SelfTranslateError):
    """The recipe names an unknown key, or a value of the wrong kind."""

    exit_code = 2


class PluginError(RecipeError):
    """A name does not lead to a plug-in, or its parameters do not fit."""


class DataError(SelfTranslateError):
    """A data row does not hold what its task declares."""

    exit_code = 3

    @classmethod
    def at(cls, file: object, row: int | None, field: str | None, message: str) -> DataError:
        """Say `file:row: field: what and what to do`; rows count from 1."""
        place = f"{file}:{row}" if row is not None else f"{file}"
        return cls(": ".join([place, *([field] if field else []), message]))


class EngineError(SelfTranslateError):
    """A model cannot be loaded, or cannot answer."""

    exit_code = 4


class DiskError(SelfTranslateError):
    """A file of the store cannot be written."""

    exit_code = 5


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """Say that `name` is unknown, offer the closest, list the rest."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    return f"unknown {what} {name!r}.{hint} Known: {', '.join(names) or 'none'}."


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
