"""A run's weights: the adapter or model as training left it, or merged and checked."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from selftranslate import model as models
from selftranslate.decoding.loading import adapt, load
from selftranslate.errors import DataError, EngineError
from selftranslate.export import Source, write
from selftranslate.finetuning.saving import saving
from selftranslate.sealed import MANIFEST
from selftranslate.store import write_json

CONFIG = "adapter_config.json"
OURS = {MANIFEST, "training.json"}
"""What lies beside the weights and is of use in the store only."""

TOLERANCE = {"float32": 1e-3, "bfloat16": 5e-2, "float16": 1e-2}
"""How far the merged model's logits may lie from those of model and adapter in float32, as a share
of the largest: what rounding to the stored precision may do."""


def is_adapter(folder: Path) -> bool:
    """Say whether training left an adapter, and not a whole model."""
    return (folder / CONFIG).is_file()


def base_model(source: Source, named: str | None = None) -> str:
    """Return the model a run started from: as named now, in the recipe, or by the adapter.

    Raises DataError if none of them says.
    """
    if named is not None:
        return named
    if source.chosen is not None:
        return str(source.chosen.index.recipe["model"])
    return str(_config(source.folder)["base_model_name_or_path"])


def save(source: Source, out: Path) -> None:
    """Write what training left into a new folder.

    The configuration names the model, never the folder it lay in: that is nobody else's business.
    Raises DataError if `out` holds something.
    """

    def fill(out: Path) -> None:
        for file in sorted(source.folder.iterdir()):
            if file.is_file() and file.name not in OURS:
                shutil.copyfile(file, out / file.name)
        if is_adapter(source.folder):
            config = _config(source.folder)
            config["base_model_name_or_path"] = public(str(config["base_model_name_or_path"]))
            write_json(config, out, CONFIG)

    write(out, fill)


def merge(source: Source, out: Path, model: str | None = None) -> float | None:
    """Write the whole model into a new folder; return how far merging moved its logits.

    A run of full fine-tuning is whole already, and nothing moves. Raises DataError if `out` holds
    something, EngineError if adapter and model do not fit, or merging moves the logits by more
    than TOLERANCE.
    """
    if not is_adapter(source.folder):
        save(source, out)
        return None
    name = base_model(source, model)
    models.check_base(name, source.folder)
    merged, gap = _merged(name, source.folder)

    def fill(out: Path) -> None:
        with saving(out):
            merged.save_pretrained(out)
        models.tokenizer(name).save_pretrained(out)

    write(out, fill)
    return gap


def public(model: str) -> str:
    """Return a model's name without the folders it lies in; a hub model keeps its owner.

    >>> public("Qwen/Qwen3-0.6B-Base"), public("/data/models/mine/")
    ('Qwen/Qwen3-0.6B-Base', 'mine')
    """
    return model if on_hub(model) else Path(model).name


def on_hub(model: str) -> bool:
    """Say whether a name is a hub model's, OWNER/NAME, and no folder of this machine."""
    owner, slash, name = model.partition("/")
    local = owner in {"", ".", "..", "~"} or "/" in name or Path(model).expanduser().is_dir()
    return bool(slash and name) and not local


def _config(folder: Path) -> dict[str, Any]:
    path = folder / CONFIG
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        found["base_model_name_or_path"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        msg = f"{path}: not an adapter's configuration; name a folder that training left"
        raise DataError(msg) from error
    return found


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
