"""Full fine-tuning with a real model: every weight moves, and a run's folder is a model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from selftranslate import model, plugins
from selftranslate.example import Sample
from selftranslate.runtime import Runtime
from selftranslate.training import Run

SAMPLES = [
    Sample(id=f"s{n}", prompt=f"{n} + {n} = ", completion=f"{2 * n}, of course.", languages="en>en")
    for n in range(8)
]


def build(kind: str, tiny_model: Path, **params: Any) -> Any:
    chosen = {"batch_size": 8, "precision": "fp32", **params}
    named = {"model": str(tiny_model), "runtime": Runtime(device="cpu")}
    return plugins.build("training", kind, {**named, **chosen})


def fit(trainer: Any, folder: Path, steps: int = 3, rate: float = 1e-3) -> Any:
    folder.mkdir()
    trainer.fit(SAMPLES, Run(learning_rate=rate, seed=0, steps=steps), folder)
    return json.loads((folder / "training.json").read_text())


def weights(folder: Path) -> dict[str, torch.Tensor]:
    from transformers import AutoModelForCausalLM

    return dict(
        AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).named_parameters()
    )


def test_a_run_leaves_a_model_with_its_tokenizer_and_no_path(
    tiny_model: Path, tmp_path: Path
) -> None:
    fit(build("full", tiny_model), tmp_path / "a")
    names = {path.name for path in (tmp_path / "a").iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json", "training.json"} <= names
    assert not {name for name in names if Path(name).suffix not in {".json", ".safetensors"}}
    assert str(tiny_model.parent) not in "".join(
        path.read_text() for path in (tmp_path / "a").glob("*.json")
    )
    config, before = (
        json.loads((folder / "config.json").read_text()) for folder in (tmp_path / "a", tiny_model)
    )
    assert {**config, "transformers_version": ""} == {**before, "transformers_version": ""}
    tokens = model.tokenizer(str(tmp_path / "a"))
    assert model.begin(tokens) == model.begin(model.tokenizer(str(tiny_model)))


def test_every_weight_moves_and_equal_runs_are_equal_files(
    tiny_model: Path, tmp_path: Path
) -> None:
    trainer = build("full", tiny_model)
    fit(trainer, tmp_path / "a")
    fit(trainer, tmp_path / "b")
    assert (tmp_path / "a/model.safetensors").read_bytes() == (
        tmp_path / "b/model.safetensors"
    ).read_bytes()
    before, after = weights(tiny_model), weights(tmp_path / "a")
    assert all(not torch.equal(before[name], after[name]) for name in before)


def test_it_learns_and_the_loss_starts_where_the_model_does(
    tiny_model: Path, tmp_path: Path
) -> None:
    full, lora = (
        fit(build(kind, tiny_model), tmp_path / kind, steps=1)["losses"]
        for kind in ("full", "lora")  # at first an adapter changes nothing
    )
    assert full == pytest.approx(lora, abs=1e-5)
    assert fit(build("full", tiny_model), tmp_path / "a", steps=60)["final_loss"] < 0.1


def test_the_weights_are_written_in_the_precision_they_came_in(
    tiny_model: Path, tmp_path: Path
) -> None:
    from safetensors.torch import load_file
    from transformers import AutoModelForCausalLM, AutoTokenizer

    half = tmp_path / "half"
    AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.bfloat16).save_pretrained(half)
    AutoTokenizer.from_pretrained(tiny_model).save_pretrained(half)
    fit(build("full", half), tmp_path / "a")
    written = load_file(tmp_path / "a/model.safetensors")
    assert {tensor.dtype for tensor in written.values()} == {torch.bfloat16}


def test_it_has_no_knobs_of_an_adapter_and_an_identity_of_its_own(tiny_model: Path) -> None:
    from selftranslate.errors import PluginError

    with pytest.raises(PluginError, match="r"):
        build("full", tiny_model, r=4)
    plain = build("full", tiny_model).identity
    assert plain.startswith("full ") and '"weight_decay": 0.1' in plain
    assert build("full", tiny_model, weight_decay=0.0).identity != plain
    assert build("full", tiny_model, gradient_checkpointing=True).identity == plain
