"""Fault 6 of a run: what was answered before Ctrl-C is kept, and the same command goes on."""

from __future__ import annotations

import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from .conftest import Server, artifacts

ENGINE = ("--set", "engine=fault_plugins.watched")
BEFORE_ANSWERS = ("load", "shots", "translate", "filter", "mix", "train")
"""Stages that know the engine by what it computes, not by its name."""


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_during_translation_loses_no_answer(
    server: Server, recipe: Path, whole: Path, tmp_path: Path, number: signal.Signals
) -> None:
    store, first, second = tmp_path / "store", tmp_path / "first", tmp_path / "second"
    command = ("run", recipe, "--store", store, *ENGINE)
    ended = server.run(*command, ANSWERED=str(first), SIGNAL=f"{number.value}:3")
    assert ended.code == 130
    assert "again to stop now" in ended.said
    assert "interrupted; the same command goes on" in ended.said.splitlines()[-1]
    with closing(sqlite3.connect(store / "memory.sqlite")) as memory:
        (kept,) = memory.execute("SELECT count(*) FROM completions").fetchone()
    assert kept == len(lines(first)) == 3, "what was answered, and nothing after it"
    assert not list((store / "translate").iterdir()), "no draft and no lock"
    again = server.run(*command, ANSWERED=str(second))
    assert again.code == 0, again.said
    assert not set(lines(first)) & set(lines(second)), "nothing is asked again"
    expected = {n: h for n, h in artifacts(whole).items() if n.startswith(BEFORE_ANSWERS)}
    assert artifacts(store).items() >= expected.items()
