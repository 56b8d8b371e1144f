"""Engines turn prompts into text. One file per engine; each has
`build(model, runtime, **params)` and returns an `Adaptable`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from selftranslate.example import Ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Texts to go on from, greedily, that all begin with the same prefix.

    The prompt of a row is BOS (if the model has one), the prefix's tokens, the text's tokens:
    prefix and text are tokenised apart, so the prefix is one and the same for every row.
    """

    texts: Sequence[str]
    max_new_tokens: int
    prefix: str = ""
    """The few shots; an engine may compute them once for all rows."""
    fence: str | None = None
    """Stop at the first occurrence of this text in what was generated (4.4); None: at EOS."""
    most_characters: Sequence[int] | None = None
    """For each text, the longest answer worth waiting for: a longer one ends as "length" (A.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """What the model wrote after the text at `index`, cut before the fence, and why it ended."""

    index: int
    text: str
    ended: Ended
    log_probability: float | None = None
    """Mean log-probability of the generated tokens, where the engine can give it."""
    tokens: int = 0
    """How many tokens were generated, where the engine counts them."""


class Engine(Protocol):
    """A loaded model. Batching, sorting and devices are the engine's own business."""

    @property
    def identity(self) -> str:
        """Model, adapter and precision: whatever changes the text. Goes into cache keys."""
        ...

    @property
    def context_length(self) -> int:
        """The most tokens prompt and answer may have together."""
        ...

    def count_tokens(self, text: str) -> int:
        """Return how many tokens a text has, without BOS or EOS."""
        ...

    def generate(self, request: Request) -> Iterator[Completion]:
        """Yield each text's completion as it finishes, in any order, each index once.

        A text that does not fit into the context comes back as "error", never as an exception.
        """
        ...


class Adaptable(Engine, Protocol):
    """What `build` returns: an engine for the stages of a run, before and after training."""

    def adapted(self, tuned: Path) -> Engine:
        """Return the same model with what a trainer left in a folder; both share what is loaded.

        An adapter is put on, and taken off again when another is asked; a whole model (one with a
        config.json) takes the model's place. Raises EngineError, at the latest when it is asked,
        if the adapter is not one of this model.
        """
        ...

    def close(self) -> None:
        """Give the memory back; the next request loads the model anew."""
        ...
