"""A trained adapter out of the store: by itself, or merged into its model and checked."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from selftranslate import model as models
from selftranslate.decoding.loading import adapt, load
from selftranslate.errors import DataError, EngineError
from selftranslate.store import disk

ADAPTER = ("adapter_config.json", "adapter_model.safetensors")

TOLERANCE = {"float32": 1e-3, "bfloat16": 5e-2, "float16": 1e-2}
"""How far the merged model's logits may lie from those of model and adapter in float32, as a share
of the largest: what rounding to the stored precision may do."""


def base_model(adapter: Path) -> str:
    """Return the name of the model that an adapter was trained on. Raises DataError."""
    path = adapter / ADAPTER[0]
    try:
        name = json.loads(path.read_text(encoding="utf-8"))["base_model_name_or_path"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        msg = f"{path}: not an adapter's configuration; name a folder that training left"
        raise DataError(msg) from error
    return str(name)


def export(adapter: Path, out: Path, *, merge: bool, model: str | None = None) -> float | None:
    """Write an adapter into a new folder; return the merged model's distance, if it is merged.

    Raises DataError if `out` holds something, EngineError if adapter and model do not fit, or
    merging moves the logits by more than TOLERANCE.
    """
    name = model or base_model(adapter)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        msg = f"{out}: there is something already; name a new folder"
        raise DataError(msg)
    if not merge:
        with disk(out):
            out.mkdir(parents=True, exist_ok=True)
            for file in ADAPTER:
                shutil.copyfile(adapter / file, out / file)
        return None
    models.check_base(name, adapter)
    merged, gap = _merged(name, adapter)
    with disk(out):
        out.mkdir(parents=True, exist_ok=True)
        merged.save_pretrained(out)
        models.tokenizer(name).save_pretrained(out)
    return gap


def _merged(name: str, adapter: Path) -> tuple[Any, float]:
    """Merge in float32, round to what the model is stored in, and compare."""
    import torch

    with torch.inference_mode():
        merged = load(models.folder(name), torch.float32, torch.device("cpu"))
        canary = torch.arange(3, 19)[None] % merged.config.vocab_size
        adapt(merged, adapter)
        exact = merged(canary).logits
        stored = models.stored_dtype(name)
        rounded = merged.to(getattr(torch, stored))(canary).logits.float()
    gap = float((rounded - exact).abs().max() / exact.abs().max().clamp(min=1))
    if not gap <= TOLERANCE[stored]:
        msg = (
            f"{adapter}: merged into {name} in {stored}, the logits move by {gap:.2g} of the "
            f"largest, more than {TOLERANCE[stored]:g}; keep the adapter beside the model"
        )
        raise EngineError(msg)
    return merged, gap
