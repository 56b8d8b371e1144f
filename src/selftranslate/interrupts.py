"""Ctrl-C and SIGTERM: the first ends the run at its next safe point, the second at once.

Long loops call `check()` where everything that is finished has been kept. If none does within
GRACE seconds, the run ends where it is: what counts is committed as it is made.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

GRACE = 5.0
"""Seconds a loop has to get to a safe point."""

SAID = b"\nstopping when what is in flight is finished; press Ctrl-C again to stop now\n"

_asked = False


def asked() -> bool:
    """Say whether somebody asked for the end."""
    return _asked


def check() -> None:
    """Raise KeyboardInterrupt if somebody asked for the end: this is a safe point."""
    if _asked:
        signal.setitimer(signal.ITIMER_REAL, 0)
        raise KeyboardInterrupt


@contextmanager
def gentle() -> Iterator[None]:
    """Let the first signal wait for a safe point, inside this block and on the main thread."""
    global _asked
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    alarm = signal.signal(signal.SIGALRM, _now)
    _asked = False
    try:
        for number in before:
            signal.signal(number, _ask)
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in {**before, signal.SIGALRM: alarm}.items():
            signal.signal(number, handler)
        _asked = False


def _ask(number: int, frame: FrameType | None) -> None:
    global _asked
    if _asked:
        _now(number, frame)
    _asked = True
    signal.setitimer(signal.ITIMER_REAL, GRACE)
    os.write(2, SAID)


def _now(number: int, frame: FrameType | None) -> None:
    signal.setitimer(signal.ITIMER_REAL, 0)
    raise KeyboardInterrupt
