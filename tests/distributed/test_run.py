"""A run on a cluster: the same bytes as on one machine, whoever is killed in the middle."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from selftranslate import distributed
from selftranslate.errors import DataError, EngineError
from selftranslate.recipe import Recipe
from selftranslate.runtime import Cluster, Runtime
from selftranslate.translate import memory

OWN = {"shard", "shard-header", "completions", "known"}
"""Stages that only a cluster has."""


def artifacts(store: Path) -> dict[str, str]:
    """Every file of every artifact, by its hash."""
    return {
        path.relative_to(store).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for manifest in store.glob("*/*/manifest.json")
        if manifest.parent.parent.name not in OWN
        for path in manifest.parent.rglob("*")
        if path.is_file()
    }


def run(wanted: Recipe, store: Path, **size: Any) -> distributed.Done:
    cluster = Cluster(**{"workers": 2, **size})
    return distributed.run(wanted, Runtime(store=store, checkpoint_seconds=0), cluster)


def busy(title: str) -> list[psutil.Process]:
    """Ray's workers that do such work now."""
    found = []
    for process in psutil.process_iter():
        try:
            if "".join(process.cmdline()).startswith(f"ray::{title}"):
                found.append(process)
        except psutil.Error:
            continue
    return found


@contextmanager
def meanwhile(there: Callable[[], Any], do: Callable[[], object]) -> Iterator[list[bool]]:
    """Wait beside the block until something is there, then do something, once."""
    over, done = threading.Event(), [False]

    def watch() -> None:
        while not over.is_set():
            if there():
                do()
                done[0] = True
                return
            time.sleep(0.002)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield done
    finally:
        over.set()
        thread.join()


def kill(title: str) -> None:
    for process in busy(title):
        process.send_signal(signal.SIGKILL)


def test_two_nodes_make_the_same_bytes_though_a_translator_is_killed(
    wanted: Recipe, alone: Path, tmp_path: Path, two_nodes: Any
) -> None:
    begun = lambda: list(tmp_path.glob("completions/.*.unfinished"))  # noqa: E731
    with meanwhile(begun, lambda: kill("MapWorker")) as killed:
        done = run(wanted, tmp_path)
    assert killed == [True]
    assert not done.idle
    assert artifacts(tmp_path) == artifacts(alone)
    with memory.look(tmp_path) as one, memory.look(alone) as other:
        count = "SELECT count(*), count(DISTINCT text) FROM completions"
        assert list(one.rows(count)) == list(other.rows(count))
    made = artifacts(tmp_path)
    assert run(wanted, tmp_path).idle
    assert artifacts(tmp_path) == made
