"""A store with a finished experiment, as small as can be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from selftranslate import recipe
from selftranslate.export import Chosen, Wanted, choose
from selftranslate.pipeline import Pipeline
from selftranslate.runtime import Runtime

from .hub_server import Hub, running

RECIPE: dict[str, Any] = {
    "task": {"name": "mini_nli", "train": 6, "validation": 1, "test": 2},
    "model": "mini",
    "languages": ["de", "th"],
    "limits": {"quality": 1},
    "filters": ["complete", {"name": "length_ratio", "limit": 1.9}],  # drops some Thai rows
    "settings": [
        {"name": "zero-shot"},
        {"name": "D_src", "train_on": ["source"]},
        {"name": "+D_tgt", "train_on": ["source", "target"]},
    ],
    "training": {"name": "lora", "r": 2, "batch_size": 2},
    "protocol": {"learning_rates": [1e-3], "seeds": [0, 1], "steps": 1, "keep": 2},
    "share_source_runs": True,
}


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store."""
    root = tmp_path_factory.mktemp("export") / "runs"
    Pipeline(recipe.parse(RECIPE, "test"), Runtime(store=root)).run()
    return root


@pytest.fixture
def chosen(store: Path) -> Chosen:
    """The best run with German translations."""
    return choose(Wanted(store=store, language="de", setting="+D_tgt"))


@pytest.fixture
def thai(store: Path) -> Chosen:
    """A setting of which the filters dropped rows."""
    return choose(Wanted(store=store, language="th", setting="+D_tgt"))


@pytest.fixture
def hub() -> Iterator[Hub]:
    """A server that speaks as much of the hub's language as an upload needs."""
    with running() as server:
        yield server
