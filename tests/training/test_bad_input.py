"""Models that lack a token: trained if they can be, else refused as soon as a trainer is made."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from selftranslate import plugins
from selftranslate.errors import EngineError
from selftranslate.example import Sample
from selftranslate.runtime import Runtime
from selftranslate.training import Run, Trainer

SAMPLE = Sample(id="1", prompt="one\n", completion="two", languages="en>en")


def without(model: Path, folder: Path, *tokens: str) -> Path:
    """Copy a model, and take special tokens from its tokenizer."""
    shutil.copytree(model, folder)
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    for token in tokens:
        del settings[token]
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    if "bos_token" in tokens:
        tokenizer = json.loads((folder / "tokenizer.json").read_text())
        tokenizer["post_processor"] = None
        (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    return folder


def build(model: Path) -> Trainer:
    given = {"model": str(model), "runtime": Runtime(device="cpu"), "batch_size": 1, "r": 2}
    made: Trainer = plugins.build("training", "lora", given)
    return made


def test_a_model_without_an_end_is_refused_before_anything_is_done(
    tiny_model: Path, tmp_path: Path
) -> None:
    with pytest.raises(EngineError, match=r"no end-of-sequence token.*tokenizer_config\.json"):
        build(without(tiny_model, tmp_path / "model", "eos_token"))


def test_a_model_without_pad_bos_or_chat_template_is_trained(
    tiny_model: Path, tmp_path: Path
) -> None:
    model = without(tiny_model, tmp_path / "model", "pad_token", "bos_token")
    assert not (model / "chat_template.jinja").exists()
    build(model).fit([SAMPLE], Run(learning_rate=1e-3, seed=0, steps=1), tmp_path)
    assert len(json.loads((tmp_path / "training.json").read_text())["losses"]) == 1
