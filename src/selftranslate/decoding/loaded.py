"""One model in memory for everybody who asks it, with one adapter on at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from selftranslate.decoding.greedy import Decoder
from selftranslate.decoding.loading import adapt, load
from selftranslate.errors import EngineError


class Loaded:
    """A model that is loaded when it is first needed, and the decoder on it."""

    def __init__(self, dtype: torch.dtype, device: torch.device, share: bool) -> None:
        self._dtype, self._device, self._share = dtype, device, share
        self.close()

    def close(self) -> None:
        """Give the memory back."""
        self._root: Path | None = None
        self._model: Any = None
        self._attention = ""
        self._worn: Path | None = None
        self._off: Callable[[], object] | None = None
        self._decoder: Decoder | None = None

    def decoder(self, root: Path, adapter: Path | None) -> tuple[Decoder, bool]:
        """Return what decodes with a model and an adapter, and whether it was made just now."""
        if self._decoder is not None and (root, adapter) == (self._root, self._worn):
            return self._decoder, False
        if root != self._root:
            self.close()
            self._model = load(root, self._dtype, self._device)
            self._root, self._attention = root, self._model.config._attn_implementation
        self._decoder = None  # its prefix was read with other weights
        # The attention that decodes cannot look at a whole text, as checking an adapter does.
        self._model.set_attn_implementation(self._attention)
        if self._off is not None:
            self._off()
            self._off = self._worn = None
        if adapter is not None:
            try:
                self._off, self._worn = adapt(self._model, adapter), adapter
            except EngineError:
                self.close()
                raise
        self._decoder = Decoder(self._model, share=self._share)
        return self._decoder, True
