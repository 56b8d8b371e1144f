"""A finished experiment that several verbs look at: real, small, and with everything in it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from selftranslate import recipe, report
from selftranslate.archive import Archive
from selftranslate.engines import Completion, Request
from selftranslate.engines.transformers import TransformersEngine
from selftranslate.model import MINIATURE
from selftranslate.pipeline import Pipeline
from selftranslate.runtime import Runtime

CONTEXT = 290
"""Tokens: too few for eight shots with the answers' marks."""

RECIPE: dict[str, Any] = {
    "task": {"name": "mini_qa", "train": 8, "validation": 2, "test": 3},
    "languages": ["de"],
    "limits": {"quality": 2},
    "settings": [
        {"name": "as it is"},
        {"name": "+D_tgt", "train_on": ["source", "target"]},
    ],
    "training": {"name": "lora", "r": 4, "batch_size": 2, "max_length": 49, "max_left_out": 0.5},
    "protocol": {"learning_rates": [1e-3], "seeds": [0], "steps": 1, "keep": 1},
}


@dataclass(frozen=True, slots=True)
class Experiment:
    """What a run left, and what its engine was asked."""

    store: Path
    model: Path
    key: str
    """Of the result."""
    prompts: set[str] = field(default_factory=set)
    """Every prompt that was sent to translate or ask."""


def run(wanted: dict[str, Any], store: Path) -> str:
    result, made = Pipeline(recipe.parse(wanted, "test"), Runtime(store=store)).run()
    report.publish(Archive(store), made, result)
    return made.key


@pytest.fixture(scope="session")
def experiment(tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    """Passages with marked answers, cut into sentences, and a model with a short context."""
    folder = tmp_path_factory.mktemp("experiment")
    model = folder / "short"
    shutil.copytree(MINIATURE, model)
    config = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(
        json.dumps({**config, "max_position_embeddings": CONTEXT}), encoding="utf-8"
    )
    prompts: set[str] = set()
    generate = TransformersEngine.generate

    def listening(self: TransformersEngine, request: Request) -> Iterator[Completion]:
        prompts.update(request.prefix + text for text in request.texts)
        return generate(self, request)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransformersEngine, "generate", listening)
        key = run({**RECIPE, "model": str(model)}, folder / "store")
    return Experiment(folder / "store", model, key, prompts)
