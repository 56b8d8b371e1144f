"""One run on several processes: the same training as on one, and nobody waits for the dead."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest

from .conftest import Ended, Server

STEPS = 4
ALIKE = (
    *("--set", f"protocol.steps={STEPS}", "--set", "training.dropout=0"),
    *("--set", "training.precision=fp32", "--checkpoint-minutes", "0"),
)
"""Dropout draws other numbers where the rows are divided."""


def together(
    server: Server, *arguments: object, failing: Mapping[int, str] = {}, **environment: str
) -> list[Ended]:
    """Run a command on two processes, as torchrun does."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = str(one.getsockname()[1])
    shared = {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1"}
    both = [
        server.start(
            *arguments,
            failpoint=failing.get(rank, ""),
            **{"RANK": str(rank), "LOCAL_RANK": str(rank), "MASTER_PORT": port},
            **{**shared, **environment},
        )
        for rank in (0, 1)
    ]
    return [command.wait() for command in both]


@pytest.fixture(scope="module")
def alone(
    server: Server, recipe: Path, whole: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The store of a run on one process."""
    store = tmp_path_factory.mktemp("alone") / "store"
    shutil.copytree(whole, store)
    ended = server.run("run", recipe, "--store", store, *ALIKE)
    assert ended.code == 0, ended.said
    return store


def losses(store: Path) -> list[float]:
    told = [json.loads(path.read_text()) for path in store.glob("train/*/training.json")]
    (found,) = [each["losses"] for each in told if each["steps"] == STEPS]
    assert len(found) == STEPS
    return list(found)


@pytest.mark.parametrize("shard", ["false", "true"], ids=["DDP", "FSDP2"])
def test_two_processes_have_the_loss_curve_of_one(
    server: Server, recipe: Path, whole: Path, alone: Path, tmp_path: Path, shard: str
) -> None:
    store = tmp_path / "store"
    shutil.copytree(whole, store)
    ended = together(server, "run", recipe, "--store", store, *ALIKE, ACCELERATE_USE_FSDP=shard)
    assert [each.code for each in ended] == [0, 0], [each.said for each in ended]
    assert "report.html" in ended[0].out
    assert (ended[1].out, ended[1].said) == ("", ""), "one process speaks"
    assert losses(store) == pytest.approx(losses(alone), abs=1e-4)
    assert len({*losses(alone)}) == STEPS
    stages = [{path.name for path in each.glob("*/*")} for each in (store, alone)]
    assert len(stages[0]) == len(stages[1]), "everything is made once, by one of them"


@pytest.mark.parametrize(
    ("rank", "place"), [(0, "train.work"), (0, "checkpoint.published"), (1, "processes.job")]
)
def test_a_process_that_dies_ends_the_other_and_the_run_goes_on(
    server: Server, recipe: Path, whole: Path, alone: Path, tmp_path: Path, rank: int, place: str
) -> None:
    store = tmp_path / "store"
    shutil.copytree(whole, store)
    command = ("run", recipe, "--store", store, *ALIKE)
    ended = together(server, *command, failing={rank: f"{place}:1:kill"})
    left = ended[1 - rank]
    assert (ended[rank].code, left.code) == (-9, 4), left.said
    assert left.said.splitlines()[-1].startswith(
        f"selftranslate: process {1 - rank} of 2: another process of this run ended or hung"
    )
    assert [each.code for each in together(server, *command)] == [0, 0]
    assert losses(store) == pytest.approx(losses(alone), abs=1e-4)


def test_an_error_of_the_leader_sends_the_other_home(
    server: Server, recipe: Path, whole: Path, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    shutil.copytree(whole, store)
    failing = {0: "train.seal:1:enospc"}
    ended = together(server, "run", recipe, "--store", store, *ALIKE, failing=failing)
    assert [each.code for each in ended] == [5, 0], [each.said for each in ended]


def test_a_batch_that_cannot_be_divided_is_refused(
    server: Server, recipe: Path, whole: Path, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    shutil.copytree(whole, store)
    changed = (*ALIKE, "--set", "training.batch_size=3")
    ended = together(server, "run", recipe, "--store", store, *changed)
    assert ended[0].code == 2
    assert "batch_size 3 must be a multiple of device_batch_size 1 times" in ended[0].said
