"""What lies beside the artifacts goes to the store elsewhere: memory, journal, live, reports.

Artifacts go as they are made. A thread takes the rest along now and then, so that a machine that is
taken away has lost a minute's translations at most, and once more when the work is over.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

from selftranslate import elsewhere, journal, live, report
from selftranslate.errors import SelfTranslateError
from selftranslate.translate import memory, shared

EVERY = 30.0
"""Seconds between two times; for live files, too, so that others see a run at work."""


@contextmanager
def carried(store: Path) -> Iterator[None]:
    """Send what this block leaves beside the artifacts, if the store is elsewhere.

    Raises DiskError at the end if it cannot be sent then; what fails meanwhile is tried again.
    """
    if elsewhere.at(store) is None:
        yield
        return
    over = Event()
    thread = Thread(target=_now_and_then, args=(store, over), daemon=True)
    thread.start()
    try:
        yield
    except BaseException:
        _end(thread, over)
        with suppress(SelfTranslateError):  # why the block failed says more
            carry(store)
        raise
    _end(thread, over)
    carry(store)


def carry(store: Path) -> None:
    """Send what is new now, if the store is elsewhere. Raises DiskError."""
    if far := elsewhere.at(store):
        shared.send(store / memory.FILE)
        for folder in (journal.FOLDER, live.FOLDER, report.FOLDER):
            far.carry(folder)


def _now_and_then(store: Path, over: Event) -> None:
    while not over.wait(EVERY):
        with suppress(SelfTranslateError, OSError):
            carry(store)


def _end(thread: Thread, over: Event) -> None:
    over.set()
    thread.join()
