"""What every way of fine-tuning is told: the paper's table 7, and how much is done at once."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from typing import Literal

from selftranslate import model as models
from selftranslate.errors import EngineError, RecipeError
from selftranslate.finetuning import processes
from selftranslate.machine import device, fastest_precision
from selftranslate.runtime import Runtime


@dataclass(slots=True, kw_only=True)
class Hyperparameters:
    """The optimizer of table 7, and the machine's side of it."""

    model: str
    runtime: Runtime
    batch_size: int = 64
    device_batch_size: int = 0
    """Rows worked on at once, 0 for as many as memory holds; gradients add up to `batch_size`."""
    warmup_ratio: float = 0.05
    weight_decay: float = 0.1
    adam_beta1: float = 0.9
    adam_beta2: float = 0.999
    adam_epsilon: float = 1e-8
    scheduler: str = "cosine"
    max_grad_norm: float = 1.0
    max_length: int | None = None
    """In tokens; None is the model's context. Longer rows are left out, never cut."""
    max_left_out: float = 0.01
    """The share of rows that may be left out."""
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    """"auto" is bf16 where the machine computes in it, else fp32; it is part of the identity."""
    gradient_checkpointing: Literal["auto"] | bool = "auto"
    """Computes activations twice and keeps few: "auto" where not even one row fits. Slower, but
    the same weights, so it is no part of the identity."""
    identity: str = field(init=False)

    def __post_init__(self) -> None:
        at_once, several = self.device_batch_size or 1, processes.count()
        if at_once < 1 or self.batch_size % (at_once * several):
            among = f" times the {several} processes" if several > 1 else ""
            msg = (
                f"training: batch_size {self.batch_size} must be a multiple of "
                f"device_batch_size {at_once}{among}"
            )
            raise RecipeError(msg)
        if models.tokenizer(self.model).eos_token_id is None:
            msg = (
                f"{self.model}: the tokenizer has no end-of-sequence token, so a model cannot "
                "learn to stop; name it in tokenizer_config.json (eos_token)"
            )
            raise EngineError(msg)
        if not 0 <= self.warmup_ratio < 1:
            msg = f"training: warmup_ratio {self.warmup_ratio}: say a share of the steps, below 1"
            raise RecipeError(msg)
        if self.gradient_checkpointing not in ("auto", True, False):
            msg = (
                f"training: gradient_checkpointing {self.gradient_checkpointing!r}: "
                "say auto, true or false"
            )
            raise RecipeError(msg)
        if self.precision == "auto":
            self.precision = fastest_precision(device(self.runtime))
        settings = {f.name: getattr(self, f.name) for f in fields(self) if f.init}
        del settings["runtime"], settings["gradient_checkpointing"]
        settings["model"] = models.fingerprint(self.model)
        name = type(self).__module__.rpartition(".")[2]
        self.identity = f"{name} {json.dumps(settings, sort_keys=True)}"

    @property
    def share(self) -> int:
        """How many rows of a batch each process works on."""
        return self.batch_size // processes.count()
