"""Full fine-tuning: every weight of the model is trained, not an adapter beside them (4.5).

A run leaves a whole model: config.json, model.safetensors and the tokenizer's files. Learning
rates are lower than LoRA's by an order of magnitude.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selftranslate import model as models
from selftranslate.example import Sample
from selftranslate.finetuning import base
from selftranslate.finetuning.fitting import Fitting
from selftranslate.finetuning.hyperparameters import Hyperparameters
from selftranslate.finetuning.saving import saving
from selftranslate.machine import device
from selftranslate.training import Run


@dataclass(slots=True, kw_only=True)
class FullTrainer(Hyperparameters):
    """Trains a copy of the model a run, in single precision (or bf16 autocast over it)."""

    def fit(
        self,
        samples: Sequence[Sample],
        run: Run,
        folder: Path,
        label: str = "train",
        unfinished: Path | None = None,
    ) -> None:
        """Train on the completions only; leave the model and `training.json` in `folder`.

        Raises DataError if too many rows are too long or have nothing to learn, EngineError
        if the memory is too small for a single row.
        """
        Fitting(self, self._lend, self._save).fit(samples, run, folder, label, unfinished)

    @contextmanager
    def _lend(self, longest: int, seed: int) -> Iterator[Any]:
        where = device(self.runtime)
        network = base.load(self.model, where, bf16=False)
        base.fit_attention(network, where, longest)
        yield network

    def _save(self, model: Any, weights: Mapping[str, Any], folder: Path) -> None:
        """Write the model in the precision of the one it comes from."""
        import transformers

        root = models.folder(self.model)
        config = transformers.AutoConfig.from_pretrained(root)
        precision = config.dtype
        model.config = config  # as it was: training changes what it caches and how it attends
        cast = {name: each.to(precision) for name, each in weights.items()}
        with saving(folder):
            model.save_pretrained(str(folder), state_dict=cast)
        config.dtype = precision  # not the one it was trained in
        config.save_pretrained(str(folder))
        transformers.AutoTokenizer.from_pretrained(root).save_pretrained(str(folder))


build = FullTrainer
