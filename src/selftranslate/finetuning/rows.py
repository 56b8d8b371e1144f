"""Samples -> token rows -> the order of a run -> padded batches. No model, no trainer."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from selftranslate.errors import DataError, EngineError
from selftranslate.example import Sample
from selftranslate.model import begin, encode

IGNORED = -100
"""The label that PyTorch's cross-entropy leaves out."""

_POOL = 16
"""Batches are made of rows of like length out of this many batches' worth of shuffled rows."""

Row = dict[str, list[int]]
"""`input_ids` and, of the same length, `labels`: IGNORED on the prompt."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What is trained on, and the ids of the samples that are not."""

    kept: list[Row]
    too_long: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    """Of samples without a prompt, or without a completion to learn."""


def tokenise(samples: Sequence[Sample], tokens: Any, longest: int | None) -> Rows:
    """Encode prompt and completion apart, so that inference sees exactly the prompt's ids.

    The end is learned like every other token of the completion, also where it pads.
    Raises DataError if there is no sample.
    """
    if not samples:
        msg = "no training samples: look at the filters' reasons and the mixture's parts"
        raise DataError(msg)
    if tokens.eos_token_id is None:
        msg = f"{tokens.name_or_path}: the tokenizer has no end-of-sequence token to learn"
        raise EngineError(msg)
    start = begin(tokens)
    rows = Rows([])
    for sample in samples:
        prompt = start + encode(tokens, sample.prompt)
        completion = encode(tokens, sample.completion)
        if not prompt or not completion:
            rows.empty.append(sample.id)
            continue
        completion.append(tokens.eos_token_id)
        if longest is not None and len(prompt) + len(completion) > longest:
            rows.too_long.append(sample.id)
            continue
        labels = [IGNORED] * len(prompt) + completion
        rows.kept.append({"input_ids": prompt + completion, "labels": labels})
    return rows


def order(lengths: Sequence[int], steps: int, batch_size: int, seed: int) -> list[int]:
    """Draw the rows of a whole run: each epoch shuffled, every batch full and of like lengths.

    Batches follow each other at random; only the longest comes first, so that memory runs out
    at once or never. A row is seen as often as any other, give or take one.
    """
    shuffle = random.Random(seed).shuffle
    drawn: list[int] = []
    while len(drawn) < steps * batch_size:
        epoch = list(range(len(lengths)))
        shuffle(epoch)
        drawn += epoch
    del drawn[steps * batch_size :]
    batches: list[list[int]] = []
    for start in range(0, len(drawn), _POOL * batch_size):
        pool = sorted(drawn[start : start + _POOL * batch_size], key=lambda i: lengths[i])
        grouped = [pool[at : at + batch_size] for at in range(0, len(pool), batch_size)]
        shuffle(grouped)
        batches += grouped
    longest = max(range(steps), key=lambda at: lengths[batches[at][-1]])
    batches[0], batches[longest] = batches[longest], batches[0]
    return [index for batch in batches for index in batch]


@dataclass(frozen=True, slots=True)
class Collate:
    """Put rows together: padded on the right, or one behind the other.

    No position of a causal model sees what is to its right, so padding needs no mask. Packed rows
    are told apart by their positions, which begin anew in each: without a cache models look there.
    """

    pad: int
    can_choose: bool = True
    """Whether the model computes logits only where it is told to."""
    packed: bool = False

    def __call__(self, rows: Sequence[Row]) -> dict[str, Any]:
        """Return tensors of shape (rows, positions), or (1, all positions) where packed.

        `logits_to_keep` is true where the next token is learned; the labels are those tokens.
        """
        import torch

        ids, labels = ([torch.tensor(row[key]) for row in rows] for key in ("input_ids", "labels"))
        batch: dict[str, Any] = {}
        if self.packed:
            ids, labels = [torch.cat(ids)], [torch.cat(labels)]
            positions = [torch.arange(len(row["labels"])) for row in rows]
            batch |= {"position_ids": torch.cat(positions)[None], "use_cache": False}
        joined = torch.nn.utils.rnn.pad_sequence
        batch["input_ids"] = joined(ids, batch_first=True, padding_value=self.pad)
        targets = joined(labels, batch_first=True, padding_value=IGNORED)
        if not self.can_choose:
            return batch | {"labels": targets}
        learned = torch.nn.functional.pad(targets[:, 1:] != IGNORED, (0, 1))
        chosen = targets[:, 1:][learned[:, :-1]]
        return batch | {"logits_to_keep": learned, "labels": chosen, "shift_labels": chosen}
