"""Fault 12: a run whose store is a bucket is killed, or its machine is gone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from .conftest import Ended, Server, artifacts

_numbers = count()


@dataclass(frozen=True, slots=True)
class Bucket:
    """A store's URL, and machines that use it."""

    server: Server
    variables: Mapping[str, str]
    folder: Path
    url: str

    def on(self, machine: str, *arguments: object, failpoint: str = "") -> Ended:
        """Run a command on a machine: a folder for its working copies."""
        cache = {"SELFTRANSLATE_CACHE": str(self.folder / machine)}
        return self.server.run(*arguments, failpoint=failpoint, **cache, **self.variables)

    def copy(self, machine: str) -> Path:
        (found,) = (self.folder / machine).iterdir()
        return found


@pytest.fixture
def bucket(server: Server, s3: Mapping[str, str], tmp_path: Path) -> Bucket:
    return Bucket(server, s3, tmp_path, f"s3://bucket/faults/{next(_numbers)}")


def test_a_killed_run_goes_on_and_another_machine_finds_everything(
    bucket: Bucket, recipe: Path, whole: Path
) -> None:
    run = ("run", recipe, "--store", bucket.url, "--json")
    assert bucket.on("a", *run, failpoint="send.manifest:2:kill").code == -9
    done = bucket.on("a", *run)
    assert done.code == 0, done.said
    assert artifacts(bucket.copy("a")) == artifacts(whole), "as if the store were a folder"
    found = json.loads(done.out)
    assert found["report"].startswith(f"{bucket.url}/reports/")
    shutil.rmtree(bucket.folder / "a")
    again = bucket.on("b", *run)
    assert again.code == 0 and "nothing to do" in again.said
    assert artifacts(bucket.copy("b")) == artifacts(whole)
    assert json.loads(again.out) == found


@pytest.mark.slow
def test_wherever_it_is_killed_and_whatever_verb_looks(
    bucket: Bucket, recipe: Path, whole: Path
) -> None:
    run = ("run", recipe, "--store", bucket.url, "--json")
    for place in ("send.memory", "translate.published", "send.files", "train.work", "result.seal"):
        assert bucket.on("a", *run, failpoint=f"{place}:1:kill").code == -9, place
    done = bucket.on("a", *run)
    assert done.code == 0 and artifacts(bucket.copy("a")) == artifacts(whole)
    key = json.loads(done.out)["report"].split("/")[-2]
    (bucket.folder / "a").rename(bucket.folder / "gone")
    for verb, said in (
        (("status", "--store", bucket.url), bucket.url),
        (("show", bucket.url, "prediction", "1"), "D_tgt"),
        (("report", bucket.url), f"{bucket.url}/reports/{key}/report.html"),
        (("memory", "stats", "--store", bucket.url), "en > de"),
        (("plan", recipe, "--store", bucket.url, "--no-probe"), "nothing to do"),
        (("export", "trl", bucket.folder / "rows", "--store", bucket.url), "D_tgt"),
        (("diff", bucket.url, f"{bucket.url}:{key}"), f"{bucket.url}:{key}"),
    ):
        ended = bucket.on(verb[0], *verb)
        assert ended.code == 0 and said in ended.out, ended.said
        assert str(bucket.folder / verb[0]) not in ended.out + ended.said, "people see the URL"
