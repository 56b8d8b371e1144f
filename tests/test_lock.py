"""Locks between processes: what the file system may do to them."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import Any

import pytest

from selftranslate import lock


def silent(text: str) -> None:
    pytest.fail(f"waited: {text}")


def test_a_lock_says_who_holds_it_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with lock.alone(path, "it", silent):
        assert json.loads(path.read_text())["pid"] == os.getpid()
        with lock.free(path) as nobodys:
            assert not nobodys
    assert not path.exists()
    with lock.free(path) as nobodys:
        assert nobodys
    assert not path.exists()


def test_a_file_that_its_last_holder_removed_locks_nobody_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, flock, calls = tmp_path / "lock", fcntl.flock, []

    def removed_just_before(*arguments: Any) -> None:
        calls.append(arguments)
        if len(calls) == 1:
            path.unlink()
        flock(*arguments)

    monkeypatch.setattr(fcntl, "flock", removed_just_before)
    with lock.alone(path, "it", silent), lock.free(path) as nobodys:
        assert not nobodys, "the lock is on the file that others see"


def test_what_another_process_left_does_not_count(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.write_text("killed in the middle of a sentence")
    with lock.alone(path, "it", silent):
        assert json.loads(path.read_text())["pid"] == os.getpid()


def test_a_folder_that_cannot_be_written_is_an_error_of_the_disk(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), lock.alone(tmp_path / "no" / "lock", "it", silent):
        pytest.fail("locked")
