"""Fault 2: the translation memory's write-ahead log is the one file that is appended to."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from selftranslate.engines import Completion
from selftranslate.translate.memory import Asked, Effort, Limits, Memory

ASKED = Asked(engine="engine", prefix="prefix", fence="`", source="en", target="de")
LIMITS = Limits(100)
BATCHES = 3
EACH = 20
HEADER, FRAME = 32, 24 + 4096
"""Bytes of the log's header, and of a page with its own (SQLite's file format, 4)."""


def text(batch: int, row: int) -> str:
    return f"batch {batch}, row {row}: " + "word " * 100


def add(memory: Memory, batch: int) -> None:
    for row in range(EACH):
        completion = Completion(index=0, text=text(batch, row).upper(), ended="fence", tokens=7)
        memory.add(ASKED, text(batch, row), LIMITS, completion, Effort(0.1, 1))
    memory.commit()


def write_and_die(path: Path, sizes: Path) -> None:
    memory = Memory(path)
    for batch in range(BATCHES):
        add(memory, batch)
        with sizes.open("a") as file:
            file.write(f"{path.with_name(path.name + '-wal').stat().st_size}\n")
    os._exit(0)  # neither closed nor checkpointed, as after kill -9


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[int]]:
    """A memory whose process died, and how long its log was after each commit."""
    folder = tmp_path_factory.mktemp("memory")
    process = multiprocessing.get_context("fork").Process(
        target=write_and_die, args=(folder / "memory.sqlite", folder / "sizes")
    )
    process.start()
    process.join()
    return folder / "memory.sqlite", [int(n) for n in (folder / "sizes").read_text().split()]


def found(memory: Memory) -> list[int]:
    """Return how many rows of each batch are there, each as it was."""
    counts = []
    for batch in range(BATCHES):
        rows = [memory.find(ASKED, text(batch, row), LIMITS) for row in range(EACH)]
        assert all(row.text == text(batch, at).upper() for at, row in enumerate(rows) if row)
        counts.append(sum(row is not None for row in rows))
    return counts


def torn(path: Path, size: int, folder: Path) -> Path:
    shutil.copy(path, folder)
    shutil.copy(f"{path}-wal", folder)
    os.truncate(folder / f"{path.name}-wal", size)
    return folder / path.name


LAST = [0, 1, 4, 8, 16, 23, 24, 25, 100, 1000, 2072, 4000, FRAME - 2, FRAME - 1]
"""How much is left of the last frame, the one that commits the last batch."""


@pytest.mark.parametrize("left", LAST)
def test_a_torn_tail_costs_the_last_batch_and_nothing_else(
    log: tuple[Path, list[int]], tmp_path: Path, left: int
) -> None:
    path, sizes = log
    assert (sizes[-1] - HEADER) % FRAME == 0, "whole frames"
    with Memory(torn(path, sizes[-1] - FRAME + left, tmp_path)) as memory:
        assert found(memory) == [EACH, EACH, 0]
        add(memory, 2)
    with Memory(tmp_path / path.name) as memory:
        assert found(memory) == [EACH] * 3, "what is written next stands for itself"
    with closing(sqlite3.connect(tmp_path / path.name)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_log_that_is_whole_costs_nothing(log: tuple[Path, list[int]], tmp_path: Path) -> None:
    path, sizes = log
    with Memory(torn(path, sizes[-1], tmp_path)) as memory:
        assert found(memory) == [EACH] * 3


def test_a_flipped_bit_in_the_log_costs_what_follows_it(
    log: tuple[Path, list[int]], tmp_path: Path
) -> None:
    path, sizes = log
    copy = torn(path, sizes[-1], tmp_path)
    with open(f"{copy}-wal", "r+b") as file:
        file.seek(sizes[0] + 1000)
        byte = file.read(1)
        file.seek(sizes[0] + 1000)
        file.write(bytes([byte[0] ^ 1]))
    with Memory(copy) as memory:
        assert found(memory) == [EACH, 0, 0]
