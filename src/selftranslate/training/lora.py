"""LoRA with PEFT, with the paper's hyper-parameters (4.5, table 7).

The paper gives neither rank, alpha, dropout nor target modules; these defaults are ours.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from selftranslate.errors import RecipeError
from selftranslate.example import Sample
from selftranslate.finetuning import base, processes
from selftranslate.finetuning.fitting import Fitting
from selftranslate.finetuning.hyperparameters import Hyperparameters
from selftranslate.finetuning.saving import saving
from selftranslate.machine import device
from selftranslate.store import write_json
from selftranslate.training import Run


@dataclass(slots=True, kw_only=True)
class LoraTrainer(Hyperparameters):
    """Trains one adapter a run, each on the same untouched model."""

    r: int = 16
    alpha: int = 32
    dropout: float = 0.05
    target_modules: str | list[str] = "all-linear"
    rslora: bool = False
    """Divides alpha by the root of the rank, not by the rank (arXiv 2312.03732)."""
    quantize: Literal["nf4"] | None = None
    """Keeps the model in four bits while the adapter is trained: QLoRA. It needs a GPU and
    bitsandbytes. The adapter is then asked on the whole model."""
    init_seed: int | None = None
    """The adapter's start; None follows the run's seed, so that the spread over seeds is whole."""
    _base: Any = field(default=None, init=False, repr=False)

    def fit(
        self,
        samples: Sequence[Sample],
        run: Run,
        folder: Path,
        label: str = "train",
        unfinished: Path | None = None,
    ) -> None:
        """Train on the completions only; leave the adapter and `training.json` in `folder`.

        Raises DataError if too many rows are too long or have nothing to learn, EngineError
        if the memory is too small for a single row.
        """
        Fitting(self, self._lend, self._save).fit(samples, run, folder, label, unfinished)

    @contextmanager
    def _lend(self, longest: int, seed: int) -> Iterator[Any]:
        """Put the adapter's layers into the model, which is read once and never changes."""
        import peft
        import torch

        where = device(self.runtime)
        network, self._base = self._base or self._load(where), None
        base.fit_attention(network, where, longest)
        start = seed if self.init_seed is None else self.init_seed
        # A stream of its own, apart from the one dropout draws from.
        torch.manual_seed(random.Random(f"adapter {start}").getrandbits(63))
        config = peft.LoraConfig(
            task_type="CAUSAL_LM",
            r=self.r,
            lora_alpha=self.alpha,
            lora_dropout=self.dropout,
            target_modules=self.target_modules,
            use_rslora=self.rslora,
        )
        try:
            adapted = peft.get_peft_model(network, config)
        except ValueError as error:
            msg = f"training.target_modules {self.target_modules}: {error}"
            raise RecipeError(msg) from error
        if where.type == "cpu":
            from selftranslate.finetuning.lora_linear import fuse

            fuse(adapted)
        yield adapted
        if self.quantize is None and processes.count() == 1:
            # Main memory keeps it, and the engine finds the GPU free.
            network = adapted.unload().to("cpu")
            network.gradient_checkpointing_disable()
            self._base = network

    def _load(self, where: Any) -> Any:
        in_bf16 = self.precision == "bf16"
        return base.load(self.model, where, bf16=in_bf16, quantize=self.quantize)

    def _save(self, model: Any, weights: Mapping[str, Any], folder: Path) -> None:
        """Write the adapter so that equal runs are equal files on any machine."""

        with saving(folder):
            model.save_pretrained(str(folder), state_dict=weights, save_embedding_layers=False)
        (folder / "README.md").unlink(missing_ok=True)
        config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
        path = Path(self.model).expanduser()
        config["base_model_name_or_path"] = path.resolve().name if path.is_dir() else self.model
        if isinstance(config["target_modules"], list):
            config["target_modules"].sort()  # PEFT writes a set, in the order of its hashes
        write_json(config, folder, "adapter_config.json")


build = LoraTrainer
