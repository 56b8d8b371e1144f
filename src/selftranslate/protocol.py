"""The paper's protocol: runs over learning rates and seeds, the best by validation, Welch (5.1)."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from statistics import fmean, pstdev
from typing import ClassVar

from selftranslate.training import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """Which runs to make and which to keep (4.5)."""

    __pydantic_config__: ClassVar = {"extra": "forbid", "strict": False}

    learning_rates: tuple[float, ...] = (5e-5, 3e-4)
    seeds: tuple[int, ...] = (0, 1, 2)
    steps: int = 1000
    keep: int = 4
    """How many runs of a setting, the best by validation, are reported."""
    alpha: float = 0.05

    def runs(self) -> list[Run]:
        """Return the grid, in a fixed order."""
        return [
            Run(learning_rate=rate, seed=seed, steps=self.steps)
            for rate, seed in product(self.learning_rates, self.seeds)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One run's two numbers, as fractions: validation chooses, test counts."""

    run: Run
    validation: float
    test: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Welch:
    """Welch's t-test, two-sided, of a setting's kept runs against the baseline's."""

    t: float
    degrees_of_freedom: float
    p_value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell of the paper's table 3."""

    setting: str
    outcomes: tuple[Outcome, ...]
    """Every run, in the order of the protocol."""
    kept: tuple[int, ...]
    """Which of the outcomes are reported, in the order of the protocol."""
    mean: float
    sd: float
    """Population standard deviation (ddof 0), as the paper prints."""
    welch: Welch | None
    """None for the baseline, and where a test needs more runs."""
    significant: bool
    """Better than the baseline with p < alpha."""
    harmful: bool = False
    """Worse than the baseline with p < alpha."""

    @property
    def scores(self) -> list[float]:
        """The kept runs' test scores."""
        return [self.outcomes[i].test for i in self.kept]


def best(outcomes: Sequence[Outcome], keep: int) -> tuple[int, ...]:
    """Choose the runs with the highest validation scores; ties go to the earlier run (4.5)."""
    ranked = sorted(range(len(outcomes)), key=lambda i: (-outcomes[i].validation, i))
    return tuple(sorted(ranked[:keep]))


def cell(setting: str, outcomes: Sequence[Outcome], baseline: Cell | None, rules: Protocol) -> Cell:
    """Summarise a setting and test it against the baseline (5.1)."""
    kept = best(outcomes, rules.keep)
    scores = [outcomes[i].test for i in kept]
    test = welch(scores, baseline.scores) if baseline is not None else None
    differs = test is not None and test.p_value < rules.alpha
    return Cell(
        setting=setting,
        outcomes=tuple(outcomes),
        kept=kept,
        mean=fmean(scores),
        sd=pstdev(scores),
        welch=test,
        significant=differs and test is not None and test.t > 0,
        harmful=differs and test is not None and test.t < 0,
    )


def welch(scores: Sequence[float], baseline: Sequence[float]) -> Welch | None:
    """Test two sets of runs with unequal variances; None if either has fewer than two runs."""
    if len(scores) < 2 or len(baseline) < 2:
        return None
    if len({*scores}) == len({*baseline}) == 1:
        # Without any variance the statistic is 0/0 or infinite: certain, one way or the other.
        difference = scores[0] - baseline[0]
        certain = difference != 0
        return Welch(
            t=float("inf") * difference if certain else 0.0,
            degrees_of_freedom=float(len(scores) + len(baseline) - 2),
            p_value=0.0 if certain else 1.0,
        )
    from scipy import stats

    with warnings.catch_warnings():
        # scipy warns where one side has no variance; the other side's is enough for the test.
        warnings.simplefilter("ignore", RuntimeWarning)
        result = stats.ttest_ind(scores, baseline, equal_var=False)
    return Welch(
        t=float(result.statistic),
        degrees_of_freedom=float(result.df),
        p_value=float(result.pvalue),
    )
