"""Attention that keeps the keys and values of a common prefix once, not once for each row.

The softmax over [prefix, own] is the mean of the two partial softmaxes weighted by their
sums of exponents (Hydragen, arXiv 2402.05099, section 3.1). The prefix part has the queries of
all rows in one matrix product, so the prefix is read from memory once a step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

NAME = "shared_prefix"
KeysAndValues = tuple[Tensor, Tensor]
"""One layer's keys and values of the prefix, each (key/value heads, prefix tokens, width)."""

SCORES = 1 << 24
"""The most scores held at once where no fused kernel is at hand (64 MiB in float32)."""

FUSED = frozenset({"cpu"})
"""Devices where the kernel behind scaled_dot_product_attention also gives the denominator."""

STATIC_ROTATIONS = {"default", "linear", "llama3", "yarn"}
"""Rotary embeddings whose angle depends on the position alone, not on the prompt's length."""


@dataclass(slots=True)
class Sight:
    """What the new tokens of one forward pass may look at."""

    common: Sequence[KeysAndValues]
    """The prefix, layer by layer; empty if there is none."""
    begin: int
    """How many tokens the prefix has: the position of each row's first own token."""
    positions: Tensor
    """Of the new tokens, counted from the prompt's beginning: (rows, new tokens)."""
    width: int
    """How many own tokens, new ones included, the longest row has."""
    _masks: dict[tuple[str, int], Tensor] = field(default_factory=dict)

    def own(self, window: int | None, dtype: torch.dtype) -> Tensor | None:
        """Return what to add to the scores of own tokens; None if plainly causal.

        Shape: (rows, 1, new tokens, own tokens).
        """
        causal = self.positions.shape[1] == self.width
        if causal and (window is None or self.width <= window):
            return None
        return self._mask("own", self.begin, self.begin + self.width, window, dtype)

    def prefix(self, window: int | None, dtype: torch.dtype) -> Tensor | None:
        """Return what to add to the scores of the prefix; None if all of it is in the window."""
        if window is None or self.begin + self.width <= window:
            return None
        return self._mask("prefix", 0, self.begin, window, dtype)

    def _mask(
        self, part: str, first: int, last: int, window: int | None, dtype: torch.dtype
    ) -> Tensor:
        key = part, window or 0
        if key not in self._masks:
            seen = torch.arange(first, last, device=self.positions.device)
            here = self.positions[:, None, :, None]
            hidden = seen > here
            if window is not None:
                hidden = hidden | (seen <= here - window)
            mask = torch.zeros(hidden.shape, dtype=dtype, device=hidden.device)
            # The lowest finite number, for a row of which nothing is seen must not become NaN.
            self._masks[key] = mask.masked_fill_(hidden, torch.finfo(dtype).min)
        return self._masks[key]


def register() -> None:
    """Make `attend` known to transformers; it makes its own masks, so none are registered."""
    from transformers import AttentionInterface

    AttentionInterface.register(NAME, attend)


def holds(config: Any) -> bool:
    """Say whether the decomposition is the model's attention, as far as its config tells.

    Not with recurrent or chunked layers, nor with a rotation that depends on the prompt's length.
    """
    kinds = set(getattr(config, "layer_types", None) or ())
    rotations = _rotations(getattr(config, "rope_parameters", None) or {})
    return kinds <= {"full_attention", "sliding_attention"} and rotations <= STATIC_ROTATIONS


def attend(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    sight: Sight | None = None,
    **others: Any,
) -> tuple[Tensor, None]:
    """Attend to the prefix and to the row's own tokens, in transformers' attention signature.

    Shapes: query (rows, heads, new tokens, width), key and value (rows, key/value heads, own
    tokens, width). Raises RuntimeError without a `sight`, for then it would have no mask.
    """
    if sight is None or attention_mask is not None:
        msg = "this attention is for decoding only: it needs a `sight`, and no mask"
        raise RuntimeError(msg)
    rows, heads, length, width = query.shape
    kv_heads = key.shape[1]
    group = heads // kv_heads
    how = float(others.get("scaling") or width**-0.5), others.get("softcap")
    window = others.get("sliding_window")
    mask = sight.own(window, query.dtype)
    if length == 1:  # heads that share keys and values as queries of one head
        own, own_mass = _partial(query.view(rows, kv_heads, group, width), key, value, mask, how)
        own, own_mass = own.reshape(rows, heads, 1, width), own_mass.reshape(rows, heads, 1, 1)
    else:
        spread = [each.repeat_interleave(group, 1) if group > 1 else each for each in (key, value)]
        own, own_mass = _partial(query, *spread, mask, how, causal=mask is None)
    if not sight.common:
        return own.to(query.dtype).transpose(1, 2).contiguous(), None
    prefix_key, prefix_value = sight.common[module.layer_idx]
    together = query.view(rows, kv_heads, group, length, width).permute(1, 0, 2, 3, 4)
    hidden = sight.prefix(window, query.dtype)
    if hidden is not None:
        hidden = hidden.expand(rows, group, length, -1).reshape(1, 1, -1, prefix_key.shape[1])
    common, common_mass = _partial(
        together.reshape(1, kv_heads, -1, width),
        prefix_key[None],
        prefix_value[None],
        hidden,
        how,
    )
    common = common.view(kv_heads, rows, group, length, width).transpose(0, 1)
    common_mass = common_mass.view(kv_heads, rows, group, length, 1).transpose(0, 1)
    share = torch.sigmoid(common_mass.reshape(own_mass.shape) - own_mass)
    merged = torch.lerp(own, common.reshape(own.shape), share)
    return merged.to(query.dtype).transpose(1, 2).contiguous(), None


def _partial(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None,
    how: tuple[float, float | None],
    causal: bool = False,
) -> tuple[Tensor, Tensor]:
    """Return softmax(query·key)·value and the log of the softmax's denominator, in float32.

    `how` is the scale of the scores and the cap they are bent under, if there is one.
    """
    scale, cap = how
    if query.device.type in FUSED and cap is None:
        kernel = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
        result, mass = kernel(query, key, value, 0.0, causal, attn_mask=mask, scale=scale)
        return result.float(), mass.float().unsqueeze(-1)
    length, keys = query.shape[2], key.shape[2]
    step = max(1, SCORES // (query.shape[0] * query.shape[1] * keys))
    parts = []
    for start in range(0, length, step):
        scores = (query[:, :, start : start + step] * scale @ key.mT).float()
        if cap is not None:
            scores = cap * torch.tanh(scores / cap)
        if mask is not None:
            scores = scores + (mask if mask.shape[2] == 1 else mask[:, :, start : start + step])
        if causal:
            here = torch.arange(start, start + scores.shape[2], device=key.device)[:, None]
            scores = scores.masked_fill(
                torch.arange(keys, device=key.device) > here, torch.finfo(scores.dtype).min
            )
        mass = scores.logsumexp(-1, keepdim=True)
        parts.append((((scores - mass).exp().to(value.dtype) @ value).float(), mass))
    return torch.cat([p[0] for p in parts], 2), torch.cat([p[1] for p in parts], 2)


def _rotations(parameters: Any) -> set[str]:
    """Return the rotary types of a config, which may differ from one kind of layer to the next."""
    if not any(isinstance(value, dict) for value in parameters.values()):
        return {parameters.get("rope_type", "default")}
    return set().union(*(_rotations(v) for v in parameters.values() if isinstance(v, dict)))
