"""`selftranslate export`, as a user types it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from selftranslate import recipe
from selftranslate.cli import main
from selftranslate.pipeline import Pipeline
from selftranslate.runtime import Runtime

RECIPE: dict[str, Any] = {
    "task": {"name": "mini", "train": 4, "validation": 2, "test": 2},
    "model": "mini",
    "languages": ["de"],
    "limits": {"quality": 1},
    "settings": [{"name": "+D_tgt", "train_on": ["source", "target"]}],
    "training": {"name": "lora", "r": 2, "batch_size": 2},
    "protocol": {"learning_rates": [1e-3], "seeds": [0], "steps": 1, "keep": 1},
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("verb") / "runs"
    Pipeline(recipe.parse(RECIPE, "test"), Runtime(store=root)).run()
    return root


@pytest.mark.parametrize("kind", ["hf", "merged", "trl"])
def test_each_kind_leaves_a_folder_with_a_card(
    kind: str, store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["export", kind, str(out), "--store", str(store), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["folder"], said["language"], said["setting"]) == (str(out), "de", "+D_tgt")
    assert (out / "README.md").read_text(encoding="utf-8").startswith("---\n")
    assert main(["export", kind, str(out), "--store", str(store)]) == 3
    assert "there is something already" in capsys.readouterr().err


def test_a_folder_of_training_is_exported_by_its_name(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (trained,) = (store / "train").glob("[0-9a-f]*")
    assert main(["export", "hf", str(tmp_path / "a"), "--adapter", str(trained)]) == 0
    assert (tmp_path / "a" / "README.md").is_file()
    copied = shutil.copytree(trained, tmp_path / "elsewhere" / "train" / trained.name)
    assert main(["export", "hf", str(tmp_path / "b"), "--adapter", str(copied)]) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith("the adapter, without a card")
    assert not (tmp_path / "b" / "README.md").exists()
