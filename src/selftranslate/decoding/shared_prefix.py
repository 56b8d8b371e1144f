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

from selftranslate.decoding.steady import exact

NAME = "shared_prefix"
KeysAndValues = tuple[Tensor, Tensor]
"""One layer's keys and values of the prefix, each (key/value heads, prefix tokens, width)."""

How = tuple[float, float | None]
"""The scale of the scores, and the cap they are bent under, if there is one."""

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
    how = float(others.get("scaling") or query.shape[3] ** -0.5), others.get("softcap")
    window, given = others.get("sliding_window"), query.dtype
    if query.shape[2] > 1:
        query, key, value = exact(query), exact(key), exact(value)
    result, mass = _own(query, key, value, sight.own(window, query.dtype), how)
    if sight.common:
        common = sight.common[module.layer_idx]
        query = query.to(common[0].dtype)
        found, found_mass = _prefix(query, common, sight.prefix(window, query.dtype), how)
        result = torch.lerp(result, found, torch.sigmoid(found_mass - mass))
    return result.to(given).transpose(1, 2).contiguous(), None


def _own(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, how: How
) -> tuple[Tensor, Tensor]:
    """Attend to the row's own tokens; without a mask each sees those up to itself."""
    rows, heads, length, width = query.shape
    group = heads // key.shape[1]
    if length == 1:  # heads that share keys and values are queries of one head
        result, mass = _partial(query.view(rows, -1, group, width), key, value, mask, how)
        return result.reshape(query.shape), mass.reshape(rows, heads, 1, 1)
    if group > 1:
        key, value = key.repeat_interleave(group, 1), value.repeat_interleave(group, 1)
    return _partial(query, key, value, mask, how, causal=mask is None)


def _prefix(
    query: Tensor, prefix: KeysAndValues, hidden: Tensor | None, how: How
) -> tuple[Tensor, Tensor]:
    """Attend to the prefix, the queries of all rows and of a group's heads as if of one row."""
    rows, heads, length, width = query.shape
    kv_heads = len(prefix[0])
    apart = (kv_heads, rows, heads // kv_heads, length, -1)
    if hidden is not None:
        hidden = hidden.expand(*apart[1:]).reshape(1, 1, -1, hidden.shape[3])
    together = query.view(rows, kv_heads, -1, length, width).transpose(0, 1)
    found = _partial(
        together.reshape(1, kv_heads, -1, width), prefix[0][None], prefix[1][None], hidden, how
    )
    result, mass = (part.view(apart).transpose(0, 1) for part in found)
    return result.reshape(query.shape), mass.reshape(rows, heads, length, 1)


def _partial(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None,
    how: How,
    causal: bool = False,
) -> tuple[Tensor, Tensor]:
    """Return softmax(query·key)·value and the log of the softmax's denominator, in float32."""
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
