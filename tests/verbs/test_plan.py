"""`plan` says what `run` then does, and writes nothing."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from selftranslate import recipe
from selftranslate.cli import main
from selftranslate.example import Pair, Prediction
from selftranslate.pipeline import Pipeline
from selftranslate.runtime import Runtime
from selftranslate.store import Artifact
from selftranslate.translate import upkeep

RECIPE = """
task: {name: mini_nli, train: 10, validation: 4, test: 6}
model: mini
languages: [de]
limits: {quality: 3}
settings:
  - {name: few-shot, ask: few-shot}
  - {name: D_src, train_on: [source]}
  - {name: +D_tgt, train_on: [source, target]}
training: {name: lora, r: 4, batch_size: 4}
protocol: {learning_rates: [1.0e-3], seeds: [0], steps: 2, keep: 1}
validation: translated
test_source: true
"""
STAGES = ("translate", "quality", "filter", "mix", "train", "answer")


def write(folder: Path, text: str = RECIPE) -> Path:
    path = folder / "recipe.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def plan(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    assert main(["plan", *map(str, arguments), "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def keys(found: dict[str, Any], *stages: str) -> set[str]:
    return {key for row in found["stages"] if row["stage"] in stages for key in row["artifacts"]}


def everything(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        if path.is_file()
        else ""
        for path in sorted(folder.rglob("*"))
    }


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Pipeline]:
    """A recipe's folder, in which `runs` holds all it asks for."""
    folder = tmp_path_factory.mktemp("finished")
    pipeline = Pipeline(recipe.load(write(folder)), Runtime(store=folder / "runs"))
    pipeline.run()
    return folder, pipeline


@pytest.fixture
def copied(finished: tuple[Path, Pipeline], tmp_path: Path) -> Path:
    shutil.copytree(finished[0], tmp_path, dirs_exist_ok=True)
    return tmp_path


def made(pipeline: Pipeline, stage: str) -> list[Artifact]:
    return [artifact for artifact in pipeline.store.made if artifact.stage == stage]


def test_what_is_counted_is_what_a_run_does(
    finished: tuple[Path, Pipeline], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, pipeline = finished
    found = plan(capsys, folder / "recipe.yaml", "--store", tmp_path / "none", "--no-probe")
    assert not (tmp_path / "none").exists() and not found["done"]
    units = found["units"]
    fields = sum(len(pair.ended) for a in made(pipeline, "translate") for pair in a.read(Pair))
    measured = sum(
        1 for a in made(pipeline, "quality") for _ in a.read(Prediction, "outputs.jsonl")
    )
    assert units["texts"]["total"] == fields + measured == 2 * (10 + 4) + 3
    with upkeep.existing(folder / "runs") as memory:
        assert units["texts"]["left"] == upkeep.stats(memory)["entries"]
    steps = [a.json("training.json")["steps"] for a in made(pipeline, "train")]
    assert units["steps"]["left"] == units["steps"]["total"] == sum(steps) == 4
    given = [1 for a in made(pipeline, "answer") for _ in a.read(Prediction, "outputs.jsonl")]
    assert units["answers"]["left"] == sum(given)
    assert len(keys(found, "answer")) == len(made(pipeline, "answer"))
    # What depends on no translation has a run's own keys already.
    for stage in ("translate", "quality", "filter"):
        assert keys(found, stage) == {artifact.key for artifact in made(pipeline, stage)}
    for stage in ("mix", "train", "answer"):
        assert keys(found, stage) & {artifact.key for artifact in made(pipeline, stage)}


def test_tokens_and_disk_are_near_what_a_run_needs(
    finished: tuple[Path, Pipeline], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, pipeline = finished
    found = plan(capsys, folder / "recipe.yaml", "--store", tmp_path / "none", "--no-probe")

    def total(stage: str, what: str) -> int:
        return sum(row[what] for row in found["stages"] if row["stage"] == stage)

    with upkeep.existing(folder / "runs") as memory:
        written = upkeep.stats(memory)["tokens"]
    assert total("translate", "new_tokens") + total("quality", "new_tokens") == pytest.approx(
        written, rel=0.3
    )
    trained = sum(a.json("training.json")["tokens"] for a in made(pipeline, "train"))
    assert total("train", "prompt_tokens") == pytest.approx(trained, rel=0.2)
    adapters = sum(
        (a.path / "adapter_model.safetensors").stat().st_size for a in made(pipeline, "train")
    )
    assert total("train", "bytes") == pytest.approx(adapters, rel=0.1)


def test_after_a_run_everything_is_there_and_nothing_is_timed(
    copied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = plan(capsys, copied / "recipe.yaml", "--store", copied / "runs")
    assert found["done"] and found["seconds"] == 0 and found["bytes"] == 0
    assert {row["stage"] for row in found["stages"]} == set(STAGES)
    assert all(row["done"] and row["left"] == 0 for row in found["stages"])
    there = {path.name for stage in STAGES for path in (copied / "runs" / stage).iterdir()}
    assert keys(found, *STAGES) == {name for name in there if not name.startswith(".")}


def test_runs_that_languages_share_are_counted_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = write(tmp_path, RECIPE.replace("[de]", "[de, ru]") + "share_source_runs: true\n")
    found = plan(capsys, wanted, "--store", tmp_path / "none", "--no-probe")
    trained = {row["what"]: row["total"] for row in found["stages"] if row["stage"] == "train"}
    assert trained == {"D_src, German, Russian": 2, "+D_tgt, German": 2, "+D_tgt, Russian": 2}


def test_a_lost_translation_is_known_to_the_memory(
    copied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(copied / "runs" / "translate")
    found = plan(capsys, copied / "recipe.yaml", "--store", copied / "runs", "--no-probe")
    lost = [row for row in found["stages"] if row["stage"] == "translate"]
    assert not any(row["done"] for row in lost) and [row["left"] for row in lost] == [0] * 2
    assert all(row["done"] for row in found["stages"] if row["stage"] != "translate")


def test_a_changed_recipe_does_only_what_is_new(
    copied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ["--set", "protocol.seeds=[0, 1]"]
    found = plan(capsys, copied / "recipe.yaml", *more, "--store", copied / "runs", "--no-probe")
    units = {unit: (each["total"], each["left"]) for unit, each in found["units"].items()}
    assert units["texts"][1] == 0 and units["steps"] == (8, 4)
    assert 0 < units["answers"][1] < units["answers"][0]


def test_timing_here_leaves_store_and_working_directory_as_they_are(
    copied: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (copied / "elsewhere").mkdir()
    monkeypatch.chdir(copied / "elsewhere")
    for stage in ("translate", "train", "answer"):
        shutil.rmtree(copied / "runs" / stage)
    (copied / "runs" / "memory.sqlite").unlink()
    before = everything(copied)
    found = plan(capsys, "../recipe.yaml", "--store", "../runs")
    assert everything(copied) == before
    timed = {row["stage"]: row["seconds"] for row in found["stages"] if not row["done"]}
    assert all(timed[stage] > 0 for stage in ("translate", "train", "answer"))
    assert found["seconds"] >= sum(timed.values()) and found["assumptions"]


def test_a_device_is_modelled_and_says_so(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    larger = ["--set", "training.batch_size=256", "--set", "protocol.steps=1000"]
    arguments = [copied / "recipe.yaml", *larger, "--store", copied / "none", "--device"]
    cpu, gpu = plan(capsys, *arguments, "cpu"), plan(capsys, *arguments, "h100")
    assert 0 < gpu["seconds"] < cpu["seconds"] and gpu["gpu_hours"] == gpu["seconds"] / 3600
    assert cpu["gpu_hours"] == 0
    assert any("data sheet" in said for said in gpu["assumptions"])


def test_a_paid_engine_costs_its_tokens(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    served = RECIPE + (
        "translation_engine: {name: openai, base_url: 'http://localhost:1/v1', tokenizer: mini}\n"
        "translator: big\n"
    )
    arguments = [write(tmp_path, served), "--store", tmp_path / "none", "--no-probe"]
    found = plan(capsys, *arguments, "--price-in", 2, "--price-out", 10)
    paid = [row for row in found["stages"] if row["stage"] in {"translate", "quality"}]
    # A server counts the shots with each text; a model here reads them once.
    assert all(row["billed_tokens"] > 3 * row["prompt_tokens"] for row in paid[:2])
    cost = sum(2 * row["billed_tokens"] + 10 * row["new_tokens"] for row in paid) / 1e6
    assert found["money"] == pytest.approx(cost)
    assert all(row["money"] is None for row in found["stages"] if row not in paid)
    assert plan(capsys, *arguments)["money"] is None


def test_a_person_reads_it_on_a_terminal(
    copied: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    store = ["--store", str(copied / "none")]
    assert main(["plan", str(copied / "recipe.yaml"), *store, "--device", "h100"]) == 0
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80
    assert "distinct texts to translate, 4 training steps" in " ".join(shown.split())
    assert "GPU-hours" in shown and "nothing was written" in shown
    done = ["plan", str(copied / "recipe.yaml"), "--store", str(copied / "runs")]
    assert main(done) == 0 and "nothing to do" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "options", "code", "says"),
    [
        ("languages: [xx]", [], 2, "xx"),
        ("model: ./no-such-model", [], 4, "no-such-model"),
        ("task: mnli", [], 3, "data"),
        ("", ["--device", "h1000"], 2, "h100"),
        ("", ["--price-in", "3"], 2, "--price-out"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    change: str,
    options: list[str],
    code: int,
    says: str,
) -> None:
    lines = RECIPE.splitlines()
    key = change.partition(":")[0]
    text = "\n".join([*(line for line in lines if not key or not line.startswith(key)), change])
    path = write(tmp_path, text)
    assert main(["plan", str(path), "--store", str(tmp_path / "runs"), *options]) == code
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1 and says in said[0]
    assert not (tmp_path / "runs").exists()
