"""Trainers turn samples into an adapter.

One file per trainer, each has `build(model, runtime, **params)` and returns a `Trainer`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from selftranslate.example import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of a setting: what the protocol varies (4.5)."""

    learning_rate: float
    seed: int
    steps: int


class Trainer(Protocol):
    """Fine-tunes one model."""

    identity: str
    """The model and every hyper-parameter (table 7): goes into cache keys."""

    def fit(
        self,
        samples: Sequence[Sample],
        run: Run,
        folder: Path,
        label: str = "train",
        unfinished: Path | None = None,
    ) -> None:
        """Train on the completions only; leave the adapter and `training.json` in `folder`.

        `label` is what the progress is shown under. Checkpoints go into `unfinished`, and a run
        that finds one there goes on from it. On several processes all of them call this together,
        and the leading one writes.
        `training.json` says steps, examples, trained tokens, rows left out and the losses; and in
        `diverged` why there is no adapter: the loss was no number any more.
        Raises DataError if a sample leaves nothing to train on.
        """
        ...
