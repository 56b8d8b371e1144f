"""The rows' own keys and values: one slot a row, filled from its first place on.

Slots are taken from the front without gaps, so that the running rows are always one block of
memory; they grow when a row outgrows them.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

GROWTH = 64
"""Places added when the longest row has filled its slot."""


ROUND = 16
"""Rows, prompts and slots are padded to multiples of this: with fewer, a matrix product adds in
another order (measured for float32 on CPUs), and a row must not depend on who runs beside it."""


def rounding(device: torch.device) -> int:
    """Return the multiple for a device: on a GPU memory is dearer, and bits differ all the same."""
    return ROUND if device.type == "cpu" else 1


def rounded(count: int, multiple: int) -> int:
    """Return the next multiple."""
    return -(-count // multiple) * multiple


class Slots:
    """What transformers calls a cache: its layers hand in new keys and get all of them back."""

    def __init__(self, rows: int, places: int, multiple: int) -> None:
        self._multiple = multiple
        self._rows = rounded(rows, multiple)
        self._places = rounded(places, multiple)
        self._layers: dict[int, tuple[Tensor, Tensor]] = {}
        self._first = 0
        self._columns: Tensor | None = None
        self.width = 0
        """How many places the longest of the rows in the pass has filled after it."""

    def fill(self, first: int, width: int) -> None:
        """Let the next forward pass write whole prompts into the slots from `first` on."""
        self._first, self.width, self._columns = first, width, None
        self._reserve(width)

    def extend(self, lengths: Sequence[int]) -> None:
        """Let the next forward pass add one token to each of the first slots."""
        self._columns = torch.tensor(lengths)
        self.width = rounded(max(lengths) + 1, self._multiple)
        self._reserve(self.width)

    def move(self, there: Sequence[int], here: Sequence[int]) -> None:
        """Copy some slots into others, which are free."""
        for keys, values in self._layers.values():
            keys[here, :, : self.width] = keys[there, :, : self.width]
            values[here, :, : self.width] = values[there, :, : self.width]

    def update(
        self, key: Tensor, value: Tensor, layer_idx: int, *_: object, **__: object
    ) -> tuple[Tensor, Tensor]:
        """Keep a layer's new keys and values; return those its tokens may look at.

        Shapes: (rows, key/value heads, new tokens, width of a head) in, all own tokens out.
        """
        if layer_idx not in self._layers:
            shape = (self._rows, key.shape[1], self._places)
            self._layers[layer_idx] = (
                key.new_zeros(*shape, key.shape[3]),
                value.new_zeros(*shape, value.shape[3]),
            )
        keys, values = self._layers[layer_idx]
        count = len(key)
        if self._columns is None:
            here = slice(self._first, self._first + count), slice(None), slice(0, self.width)
            keys[here], values[here] = key, value
            return key, value
        columns = self._columns = self._columns.to(key.device)
        rows = torch.arange(count, device=key.device)
        keys[rows, :, columns], values[rows, :, columns] = key[:, :, 0], value[:, :, 0]
        return keys[:count, :, : self.width], values[:count, :, : self.width]

    def layers(self) -> list[tuple[Tensor, Tensor]]:
        """Return all keys and values, layer by layer."""
        return [self._layers[index] for index in sorted(self._layers)]

    def get_seq_length(self, layer_idx: int = 0) -> int:
        """Return 0: transformers asks for this to make positions and masks, which we give it."""
        return 0

    def _reserve(self, width: int) -> None:
        if width <= self._places:
            return
        more = max(GROWTH, width - self._places)
        self._places += more
        pad = torch.nn.functional.pad
        for index, (keys, values) in self._layers.items():  # one by one: twice the room for one
            self._layers[index] = pad(keys, (0, 0, 0, more)), pad(values, (0, 0, 0, more))
