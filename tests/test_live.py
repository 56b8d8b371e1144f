"""What a run says of itself while it works, and what is known of it after whatever ended it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from selftranslate import live, lock
from selftranslate.errors import DataError
from selftranslate.live import About
from selftranslate.progress import Noting, Silent

ABOUT = About(recipe="recipes/gsm8k.yaml", task="gsm8k", model="a/model", languages=("de", "th"))
PLAN = {"texts": 10, "steps": 6, "answers": 8}


def file(store: Path) -> Path:
    (path,) = (store / live.FOLDER).glob("[0-9]*.json")
    return path


def only(store: Path) -> live.Account:
    (account,) = live.read(store)
    return account


def test_a_run_tells_where_it_is_and_what_is_left(tmp_path: Path) -> None:
    with live.told(tmp_path, ABOUT, Silent()) as progress:
        progress.plan(PLAN)
        with progress.stage("translate", 8, "texts") as advance:
            advance(3)
            found = only(tmp_path)
            assert (found.state, found.about) == ("running", ABOUT)
            assert found.current and (found.current.label, found.current.total) == ("translate", 8)
            advance(5)
        for _ in range(2):
            with progress.stage("train", 2, "steps") as advance:
                advance(2)
        found = only(tmp_path)
        assert found.left == {"texts": 0, "steps": 2, "answers": 8}, "repeated texts are over"
        train = found.stages[1]
        assert (train.made, train.done, found.current) == (2, 4, None)
        progress.found("train", 2, "steps")
        progress.note("look here")
    found = only(tmp_path)
    assert (found.state, found.notes, found.left["answers"]) == ("finished", 1, 0)
    assert found.stages[1].found == 1 and found.ended and found.seconds >= 0
    assert not list((tmp_path / live.FOLDER).glob("*.lock"))


def test_what_happens_reaches_whoever_shows_it(tmp_path: Path) -> None:
    inner = Noting(Silent())
    with live.told(tmp_path, ABOUT, inner) as progress:
        progress.note("look here")
    assert inner.notes == ["look here"]


def test_counts_are_written_once_a_second_and_a_new_stage_at_once(
    tmp_path: Path, clock: list[float]
) -> None:
    with live.told(tmp_path, ABOUT, Silent()) as progress:
        with progress.stage("train", 100, "steps") as advance:
            written = []
            for _ in range(12):
                clock[0] += 0.25
                advance(1)
                current = json.loads(file(tmp_path).read_text())["current"]
                written.append(current["done"])
            assert sorted({*written}) == [0, 4, 8, 12]
        with progress.stage("ask", 1, "answers"):
            assert json.loads(file(tmp_path).read_text())["current"]["label"] == "ask"


def test_the_rate_is_what_was_done_just_now(tmp_path: Path, clock: list[float]) -> None:
    """Not what a checkpoint gave back at the start of the stage."""
    with live.told(tmp_path, ABOUT, Silent()) as progress:
        progress.plan(PLAN | {"steps": 1000})
        with progress.stage("train", 1000, "steps") as advance:
            clock[0] += 30
            advance(500)
            for _ in range(10):
                clock[0] += 2
                advance(1)
            found = only(tmp_path)
    assert found.current and found.current.rate == pytest.approx(0.5)
    assert found.seconds_left == {"texts": 0.0, "steps": pytest.approx(980), "answers": None}


@pytest.mark.parametrize(
    ("error", "state", "message"),
    [
        (KeyboardInterrupt(), "interrupted", ""),
        (DataError("x.jsonl:3: answer: empty\nmore"), "failed", "x.jsonl:3: answer: empty"),
        (MemoryError(), "failed", "MemoryError"),
    ],
)
def test_how_it_ended_is_said_and_where(
    tmp_path: Path, error: BaseException, state: str, message: str
) -> None:
    with (
        pytest.raises(type(error)),
        live.told(tmp_path, ABOUT, Silent()) as progress,
        progress.stage("train", 9, "steps") as advance,
    ):
        advance(4)
        raise error
    found = only(tmp_path)
    assert (found.state, found.message) == (state, message)
    assert found.current and found.current.done == 4


KILLED = """
import sys, time
from pathlib import Path
from selftranslate import live, lock
from selftranslate.progress import Silent

if sys.argv[2] == "no locks":
    def none(*arguments):
        raise lock.NoLocks
    lock._take = none
about = live.About(recipe="r", task="t", model="m", languages=("de",))
with live.told(Path(sys.argv[1]), about, Silent()) as progress:
    with progress.stage("train", 9, "steps") as advance:
        advance(1)
        print("ready", flush=True)
        time.sleep(60)
"""


@pytest.mark.parametrize("locks", ["locks", "no locks"])
def test_a_killed_process_is_told_from_a_living_one(tmp_path: Path, locks: str) -> None:
    command = [sys.executable, "-c", KILLED, str(tmp_path), locks]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stdout.readline() == "ready\n"
        found = only(tmp_path)
        assert (found.state, found.pid, found.locked) == ("running", process.pid, locks == "locks")
        process.kill()
    assert only(tmp_path).state == "died"
    assert only(tmp_path).current, "where it was"


def test_without_locks_another_machine_is_not_judged(tmp_path: Path) -> None:
    with live.told(tmp_path, ABOUT, Silent()):
        row = json.loads(file(tmp_path).read_text())
    elsewhere = {**row, "state": "running", "locked": False, "host": "elsewhere"}
    file(tmp_path).write_text(json.dumps(elsewhere))
    assert only(tmp_path).state == "unknown"
    file(tmp_path).write_text(
        json.dumps({**elsewhere, "host": socket.gethostname(), "pid": os.getpid()})
    )
    assert only(tmp_path).state == "running"


def test_looking_changes_nothing(tmp_path: Path) -> None:
    with live.told(tmp_path, ABOUT, Silent()):
        before = sorted((tmp_path / live.FOLDER).iterdir())
        assert len(live.read(tmp_path)) == 1
        assert sorted((tmp_path / live.FOLDER).iterdir()) == before
        assert lock.held(before[0].with_suffix(".lock"))


@pytest.mark.parametrize("fault", ["a file in its place", "a full disk"])
def test_nothing_here_stops_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    if fault == "a file in its place":
        (tmp_path / live.FOLDER).write_text("in the way")
    else:

        def full(*arguments: Any, **more: Any) -> None:
            raise OSError(28, "No space left on device")

        for place, name in ((os, "write"), (Path, "write_text"), (Path, "unlink")):
            monkeypatch.setattr(place, name, full)
    done = 0
    with live.told(tmp_path, ABOUT, Silent()) as progress:
        progress.plan(PLAN)
        with progress.stage("train", 2, "steps") as advance:
            advance(2)
            done = 2
    monkeypatch.undo()
    assert done == 2


def test_old_files_go_and_living_ones_stay(tmp_path: Path) -> None:
    folder = tmp_path / live.FOLDER
    with live.told(tmp_path, ABOUT, Silent()):
        living = file(tmp_path)
        row = json.loads(living.read_text())
        for number in range(30):
            old = folder / f"2030{number:04}T000000-00000000.json"
            old.write_text(json.dumps({**row, "id": old.stem, "state": "finished"}))
        (folder / "20300000T000000-00000000.lock").write_text("{}")
        (folder / ".20200000T000000-00000000.json").write_text("torn")
        with live.told(tmp_path, ABOUT, Silent()):
            pass
        names = {path.name for path in folder.iterdir()}
        assert living.name in names, "it is at work"
        assert living.with_suffix(".lock").name in names
        assert len([name for name in names if name.endswith(".json")]) == live.KEPT + 1
        assert ".20200000T000000-00000000.json" not in names
        assert "20300000T000000-00000000.lock" not in names


@pytest.mark.parametrize("text", ["", "{", "[]", '{"id": "x"}'])
def test_what_cannot_be_read_is_left_out(tmp_path: Path, text: str) -> None:
    folder = tmp_path / live.FOLDER
    folder.mkdir()
    (folder / "20260101T000000-00000000.json").write_text(text)
    assert live.read(tmp_path) == []


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """A clock that the test turns."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    yield now
