"""A memory that is only looked into: nothing of its store changes."""

from __future__ import annotations

import hashlib
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from selftranslate.engines import Completion
from selftranslate.errors import DiskError
from selftranslate.translate import memory
from selftranslate.translate.memory import FILE, Asked, Effort, Limits

ASKED = Asked("engine model=1", "shots", "`", "en", "de")
LIMITS = Limits(100)
KILLED = """
import os, sys
from pathlib import Path
from selftranslate.engines import Completion
from selftranslate.translate.memory import Asked, Effort, Limits, open_
kept = open_(Path(sys.argv[1]))
answer = Completion(index=0, text="zwei", ended="fence", tokens=2)
kept.add(Asked("engine model=1", "shots", "`", "en", "de"), "two", Limits(100), answer, Effort(1, 1))
kept.commit()
os._exit(9)
"""


def files(store: Path) -> dict[str, str]:
    """All but SQLite's own index of who reads what, which holds nothing."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in store.iterdir()
        if not path.name.endswith("-shm")
    }


def known(store: Path, text: str) -> str | None:
    with memory.look(store) as kept:
        found = kept.find(ASKED, text, LIMITS)
    return found.text if found else None


@pytest.fixture
def store(tmp_path: Path) -> Path:
    with memory.open_(tmp_path / "a store, 100% full?") as kept:
        answer = Completion(index=0, text="eins", ended="fence", tokens=2)
        kept.add(ASKED, "one", LIMITS, answer, Effort(1, 1))
    return tmp_path / "a store, 100% full?"


def test_what_is_there_is_found_and_stays_as_it_is(store: Path) -> None:
    before = files(store)
    assert known(store, "one") == "eins" and known(store, "two") is None
    assert files(store) == before and set(before) == {FILE}


def test_a_store_without_one_does_not_get_one(tmp_path: Path) -> None:
    assert known(tmp_path, "one") is None and known(tmp_path / "none", "one") is None
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_committed_is_seen(store: Path) -> None:
    assert subprocess.run([sys.executable, "-c", KILLED, store], check=False).returncode == 9
    before = files(store)
    assert len(before) == 2, "its log is left"
    assert known(store, "two") == "zwei" and known(store, "one") == "eins"
    assert files(store) == before


def test_what_another_process_is_writing_is_seen(store: Path) -> None:
    with memory.open_(store) as busy:
        answer = Completion(index=0, text="zwei", ended="fence", tokens=2)
        busy.add(ASKED, "two", LIMITS, answer, Effort(1, 1))
        busy.commit()
        before = files(store)
        assert known(store, "two") == "zwei" and files(store) == before


def test_another_versions_tables_are_not_guessed_at(store: Path) -> None:
    database = sqlite3.connect(store / FILE)
    database.execute("PRAGMA user_version = 1")
    database.close()
    with pytest.raises(DiskError, match="another version"):
        memory.look(store)
