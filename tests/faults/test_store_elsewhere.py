"""Fault 12: a run whose store is a bucket is killed, or its machine is gone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from .conftest import Ended, Server, artifacts

URL = "s3://bucket/faults/store"


def test_a_killed_run_goes_on_and_another_machine_finds_everything(
    server: Server, recipe: Path, whole: Path, s3: Mapping[str, str], tmp_path: Path
) -> None:
    def on(machine: str, *arguments: object, failpoint: str = "") -> Ended:
        return server.run(
            *arguments, failpoint=failpoint, SELFTRANSLATE_CACHE=str(tmp_path / machine), **s3
        )

    run = ("run", recipe, "--store", URL, "--json")
    for place in ("send.memory:1:kill", "send.manifest:3:kill", "answer.published:1:kill"):
        assert on("a", *run, failpoint=place).code == -9, place
    done = on("a", *run)
    assert done.code == 0, done.said
    (copy,) = (tmp_path / "a").iterdir()
    assert artifacts(copy) == artifacts(whole), "as if the store were a folder"
    found = json.loads(done.out)
    assert found["report"].startswith(f"{URL}/reports/")

    shutil.rmtree(tmp_path / "a")
    again = on("b", *run)
    assert again.code == 0 and "nothing to do" in again.said
    (copy,) = (tmp_path / "b").iterdir()
    assert artifacts(copy) == artifacts(whole)
    assert json.loads(again.out) == found

    less = on("b", *run, "--set", "task.train=6")
    assert less.code == 0 and "8 of 12 texts" not in less.said

    status = on("c", "status", "--store", URL)
    assert status.code == 0 and status.out.startswith(URL) and "finished" in status.out
    for verb in (
        ("show", URL, "prediction", "1"),
        ("report", URL),
        ("memory", "stats", "--store", URL),
        ("plan", recipe, "--store", URL, "--no-probe"),
        ("export", "rows", tmp_path / "rows", "--store", URL),
        ("diff", URL, f"{URL}:{found['report'].split('/')[-2]}"),
    ):
        ended = on("c", *verb)
        assert ended.code == 0, ended.said
        assert str(tmp_path / "c") not in ended.out + ended.said, "people see the URL"
