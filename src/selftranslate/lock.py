"""A lock between processes, held by the kernel: it ends with its process, however that ends.

The file says who holds it, for people; it is removed with the lock, and means nothing by itself.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from selftranslate import interrupts

Tell = Callable[[str], None]

MISSING = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}
"""What a file system without locks answers: NFS without its lock service, some network disks."""

PATIENCE = 1.0
"""Seconds of waiting before people are told."""


class NoLocks(Exception):
    """The file system has no locks."""


@contextmanager
def alone(path: Path, what: str, tell: Tell) -> Iterator[None]:
    """Hold the lock; wait for it, say whom for, and be interruptible meanwhile.

    Raises NoLocks where the file system has none, OSError where the file cannot be written.
    """
    begun, told = time.monotonic(), False
    while (held := _take(path)) is None:
        if not told and time.monotonic() - begun > PATIENCE:
            tell(f"{what} is being made by {_holder(path)}; waiting for it")
            told = True
        interrupts.check()
        time.sleep(0.05)
    try:
        _sign(held)
        yield
    finally:
        _release(path, held)


@contextmanager
def free(path: Path) -> Iterator[bool]:
    """Say whether nobody holds the lock; if so, hold it meanwhile. Raises as `alone` does."""
    held = _take(path)
    try:
        yield held is not None
    finally:
        if held is not None:
            _release(path, held)


def held(path: Path) -> bool:
    """Say whether a process holds the lock, and change nothing. Raises as `alone` does."""
    try:
        looked = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(looked, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError as error:
        if error.errno not in MISSING:
            raise
        raise NoLocks from error
    finally:
        os.close(looked)
    return False


def _take(path: Path) -> int | None:
    """Return the locked file's descriptor, or None if somebody else holds it."""
    held, taken = os.open(path, os.O_RDWR | os.O_CREAT, 0o666), False
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Whoever held it before may have removed the file: then this lock locks nobody out.
        taken = os.path.samestat(os.fstat(held), os.stat(path))
    except (BlockingIOError, FileNotFoundError):
        pass
    except OSError as error:
        if error.errno not in MISSING:
            raise
        path.unlink(missing_ok=True)
        raise NoLocks from error
    finally:
        if not taken:
            os.close(held)
    return held if taken else None


def _release(path: Path, held: int) -> None:
    try:
        path.unlink(missing_ok=True)
    finally:
        os.close(held)


def _sign(held: int) -> None:
    since = datetime.now().astimezone().isoformat(timespec="seconds")
    who = {"pid": os.getpid(), "host": socket.gethostname(), "since": since}
    os.truncate(held, 0)
    os.write(held, json.dumps(who).encode())


def _holder(path: Path) -> str:
    try:
        who = json.loads(path.read_text(encoding="utf-8"))
        return f"process {who['pid']} on {who['host']} since {who['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
