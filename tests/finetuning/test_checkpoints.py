"""Checkpoints: a run that goes on from one ends as if it had never stopped."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from selftranslate import plugins
from selftranslate.example import Sample
from selftranslate.failpoints import VARIABLE, Failure, _passed
from selftranslate.finetuning.checkpoints import Checkpoints
from selftranslate.progress import Silent
from selftranslate.runtime import Runtime
from selftranslate.training import Run

SAMPLES = [
    Sample(id=f"s{n}", prompt=f"{n} + {n} = ", completion=f"{2 * n}, of course.", languages="en>en")
    for n in range(8)
]
RUN = Run(learning_rate=1e-2, seed=0, steps=6)


class Saying(Silent):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)


def fit(
    model: Path, folder: Path, unfinished: Path | None = None, run: Run = RUN, **params: Any
) -> list[str]:
    """Train with a checkpoint after every step; return what was said."""
    progress = Saying()
    runtime = Runtime(device="cpu", checkpoint_seconds=0, progress=progress)
    given = {"model": str(model), "runtime": runtime, "precision": "fp32", "batch_size": 4, "r": 4}
    folder.mkdir(exist_ok=True)
    trainer = plugins.build("training", "lora", {**given, **params})
    trainer.fit(SAMPLES, run, folder, unfinished=unfinished)
    return progress.said


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def whole(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a run leaves that kept no checkpoints."""
    folder = tmp_path_factory.mktemp("whole")
    fit(tiny_model, folder)
    return bytes_of(folder)


@pytest.fixture(scope="module")
def stopped(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkpoints of steps 3 and 4, of a run that stopped after step 4 of 6."""
    folder = tmp_path_factory.mktemp("stopped")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, "checkpoint.work:5:raise")
        _passed.clear()
        with pytest.raises(Failure):
            fit(tiny_model, folder / "run", folder / "unfinished")
    return folder / "unfinished"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("step-*"))


def test_the_two_newest_are_kept(stopped: Path) -> None:
    assert names(stopped) == ["step-00000003", "step-00000004"]


def test_there_are_no_pickles(stopped: Path) -> None:
    files = {path.name for path in stopped.glob("*/*")}
    assert files == {"manifest.json", "state.json", "tensors.safetensors"}


def test_checkpoints_change_nothing(
    tiny_model: Path, tmp_path: Path, whole: dict[str, bytes]
) -> None:
    fit(tiny_model, tmp_path / "run", tmp_path / "unfinished")
    assert bytes_of(tmp_path / "run") == whole
    assert names(tmp_path / "unfinished") == ["step-00000004", "step-00000005"]


def test_a_stopped_run_goes_on_to_the_same_bytes(
    tiny_model: Path, tmp_path: Path, stopped: Path, whole: dict[str, bytes]
) -> None:
    shutil.copytree(stopped, tmp_path / "unfinished")
    said = fit(tiny_model, tmp_path / "run", tmp_path / "unfinished")
    assert said == ["training goes on from the checkpoint of step 4"]
    assert bytes_of(tmp_path / "run") == whole


def torn(path: Path) -> None:
    content = (path / "tensors.safetensors").read_bytes()
    (path / "tensors.safetensors").write_bytes(content[: len(content) // 2])


def flipped(path: Path) -> None:
    content = bytearray((path / "state.json").read_bytes())
    content[-10] ^= 1
    (path / "state.json").write_bytes(content)


def without_random_numbers(path: Path) -> None:
    from safetensors.torch import load_file, save_file

    kept = load_file(path / "tensors.safetensors")
    rest = {name: each for name, each in kept.items() if not name.startswith("random/")}
    assert len(rest) < len(kept)
    save_file(rest, path / "tensors.safetensors")


def emptied(path: Path) -> None:
    shutil.rmtree(path)
    path.mkdir()


DAMAGE: list[tuple[Callable[[Path], None], str]] = [
    (torn, "tensors.safetensors is not what was written"),
    (flipped, "state.json is not what was written"),
    (without_random_numbers, "tensors.safetensors is not what was written"),
    (lambda path: (path / "state.json").unlink(), "state.json is missing"),
    (lambda path: (path / "tensors.safetensors").unlink(), "tensors.safetensors is missing"),
    (emptied, "manifest.json is missing"),
    (lambda path: (path / "manifest.json").write_text("{"), "manifest.json cannot be read"),
]


@pytest.mark.parametrize(("damage", "why"), DAMAGE, ids=[why for _, why in DAMAGE])
def test_a_damaged_one_is_passed_over_and_says_why(
    stopped: Path, tmp_path: Path, damage: Callable[[Path], None], why: str
) -> None:
    shutil.copytree(stopped, tmp_path / "unfinished")
    damage(tmp_path / "unfinished" / "step-00000004")
    said: list[str] = []
    found = Checkpoints(tmp_path / "unfinished", 0, {}, said.append).newest()
    assert found is not None and found.step == 3
    assert said == [
        f"the checkpoint of step 4 is not used: {why}",
        "training goes on from the checkpoint of step 3",
    ]


def test_the_run_goes_on_from_the_older_one_to_the_same_bytes(
    tiny_model: Path, tmp_path: Path, stopped: Path, whole: dict[str, bytes]
) -> None:
    shutil.copytree(stopped, tmp_path / "unfinished")
    torn(tmp_path / "unfinished" / "step-00000004")
    said = fit(tiny_model, tmp_path / "run", tmp_path / "unfinished")
    assert said[-1] == "training goes on from the checkpoint of step 3"
    assert bytes_of(tmp_path / "run") == whole


def test_one_of_another_recipe_is_not_used(
    tiny_model: Path, tmp_path: Path, stopped: Path, whole: dict[str, bytes]
) -> None:
    shutil.copytree(stopped, tmp_path / "unfinished")
    said = fit(tiny_model, tmp_path / "run", tmp_path / "unfinished", dropout=0.0)
    assert "step 4 is not used: it was made with recipe" in said[0] and len(said) == 2
    fit(tiny_model, tmp_path / "alone", dropout=0.0)
    assert bytes_of(tmp_path / "run") == bytes_of(tmp_path / "alone")


def test_one_of_another_torch_is_not_used(stopped: Path) -> None:
    said: list[str] = []
    assert Checkpoints(stopped, 0, {"torch": "1.0"}, said.append).newest() is None
    assert all(line.endswith("this is 1.0") and "made with torch 2." in line for line in said)
    assert len(said) == 2
