"""Artifacts: made once, found again, never half there, never damaged unnoticed."""

from __future__ import annotations

import errno
import fcntl
import json
import multiprocessing
import os
import random
import re
import shutil
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from selftranslate import interrupts
from selftranslate.errors import DiskError
from selftranslate.example import Example
from selftranslate.sealed import MANIFEST
from selftranslate.store import Store, lines, unfinished

ROW = Example(id="1", language="en", fields={"q": "a\u2028b\nc"}, spans={"a": (0, 1)})


def one(folder: Path) -> None:
    (folder / "one.txt").write_text("1")


def test_the_same_spec_is_made_once(tmp_path: Path) -> None:
    calls = []

    def work(folder: Path) -> None:
        calls.append(1)
        one(folder)

    first = Store(tmp_path).make("stage", {"a": 1}, [], work)
    again = Store(tmp_path)
    assert again.make("stage", {"a": 1}, [], work).path == first.path
    assert calls == [1] and again.made == [] and len(again.found) == 1


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o755), (0o002, 0o775), (0o077, 0o700)])
def test_others_may_read_what_the_umask_lets_them(tmp_path: Path, mask: int, mode: int) -> None:
    before = os.umask(mask)
    try:
        made = Store(tmp_path / "store").make("stage", {}, [], one)
    finally:
        os.umask(before)
    assert made.path.stat().st_mode & 0o777 == mode
    assert {f.stat().st_mode & 0o777 for f in made.path.iterdir()} == {mode & 0o666}


def test_a_line_may_pass_as_it_was_read(tmp_path: Path) -> None:
    rows = [Example(id=str(i), language="en", fields={"text": f"é\u2028{i}\n"}) for i in range(3)]
    kept = Store(tmp_path).keep("load", rows)
    with lines(tmp_path) as put:
        for line, row in kept.both(Example):
            put(line if row.id == "1" else row)
    assert list(kept.read(Example)) == rows
    assert (tmp_path / "rows.jsonl").read_bytes() == (kept.path / "rows.jsonl").read_bytes()


@pytest.mark.parametrize("change", ["stage", "spec", "version", "inputs"])
def test_whatever_decides_the_content_decides_the_key(tmp_path: Path, change: str) -> None:
    store = Store(tmp_path)
    base = store.make("stage", {"a": 1}, [], one)
    other = store.make(
        "other" if change == "stage" else "stage",
        {"a": 2 if change == "spec" else 1},
        [base] if change == "inputs" else [],
        one,
        version=2 if change == "version" else 1,
    )
    assert other.key != base.key


def test_an_interrupted_stage_leaves_nothing(tmp_path: Path) -> None:
    def crash(folder: Path) -> None:
        one(folder)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Store(tmp_path).make("stage", {}, [], crash)
    assert not list((tmp_path / "stage").iterdir())


@pytest.mark.parametrize("damage", ["flip", "remove", "add", "manifest"])
def test_a_damaged_artifact_is_made_again(tmp_path: Path, damage: str) -> None:
    made = Store(tmp_path).make("stage", {}, [], one)
    if damage == "flip":
        (made.path / "one.txt").write_text("2")
    elif damage == "remove":
        (made.path / "one.txt").unlink()
    elif damage == "add":
        (made.path / "two.txt").write_text("2")
    else:
        (made.path / MANIFEST).write_text("{")
    store = Store(tmp_path)
    again = store.make("stage", {}, [], one)
    assert (again.path / "one.txt").read_text() == "1"
    assert [a.key for a in store.damaged] == [made.key] and store.found == []
    assert json.loads((again.path / MANIFEST).read_text())["files"].keys() == {"one.txt"}


def test_records_come_back_as_they_were(tmp_path: Path) -> None:
    kept = Store(tmp_path).keep("load", [ROW, ROW])
    assert list(kept.read(Example)) == [ROW, ROW]


def test_outside_data_is_named_by_its_content(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert store.keep("load", [ROW]).key == store.keep("load", [ROW]).key
    assert store.keep("load", [ROW]).key != store.keep("load", [ROW, ROW]).key


def test_a_store_that_cannot_be_written_is_a_disk_error_that_names_the_place(
    tmp_path: Path,
) -> None:
    (tmp_path / "store").write_text("a file where a folder should be")
    with pytest.raises(DiskError, match="store"):
        Store(tmp_path / "store").make("stage", {}, [], one)


def test_a_full_disk_is_a_disk_error(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full here")

    def work(folder: Path) -> None:
        with full.open("w") as file:
            file.write("x" * 100_000)

    with pytest.raises(DiskError, match="No space left"):
        Store(tmp_path).make("stage", {}, [], work)
    assert not list((tmp_path / "stage").iterdir())


def race(root: Path, counted: Path, start: Any) -> None:
    def work(folder: Path) -> None:
        with counted.open("a") as file:
            file.write(f"{folder.name.split('-')[0]}\n")
        time.sleep(0.02)
        one(folder)

    start.wait()
    for number in random.sample(range(10), 10):
        assert (Store(root).make("stage", {"n": number}, [], work).path / "one.txt").exists()


def test_six_processes_racing_on_the_same_artifacts_make_each_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    start = context.Barrier(6)
    counted = tmp_path / "counted"
    racers = [context.Process(target=race, args=(tmp_path, counted, start)) for _ in range(6)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert [racer.exitcode for racer in racers] == [0] * 6
    made = counted.read_text().split()
    assert len(made) == len(set(made)) == 10
    assert {f".{p.name}" for p in (tmp_path / "stage").iterdir()} == set(made)


def hold(root: Path, begun: Any, go_on: Any) -> None:
    def work(folder: Path) -> None:
        one(folder)
        begun.set()
        go_on.wait()

    Store(root).make("stage", {}, [], work)


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[tuple[Any, Any]]:
    """A process in the middle of making the artifact, and the event that lets it go on."""
    context = multiprocessing.get_context("fork")
    begun, go_on = context.Event(), context.Event()
    process = context.Process(target=hold, args=(tmp_path, begun, go_on))
    process.start()
    assert begun.wait(10)
    yield process, go_on
    process.kill()
    process.join()


def unwanted(folder: Path) -> None:
    pytest.fail("made twice")


def test_who_waits_for_another_process_says_for_whom_and_uses_what_it_made(
    tmp_path: Path, holder: tuple[Any, Any]
) -> None:
    process, go_on = holder
    told: list[str] = []

    def tell(text: str) -> None:
        told.append(text)
        go_on.set()

    store = Store(tmp_path, tell)
    made = store.make("stage", {}, [], unwanted)
    assert store.found == [made] and (made.path / "one.txt").read_text() == "1"
    (said,) = told
    assert f"process {process.pid} on {socket.gethostname()} since 20" in said and made.key in said


def test_waiting_ends_at_the_first_ctrl_c(
    tmp_path: Path, holder: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, go_on = holder
    monkeypatch.setattr(interrupts, "GRACE", 3600)

    def interrupt(text: str) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        threading.Timer(1, go_on.set).start()  # who does not look then finds the artifact

    with pytest.raises(KeyboardInterrupt), interrupts.gentle():
        Store(tmp_path, interrupt).make("stage", {}, [], unwanted)


def test_drafts_are_swept_when_their_process_is_gone_and_never_before(
    tmp_path: Path, holder: tuple[Any, Any]
) -> None:
    process, _ = holder
    Store(tmp_path).make("other", {}, [], one)
    left = {path.name[17:18] for path in (tmp_path / "stage").iterdir()}
    assert left == {"-", "."}, "a living process's draft and lock"
    process.kill()
    process.join()
    assert len(list((tmp_path / "stage").iterdir())) == 2, "kill -9 leaves them"
    Store(tmp_path).make("other", {}, [], one)
    assert list((tmp_path / "stage").iterdir()) == []


def test_without_locks_it_says_so_once_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    told: list[str] = []
    store = Store(tmp_path, told.append)

    def slow(folder: Path) -> None:
        Store(tmp_path).make("stage", {}, [], one)  # another run is faster
        one(folder)

    for stage in ("stage", "other"):
        made = store.make(stage, {}, [], slow)
        assert (made.path / "one.txt").read_text() == "1"
        assert [p.name for p in (tmp_path / stage).iterdir()] == [made.key]
    assert [str(tmp_path) in text and "no locks" in text for text in told] == [True]


def test_everything_is_on_the_disk_before_it_is_published_and_the_name_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    fsync, replace = os.fsync, os.replace

    def flushed(handle: int) -> None:
        done.append(os.path.basename(os.readlink(f"/proc/self/fd/{handle}")))
        fsync(handle)

    def renamed(*names: Path) -> None:
        done.append("renamed")
        replace(*names)

    def work(folder: Path) -> None:
        one(folder)
        (folder / "inner").mkdir()
        (folder / "inner" / "two.txt").write_text("2")

    monkeypatch.setattr(os, "fsync", flushed)
    monkeypatch.setattr(os, "replace", renamed)
    made = Store(tmp_path).make("stage", {}, [], work)
    names = [re.sub(r"^\.\w{16}-.*", "draft", name) for name in done]
    expected = ["two.txt", "one.txt", MANIFEST, "inner", "draft", "renamed", "stage", tmp_path.name]
    assert names == expected and made.path.exists()


@pytest.mark.parametrize("which", range(5))
def test_an_error_that_appears_only_when_flushing_is_a_disk_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, which: int
) -> None:
    """One file, the manifest, the draft; then the folders around what was published."""
    fsync, passed = os.fsync, [0]

    def fails(handle: int) -> None:
        passed[0] += 1
        if passed[0] == which + 1:
            raise OSError(errno.EIO, "Input/output error")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(DiskError, match=rf"{tmp_path}.*Input/output error"):
        Store(tmp_path).make("stage", {}, [], one)
    assert any((tmp_path / "stage").iterdir()) == (which >= 3)
    store = Store(tmp_path)
    store.make("stage", {}, [], one)
    assert len(store.found) == (which >= 3)


@pytest.mark.parametrize(
    ("state", "stays"), [("killed", True), ("made", False), ("old", False), ("held", True)]
)
def test_what_is_kept_of_an_unfinished_artifact_outlives_a_kill_but_not_its_use(
    tmp_path: Path, state: str, stays: bool
) -> None:
    kept = []

    def work(folder: Path) -> None:
        one(folder)
        unfinished(folder).mkdir()
        one(unfinished(folder))
        kept.append(unfinished(folder))

    made = Store(tmp_path).make("stage", {}, [], work)
    assert not kept[0].exists()
    kept[0].mkdir()
    if state != "made":
        shutil.rmtree(made.path)
    if state in {"old", "held"}:
        os.utime(kept[0], (0, 0))
    with ExitStack() as held:
        if state == "held":
            lock = held.enter_context((kept[0].with_suffix(".lock")).open("w"))
            fcntl.flock(lock, fcntl.LOCK_EX)
        Store(tmp_path).make("other", {}, [], one)
        assert kept[0].exists() is stays
