"""Ray on this machine: two nodes that are processes, and the recipe that all tests run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from selftranslate import recipe
from selftranslate.pipeline import Pipeline
from selftranslate.recipe import Recipe
from selftranslate.runtime import Runtime

RECIPE: dict[str, Any] = {
    "task": {"name": "mini", "train": 10, "validation": 4, "test": 6},
    "model": "mini",
    "languages": ["de"],
    "validation": "translated",
    "limits": {"quality": 3},
    "settings": [
        {"name": "D_src", "train_on": ["source"]},
        {"name": "+D_tgt", "train_on": ["source", "target"]},
        {"name": "few-shot", "ask": "few-shot"},
    ],
    "shots": 2,
    "training": {"name": "lora", "r": 4, "batch_size": 4},
    "protocol": {"learning_rates": [1e-3], "seeds": [0], "steps": 2, "keep": 1},
}


@pytest.fixture(scope="session")
def wanted() -> Recipe:
    return recipe.parse(RECIPE, "test")


@pytest.fixture(scope="session")
def alone(wanted: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store that the same recipe fills on one machine."""
    store = tmp_path_factory.mktemp("alone")
    Pipeline(wanted, Runtime(store=store)).run()
    return store


@pytest.fixture
def two_nodes() -> Iterator[Any]:
    """A cluster of two machines, as Ray takes them; RAY_ADDRESS names it."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False}
    )
    cluster.add_node(num_cpus=1)
    os.environ["RAY_ADDRESS"] = cluster.address
    try:
        yield cluster
    finally:
        del os.environ["RAY_ADDRESS"]
        cluster.shutdown()
