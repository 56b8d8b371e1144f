"""LoRA with PEFT and Hugging Face's Trainer, with the paper's hyper-parameters (4.5, table 7).

The paper gives neither rank, alpha, dropout nor target modules; these defaults are ours.
"""

from __future__ import annotations

import inspect
import json
import math
import random
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from selftranslate import interrupts
from selftranslate import model as models
from selftranslate.errors import DataError, DiskError, EngineError, RecipeError
from selftranslate.example import Sample
from selftranslate.finetuning.rows import IGNORED, Collate, Row, Rows, order, tokenise
from selftranslate.finetuning.surroundings import device, fastest_precision, undisturbed
from selftranslate.progress import Advance
from selftranslate.runtime import Runtime
from selftranslate.store import write_json
from selftranslate.training import Run

_SHORT = 256
"""Up to this many tokens plain attention beats the fused one on a CPU (0.53 to 0.69 s a step)."""


@dataclass(slots=True, kw_only=True)
class LoraTrainer:
    """Trains one adapter a run, each from the model as it is on disk."""

    model: str
    runtime: Runtime
    r: int = 16
    alpha: int = 32
    dropout: float = 0.05
    target_modules: str | list[str] = "all-linear"
    batch_size: int = 64
    device_batch_size: int = 0
    """Rows worked on at once, 0 for the whole batch; gradients add up to `batch_size`."""
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
    init_seed: int | None = None
    """The adapter's start; None follows the run's seed, so that the spread over seeds is whole."""
    identity: str = field(init=False)

    def __post_init__(self) -> None:
        if self.device_batch_size < 0 or self.batch_size % (self.device_batch_size or 1):
            msg = (
                f"training: batch_size {self.batch_size} must be a multiple of "
                f"device_batch_size {self.device_batch_size}"
            )
            raise RecipeError(msg)
        if not 0 <= self.warmup_ratio < 1:
            msg = f"training: warmup_ratio {self.warmup_ratio}: say a share of the steps, below 1"
            raise RecipeError(msg)
        if self.precision == "auto":
            self.precision = fastest_precision(device(self.runtime))
        settings = {f.name: getattr(self, f.name) for f in fields(self) if f.init}
        del settings["runtime"]
        settings["model"] = models.fingerprint(self.model)
        self.identity = f"lora {json.dumps(settings, sort_keys=True)}"

    def fit(self, samples: Sequence[Sample], run: Run, folder: Path, label: str = "train") -> None:
        """Train on the completions only; leave the adapter and `training.json` in `folder`.

        Raises DataError if too many rows are too long or one has nothing to learn, EngineError
        if the loss is no number any more or the memory is too small for a single row.
        """
        with undisturbed(device(self.runtime)):
            tokens = models.tokenizer(self.model)
            rows = self._rows(samples, tokens)
            lengths = [len(row["labels"]) for row in rows.kept]
            drawn = [rows.kept[at] for at in order(lengths, run.steps, self.batch_size, run.seed)]
            with self.runtime.progress.stage(label, run.steps, "steps") as advance:
                losses = self._train(drawn, run, tokens.pad_token_id, folder, advance)
        last = losses[-max(1, len(losses) // 10) :]
        training = {
            "steps": run.steps,
            "examples": len(rows.kept),
            "tokens": sum(len(row["labels"]) for row in drawn),
            "trained_tokens": sum(_trained(row) for row in drawn),
            "left_out": rows.left_out,
            "losses": losses,
            "final_loss": sum(last) / len(last),
            "precision": self.precision,
        }
        write_json(training, folder, "training.json")

    def _rows(self, samples: Sequence[Sample], tokens: Any) -> Rows:
        """Encode the samples; refuse if too many do not fit the model's context."""
        longest = self.max_length or _context(self.model)
        rows = tokenise(samples, tokens, longest)
        if rows.left_out:
            first = ", ".join(rows.left_out[:5])
            said = (
                f"{len(rows.left_out)} of {len(samples)} samples are longer than {longest} tokens"
            )
            if not rows.kept or len(rows.left_out) > self.max_left_out * len(samples):
                msg = (
                    f"{said} (first: {first}): shorten them, raise training.max_length up to the "
                    "model's context, or allow it with training.max_left_out"
                )
                raise DataError(msg)
            self.runtime.progress.note(f"left out of training: {said} ({first})")
        return rows

    def _train(
        self, drawn: Sequence[Row], run: Run, pad: int, folder: Path, advance: Advance
    ) -> list[float]:
        """Run with as many rows at once as the device's memory holds; return each step's loss."""
        import gc

        import torch

        at_once = self.device_batch_size or self.batch_size
        while True:
            try:
                return self._attempt(drawn, run, pad, folder, at_once, advance)
            except torch.OutOfMemoryError as error:
                if at_once == 1:
                    msg = f"{self.model}: one row of the training batch exceeds the GPU's memory"
                    raise EngineError(msg) from error
            at_once = max(n for n in range(1, at_once) if self.batch_size % n == 0)
            self.runtime.progress.note(f"GPU memory: training on {at_once} rows at once")
            gc.collect()
            torch.cuda.empty_cache()

    def _attempt(
        self, drawn: Sequence[Row], run: Run, pad: int, folder: Path, at_once: int, advance: Advance
    ) -> list[float]:
        import transformers
        from transformers.trainer_callback import PrinterCallback

        model = self._adapted(max(len(row["labels"]) for row in drawn), run.seed)
        forward = inspect.signature(model.get_base_model().forward).parameters
        with tempfile.TemporaryDirectory() as scratch:
            trainer = transformers.Trainer(
                model,
                self._arguments(run, at_once, scratch),
                data_collator=Collate(pad, "logits_to_keep" in forward),
                train_dataset=drawn,
                callbacks=[_watch(run, advance)],
            )
            trainer.remove_callback(PrinterCallback)
            trainer.train()
        self._save(model, folder)
        return [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]

    def _adapted(self, longest: int, seed: int) -> Any:
        """Load the model afresh and put the adapter's layers into it."""
        import peft
        import torch
        import transformers

        on_cpu = device(self.runtime).type == "cpu"
        model = transformers.AutoModelForCausalLM.from_pretrained(
            models.folder(self.model),
            # On a CPU the frozen weights stay whole: only products are in bf16 (autocast).
            dtype=torch.bfloat16 if self.precision == "bf16" and not on_cpu else torch.float32,
            attn_implementation="eager" if on_cpu and longest <= _SHORT else None,
        )
        start = seed if self.init_seed is None else self.init_seed
        # A stream of its own, apart from the one dropout draws from.
        torch.manual_seed(random.Random(f"adapter {start}").getrandbits(63))
        config = peft.LoraConfig(
            task_type="CAUSAL_LM",
            r=self.r,
            lora_alpha=self.alpha,
            lora_dropout=self.dropout,
            target_modules=self.target_modules,
        )
        try:
            return peft.get_peft_model(model, config)
        except ValueError as error:
            msg = f"training.target_modules {self.target_modules}: {error}"
            raise RecipeError(msg) from error

    def _arguments(self, run: Run, at_once: int, scratch: str) -> Any:
        import transformers

        where = device(self.runtime)
        if where.type == "cuda" and where.index is not None:
            import torch

            torch.cuda.set_device(where)
        arguments = transformers.TrainingArguments(
            scratch,
            max_steps=run.steps,
            learning_rate=run.learning_rate,
            seed=run.seed,
            per_device_train_batch_size=at_once,
            gradient_accumulation_steps=self.batch_size // at_once,
            lr_scheduler_type=self.scheduler,
            warmup_steps=self.warmup_ratio,
            weight_decay=self.weight_decay,
            adam_beta1=self.adam_beta1,
            adam_beta2=self.adam_beta2,
            adam_epsilon=self.adam_epsilon,
            max_grad_norm=self.max_grad_norm,
            bf16=self.precision == "bf16",
            use_cpu=where.type == "cpu",
            train_sampling_strategy="sequential",  # the rows are in the order of the run already
            remove_unused_columns=False,
            average_tokens_across_devices=False,
            logging_steps=1,
            logging_nan_inf_filter=False,  # it would hide a run that broke
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
        )
        arguments._n_gpu = min(arguments.n_gpu, 1)  # several would multiply the batch
        return arguments

    def _save(self, model: Any, folder: Path) -> None:
        """Write the adapter so that equal runs are equal files on any machine."""
        from safetensors import SafetensorError

        try:
            model.save_pretrained(str(folder), save_embedding_layers=False)
        except SafetensorError as error:  # what it makes of a full disk
            msg = f"{folder}: {error}; free some space and run the same command again"
            raise DiskError(msg) from error
        (folder / "README.md").unlink(missing_ok=True)
        config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
        path = Path(self.model).expanduser()
        config["base_model_name_or_path"] = path.resolve().name if path.is_dir() else self.model
        if isinstance(config["target_modules"], list):
            config["target_modules"].sort()  # PEFT writes a set, in the order of its hashes
        write_json(config, folder, "adapter_config.json")


build = LoraTrainer


def _watch(run: Run, advance: Advance) -> Any:
    """Make a callback that counts the steps, and ends a run that broke."""
    import transformers

    class Watch(transformers.TrainerCallback):  # type: ignore[misc]
        def on_log(self, args: Any, state: Any, control: Any, **more: Any) -> None:
            logs = more["logs"]
            if not all(math.isfinite(logs.get(name, 0.0)) for name in ("loss", "grad_norm")):
                msg = (
                    f"training broke at step {state.global_step} of {run.steps}: the loss is "
                    f"{logs['loss']}; learning rate {run.learning_rate:g} is too high, lower it"
                )
                raise EngineError(msg)

        def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
            advance(1)
            interrupts.check()

    return Watch()


def _context(name: str) -> int | None:
    """Return how many tokens the model was made for, if its config says so."""
    import transformers

    config = transformers.AutoConfig.from_pretrained(models.folder(name)).get_text_config()
    longest: int | None = getattr(config, "max_position_embeddings", None)
    return longest


def _trained(row: Row) -> int:
    return len(row["labels"]) - row["labels"].count(IGNORED)
