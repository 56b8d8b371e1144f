"""What docs/scale.md says of cost is what the script says, and the script what `plan` says."""

from __future__ import annotations

import importlib
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "scale.md"


@pytest.fixture
def cost(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    return importlib.import_module("cost")


@pytest.fixture
def work(cost: Any) -> Any:
    return importlib.import_module("workload")


def test_the_page_has_the_scripts_tables_and_no_others(cost: Any) -> None:
    text = PAGE.read_text(encoding="utf-8")
    found = re.findall(r"<!-- cost: (\w+) -->\n(.*?)\n<!-- end -->", text, re.S)
    assert dict(found) == cost.tables(), "python benchmarks/cost.py --write docs/scale.md"


def test_the_papers_experiment_has_216_runs_if_none_are_shared(cost: Any, work: Any) -> None:
    on = cost.MACHINES[0].roofline
    none = work.Savings(shared_source=False, same_mixtures=False)
    assert work.cost(work.PAPER, on, none).runs == 216
    assert work.cost(work.PAPER, on).runs == 216 - 54 - 24


def test_each_saving_saves(cost: Any, work: Any) -> None:
    on, best = cost.MACHINES[0].roofline, work.Savings()
    least = work.cost(work.PAPER, on, best).total
    for name, off in {
        "dedupe": False, "prefix": "cached", "early_stop": False, "shared_source": False,
        "same_mixtures": False, "rows": "like", "one_engine": False,
    }.items():  # fmt: skip
        assert work.cost(work.PAPER, on, replace(best, **{name: off})).total > least, name


def test_batches_are_filled_as_was_measured(work: Any) -> None:
    """Beside benchmarks/RESULTS.md: 0.88 to 0.92 of 64 like rows, 0.57 to 0.66 of 8 random ones."""
    for task in ("gsm8k", "squad", "mnli"):
        assert 0.87 < work.filled(task, "like") < 0.95
        assert 0.55 < work.filled(task, "random") < 0.72


def test_more_copies_of_a_model_take_less_time_but_a_run_is_not_divided(
    cost: Any, work: Any
) -> None:
    made = work.cost(work.PAPER, cost.MACHINES[0].roofline)
    assert made.spread(1) == pytest.approx(made.total)
    assert made.total / 8 < made.spread(8) < made.total / 7
    one_run = made.train / made.runs
    assert made.spread(10**6) == pytest.approx(one_run + made.starts, rel=0.01)
