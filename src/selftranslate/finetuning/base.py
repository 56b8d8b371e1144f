"""The model that is fine-tuned, as it is before: read from disk, and ready for its rows."""

from __future__ import annotations

import importlib.util
from contextlib import suppress
from typing import Any

from selftranslate import model as models
from selftranslate.errors import RecipeError
from selftranslate.finetuning import processes

_SHORT = 256
"""Up to this many tokens plain attention beats the fused one on a CPU (0.53 to 0.69 s a step)."""

_ACTIVATIONS = 2**31
"""Bytes of main memory for what the backward pass needs."""

_BYTES = 100
"""What it needs for each token, layer and hidden unit: 86 to 117 measured in bf16."""


def load(name: str, device: Any, *, bf16: bool, quantize: str | None = None) -> Any:
    """Read a causal language model in main memory; a quantized one on its GPU.

    `bf16` is for a model that does not change. Raises RecipeError if it is to be quantized and
    that is impossible here.
    """
    import torch
    import transformers

    on_cpu = device.type == "cpu"
    given: dict[str, Any] = {"dtype": torch.bfloat16 if bf16 and not on_cpu else torch.float32}
    if quantize:
        given |= _quantized(quantize, device)
    made = transformers.AutoModelForCausalLM.from_pretrained(models.folder(name), **given)
    if quantize:
        import peft

        made = peft.prepare_model_for_kbit_training(made, use_gradient_checkpointing=False)
    elif bf16 and on_cpu and processes.count() == 1:
        # What autocast would make of these weights in every step; all others stay whole.
        for layer in made.modules():
            if type(layer) is torch.nn.Linear and layer is not made.get_output_embeddings():
                layer.to(torch.bfloat16)
    return made


def rows_at_once(name: str, longest: int) -> int:
    """Return how many rows of so many tokens a CPU works on at once: more are no faster."""
    import transformers

    config = transformers.AutoConfig.from_pretrained(models.without_weights(name)).get_text_config()
    units = getattr(config, "num_hidden_layers", 1) * getattr(config, "hidden_size", 1)
    return max(1, _ACTIVATIONS // (_BYTES * units * longest))


def fit_attention(model: Any, device: Any, longest: int) -> None:
    """Choose the fastest attention for rows of so many tokens; FlashAttention takes them packed."""
    import torch
    from transformers.utils import is_flash_attn_2_available

    if device.type == "cpu":
        model.set_attn_implementation("eager" if longest <= _SHORT else "sdpa")
    elif model.dtype == torch.bfloat16 and is_flash_attn_2_available():
        with suppress(ImportError, ValueError):  # not every model has it
            model.set_attn_implementation("flash_attention_2")


def _quantized(kind: str, device: Any) -> dict[str, Any]:
    if kind != "nf4":
        msg = f"training: quantize {kind!r}: say nf4, or leave it out"
        raise RecipeError(msg)
    if device.type != "cuda" or importlib.util.find_spec("bitsandbytes") is None:
        msg = (
            "training: quantize nf4 needs a GPU and the package bitsandbytes "
            "(pip install bitsandbytes); leave it out to train on whole weights"
        )
        raise RecipeError(msg)
    import torch
    import transformers

    config = transformers.BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )
    return {"quantization_config": config, "device_map": {"": device}}
