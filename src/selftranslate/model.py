"""A model's name -> its files, its fingerprint, its tokenizer: what engines and trainers share."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from selftranslate.errors import EngineError

MINIATURE = Path(__file__).parent / "mini" / "weights"
BESIDE = ("*.json", "*.model", "*.txt", "*.jinja")
"""What lies beside a model's weights on the hub: config, tokenizer, template."""


@cache
def folder(name: str) -> Path:
    """Return where a model's files lie: "mini" is embedded, a path is a path, else the hub.

    Raises EngineError if it is neither, or the hub cannot be reached.
    """
    return _local(name) or _download(name, [*BESIDE, "*.safetensors"])


@cache
def without_weights(name: str) -> Path:
    """Return where a model's config and tokenizer lie; what is on the hub brings no weights.

    Raises EngineError as `folder` does.
    """
    return _local(name) or _download(name, BESIDE)


def _local(name: str) -> Path | None:
    path = MINIATURE if name == "mini" else Path(name).expanduser()
    if path.is_dir():
        if not (path / "config.json").exists():
            msg = f"{path}: config.json: not a model folder; name the folder that holds it"
            raise EngineError(msg)
        return path
    if path.exists() or name.startswith((".", "/", "~")) or name.count("/") > 1:
        msg = f"model {name!r}: no such folder; name a folder with config.json, or a hub model"
        raise EngineError(msg)
    return None


@cache
def fingerprint(name: str) -> str:
    """Hash the model's config, tokenizer and weights, so that keys follow content, not names.

    Weights that lie on the hub are not fetched for it: the hub knows their hashes.
    """
    digest = hashlib.sha256()
    for file, hashed in sorted(_hashes(name).items()):
        digest.update(file.encode())
        digest.update(hashed)
    return digest.hexdigest()[:16]


def _hashes(name: str) -> dict[str, bytes]:
    """Return the SHA-256 of each file that decides what the model writes."""
    root = _local(name)
    known = _known_to_the_hub(name) if root is None else {}
    if root is None:
        root = without_weights(name) if known else folder(name)
    kinds = {".json", ".safetensors", ".model"}
    made = dict(known)
    for file in root.iterdir():
        if file.suffix in kinds and file.name not in made:
            with file.open("rb") as stream:
                made[file.name] = hashlib.file_digest(stream, "sha256").digest()
    return made


def _known_to_the_hub(name: str) -> dict[str, bytes]:
    """Ask the hub for the hashes of a model's weights; none where it cannot be asked."""
    import httpx2
    import huggingface_hub
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        found = huggingface_hub.HfApi().model_info(name, files_metadata=True).siblings or []
    except (HfHubHTTPError, HFValidationError, httpx2.HTTPError, OSError):
        return {}
    weights = [f for f in found if f.rfilename.endswith(".safetensors") and "/" not in f.rfilename]
    return {f.rfilename: bytes.fromhex(f.lfs.sha256) for f in weights if f.lfs}


def check_base(name: str, tuned: Path) -> None:
    """Raise EngineError if a trainer left an adapter here that it trained on another model."""
    try:
        trained = json.loads((tuned / "training.json").read_text(encoding="utf-8"))["model"]
    except (OSError, ValueError, KeyError, TypeError):
        return  # not ours: its weights' names and sizes must do
    if trained != fingerprint(name):
        msg = (
            f"{tuned}: an adapter of another model: it was trained on the weights {trained}, "
            f"and those of {name} are {fingerprint(name)}"
        )
        raise EngineError(msg)


def tokenizer(name: str) -> Any:
    """Load the model's tokenizer, padding on the left."""
    from transformers import AutoTokenizer

    made = AutoTokenizer.from_pretrained(without_weights(name), padding_side="left")
    if made.pad_token_id is None:
        made.pad_token = made.eos_token
    return made


def begin(tokens: Any) -> list[int]:
    """Return the ids every prompt starts with: one BOS where the tokenizer adds it, else none."""
    ids = list(tokens("")["input_ids"])
    if ids and ids[-1] == tokens.eos_token_id and tokens.bos_token_id != tokens.eos_token_id:
        ids.pop()
    return ids


def encode(tokens: Any, text: str) -> list[int]:
    """Tokenise one piece of a prompt by itself, without special tokens.

    Prompt and completion, prefix and text are always encoded apart, in training and in
    inference alike, so that both see exactly the same ids.
    """
    return list(tokens(text, add_special_tokens=False)["input_ids"])


def try_encode(tokens: Any, text: str) -> list[int] | None:
    """Tokenise, or return None where the tokenizer fails, as on a lone surrogate."""
    try:
        return encode(tokens, text)
    except (TypeError, ValueError, OverflowError):
        return None


def context_length(name: str) -> int:
    """Return the most tokens the model can read, prompt and answer together.

    Raises EngineError if its config cannot be read.
    """
    named = getattr(_config(name), "max_position_embeddings", None)
    return int(named or tokenizer(name).model_max_length)


def stored_dtype(name: str) -> str:
    """Return what the model's config says its weights are in: bfloat16, float16, else float32.

    Raises EngineError if its config cannot be read.
    """
    named = str(_config(name).dtype).removeprefix("torch.")
    return named if named in {"bfloat16", "float16"} else "float32"


def _config(name: str) -> Any:
    """Read the part of a model's config that is about text."""
    from transformers import AutoConfig

    root = without_weights(name)
    try:
        config = AutoConfig.from_pretrained(root, local_files_only=True)
    except (OSError, ValueError) as error:
        msg = f"{root}: config.json: {str(error).splitlines()[0]}"
        raise EngineError(msg) from error
    return config.get_text_config(decoder=True)


def _download(name: str, patterns: Sequence[str]) -> Path:
    import huggingface_hub
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(huggingface_hub.snapshot_download(name, allow_patterns=list(patterns)))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        msg = f"model {name!r}: not a local folder, and the hub does not give it: {reason}"
        raise EngineError(msg) from error
