"""What the runs can and cannot show: tests, intervals and how many runs would be enough (5.1).

Two kinds of chance stand behind a difference of two settings. Other runs would have scored
differently on the same questions: Welch's t-test over runs. Other questions would have been
answered differently by the same runs: the paired bootstrap over questions.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

CONFIDENCE = 0.95
POWER = 0.8
MOST_RUNS = 1000
"""No larger number of runs is computed: nobody would make them."""
RESAMPLES = 9999


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % confidence interval."""

    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Welch:
    """Welch's t-test, two-sided, of a setting's runs against the baseline's."""

    t: float
    degrees_of_freedom: float
    p_value: float
    interval: Interval
    """Of the difference of the means."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """A paired test on the questions of one test set, two-sided."""

    questions: int
    difference: float
    interval: Interval
    p_value: float


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
            interval=Interval(difference, difference),
        )
    from scipy import stats

    with warnings.catch_warnings():
        # scipy warns where one side has no variance; the other side's is enough for the test.
        warnings.simplefilter("ignore", RuntimeWarning)
        result = stats.ttest_ind(scores, baseline, equal_var=False)
    interval = result.confidence_interval(CONFIDENCE)
    return Welch(
        t=float(result.statistic),
        degrees_of_freedom=float(result.df),
        p_value=float(result.pvalue),
        interval=Interval(float(interval.low), float(interval.high)),
    )


def mean_interval(scores: Sequence[float]) -> Interval | None:
    """Return where the mean of all possible runs lies, by Student's t; None for a single run."""
    if len(scores) < 2:
        return None
    center, spread = fmean(scores), stdev(scores)
    if spread == 0:
        return Interval(center, center)
    from scipy import stats

    low, high = stats.t.interval(
        CONFIDENCE, len(scores) - 1, loc=center, scale=spread / len(scores) ** 0.5
    )
    return Interval(float(low), float(high))


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct the p-values of a table for their number, in order (Holm 1979).

    Below alpha they keep the chance of even one false star in the table below alpha.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    corrected = [0.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = largest
    return corrected


def over_questions(
    runs: Sequence[Sequence[float]], baseline: Sequence[Sequence[float]]
) -> Paired | None:
    """Test on the questions of the test set whether two settings differ, by a paired bootstrap.

    Each row holds one run's score for every question, in the same order. A question's score is
    its mean over the runs, which is what the table averages; McNemar's test needs right or wrong
    and so a single run or a vote of the runs, which is another system than the table's. The
    questions are drawn anew 9,999 times with a fixed seed; the p-value is the percentile
    interval's own: twice the smaller share of draws on either side of no difference.
    None where the questions' own scores are not known.
    """
    if not runs or not baseline or not all((*runs, *baseline)):
        return None
    import numpy
    from scipy import stats

    differences = numpy.mean(runs, axis=0) - numpy.mean(baseline, axis=0)
    if (differences == differences[0]).all():
        value = float(differences[0])
        p_value = 1.0 if value == 0 else 2 / (RESAMPLES + 1)
        return Paired(
            questions=len(differences),
            difference=value,
            interval=Interval(value, value),
            p_value=p_value,
        )
    result = stats.bootstrap(
        (differences,),
        numpy.mean,
        n_resamples=RESAMPLES,
        batch=100,
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=numpy.random.default_rng(0),
    )
    drawn = result.bootstrap_distribution
    smaller = min(int((drawn <= 0).sum()), int((drawn >= 0).sum()))
    return Paired(
        questions=len(differences),
        difference=float(differences.mean()),
        interval=Interval(
            float(result.confidence_interval.low), float(result.confidence_interval.high)
        ),
        p_value=min(1.0, 2 * (smaller + 1) / (RESAMPLES + 1)),
    )


def runs_needed(difference: float, sds: tuple[float, float], alpha: float) -> int | None:
    """Return how many runs of each of two settings would show a difference of their means.

    It is the least number with which Welch's test, two-sided at `alpha`, finds a true difference
    of this size four times in five (power 0.8, noncentral t). `sds` are the two settings' sample
    standard deviations (ddof 1), in the difference's own unit. None for more than 1,000.
    """
    if difference == 0:
        return None
    if sds == (0, 0):
        return 2
    low, high = 2, MOST_RUNS
    if _power(high, difference, sds, alpha) < POWER:
        return None
    # The power grows with the number of runs; NaN, beyond nct's range, means more than enough.
    while low < high:
        middle = (low + high) // 2
        if _power(middle, difference, sds, alpha) < POWER:
            low = middle + 1
        else:
            high = middle
    return low


def _power(runs: int, difference: float, sds: tuple[float, float], alpha: float) -> float:
    from scipy import stats

    variances = [sd**2 for sd in sds]
    total = sum(variances)
    freedom = (runs - 1) * total**2 / sum(variance**2 for variance in variances)
    shift = abs(difference) / (total / runs) ** 0.5
    # Only the tail of the right sign: a difference found the wrong way round is not found.
    return float(stats.nct.sf(stats.t.isf(alpha / 2, freedom), freedom, shift))
