"""The fused LoRA layer computes what PEFT's own does, and its dropout drops what it should."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch

from selftranslate.finetuning.lora_linear import _Adapted, fuse

# PEFT asks transformers by a name that it renames.
pytestmark = pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")

IDS = torch.arange(3, 43).reshape(2, 20)


def adapted(tiny_model: Path, dropout: float = 0.0) -> Any:
    import peft
    from transformers import AutoModelForCausalLM

    network = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)
    torch.manual_seed(0)
    config = peft.LoraConfig(
        task_type="CAUSAL_LM", r=4, lora_dropout=dropout, target_modules="all-linear"
    )
    model = peft.get_peft_model(network, config).train()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "lora_B" in name:  # it starts at nought, where half of the gradients are nought, too
                weight.normal_(std=0.1)
    return model


def learned(model: Any, bf16: bool = False) -> tuple[float, dict[str, torch.Tensor]]:
    with torch.autocast("cpu", torch.bfloat16) if bf16 else nullcontext():
        loss = model(input_ids=IDS, labels=IDS).loss
    loss.backward()
    return loss.item(), {n: w.grad for n, w in model.named_parameters() if w.grad is not None}


@pytest.mark.parametrize(("bf16", "near"), [(False, 1e-5), (True, 0.05)])
def test_loss_and_gradients_are_those_of_peft(bf16: bool, near: float, tiny_model: Path) -> None:
    model = adapted(tiny_model)
    loss, expected = learned(model, bf16)
    fuse(model)
    model.zero_grad()
    fused_loss, found = learned(model, bf16)
    assert fused_loss == pytest.approx(loss, rel=near)
    assert found.keys() == expected.keys()
    for name, gradient in found.items():
        assert gradient.dtype == torch.float32
        assert (gradient - expected[name]).norm() <= near * expected[name].norm(), name


@pytest.mark.parametrize("dropped", [0, 20_000])
def test_the_gradient_is_that_of_the_output(dropped: int) -> None:
    torch.manual_seed(0)
    sizes = [(2, 3, 5), (4, 5), (4,), (2, 5), (4, 2)]
    x, weight, bias, a, b = (torch.randn(size, dtype=torch.float64) for size in sizes)
    for one in (x, a, b):
        one.requires_grad_()

    def output(x: Any, a: Any, b: Any) -> Any:
        torch.manual_seed(1)  # the same places are dropped each time
        return _Adapted.apply(x, weight, bias, a, b, (1.5, dropped))

    assert torch.autograd.gradcheck(output, (x, a, b))


def test_dropout_drops_its_share_of_the_input_and_keeps_the_mean(tiny_model: Path) -> None:
    layer = adapted(tiny_model, dropout=0.25).base_model.model.model.layers[0].mlp.up_proj
    x = torch.randn(2000, 64)
    with torch.no_grad():
        plain = layer.eval()(x) - layer.base_layer(x)
        layer.train()
        fuse(layer)
        torch.manual_seed(0)
        update = torch.stack([layer(x) - layer.base_layer(x) for _ in range(60)])
        torch.manual_seed(0)
        assert torch.equal(layer(x) - layer.base_layer(x), update[0])
        assert not torch.equal(update[0], update[1])
        assert (update.mean(0) - plain).abs().mean() < 0.15 * plain.abs().mean()
        eye = torch.eye(64)
        layer.lora_A.default.weight.copy_(torch.ones(4, 64))
        layer.lora_B.default.weight.copy_(torch.full((128, 4), 0.25 / layer.scaling["default"]))
        answers = torch.stack([(layer(eye) - layer.base_layer(eye))[:, 0] for _ in range(200)])
    shares = {0.0: 0.25, 1 / 0.75: 0.75}
    for value, share in shares.items():
        assert ((answers - value).abs() < 1e-4).double().mean().item() == pytest.approx(
            share, abs=0.02
        )
    layer.eval()
    assert torch.equal(layer(x), layer(x))


def test_layers_of_another_kind_stay_as_they_are(tiny_model: Path) -> None:
    import peft
    from transformers import AutoModelForCausalLM

    network = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)
    config = peft.LoraConfig(task_type="CAUSAL_LM", r=4, use_dora=True, target_modules=["q_proj"])
    model = peft.get_peft_model(network, config)
    fuse(model)
    assert "forward" not in vars(model.base_model.model.model.layers[0].self_attn.q_proj)
