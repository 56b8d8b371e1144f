"""Rows that each hold the whole prompt, as transformers itself decodes a batch.

For models whose attention cannot be decomposed, and as the measure for those where it can.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

if TYPE_CHECKING:
    from selftranslate.decoding.greedy import Row


class RepeatedPrefix:
    """A left-padded batch with transformers' own cache and masks; nobody joins while it runs."""

    def __init__(self, model: Any) -> None:
        self.running: list[Row] = []
        self._model = model

    @property
    def open(self) -> bool:
        """Whether more rows may join now."""
        return not self.running

    def join(self, rows: Sequence[Row]) -> None:
        """Begin a batch of these rows."""
        from transformers import DynamicCache

        longest = max(len(row.prompt) for row in rows)
        padding = [longest - len(row.prompt) for row in rows]
        ids = [[0] * pad + row.prompt for pad, row in zip(padding, rows, strict=True)]
        device = self._model.device
        places = torch.arange(longest) - torch.tensor(padding)[:, None]
        self._ids = torch.tensor(ids, device=device)
        self._mask = (places >= 0).to(device)
        self._positions = places.clamp(min=0).to(device)
        self._cache = DynamicCache(config=self._model.config)
        self.running = list(rows)

    def logits(self) -> Tensor:
        """Read what no row has read yet; return what may follow: (rows, words)."""
        if self.running[0].written:
            newest = [[row.last] for row in self.running]
            self._ids = torch.tensor(newest, device=self._model.device)
            self._positions = self._positions[:, -1:] + 1
            self._mask = torch.nn.functional.pad(self._mask, (0, 1), value=True)
        output = self._model(
            input_ids=self._ids,
            attention_mask=self._mask,
            position_ids=self._positions,
            past_key_values=self._cache,
            use_cache=True,
            logits_to_keep=1,
        )
        last: Tensor = output.logits[:, -1].float()
        return last

    def keep(self, places: Sequence[int]) -> None:
        """Let all rows leave but those at these places."""
        staying = torch.tensor(places, dtype=torch.long, device=self._model.device)
        self.running = [self.running[place] for place in places]
        self._mask, self._positions = self._mask[staying], self._positions[staying]
        if places:
            self._cache.reorder_cache(staying)
