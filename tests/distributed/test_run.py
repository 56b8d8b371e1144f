"""A run on a cluster: the same bytes as on one machine, whoever is killed in the middle."""

from __future__ import annotations

import hashlib
import json
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from selftranslate import distributed, elsewhere
from selftranslate.distributed import stages
from selftranslate.distributed.job import RETRIES, describe, sighted
from selftranslate.distributed.shards import Answer
from selftranslate.distributed.work import Work, Worker
from selftranslate.errors import DiskError, EngineError
from selftranslate.failpoints import Failure
from selftranslate.progress import Silent
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
    """The workers of this process's clusters that do such work now."""
    found = []
    for process in psutil.Process().children(recursive=True):
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


@pytest.mark.slow
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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("when", "title"),
    [
        ("shard/*", "do"),
        ("completions/.*.unfinished", "MapWorker"),
        ("train/.*.unfinished/*", "do"),
        ("answer/.*-*", "MapWorker"),
    ],
)
def test_whoever_is_killed_is_replaced(
    when: str, title: str, wanted: Recipe, alone: Path, tmp_path: Path, two_nodes: Any
) -> None:
    there = lambda: list(tmp_path.glob(when)) and busy(title)  # noqa: E731
    with meanwhile(there, lambda: kill(title)) as killed:
        run(wanted, tmp_path)
    assert killed == [True]
    assert artifacts(tmp_path) == artifacts(alone)


@pytest.mark.slow
def test_a_node_is_removed(wanted: Recipe, alone: Path, tmp_path: Path, two_nodes: Any) -> None:
    (second,) = two_nodes.worker_nodes
    there = lambda: list(tmp_path.glob("train/.*.unfinished"))  # noqa: E731
    remove = lambda: two_nodes.remove_node(second, allow_graceful=False)  # noqa: E731
    with meanwhile(there, remove) as removed:
        run(wanted, tmp_path)
    assert removed == [True]
    assert artifacts(tmp_path) == artifacts(alone)


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_the_leading_process_ends_and_the_same_command_goes_on(
    how: signal.Signals, wanted: Recipe, alone: Path, tmp_path: Path
) -> None:
    store, path = tmp_path / "store", tmp_path / "recipe.yaml"
    path.write_text(json.dumps(wanted.model_dump(mode="json", exclude_defaults=True)))
    command = [sys.executable, "-m", "selftranslate", "run", str(path), "--store", str(store)]
    command += ["--runtime", "ray", "--workers", "1"]
    leading = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while not list(store.glob("completions/.*.unfinished")):
        assert leading.poll() is None, leading.communicate()[1]
        time.sleep(0.01)
    leading.send_signal(how)
    _, said = leading.communicate()
    assert leading.returncode == (-9 if how == signal.SIGKILL else 130), said
    before = {file for file in artifacts(store) if file.startswith("load")}
    subprocess.run(command, check=True, capture_output=True)
    assert before
    assert artifacts(store) == artifacts(alone)


@pytest.mark.slow
def test_several_processes_train_one_run(wanted: Recipe, tmp_path: Path) -> None:
    done = run(wanted, tmp_path, train_processes=2)
    runs = [json.loads(path.read_text()) for path in tmp_path.glob("train/*/training.json")]
    assert set(done.result.languages) == {"de"}
    assert len(runs) == 2


def test_a_cluster_that_is_not_there(
    wanted: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    with pytest.raises(EngineError, match=r"RAY_ADDRESS=127\.0\.0\.1:1: Connection refused; start"):
        run(wanted, tmp_path)


def test_a_store_that_a_worker_does_not_see(wanted: Recipe, tmp_path: Path) -> None:
    job = describe(wanted, Runtime(store=tmp_path))
    with pytest.raises(DiskError, match=f"does not see {tmp_path}: give --store a folder that all"):
        _ = job.pipeline


@pytest.mark.slow
def test_machines_that_share_nothing_but_a_bucket(
    wanted: Recipe, alone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from moto.server import ThreadedMotoServer
    from ray.cluster_utils import Cluster as Nodes

    server = ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    there = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    for name, value in {**there, "SELFTRANSLATE_CACHE": str(tmp_path / "one")}.items():
        monkeypatch.setenv(name, value)
    nodes = Nodes(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    other = {**there, "SELFTRANSLATE_CACHE": str(tmp_path / "other")}
    nodes.add_node(num_cpus=2, env_vars=other)
    monkeypatch.setenv("RAY_ADDRESS", nodes.address)
    try:
        import s3fs

        s3fs.S3FileSystem().mkdir("bucket")
        run(wanted, elsewhere.local("s3://bucket/runs"))
        (copy,) = (tmp_path / "other").iterdir()
        assert {path.parts[0] for path in map(Path, artifacts(copy))} >= {"translate", "train"}
        monkeypatch.setenv("SELFTRANSLATE_CACHE", str(tmp_path / "third"))
        fresh = elsewhere.local("s3://bucket/runs")
        assert run(wanted, fresh).idle
        assert artifacts(alone).items() >= artifacts(fresh).items()
    finally:
        nodes.shutdown()
        server.stop()


def test_work_that_kills_every_worker_ends(wanted: Recipe, tmp_path: Path) -> None:
    job = describe(wanted, Runtime(store=tmp_path))
    with sighted(tmp_path, job):
        for _ in range(RETRIES):
            with job.tried("complete-0"):
                begun = (tmp_path / job.sight / "complete-0").read_bytes()
            (tmp_path / job.sight / "complete-0").write_bytes(begun)  # as who is killed leaves it
        said = "complete-0: 20 workers were killed at it"
        with pytest.raises(EngineError, match=said), job.tried("complete-0"):
            pytest.fail("begun once more")
    assert not (tmp_path / job.sight).exists()


class Here(Work):
    """The same work in this process: what Ray would send is pickled, and nothing is at once."""

    def pool(self, stage: Any, rows: Any) -> Iterator[tuple[int, Any]]:
        for i, row in reversed(list(enumerate(rows))):  # as it comes, not in their order
            call = pickle.dumps((stage, self.job, row))
            made = Worker()({"index": i, "call": call})
            yield made["index"], self._heard(pickle.loads(made["made"]))

    trained = pool

    def each(self, stage: Any, rows: Any) -> list[Any]:
        done = dict(self.pool(stage, rows))
        return [done[i] for i in range(len(rows))]

    beside = each

    def behind(self, stage: Any, *arguments: Any) -> None:
        self.each(stage, [arguments])


def test_names_alone_lead_to_the_same_bytes(wanted: Recipe, alone: Path, tmp_path: Path) -> None:
    job = describe(wanted, Runtime(store=tmp_path, checkpoint_seconds=0))
    with sighted(tmp_path, job):
        work = Here(job, Cluster(), Silent())
        distributed.through(work, wanted)
        assert not work.idle
        assert artifacts(tmp_path) == artifacts(alone)
        again = Here(job, Cluster(), Silent())
        distributed.through(again, wanted)
        assert again.idle
    with memory.look(tmp_path) as one, memory.look(alone) as other:
        count = "SELECT count(*), count(DISTINCT text) FROM completions"
        assert list(one.rows(count)) == list(other.rows(count))


def test_what_is_known_is_not_asked_and_a_killed_workers_answers_are_kept(
    wanted: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = describe(wanted, Runtime(store=tmp_path))
    with sighted(tmp_path, job):
        work = Here(job, Cluster(), Silent())
        begun = work.once(stages.begin)
        first, *_ = work.once(stages.cut, begun, "de")
        monkeypatch.setenv("SELFTRANSLATE_FAILPOINT", "completions.seal:1:raise")
        with pytest.raises(Failure):
            stages.complete(job, first, None)
        monkeypatch.delenv("SELFTRANSLATE_FAILPOINT")
        asked: list[str] = []
        engine = job.pipeline.shop.translating.engine
        ask = engine.generate
        monkeypatch.setattr(
            engine, "generate", lambda request: asked.extend(request.texts) or ask(request)
        )
        completed = stages.complete(job, first, None)
        assert asked == [], "the first worker's answers are taken over"
        stages.remember(job, first, completed)
        known = stages.known(job, first)
        assert known
        assert len(list(job.artifact(known).read(Answer))) == first.count
