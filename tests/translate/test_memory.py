"""The translation memory: what holds, what is kept, and what goes wrong with its file."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from selftranslate import failpoints, interrupts
from selftranslate.engines import Completion
from selftranslate.errors import DiskError
from selftranslate.example import Ended
from selftranslate.translate import memory, schema, upkeep
from selftranslate.translate.memory import Asked, Effort, Limits, Memory

ASKED = Asked("engine model=1", "shots", "`", "en", "de")
LIMITS = Limits(100, 50)


def answer(text: str = "eins", ended: Ended = "fence", tokens: int = 2) -> Completion:
    return Completion(index=0, text=text, ended=ended, log_probability=-1 / 3, tokens=tokens)


def add(kept: Memory, text: str, completion: Completion | None = None) -> None:
    kept.add(ASKED, text, LIMITS, completion or answer(), Effort(0.25, 1))


def count(path: Path) -> int:
    """What another process sees."""
    database = sqlite3.connect(path)
    number: int = database.execute("SELECT count(*) FROM completions").fetchone()[0]
    database.close()
    return number


@pytest.fixture
def failpoint(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    def at(place: str) -> None:
        monkeypatch.setattr(failpoints, "_passed", Counter())
        monkeypatch.setenv(failpoints.VARIABLE, place)

    return at


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "memory.sqlite"


@pytest.mark.parametrize(
    ("completion", "limits", "holds"),
    [
        (answer(), LIMITS, True),
        (answer(), Limits(3, 4), True),
        (answer(), Limits(2, 4), False),  # it would have had no room for the fence
        (answer(), Limits(3, 3), False),
        (answer(), Limits(3), True),
        (answer(tokens=0), Limits(5), True),  # four bytes are at most four tokens
        (answer(tokens=0), Limits(4), False),
        (answer("äß", tokens=0), Limits(4), False),
        (answer(ended="eos"), Limits(3, 4), True),
        (answer(ended="unverified"), Limits(3, 4), True),
        (answer(ended="repetition"), Limits(3, 4), True),
        (answer(ended="length"), LIMITS, True),
        (answer(ended="length"), Limits(101, 50), False),
        (answer(ended="length"), Limits(100, 51), False),
        (answer(ended="length"), Limits(100), False),
    ],
)
def test_an_entry_holds_under_limits_that_it_would_not_have_reached(
    path: Path, completion: Completion, limits: Limits, holds: bool
) -> None:
    with Memory(path) as kept:
        add(kept, "one", completion)
        kept.commit()
        assert kept.find(ASKED, "one", limits) == (completion if holds else None)
        assert kept.holds(ASKED, schema.digest("one"), limits) == holds


def test_both_a_cut_entry_and_a_whole_one_are_kept(path: Path) -> None:
    with Memory(path) as kept:
        whole, cut = answer(), answer("ei", "length")
        add(kept, "one", whole)
        kept.add(ASKED, "one", Limits(1), cut, Effort(0, 1))
        kept.commit()
        assert kept.find(ASKED, "one", LIMITS) == whole
        assert kept.find(ASKED, "one", Limits(1)) == cut


@pytest.mark.parametrize(
    "text", ["", " \n", "a\0b", "é e\u0301", "\u202e<answer>\x1b[31m答`", "x" * 100_000]
)
def test_texts_come_back_byte_for_byte(path: Path, text: str) -> None:
    with Memory(path) as kept:
        add(kept, text, answer(text * 2, tokens=1))
    with Memory(path) as kept:
        assert kept.find(ASKED, text, LIMITS) == answer(text * 2, tokens=1)


def test_whatever_was_asked_is_part_of_the_key(path: Path) -> None:
    with Memory(path) as kept:
        add(kept, "one")
        kept.commit()
        for change in range(len(ASKED)):
            other = Asked(*(part + "x" * (i == change) for i, part in enumerate(ASKED)))
            assert kept.find(other, "one", LIMITS) is None
        assert kept.find(ASKED, "two", LIMITS) is None


def test_texts_of_one_digest_are_not_mistaken(path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(memory, "digest", lambda text: 7)
    with Memory(path) as kept:
        add(kept, "one")
        kept.commit()
        assert kept.find(ASKED, "two", LIMITS) is None


def test_an_error_is_never_kept(path: Path) -> None:
    with Memory(path) as kept:
        add(kept, "one", answer("", "error"))
    assert count(path) == 0


def test_batches_are_committed_by_count_by_time_and_at_the_end(
    path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(memory, "BATCH", 3)
    monkeypatch.setattr(memory, "DELAY", 1e9)
    with Memory(path) as kept:
        for i in range(5):
            add(kept, str(i))
        assert count(path) == 3
        monkeypatch.setattr(memory, "DELAY", 0)
        add(kept, "late")
        assert count(path) == 6
        monkeypatch.setattr(memory, "DELAY", 1e9)
        add(kept, "last")
        assert count(path) == 6
    assert count(path) == 7


def test_an_exception_in_the_middle_of_a_commit_loses_nothing(path: Path, failpoint: Any) -> None:
    failpoint("memory.commit:1:raise")
    with pytest.raises(Exception, match="failpoint"), Memory(path) as kept:
        add(kept, "one")
        kept.commit()
    assert count(path) == 1


def test_kill_9_loses_less_than_one_batch(path: Path) -> None:
    child = os.fork()
    if not child:
        kept = Memory(path)
        for i in range(2 * memory.BATCH + 5):
            add(kept, str(i))
        os.kill(os.getpid(), signal.SIGKILL)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    with Memory(path) as kept:
        assert count(path) >= 2 * memory.BATCH
        assert kept.find(ASKED, "0", LIMITS) == answer()


WRITE = """
import sys, time
from pathlib import Path
from selftranslate.engines import Completion
from selftranslate.translate import memory
memory.BATCH = 25
while not Path(sys.argv[1], "go").exists(): time.sleep(0.001)
with memory.open_(Path(sys.argv[1])) as kept:
    for i in range(100):
        asked = memory.Asked("e", str(i % 7), "`", "en", "de")
        done = Completion(index=0, text=sys.argv[2], ended="fence")
        kept.add(asked, f"{sys.argv[2]} {i}", memory.Limits(9), done, memory.Effort(0, 1))
"""


def test_many_processes_make_and_fill_one_file(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITE, str(tmp_path)]
    running = [subprocess.Popen([*command, str(i)]) for i in range(4)]
    time.sleep(0.3)
    (tmp_path / "go").touch()
    assert [one.wait() for one in running] == [0] * 4
    assert count(tmp_path / memory.FILE) == 400
    with memory.open_(tmp_path) as kept:
        assert len(list(kept.rows("SELECT * FROM asked"))) == 7


def test_a_process_that_was_a_little_later_uses_the_file(path: Path, monkeypatch: Any) -> None:
    with Memory(path) as kept:
        add(kept, "one")
    seen, version = iter([0]), schema.version
    monkeypatch.setattr(schema, "version", lambda database: next(seen, version(database)))
    with Memory(path) as kept:
        assert kept.find(ASKED, "one", LIMITS) == answer()


PLACES = [("Wort", 2), ("fence", 0), ("Satz", 1), ("Wort", 0)]
"""Where a bit of the file is flipped: bytes of the completion, the ending, the text."""


@pytest.mark.parametrize(("word", "at"), PLACES)
@pytest.mark.parametrize("bit", [1, 128])
def test_a_flipped_bit_is_found_and_its_entry_not_used(
    path: Path, word: str, at: int, bit: int
) -> None:
    with Memory(path) as kept:
        for i in range(3):
            kept.add(ASKED, f"Satz {i}", LIMITS, answer(f"Wort {i}"), Effort(0, 1))
    content = bytearray(path.read_bytes())
    content[content.rindex(word.encode()) + at] ^= bit
    path.write_bytes(content)
    with Memory(path) as kept:
        found = [kept.find(ASKED, f"Satz {i}", LIMITS) for i in range(3)]
        assert sum(each is None for each in found) == len(kept.damaged) == 1
        assert upkeep.stats(kept)["damaged"] == 1
        assert "1 entries are damaged" in upkeep.describe(upkeep.stats(kept))
        lost = found.index(None)
        kept.add(ASKED, f"Satz {lost}", LIMITS, answer(f"Wort {lost}"), Effort(0, 1))
    with Memory(path) as kept:
        found = [kept.find(ASKED, f"Satz {i}", LIMITS) for i in range(3)]
        assert found == [answer(f"Wort {i}") for i in range(3)] and not kept.damaged
        assert upkeep.stats(kept)["damaged"] == 0


def test_a_log_probability_that_is_no_number_is_none(path: Path) -> None:
    with Memory(path) as kept:
        doubtful = Completion(index=0, text="x", ended="fence", log_probability=float("nan"))
        add(kept, "one", doubtful)
        kept.commit()
        found = kept.find(ASKED, "one", LIMITS)
        assert found and found.log_probability is None


def test_a_file_of_the_first_version_is_brought_up_to_date_where_it_lies(
    path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(schema, "ROWS", 4)
    with Memory(path) as kept:
        for i in range(10):
            add(kept, str(i))
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("ALTER TABLE completions DROP COLUMN checksum")
    database.execute("PRAGMA user_version = 1")
    database.close()
    with Memory(path) as kept:
        assert all(kept.find(ASKED, str(i), LIMITS) == answer() for i in range(10))
        add(kept, "ten")
    with Memory(path) as kept:
        assert upkeep.stats(kept)["entries"] == 11 and upkeep.stats(kept)["damaged"] == 0


def test_ctrl_c_is_felt_while_another_process_writes(path: Path) -> None:
    Memory(path).__exit__(None, None, None)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    begun = time.monotonic()
    with interrupts.gentle(), pytest.raises(KeyboardInterrupt), Memory(path) as kept:
        add(kept, "one")
        timer.start()
        kept.commit()
    assert time.monotonic() - begun < memory.PATIENCE / 2
    holder.close()


def other_program(path: Path) -> None:
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE mine (x)")
    database.close()


def torn(path: Path) -> None:
    with Memory(path) as kept:
        for i in range(100):
            add(kept, str(i), answer("x" * 500))
    os.truncate(path, 9000)


def newer(path: Path) -> None:
    Memory(path).__exit__(None, None, None)
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version = 99")
    database.close()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: path.write_bytes(b"no database" * 100), "no translation memory; move it"),
        (other_program, "another program's database; move it away"),
        (torn, "damaged; move it away to begin a new one"),
        (newer, r"made by a later version of selftranslate \(schema 99, not 2\)"),
        (Path.mkdir, "unable to open database file"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_and_left_alone(
    path: Path, make: Any, said: str
) -> None:
    make(path)
    before = path.read_bytes() if path.is_file() else b""
    with pytest.raises(DiskError, match=f"memory.sqlite: {said}"):
        Memory(path)
    assert not path.is_file() or path.read_bytes() == before


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("PRAGMA max_page_count = 8", "database or disk is full; what was committed is kept"),
        ("PRAGMA query_only = ON", "attempt to write a readonly database"),
    ],
)
def test_a_disk_that_takes_no_more_is_named_and_keeps_what_it_has(
    path: Path, setting: str, said: str
) -> None:
    with Memory(path) as kept:
        add(kept, "one")
    with pytest.raises(DiskError, match=f"memory.sqlite: {said}"), Memory(path) as kept:
        list(kept.rows(setting))
        add(kept, "two", answer("x" * 100_000))
        kept.commit()
    assert count(path) == 1
    with Memory(path) as kept:
        add(kept, "two")
    assert count(path) == 2


def test_a_full_disk_at_the_commit_is_a_disk_error(path: Path, failpoint: Any) -> None:
    failpoint("memory.commit:1:enospc")
    with pytest.raises(DiskError, match=r"memory\.sqlite: No space left"), Memory(path) as kept:
        add(kept, "one")
        kept.commit()


def test_a_file_that_another_process_holds_is_named(path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(memory, "PATIENCE", 0.05)
    Memory(path).__exit__(None, None, None)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(DiskError, match="another process has been writing"), Memory(path) as kept:
        add(kept, "one")
        kept.commit()
    holder.close()


def test_a_folder_that_cannot_be_made_is_named() -> None:
    with pytest.raises(DiskError, match="/proc/no"):
        memory.open_(Path("/proc/no"))
