"""A device's time follows from what is computed and moved."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from selftranslate.engines import Request
from selftranslate.errors import RecipeError
from selftranslate.forecast import devices, shape
from selftranslate.forecast.devices import DEVICES
from selftranslate.forecast.roofline import ADAPTER, Roofline
from selftranslate.forecast.shape import Shape
from selftranslate.forecast.step import Asking, Training
from selftranslate.store import Artifact
from selftranslate.training import Run

SEVEN = Shape(
    blocks=6_600_000_000, head=32000 * 4096, layers=32, hidden=4096, keys=2 * 32 * 4096,
    bytes=13_500_000_000, matrices={},
)  # fmt: skip
"""Llama 2 7B."""
TEXTS = Asking(
    translates=True, tuned=0, texts=10_000, sample=Request(texts=["x"], max_new_tokens=1),
    longer=1.0, prefix=1000, prompt=100.0, answer=120.0,
)  # fmt: skip
RUNS = Training(
    samples=Artifact("mix", "", Path()), runs=1, steps=1000, batch_size=64, tokens=250.0,
    learned=120.0, run=Run(learning_rate=1e-4, seed=0, steps=1000),
)  # fmt: skip


def on(name: str, **changes: object) -> Roofline:
    made = Roofline(device=devices.find(name), translating=SEVEN, asked=SEVEN, adapter=40_000_000)
    return replace(made, **changes)  # type: ignore[arg-type]


def took(roofline: Roofline, job: Asking | Training) -> float:
    seconds = roofline.seconds(job)
    assert seconds is not None
    return seconds


def test_training_is_bound_by_its_flops() -> None:
    h100 = on("h100")
    tokens = 64 * 250.0 * 1000
    # Forward and backward through a frozen 7B, by hand: 4 FLOPs for a weight and a token.
    by_hand = tokens * 4 * 6.6e9 / (0.4 * 989e12)
    assert took(h100, RUNS) == pytest.approx(by_hand, rel=0.15)
    assert took(h100, replace(RUNS, runs=6)) == pytest.approx(6 * took(h100, RUNS))
    assert 1.3 < took(on("h100", adapter=0), RUNS) / took(h100, RUNS) < 1.6, "all weights: 6 FLOPs"
    assert took(on("a100"), RUNS) == pytest.approx(took(h100, RUNS) * 989 / 312, rel=0.01)


def test_the_shots_are_read_once_for_all_texts() -> None:
    h100 = on("h100")
    none, long = (took(h100, replace(TEXTS, prefix=size)) for size in (0, 1000))
    repeated = took(h100, replace(TEXTS, prefix=0, prompt=1100.0))
    assert none < long < 1.6 * none and repeated > 3 * none


def test_a_mere_prefix_cache_reads_the_prefix_for_each_row() -> None:
    cached = on("h100", rereads=True)
    assert took(cached, TEXTS) > 2 * took(on("h100"), TEXTS)
    assert took(cached, replace(TEXTS, prefix=0)) == took(on("h100"), replace(TEXTS, prefix=0))
    repeated = replace(TEXTS, prefix=0, prompt=TEXTS.prefix + TEXTS.prompt)
    assert took(cached, TEXTS) < took(on("h100"), repeated), "it is still read only once as text"


def test_devices_that_hold_a_model_together_lose_some_of_their_speed() -> None:
    one, four = devices.find("h100"), devices.together(devices.find("h100"), 4)
    assert devices.together(one, 1) == one and four.memory == 4 * one.memory
    faster = took(on("h100"), RUNS) / took(on("h100", device=four), RUNS)
    assert faster == pytest.approx(4 * devices.SPLIT)


def test_more_rows_at_once_share_the_weights() -> None:
    one, many = (took(on("h100"), replace(TEXTS, texts=n)) / n for n in (1, 1000))
    assert one > 20 * many


def test_each_adapter_takes_its_time() -> None:
    h100 = on("h100")
    asked = replace(TEXTS, translates=False, tuned=6)
    alone = took(h100, replace(asked, tuned=0))
    assert took(h100, asked) == pytest.approx(6 * (alone + ADAPTER))


def test_what_is_not_known_is_not_guessed() -> None:
    served = on("h100", translating=None)
    assert served.seconds(TEXTS) is None
    assert any("server" in said for said in served.assumptions)
    assert any(
        "may not fit" in said
        for said in on("rtx4090", asked=replace(SEVEN, blocks=30_000_000_000)).assumptions
    )


def test_every_device_says_where_its_figures_come_from() -> None:
    for device in DEVICES:
        assert device.source and device.flops > 1e11 and 0 < device.training < 1
        assert math.isfinite(took(on(device.name), TEXTS))
    with pytest.raises(RecipeError, match="h200"):
        devices.find("h20")


@pytest.mark.filterwarnings(
    "ignore:.*is_gradient_checkpointing:FutureWarning"
)  # peft asks by an old name
def test_a_model_is_measured_from_its_headers(tiny_model: Path) -> None:
    import peft
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(tiny_model)
    found = shape.of(str(tiny_model))
    matrices = [p.numel() for n, p in model.named_parameters() if p.dim() == 2 and ".layers." in n]
    assert found.blocks == sum(matrices) and found.head == model.lm_head.weight.numel()
    assert (found.layers, found.hidden, found.keys) == (2, 64, 2 * 2 * 2 * 16)
    for targets in ("all-linear", ["q_proj", "v_proj"]):
        config = peft.LoraConfig(task_type="CAUSAL_LM", r=4, target_modules=targets)
        adapted = peft.get_peft_model(AutoModelForCausalLM.from_pretrained(tiny_model), config)
        trained = sum(p.numel() for p in adapted.parameters() if p.requires_grad)
        assert shape.adapter(found, 4, targets) == trained
    by_config = shape.dense(json.loads((tiny_model / "config.json").read_text()))
    for name in ("blocks", "head", "layers", "hidden", "keys"):
        assert getattr(by_config, name) == getattr(found, name), name
    assert shape.adapter(by_config, 4, "all-linear") == shape.adapter(found, 4, "all-linear")
