"""Load a model; put an adapter on it and take it off; refuse one that is not really there."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from selftranslate.errors import EngineError

TOLERANCE = 1e-3
"""How far merged logits may lie from the adapter's, as a share of the largest."""


def load(root: Path, dtype: torch.dtype, device: torch.device) -> Any:
    """Load a model from its safetensors. Raises EngineError if they are missing or unreadable."""
    from transformers import AutoModelForCausalLM

    with _quietly(), _explained(root):
        model, report = AutoModelForCausalLM.from_pretrained(
            root,
            dtype=dtype,
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
            output_loading_info=True,
        )
    if missing := sorted(report["missing_keys"]):
        msg = f"{root}: no weights for {', '.join(missing[:3])}: not a complete model"
        raise EngineError(msg)
    return model.to(device).eval()


def adapter_fingerprint(adapter: Path) -> str:
    """Hash an adapter's weights and configuration, but not where its base model lay."""
    config, weights = adapter / "adapter_config.json", adapter / "adapter_model.safetensors"
    for file in (config, weights):
        if not file.is_file():
            msg = f"{file}: no such file; an adapter folder has {config.name}, {weights.name}"
            raise EngineError(msg)
    settings = json.loads(config.read_text())
    settings.pop("base_model_name_or_path", None)
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    with weights.open("rb") as stream:
        digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()[:16]


@torch.inference_mode()
def adapt(model: Any, adapter: Path) -> Callable[[], object]:
    """Put an adapter on a model, merged in where that loses nothing; return what takes it off.

    Raises EngineError if the adapter does not fit; the model is then of no more use.
    """
    from peft import PeftModel

    canary = torch.arange(3, 19, device=model.device)[None] % model.config.vocab_size
    base: Tensor = model(canary).logits.float()
    before = {name: weight.data for name, weight in model.named_parameters()}
    with _explained(adapter):
        adapted = PeftModel.from_pretrained(model, str(adapter), local_files_only=True)

    def off() -> None:
        adapted.unload()
        for name, weight in model.named_parameters():
            weight.data = before[name]

    _check_every_weight_arrived(adapted, adapter)
    adapted.eval()
    active: Tensor = adapted(input_ids=canary).logits.float()
    if torch.equal(active, base) and _is_trained(adapted):
        msg = f"{adapter}: the adapter changes nothing: the model's logits are those without it"
        raise EngineError(msg)
    if model.dtype == torch.float32:  # else merging rounds the sum to the model's precision
        merged: Tensor = adapted.merge_and_unload(safe_merge=True)(canary).logits
        gap = float((merged.float() - active).abs().max())
        if not gap <= TOLERANCE * max(1.0, float(active.abs().max())):
            msg = f"{adapter}: merged into the model, its logits move by {gap:.2g}: another model"
            raise EngineError(msg)
    return off


def _check_every_weight_arrived(adapted: Any, adapter: Path) -> None:
    from peft import get_peft_model_state_dict
    from safetensors import safe_open

    with safe_open(adapter / "adapter_model.safetensors", "pt") as file:
        given = set(file.keys())
    wanted = set(get_peft_model_state_dict(adapted, save_embedding_layers=False))
    if wrong := sorted(given ^ wanted):
        side = "does not have" if wrong[0] in given else "has, but the adapter does not,"
        msg = f"{adapter}: not an adapter of this model, which {side} {wrong[0]}"
        raise EngineError(msg)


def _is_trained(adapted: Any) -> bool:
    """Say whether an adapter should change anything: LoRA starts with B = 0."""
    return any(bool(p.any()) for name, p in adapted.named_parameters() if "lora_B" in name)


@contextmanager
def _explained(place: Path) -> Iterator[None]:
    """Turn what loading raises into one line that names the folder."""
    from safetensors import SafetensorError

    try:
        with warnings.catch_warnings():
            # peft only warns of weights that did not arrive, here an error of its own; and it
            # still asks transformers for a property of its old name
            warnings.simplefilter("ignore", UserWarning)
            warnings.simplefilter("ignore", FutureWarning)
            yield
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        reason = " ".join(lines[:2])[:300] or type(error).__name__
        msg = f"{place}: cannot be loaded: {reason}"
        raise EngineError(msg) from error


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep transformers' progress bar off the terminal: the run shows its own."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()
