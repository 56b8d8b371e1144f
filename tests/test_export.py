"""An adapter out of the store, by itself or merged into its model."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from selftranslate import export
from selftranslate.errors import DataError, EngineError


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


pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")


def test_the_merged_model_is_the_adapter_and_its_model(
    tiny_model: Path, adapter: Path, tmp_path: Path
) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    out = tmp_path / "merged"
    gap = export.export(adapter, out, merge=True, model=str(tiny_model))
    assert gap is not None and gap <= export.TOLERANCE["float32"]
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
    monkeypatch.setitem(export.TOLERANCE, "bfloat16", 1e-6)
    with pytest.raises(EngineError, match=r"merged into .* in bfloat16, the logits move by"):
        export.export(adapter, tmp_path / "out", merge=True, model=str(model))
    assert not (tmp_path / "out").exists()


def test_an_adapter_of_a_model_of_the_same_shape_is_refused(
    tiny_model: Path, adapter: Path, tmp_path: Path
) -> None:
    from selftranslate import model
    from selftranslate.engines import transformers
    from selftranslate.runtime import Runtime

    (adapter / "training.json").write_text(json.dumps({"model": "0123456789abcdef"}))
    for refuse in (
        lambda: export.export(adapter, tmp_path / "out", merge=True, model=str(tiny_model)),
        lambda: transformers.build(str(tiny_model), Runtime()).adapted(adapter),
    ):
        with pytest.raises(EngineError, match=r"an adapter of another model: .* 0123456789abcdef"):
            refuse()
    own = {"model": model.fingerprint(str(tiny_model))}
    (adapter / "training.json").write_text(json.dumps(own))
    export.export(adapter, tmp_path / "out", merge=True, model=str(tiny_model))


def test_the_adapter_by_itself_is_copied_as_it_is(adapter: Path, tmp_path: Path) -> None:
    assert export.export(adapter, tmp_path / "out", merge=False) is None
    for file in export.ADAPTER:
        assert (tmp_path / "out" / file).read_bytes() == (adapter / file).read_bytes()


def test_what_is_no_adapter_and_a_folder_in_use_are_refused(adapter: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not an adapter's configuration"):
        export.export(tmp_path / "nowhere", tmp_path / "out", merge=True)
    with pytest.raises(DataError, match="there is something already"):
        export.export(adapter, adapter, merge=False)
