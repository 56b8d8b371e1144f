"""What is done, running and left: while a run goes on, after it was killed, after it is done."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from selftranslate import live
from selftranslate.cli import main
from selftranslate.live import About
from selftranslate.progress import Silent

from .conftest import Experiment

RECIPE = """
task: {name: mini_qa, train: 2, validation: 2, test: 2}
model: mini
languages: [de]
limits: {quality: 1}
settings: [{name: +D_tgt, train_on: [target]}]
training: {name: lora, r: 4, batch_size: 2}
protocol: {learning_rates: [1e-3], seeds: [0, 1], steps: 3000, keep: 1}
"""
STAGES = {
    "load-train", "load-validation", "load-test", "shots", "translate", "filter", "quality",
    "quality-texts", "mix", "train", "answer", "result",
}  # fmt: skip

Status = Callable[..., str]


@pytest.fixture
def status(capsys: pytest.CaptureFixture[str]) -> Status:
    def asked(store: Path, *options: str) -> str:
        assert main(["status", "--store", str(store), *options]) == 0
        return capsys.readouterr().out

    return asked


def test_a_run_is_seen_while_it_works_and_after_it_was_killed(
    tmp_path: Path, status: Status
) -> None:
    recipe, store = tmp_path / "recipe.yaml", tmp_path / "store"
    recipe.write_text(RECIPE, encoding="utf-8")
    command = [sys.executable, "-m", "selftranslate", "run", str(recipe), "--store", str(store)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as running:
        try:
            until = time.monotonic() + 120
            while not (now := training(store)):
                assert running.poll() is None and time.monotonic() < until
                time.sleep(0.1)
            said = status(store)
            assert "● running" in said and str(recipe) in said and "mini_qa · mini · de" in said
            assert f"process {running.pid} on" in said
            assert "✓ translate into German" in said
            assert "▸ train +D_tgt, German" in said and "of 3,000 steps" in said
            assert "/s" in said and "steps (about" in said and "8 answers" in said
        finally:
            running.send_signal(signal.SIGKILL)
    said = status(store)
    assert "✗ died" in said and "run the same command again" in said
    assert "▸ train +D_tgt, German" in said, "where it was"
    (run,) = json.loads(status(store, "--json"))["runs"]
    assert run["state"] == "died" and run["pid"] == running.pid
    assert run["left"]["texts"] == 0 and run["left"]["answers"] == 8
    assert now <= run["current"]["done"] and run["left"]["steps"] == 6000 - run["current"]["done"]


def training(store: Path) -> int:
    """Return how many steps a run has trained, as it says itself, once it knows its rate."""
    runs = live.read(store)
    current = runs[0].current if runs else None
    return current.done if current and current.unit == "steps" and current.rate else 0


def test_a_finished_experiment_is_told_with_its_verdict_and_the_stores_size(
    experiment: Experiment, status: Status
) -> None:
    said = status(experiment.store)
    assert experiment.key in said and "German: " in said and "mini_qa" in said
    made = json.loads(status(experiment.store, "--json"))
    ours = next(one for one in made["finished"] if one["key"] == experiment.key)
    assert ours["task"] == "mini_qa" and ours["languages"] == ["de"]
    assert ours["verdicts"][0].startswith("German: ") and ours["verdicts"][0] in said
    stages = {one["stage"]: one for one in made["stages"]}
    assert stages.keys() == STAGES and all(one["bytes"] for one in stages.values())
    assert made["memory"]["entries"] > 0 and f"{made['memory']['entries']} texts" in said
    folder = experiment.store / "translate"
    size = sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
    assert stages["translate"]["bytes"] == size


def test_the_command_tells_and_a_run_that_failed_says_why(
    tmp_path: Path, status: Status, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(RECIPE.replace("model: mini", "model: /no/such/model"), encoding="utf-8")
    assert main(["run", str(recipe), "--store", str(tmp_path / "store")]) == 4
    capsys.readouterr()
    said = status(tmp_path / "store")
    assert "✗ failed" in said and "no such folder" in said


def test_of_a_recipes_runs_the_last_is_told_and_json_has_all(
    tmp_path: Path, status: Status
) -> None:
    about = About(recipe="r.yaml", task="t", model="m", languages=("de",))
    with pytest.raises(KeyboardInterrupt), live.told(tmp_path, about, Silent()):
        raise KeyboardInterrupt
    first = live.read(tmp_path)[0].id
    path = tmp_path / live.FOLDER / f"{first}.json"
    path.write_text(path.read_text().replace(first, "20000101T000000-00000000"))
    path.rename(path.with_name("20000101T000000-00000000.json"))
    with live.told(tmp_path, about, Silent()):
        pass
    said = status(tmp_path)
    assert "✓ finished" in said and "interrupted" not in said
    runs = json.loads(status(tmp_path, "--json"))["runs"]
    assert [run["state"] for run in runs] == ["finished", "interrupted"]


def test_damage_is_told_and_stops_nothing(
    experiment: Experiment, tmp_path: Path, status: Status
) -> None:
    store = tmp_path / "store"
    shutil.copytree(experiment.store, store)
    shutil.rmtree(store / "answer")
    (store / "memory.sqlite").write_bytes(b"no database" * 100)
    said = status(store)
    assert experiment.key in said and "missing; run the recipe again" in said
    assert "cannot be read" in said


def test_what_a_killed_process_left_is_counted_apart(tmp_path: Path, status: Status) -> None:
    draft = tmp_path / "train" / ".0123456789abcdef-00"
    draft.mkdir(parents=True)
    (draft / "weights").write_bytes(b"x" * 2000)
    (found,) = json.loads(status(tmp_path, "--json"))["stages"]
    assert found == {"stage": "train", "artifacts": 0, "bytes": 0, "unfinished": 2000}
    assert "2.0 kB unfinished" in status(tmp_path)


def test_looking_writes_nothing(experiment: Experiment, status: Status) -> None:
    def everything() -> dict[str, Any]:
        return {str(p): p.stat().st_mtime_ns for p in sorted(experiment.store.rglob("*"))}

    before = everything()
    status(experiment.store)
    assert everything() == before


def test_names_do_not_drive_the_terminal(tmp_path: Path, status: Status) -> None:
    about = About(recipe="\x1b[2Jr", task="\u202et", model="m\x07", languages=("de",))
    msg = "\x1b]0;title\x07"
    with pytest.raises(ValueError), live.told(tmp_path, about, Silent()):
        raise ValueError(msg)
    said = status(tmp_path)
    assert not {"\x1b", "\x07", "\u202e"} & {*said} and "failed" in said


def test_a_store_that_is_not_there_is_a_usage_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", "--store", str(tmp_path / "no")]) == 2
    assert "no such store" in capsys.readouterr().err


def test_who_trains_along_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process that leads speaks for all of them."""
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(RECIPE, encoding="utf-8")
    for name, value in {"WORLD_SIZE": "2", "RANK": "1"}.items():
        monkeypatch.setenv(name, value)
    os.environ.pop("MASTER_ADDR", None)
    with pytest.raises(ValueError, match="MASTER_ADDR"):  # there is nobody to join
        main(["run", str(recipe), "--store", str(tmp_path / "store")])
    assert not (tmp_path / "store").exists()
