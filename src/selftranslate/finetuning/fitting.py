"""Samples -> a tuned model: Transformers' Trainer, its rows and its memory minded (4.5)."""

from __future__ import annotations

import inspect
import math
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from selftranslate import model as models
from selftranslate.errors import DataError, EngineError
from selftranslate.example import Sample
from selftranslate.finetuning import base, processes
from selftranslate.finetuning.checkpoints import Checkpoints, keep, made_by
from selftranslate.finetuning.hyperparameters import Hyperparameters
from selftranslate.finetuning.rows import IGNORED, Collate, Row, Rows, order, tokenise
from selftranslate.finetuning.surroundings import undisturbed
from selftranslate.machine import device
from selftranslate.progress import Advance
from selftranslate.store import write_json


class Run(Protocol):
    """What the protocol varies."""

    @property
    def learning_rate(self) -> float:
        """Of the scheduler's highest point."""

    @property
    def seed(self) -> int:
        """For the order of the rows and all that is drawn."""

    @property
    def steps(self) -> int:
        """Of the optimizer."""


@dataclass(frozen=True, slots=True)
class Job:
    """One run: its rows in their order, and where it shows and keeps what it does."""

    drawn: Sequence[Row]
    run: Run
    pad: int
    folder: Path
    advance: Advance
    checkpoints: Checkpoints


@dataclass(frozen=True, slots=True)
class Fitting:
    """A way of fine-tuning: what it is told, and what it does to a model before and after."""

    told: Hyperparameters
    lend: Callable[[int, int], AbstractContextManager[Any]]
    """Gives the model to train on rows of at most so many tokens, started from a seed."""
    save: Callable[[Any, Mapping[str, Any], Path], None]
    """Writes a model, given the weights that were trained."""

    def fit(
        self, samples: Sequence[Sample], run: Run, folder: Path, label: str, unfinished: Path | None
    ) -> None:
        """Train on the completions only; leave what is saved and `training.json` in `folder`.

        Raises DataError if too many rows are too long or have nothing to learn, EngineError
        if the memory is too small for a single row.
        """
        runtime, where = self.told.runtime, device(self.told.runtime)
        with undisturbed(where):
            tokens = models.tokenizer(self.told.model)
            rows = self._rows(samples, tokens)
            lengths = [len(row["labels"]) for row in rows.kept]
            chosen = order(lengths, run.steps, self.told.batch_size, run.seed)
            drawn = [rows.kept[at] for at in chosen]
            kept = Checkpoints(
                folder=unfinished,
                seconds=runtime.checkpoint_seconds,
                made_by=made_by(f"{self.told.identity} {run}", samples, where),
                tell=runtime.progress.say,
            )
            with runtime.progress.stage(label, run.steps, "steps") as advance:
                job = Job(drawn, run, tokens.pad_token_id, folder, advance, kept)
                log = self._train(job)
        losses = [entry["loss"] for entry in log if math.isfinite(entry.get("loss", math.nan))]
        last = losses[-max(1, len(losses) // 10) :]
        training = {
            "model": models.fingerprint(self.told.model),
            "steps": run.steps,
            "examples": len(rows.kept),
            "tokens": sum(len(row["labels"]) for row in drawn),
            "trained_tokens": sum(_trained(row) for row in drawn),
            "left_out": [*rows.too_long, *rows.empty],
            "losses": losses,
            "final_loss": sum(last) / len(last) if last else None,
            "diverged": _diverged(log),
            "precision": self.told.precision,
        }
        if processes.leading():
            write_json(training, folder, "training.json")

    def _rows(self, samples: Sequence[Sample], tokens: Any) -> Rows:
        """Encode the samples; refuse if too many cannot be trained on."""
        longest = self.told.max_length or _context(self.told.model)
        rows = tokenise(samples, tokens, longest)
        left_out = len(rows.too_long) + len(rows.empty)
        reasons = {
            f"are longer than {longest} tokens": rows.too_long,
            "have an empty prompt or completion": rows.empty,
        }
        said = " and ".join(
            f"{len(ids)} of {len(samples)} samples {reason} (first: {', '.join(ids[:5])})"
            for reason, ids in reasons.items()
            if ids
        )
        if left_out and (not rows.kept or left_out > self.told.max_left_out * len(samples)):
            msg = (
                f"{said}: mend them, raise training.max_length up to the model's context, or "
                "allow it with training.max_left_out"
            )
            raise DataError(msg)
        if left_out:
            self.told.runtime.progress.note(f"left out of training: {said}")
        return rows

    def _train(self, job: Job) -> list[dict[str, float]]:
        """Run with as many rows at once as the device's memory holds; return each step's log."""
        import gc

        import torch

        share = self.told.share
        at_once = self.told.device_batch_size or self._start(job, share)
        recompute = self.told.gradient_checkpointing is True
        while True:
            try:
                return self._attempt(job, at_once, recompute)
            except torch.OutOfMemoryError as error:
                if at_once == 1 and (recompute or not self.told.gradient_checkpointing):
                    msg = f"{self.told.model}: one row of the training batch exceeds the memory"
                    raise EngineError(msg) from error
                if processes.count() > 1:  # the others wait in the middle of a step
                    msg = (
                        f"{self.told.model}: {at_once} rows exceed the GPU's memory; on several "
                        "processes say how many fit: training.device_batch_size"
                    )
                    raise EngineError(msg) from error
            recompute |= at_once == 1
            at_once = _part(share, at_once - 1)
            how = ", with gradient checkpointing" if recompute else ""
            self.told.runtime.progress.note(f"memory: training on {at_once} rows at once{how}")
            gc.collect()
            torch.cuda.empty_cache()

    def _start(self, job: Job, share: int) -> int:
        """Return how many rows to try at once: a GPU says if they are too many."""
        if device(self.told.runtime).type != "cpu":
            return share
        return _part(share, base.rows_at_once(self.told.model, _longest(job.drawn)))

    def _attempt(self, job: Job, at_once: int, recompute: bool) -> list[dict[str, float]]:
        import transformers
        from transformers.trainer_callback import PrinterCallback

        longest = _longest(job.drawn)
        with (
            self.lend(longest, job.run.seed) as model,
            tempfile.TemporaryDirectory() as scratch,
            processes.together(),
        ):
            last = job.checkpoints.newest()
            done = last.step if last else 0
            job.advance(done)
            trainer = transformers.Trainer(
                model,
                self._arguments(job.run, at_once, recompute, scratch),
                data_collator=_collate(model, job.pad),
                train_dataset=job.drawn[done * self.told.batch_size :],
                callbacks=[_watch(job.advance)],
            )
            trainer.remove_callback(PrinterCallback)
            trainer.add_callback(keep(job.checkpoints, last, trainer))
            trainer.train()
            log: list[dict[str, float]] = trainer.state.log_history
            weights = processes.trained(model)
            if _diverged(log) is None and processes.leading():
                self.save(model, weights, job.folder)
        return log

    def _arguments(self, run: Run, at_once: int, recompute: bool, scratch: str) -> Any:
        import transformers

        told, where = self.told, device(self.told.runtime)
        if where.type == "cuda" and where.index is not None:
            import torch

            torch.cuda.set_device(where)
        arguments = transformers.TrainingArguments(
            scratch,
            max_steps=run.steps,
            learning_rate=run.learning_rate,
            seed=run.seed,
            per_device_train_batch_size=at_once,
            gradient_accumulation_steps=told.share // at_once,
            gradient_checkpointing=recompute,
            gradient_checkpointing_kwargs={"use_reentrant": False},
            lr_scheduler_type=told.scheduler,
            warmup_steps=told.warmup_ratio,
            weight_decay=told.weight_decay,
            adam_beta1=told.adam_beta1,
            adam_beta2=told.adam_beta2,
            adam_epsilon=told.adam_epsilon,
            max_grad_norm=told.max_grad_norm,
            bf16=told.precision == "bf16",
            use_cpu=where.type == "cpu",
            train_sampling_strategy="sequential",  # the rows are in the order of the run already
            remove_unused_columns=False,
            average_tokens_across_devices=processes.count() > 1,
            ddp_find_unused_parameters=False,
            logging_steps=1,
            logging_nan_inf_filter=False,  # it would hide a run that broke
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
        )
        arguments._n_gpu = min(arguments.n_gpu, 1)  # several would multiply the batch
        return arguments


def _collate(model: Any, pad: int) -> Collate:
    """Make batches as the model takes them."""
    network = model.get_base_model() if hasattr(model, "get_base_model") else model
    can_choose = "logits_to_keep" in inspect.signature(network.forward).parameters
    packed = "flash" in str(network.config._attn_implementation)
    return Collate(pad, can_choose, packed)


def _watch(advance: Advance) -> Any:
    """Make a callback that counts the steps, and ends a run that diverged."""
    import transformers

    class Watch(transformers.TrainerCallback):  # type: ignore[misc]
        def on_log(self, args: Any, state: Any, control: Any, **more: Any) -> None:
            control.should_training_stop |= _diverged(state.log_history[-1:]) is not None

        def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
            advance(1)

    return Watch()


def _diverged(log: Sequence[Mapping[str, float]]) -> str | None:
    """Say at which step the loss or its gradient was no number any more, if at one."""
    for entry in log:
        for name, what in (("loss", "the loss"), ("grad_norm", "the gradient's norm")):
            if not math.isfinite(entry.get(name, 0.0)):
                return f"{what} was {entry[name]} at step {entry['step']:.0f}"
    return None


def _context(name: str) -> int | None:
    """Return how many tokens the model was made for, if its config says so."""
    import transformers

    config = transformers.AutoConfig.from_pretrained(models.without_weights(name)).get_text_config()
    longest: int | None = getattr(config, "max_position_embeddings", None)
    return longest


def _part(share: int, most: int) -> int:
    """Return the largest number of rows up to `most` that divides a share."""
    return max((n for n in range(1, min(share, most) + 1) if share % n == 0), default=1)


def _longest(rows: Sequence[Row]) -> int:
    return max(len(row["labels"]) for row in rows)


def _trained(row: Row) -> int:
    return len(row["labels"]) - row["labels"].count(IGNORED)
