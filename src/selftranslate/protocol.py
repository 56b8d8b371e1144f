"""The paper's protocol: runs over learning rates and seeds, the best by validation (4.5, 5.1)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from statistics import fmean, pstdev, stdev
from typing import ClassVar

from selftranslate import significance
from selftranslate.errors import RecipeError
from selftranslate.significance import Interval, Paired, Welch
from selftranslate.training import Run

QUESTIONS = 50
"""With fewer validation questions nobody can tell a weak run from one at chance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """Which runs to make and which to keep (4.5). Raises RecipeError if they cannot be made."""

    __pydantic_config__: ClassVar = {"extra": "forbid", "strict": False}

    learning_rates: tuple[float, ...] = (5e-5, 3e-4)
    seeds: tuple[int, ...] = (0, 1, 2)
    steps: int = 1000
    keep: int = 4
    """How many runs of a setting, the best by validation, are reported."""
    alpha: float = 0.05

    def __post_init__(self) -> None:
        for name in ("learning_rates", "seeds"):
            values = getattr(self, name)
            if not values or len({*values}) < len(values):
                # The same run twice would look like a run without any spread.
                msg = f"protocol.{name}: {list(values)}: name one or more, each once"
                raise RecipeError(msg)
        for name in ("steps", "keep"):
            if getattr(self, name) < 1:
                msg = f"protocol.{name}: {getattr(self, name)}: must be 1 or more"
                raise RecipeError(msg)
        if self.keep > len(self.runs()):
            msg = (
                f"protocol.keep: cannot keep the best {self.keep} of {len(self.runs())} runs; "
                "add seeds or learning rates, or keep fewer"
            )
            raise RecipeError(msg)
        if not 0 < self.alpha < 1:
            msg = f"protocol.alpha: {self.alpha}: must lie between 0 and 1"
            raise RecipeError(msg)

    def runs(self) -> list[Run]:
        """Return the grid, in a fixed order."""
        return [
            Run(learning_rate=rate, seed=seed, steps=self.steps)
            for rate, seed in product(self.learning_rates, self.seeds)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One run's two numbers, as fractions: validation chooses, test counts."""

    run: Run | None
    """None for a setting that trains nothing."""
    validation: float | None
    """None where there is nothing to choose from."""
    test: float
    items: tuple[float, ...] = ()
    """Each test question's own score, in the same order in all runs; () if it is not known."""
    diverged: str | None = None
    """Why this run does not count; its numbers may be NaN."""

    def __post_init__(self) -> None:
        if self.diverged is None and (math.isnan(self.test) or math.isnan(self.validation or 0)):
            msg = f"{self.run}: a run without a score must say why it diverged"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A setting against the baseline, from every side; None where there are too few runs."""

    baseline: str
    difference: float
    """Of the means of the runs kept."""
    alpha: float
    welch: Welch | None
    """The paper's test, on the runs kept."""
    all_runs: Welch | None
    """The same test on every run that did not diverge: nothing is chosen."""
    questions: Paired | None
    """The runs kept, question by question."""
    runs_needed: int | None
    """How many kept runs a setting would show this difference; None also for over 1,000."""

    @property
    def better(self) -> bool:
        """Whether the paper would print a star."""
        return self.welch is not None and self.welch.p_value < self.alpha and self.welch.t > 0

    @property
    def worse(self) -> bool:
        """Whether the baseline would deserve one."""
        return self.welch is not None and self.welch.p_value < self.alpha and self.welch.t < 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell of the paper's table 3."""

    setting: str
    outcomes: tuple[Outcome, ...]
    """Every run, in the order of the protocol."""
    kept: tuple[int, ...]
    """Which of the outcomes are reported, in the order of the protocol."""
    mean: float
    """NaN if all runs diverged."""
    sd: float | None
    """Population standard deviation (ddof 0), as the paper prints; None for fewer than two runs."""
    interval: Interval | None
    """Of the mean; it needs the sample standard deviation, and two runs."""
    comparison: Comparison | None
    """None for the baseline itself, and where all runs of one side diverged."""

    @property
    def scores(self) -> list[float]:
        """The kept runs' test scores."""
        return [self.outcomes[i].test for i in self.kept]

    @property
    def trained(self) -> bool:
        """Whether this setting is more than a prompt."""
        return any(outcome.run is not None for outcome in self.outcomes)

    @property
    def diverged(self) -> list[Outcome]:
        """The runs that do not count."""
        return [outcome for outcome in self.outcomes if outcome.diverged is not None]

    @property
    def significant(self) -> bool:
        """Better than the baseline with p < alpha."""
        return self.comparison is not None and self.comparison.better

    @property
    def harmful(self) -> bool:
        """Worse than the baseline with p < alpha."""
        return self.comparison is not None and self.comparison.worse


def at_chance(
    items: Sequence[float], answers: Sequence[str], chance: float | None, alpha: float = 0.05
) -> str | None:
    """Say why a run failed if its validation is no better than chance, else None (4.5).

    `items` holds each question's score (1 is right), `answers` the right answers, `chance` what
    guessing scores. A model that gives always the same answer is at chance too: the share of the
    most frequent right answer is the level where it is higher. The run has failed unless an exact
    binomial test, one-sided, finds it above that level. Without a level of guessing, as where the
    answer is a number or a text, a low score is a weak model and not a failure.
    """
    if chance is None or len(items) < QUESTIONS:
        return None
    from scipy import stats

    questions, right = len(items), sum(item == 1 for item in items)
    level = max(chance, max(Counter(answers).values()) / questions)
    if stats.binomtest(right, questions, level, alternative="greater").pvalue < alpha:
        return None
    return f"validation at chance: {right} of {questions} right, guessing gets {100 * level:.1f} %"


def best(outcomes: Sequence[Outcome], keep: int) -> tuple[int, ...]:
    """Choose the runs with the highest validation scores; ties go to the earlier run (4.5).

    Diverged runs are never chosen, even if fewer than `keep` are left.
    """
    scores = {i: o.validation or 0.0 for i, o in enumerate(outcomes) if o.diverged is None}
    ranked = sorted(scores, key=lambda i: (-scores[i], i))
    return tuple(sorted(ranked[:keep]))


def cells(outcomes: Mapping[str, Sequence[Outcome]], rules: Protocol) -> tuple[Cell, ...]:
    """Summarise a language's settings by name; the first that was trained is the baseline (5.1)."""
    baseline = next(
        (
            cell(name, runs, None, rules)
            for name, runs in outcomes.items()
            if any(one.run is not None for one in runs)
        ),
        None,
    )
    return tuple(
        baseline
        if baseline is not None and name == baseline.setting
        else cell(name, runs, baseline, rules)
        for name, runs in outcomes.items()
    )


def cell(setting: str, outcomes: Sequence[Outcome], baseline: Cell | None, rules: Protocol) -> Cell:
    """Summarise a setting and compare it with the baseline (5.1)."""
    kept = best(outcomes, rules.keep)
    scores = [outcomes[i].test for i in kept]
    made = Cell(
        setting=setting,
        outcomes=tuple(outcomes),
        kept=kept,
        mean=fmean(scores) if scores else math.nan,
        sd=pstdev(scores) if len(scores) > 1 else None,
        interval=significance.mean_interval(scores),
        comparison=None,
    )
    if baseline is None or not baseline.kept or not kept:
        return made
    return replace(made, comparison=_compare(made, baseline, rules.alpha))


def _compare(one: Cell, baseline: Cell, alpha: float) -> Comparison:
    sides = (one, baseline)
    difference = one.mean - baseline.mean
    every = ([o.test for o in side.outcomes if o.diverged is None] for side in sides)
    kept = ([side.outcomes[i].items for i in side.kept] for side in sides)
    test = significance.welch(one.scores, baseline.scores)
    sds = (stdev(one.scores), stdev(baseline.scores)) if test else None
    return Comparison(
        baseline=baseline.setting,
        difference=difference,
        alpha=alpha,
        welch=test,
        all_runs=significance.welch(*every),
        questions=significance.over_questions(*kept),
        runs_needed=significance.runs_needed(difference, sds, alpha) if sds else None,
    )
