"""Named places where a test makes the run fail: SELFTRANSLATE_FAILPOINT=name:n:kill.

The n-th time the place is passed in a process it ends by SIGKILL (kill), by an exception (raise),
as on a full disk (enospc), or by SIGKILL with half of a record written (torn). Not set: nothing.
"""

from __future__ import annotations

import errno
import os
import signal
from collections import Counter
from collections.abc import Callable
from typing import NoReturn

from selftranslate.errors import RecipeError

VARIABLE = "SELFTRANSLATE_FAILPOINT"
ACTIONS = ("kill", "raise", "enospc", "torn")

_passed: Counter[str] = Counter()


class Failure(Exception):
    """What the action `raise` raises: an error that nobody foresaw."""


def reach(name: str, tear: Callable[[], object] | None = None) -> None:
    """Fail here if the environment says so; `tear` writes half of the record, for `torn`.

    Raises Failure, OSError (ENOSPC), or RecipeError for a variable that cannot be read.
    """
    wanted = os.environ.get(VARIABLE)
    if wanted is None:
        return
    place, time, action = _read(wanted)
    if place != name:
        return
    _passed[name] += 1
    if _passed[name] != time:
        return
    if action == "raise":
        msg = f"failpoint {wanted}"
        raise Failure(msg)
    if action == "enospc":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if action == "torn":
        if tear is None:
            _refuse(wanted, f"there is no record to tear at {name}")
        tear()
    os.kill(os.getpid(), signal.SIGKILL)


def _read(wanted: str) -> tuple[str, int, str]:
    place, _, rest = wanted.partition(":")
    time, _, action = rest.partition(":")
    if not (place and time.isdecimal() and int(time) > 0 and action in ACTIONS):
        _refuse(wanted, f"expected name:n:action, n from 1, action one of {', '.join(ACTIONS)}")
    return place, int(time), action


def _refuse(wanted: str, why: str) -> NoReturn:
    msg = f"{VARIABLE}={wanted}: {why}"
    raise RecipeError(msg)
