"""How large a model is, from its config and its files' headers; no weight is read."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from selftranslate import model as models


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What decides how much a model computes and moves."""

    blocks: int
    """Weights of the layers' matrices."""
    head: int
    """Weights of the last matrix, from hidden units to words."""
    layers: int
    hidden: int
    keys: int
    """Numbers kept for each token: keys and values of all layers."""
    bytes: int
    """Of the files."""
    matrices: Mapping[str, tuple[int, ...]]
    """The layers' matrices, by name: (out, in)."""


def of(name: str) -> Shape:
    """Measure a model. Raises EngineError if it is not there."""
    import transformers

    root = models.without_weights(name)
    config = transformers.AutoConfig.from_pretrained(root).get_text_config(decoder=True)
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    shapes, size = _headers(root)
    words = {config.vocab_size * config.hidden_size}
    matrices = {
        name: shape
        for name, shape in shapes.items()
        if len(shape) >= 2 and math.prod(shape) not in words and "embed" not in name
    }
    return Shape(
        blocks=sum(map(math.prod, matrices.values())),
        head=config.vocab_size * config.hidden_size,
        layers=config.num_hidden_layers,
        hidden=config.hidden_size,
        keys=2 * config.num_hidden_layers * heads * width,
        bytes=size,
        matrices=matrices,
    )


def dense(config: Mapping[str, int]) -> Shape:
    """Measure a model like Llama or Qwen3 that is not at hand, by its config's numbers."""
    layers, hidden, wide = (
        config[name] for name in ("num_hidden_layers", "hidden_size", "intermediate_size")
    )
    heads = config["num_attention_heads"]
    width = config.get("head_dim", hidden // heads)
    asked, kept = heads * width, config.get("num_key_value_heads", heads) * width
    layer = {
        "self_attn.q_proj": (asked, hidden),
        "self_attn.k_proj": (kept, hidden),
        "self_attn.v_proj": (kept, hidden),
        "self_attn.o_proj": (hidden, asked),
        "mlp.gate_proj": (wide, hidden),
        "mlp.up_proj": (wide, hidden),
        "mlp.down_proj": (hidden, wide),
    }
    matrices = {f"{at}.{name}.weight": one for at in range(layers) for name, one in layer.items()}
    blocks = sum(map(math.prod, matrices.values()))
    head = config["vocab_size"] * hidden
    return Shape(
        blocks=blocks,
        head=head,
        layers=layers,
        hidden=hidden,
        keys=2 * layers * kept,
        bytes=2 * (blocks + 2 * head),
        matrices=matrices,
    )


def adapter(shape: Shape, rank: int, targets: object) -> int:
    """Count the weights of a LoRA adapter: two thin matrices beside each that it adapts."""
    named = targets if isinstance(targets, list | tuple) else None
    return sum(
        rank * (sizes[-1] + sizes[-2])
        for name, sizes in shape.matrices.items()
        if named is None or any(name.removesuffix(".weight").endswith(str(t)) for t in named)
    )


def _headers(root: Path) -> tuple[dict[str, tuple[int, ...]], int]:
    shapes: dict[str, tuple[int, ...]] = {}
    size = 0
    for file in sorted(root.glob("*.safetensors")):
        size += file.stat().st_size
        with file.open("rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            header = json.loads(stream.read(length))
        header.pop("__metadata__", None)
        shapes |= {name: tuple(one["shape"]) for name, one in header.items()}
    return shapes, size
