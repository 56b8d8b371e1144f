"""A run's own work does not grow in memory with its rows, and the benchmark that shows it runs."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from selftranslate import recipe as recipes
from selftranslate import store, translate
from selftranslate.example import Example
from selftranslate.pipeline import Pipeline
from selftranslate.records import Records
from selftranslate.runtime import Runtime
from selftranslate.transfer import Material, Transfer
from selftranslate.translate import memory, plan, schema, texts

SCALE = Path(__file__).parent.parent / "benchmarks" / "scale.py"
A_ROW = 500
"""Bytes that the texts of a row take in memory, at least."""


def test_the_benchmark_measures_every_stage(tmp_path: Path) -> None:
    out = tmp_path / "found.json"
    command = [sys.executable, str(SCALE), "--rows", "60", "--json", str(out)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found = json.loads(out.read_text(encoding="utf-8"))
    assert found["rows"] == 60 and found["peak_mb"] > 10 and found["overhead_us"] > 0
    assert list(found["stages"]) == ["load", "plan", "translate", "filter", "mix"]
    assert found["seconds"] == pytest.approx(
        sum(stage["seconds"] for stage in found["stages"].values())
    )
    assert "60 rows: " in done.stdout


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The benchmark's module; what a stage holds at once is made small."""
    spec = importlib.util.spec_from_file_location("scale", SCALE)
    assert spec and spec.loader
    made = importlib.util.module_from_spec(spec)
    monkeypatch.setattr(sys, "path", list(sys.path))
    spec.loader.exec_module(made)
    for module in (texts, memory, plan):  # it remembers the latest 2,048
        monkeypatch.setattr(module, "digest", schema.digest.__wrapped__)
    monkeypatch.setattr(translate, "BLOCK", 50)
    monkeypatch.setattr(texts, "LATELY", 50)
    monkeypatch.setattr(memory, "BATCH", 50)
    monkeypatch.setattr(store, "SPOOL", 1 << 14)
    monkeypatch.setattr(store, "BLOCK", 50)
    return made


def peaks(benchmark: Any, folder: Path, rows: int) -> dict[str, int]:
    """Take rows through the stages; return the most bytes that Python held in each."""
    found: dict[str, int] = {}

    def stage(name: str, work: Callable[[], Any]) -> Any:
        tracemalloc.start()
        made = work()
        found[name] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return made

    folder.mkdir()
    recipe = recipes.load(benchmark.write(folder, rows))
    pipeline = Pipeline(recipe, Runtime(store=folder / "runs"))
    shots, test = pipeline.choose_shots("de"), pipeline.load("test", "de")
    english = stage("load", lambda: pipeline.load("train", "en"))
    made = stage("translate", lambda: pipeline.translate(english, shots, "de"))
    pairs = stage("filter", lambda: pipeline.filter(made, shots, "de"))
    material = Material(
        language="de", english=english, shots=shots, translated=made, pairs=pairs,
        gold=None, quality=shots, validation=test, test=test,
    )  # fmt: skip
    everything = recipe.settings[-1]
    mixed = stage("mix", lambda: Transfer(pipeline.shop, material).mix(everything, {"de": shots}))
    assert len(Records(english, Example)) == len(Records(pairs, Example)) == rows
    assert len(Records(mixed, Example)) == 4 * rows + len(Records(shots, Example))
    return found


def test_no_stage_holds_its_rows(benchmark: Any, tmp_path: Path) -> None:
    few, many = (peaks(benchmark, tmp_path / str(rows), rows) for rows in (200, 800))
    for name, peak in many.items():
        assert peak - few[name] < 600 * A_ROW / 5, name
