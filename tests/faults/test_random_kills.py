"""kill -9 at any moment (minutes: `make slow`): the same bytes, and hardly anything done twice."""

from __future__ import annotations

import random
import shutil
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from selftranslate.translate.memory import BATCH

from .conftest import Server, artifacts

pytestmark = pytest.mark.slow


def attempt(server: Server, command: tuple[object, ...], seconds: float, answered: Path) -> int:
    """Start the command, kill it after a while; return its exit code."""
    running = server.start(*command, ANSWERED=str(answered))
    time.sleep(seconds)
    running.kill(signal.SIGKILL)
    return running.wait().code


def remembered(store: Path) -> int:
    path = store / "memory.sqlite"
    if not path.exists():
        return 0
    with closing(sqlite3.connect(path)) as memory:
        if not memory.execute("SELECT 1 FROM sqlite_schema WHERE name = 'completions'").fetchone():
            return 0
        (count,) = memory.execute("SELECT count(*) FROM completions").fetchone()
    return int(count)


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def killed_again_and_again(
    server: Server, command: tuple[object, ...], folder: Path, times: int, share: float
) -> None:
    """Kill `times` runs after up to this share of a whole run's time; compare with a whole one."""
    chance = random.Random(0)
    whole, store = folder / "whole", folder / "store"
    begun = time.monotonic()
    assert server.run(*command, "--store", whole, ANSWERED=str(folder / "log")).code == 0
    most = share * (time.monotonic() - begun)
    texts = len(lines(folder / "log"))
    assert len(set(lines(folder / "log"))) == texts == remembered(whole)
    killed = attempts = 0
    while killed < times:
        attempts += 1
        before, log = remembered(store), folder / f"log{attempts}"
        code = attempt(server, (*command, "--store", store), chance.uniform(0, most), log)
        assert len(lines(log)) - (remembered(store) - before) <= BATCH
        killed += code == -signal.SIGKILL
        if code == 0:
            assert artifacts(store) == artifacts(whole)
            shutil.rmtree(store)
            most *= 0.8  # the machine was busier when the whole run was timed
        else:
            assert code == -signal.SIGKILL
    ended = server.run(*command, "--store", store, ANSWERED=str(folder / "last"))
    assert ended.code == 0, ended.said
    assert artifacts(store) == artifacts(whole)
    assert remembered(store) == texts


def test_thirty_kills_of_the_whole_method(server: Server, recipe: Path, tmp_path: Path) -> None:
    command = ("run", recipe, "--set", "engine=fault_plugins.watched")
    killed_again_and_again(server, command, tmp_path, 30, 0.5)


def test_twenty_kills_of_a_translation_of_two_thousand_texts(
    server: Server, recipe: Path, tmp_path: Path
) -> None:
    changes = ("engine=fault_plugins.watched", "task.train=1000", "limits.quality=2")
    sets = [part for change in changes for part in ("--set", change)]
    killed_again_and_again(server, ("run", recipe, *sets), tmp_path, 20, 0.1)
