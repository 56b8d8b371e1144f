"""What people translated passes: nearly all of it, and every shot."""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

from selftranslate import plugins
from selftranslate.filters import PRESETS

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "filters.py"
TASKS = ("gsm8k", "squad", "mnli")
EVERY = 8
"""Every how many texts one is taken."""


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("filters_benchmark", BENCHMARK)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "code",
    [
        "de",
        "zh",
        pytest.param("ru", marks=pytest.mark.slow),
        pytest.param("th", marks=pytest.mark.slow),
    ],
)
def test_99_of_100_human_texts_and_all_shots_are_kept(
    benchmark: ModuleType, paper_data: Path, code: str
) -> None:
    filters = {name: plugins.build("filters", name) for name in PRESETS["strict"]}
    texts, dropped = 0, Counter[str]()
    for name in TASKS:
        task, _ = benchmark.task(name, paper_data)
        for found in benchmark.measure(task, code, filters, EVERY).values():
            texts += next(iter(found.values())).texts
            dropped.update({each: sum(kept.reasons.values()) for each, kept in found.items()})
        assert len(benchmark.shots(task, code)) == 8
        assert not list(benchmark.dropped_shots(task, code, filters))
    assert texts > 1000
    assert {name: n for name, n in dropped.items() if n > texts / 100} == {}
