"""A metric turns predictions into numbers between 0 and 1, and says how they were computed.

One file per metric; `build(**params)` returns the function.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from selftranslate.example import Prediction
from selftranslate.languages import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A number that carries its own recipe, as sacreBLEU's do."""

    name: str
    """"accuracy", "exact_match", "f1", "bleu" ..."""
    value: float
    """A fraction, 0 to 1."""
    signature: str
    """Metric, tokenisation, n and version, e.g. "final_number|locale:de|n:250|v:1"."""
    items: tuple[float, ...] = ()
    """Each prediction's own score, where the metric has one."""
    answers: tuple[str, ...] = ()
    """What was read out of each prediction, "" for nothing, where the metric reads something."""


class Metric(Protocol):
    """A metric is a function; the first score it returns is the one the tables show."""

    def __call__(self, predictions: Sequence[Prediction], language: Language) -> Sequence[Score]:
        """Score a whole test set of one language."""
        ...
