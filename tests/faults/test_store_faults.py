"""Faults 3, 4 and 7 for the whole command: damage, a full disk, two runs on one store."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .conftest import Server, artifacts


def test_a_flipped_bit_is_found_and_only_that_artifact_is_made_again(
    server: Server, recipe: Path, whole: Path, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    shutil.copytree(whole, store)
    (damaged,) = store.glob("filter/*/rows.jsonl")
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)
    before = {path: path.stat().st_ino for path in store.glob("*/*")}
    ended = server.run("run", recipe, "--store", store)
    assert ended.code == 0, ended.said
    assert f"{damaged.parent}:damaged;" in "".join(ended.said.split()), "lines are wrapped"
    assert artifacts(store) == artifacts(whole)
    changed = {path for path, inode in before.items() if path.stat().st_ino != inode}
    assert changed == {damaged.parent}


def test_two_runs_on_one_store_share_the_work(
    server: Server, recipe: Path, whole: Path, tmp_path: Path
) -> None:
    commands = [server.start("run", recipe, "--store", tmp_path) for _ in range(2)]
    ended = [command.wait() for command in commands]
    assert [each.code for each in ended] == [0, 0], [each.said for each in ended]
    assert artifacts(tmp_path) == artifacts(whole)
    done = Counter(
        line.split(":")[0]
        for each in ended
        for line in each.said.splitlines()
        if line.startswith(("translate ", "train ", "ask ")) and " in the store" not in line
    )
    assert len(done) == 5 and set(done.values()) == {1}, done


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[tuple[Path, Callable[[str], None]]]:
    """A file system of its own in memory, and the function that changes its limits."""
    disk = tmp_path / "disk"
    disk.mkdir()

    def mount(options: str) -> None:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(disk)]
        subprocess.run(command, check=True, capture_output=True)

    try:
        mount("size=64k,nr_inodes=10")
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("mounting a small disk is not allowed here")
    try:
        yield disk, lambda limit: mount(f"remount,{limit}")
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_full_disk_ends_with_exit_code_5_and_nothing_committed_is_lost(
    server: Server, recipe: Path, whole: Path, small_disk: tuple[Path, Callable[[str], None]]
) -> None:
    """First without room for one more file, then for the memory, then for an adapter."""
    disk, change = small_disk
    expected, before = artifacts(whole), 0
    for limit in ("nr_inodes=10", "nr_inodes=1k", "size=128k", "size=192k"):
        change(limit)
        ended = server.run("run", recipe, "--store", disk)
        assert ended.code == 5, f"{limit}: {ended.code} {ended.said}"
        (line,) = [x for x in ended.said.splitlines() if x.startswith("selftranslate: ")]
        assert str(disk) in line and "same command" in line
        there = artifacts(disk)
        assert there.items() <= expected.items() and len(there) >= before
        before = len(there)
    assert before
    change("size=64m")
    assert server.run("run", recipe, "--store", disk).code == 0
    assert artifacts(disk) == expected
