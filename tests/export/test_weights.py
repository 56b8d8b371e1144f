"""A run's weights in a folder of their own, as they are or merged into the model."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from selftranslate.errors import DataError, EngineError
from selftranslate.export import Chosen, Source, weights

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")


@pytest.fixture
def adapter(tiny_model: Path, tmp_path: Path) -> Path:
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)
    adapted = get_peft_model(model, LoraConfig(r=4, target_modules=["q_proj", "up_proj"]))
    for name, parameter in adapted.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.1)
    adapted.save_pretrained(tmp_path / "adapter")
    return tmp_path / "adapter"


def alone(folder: Path) -> Source:
    return Source(folder=folder, chosen=None)


def test_the_merged_model_is_the_adapter_and_its_model(
    tiny_model: Path, adapter: Path, tmp_path: Path
) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    out = tmp_path / "merged"
    gap = weights.merge(alone(adapter), out, str(tiny_model))
    assert gap is not None and gap <= weights.TOLERANCE["float32"]
    ids = torch.arange(3, 12)[None]
    base = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)
    expected = PeftModel.from_pretrained(base, adapter)(input_ids=ids).logits
    merged = AutoModelForCausalLM.from_pretrained(out)
    assert torch.allclose(merged(ids).logits, expected, atol=1e-4)
    tokens = [
        AutoTokenizer.from_pretrained(folder)("abc").input_ids for folder in (out, tiny_model)
    ]
    assert tokens[0] == tokens[1]
    assert not list(out.glob("*.bin"))


def test_a_merge_that_moves_the_logits_is_refused_and_leaves_nothing(
    tiny_model: Path, adapter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = shutil.copytree(tiny_model, tmp_path / "half")
    config = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps({**config, "dtype": "bfloat16"}))
    monkeypatch.setitem(weights.TOLERANCE, "bfloat16", 1e-6)
    with pytest.raises(EngineError, match=r"merged into .* in bfloat16, the logits move by"):
        weights.merge(alone(adapter), tmp_path / "out", str(model))
    assert not (tmp_path / "out").exists()


def test_an_adapter_of_a_model_of_the_same_shape_is_refused(
    tiny_model: Path, adapter: Path, tmp_path: Path
) -> None:
    from selftranslate import model
    from selftranslate.engines import transformers
    from selftranslate.runtime import Runtime

    (adapter / "training.json").write_text(json.dumps({"model": "0123456789abcdef"}))
    for refuse in (
        lambda: weights.merge(alone(adapter), tmp_path / "out", str(tiny_model)),
        lambda: transformers.build(str(tiny_model), Runtime()).adapted(adapter),
    ):
        with pytest.raises(EngineError, match=r"an adapter of another model: .* 0123456789abcdef"):
            refuse()
    own = {"model": model.fingerprint(str(tiny_model))}
    (adapter / "training.json").write_text(json.dumps(own))
    weights.merge(alone(adapter), tmp_path / "out", str(tiny_model))


def test_the_adapter_by_itself_keeps_its_weights_and_tells_no_folder(
    adapter: Path, tiny_model: Path, tmp_path: Path
) -> None:
    weights.save(alone(adapter), tmp_path / "out")
    name = "adapter_model.safetensors"
    assert (tmp_path / "out" / name).read_bytes() == (adapter / name).read_bytes()
    before, after = (
        json.loads((folder / weights.CONFIG).read_text()) for folder in (adapter, tmp_path / "out")
    )
    assert before["base_model_name_or_path"] == str(tiny_model)
    assert after == {**before, "base_model_name_or_path": tiny_model.name}


def test_a_run_of_the_store_needs_no_model_named(chosen: Chosen, tmp_path: Path) -> None:
    source = Source(folder=chosen.weights.path, chosen=chosen)
    gap = weights.merge(source, tmp_path / "merged")
    assert gap is not None and gap <= weights.TOLERANCE["bfloat16"]
    weights.save(source, tmp_path / "adapter")
    assert {path.name for path in (tmp_path / "adapter").iterdir()} == {
        "adapter_config.json", "adapter_model.safetensors",
    }  # fmt: skip
    for path in [*tmp_path.glob("merged/*.json"), *tmp_path.glob("adapter/*.json")]:
        text = path.read_text(encoding="utf-8")
        assert str(tmp_path) not in text and str(chosen.archive.root) not in text, path.name


def test_a_model_trained_as_a_whole_is_whole(tiny_model: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_model, tmp_path / "full")
    (folder / "training.json").write_text("{}")
    assert weights.merge(alone(folder), tmp_path / "out") is None
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {path.name for path in tiny_model.iterdir()}


def test_what_is_no_adapter_and_a_folder_in_use_are_refused(adapter: Path, tmp_path: Path) -> None:
    (adapter / weights.CONFIG).write_text("{}")
    with pytest.raises(DataError, match="not an adapter's configuration"):
        weights.merge(alone(adapter), tmp_path / "out")
    with pytest.raises(DataError, match="there is something already"):
        weights.save(alone(adapter), adapter)
