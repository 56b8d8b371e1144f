"""Tests over runs and over questions, Holm's correction, intervals, and how many runs it takes."""

from __future__ import annotations

import math
import random
from statistics import fmean, stdev

import pytest
from scipy import stats

from selftranslate.significance import (
    MOST_RUNS,
    Interval,
    holm,
    mean_interval,
    over_questions,
    runs_needed,
    welch,
)


@pytest.mark.filterwarnings("ignore:Precision loss:RuntimeWarning")  # of scipy itself, here
@pytest.mark.parametrize(
    ("scores", "baseline"),
    [
        ([0.36, 0.37, 0.35, 0.33], [0.30, 0.31, 0.29, 0.30]),
        ([0.1, 0.9], [0.5, 0.4, 0.3]),
        ([0.4, 0.4, 0.4], [0.5, 0.4, 0.3]),
    ],
)
def test_welch_is_scipys(scores: list[float], baseline: list[float]) -> None:
    expected = stats.ttest_ind(scores, baseline, equal_var=False)
    result = welch(scores, baseline)
    assert result is not None
    assert (result.t, result.degrees_of_freedom, result.p_value) == pytest.approx(
        (expected.statistic, expected.df, expected.pvalue)
    )


def test_welchs_interval_holds_what_the_test_cannot_rule_out() -> None:
    scores, baseline = [0.36, 0.37, 0.35, 0.33], [0.30, 0.31, 0.29, 0.30]
    result = welch(scores, baseline)
    assert result is not None
    for border in (result.interval.low, result.interval.high):
        moved = welch([score - border for score in scores], baseline)
        assert moved is not None and moved.p_value == pytest.approx(0.05)
    assert result.interval.low < fmean(scores) - fmean(baseline) < result.interval.high


@pytest.mark.parametrize(
    ("scores", "t", "p_value", "difference"),
    [
        ([0.5, 0.5], 0, 1, 0),
        ([0.75, 0.75], math.inf, 0, 0.25),
        ([0.25, 0.25], -math.inf, 0, -0.25),
    ],
)
def test_without_variance_welch_is_certain(
    scores: list[float], t: float, p_value: float, difference: float
) -> None:
    result = welch(scores, [0.5, 0.5, 0.5])
    assert result is not None
    assert (result.t, result.p_value, result.degrees_of_freedom) == (t, p_value, 3)
    assert result.interval == Interval(difference, difference)


@pytest.mark.parametrize(
    ("scores", "baseline"), [([0.5], [0.4, 0.4]), ([0.5, 0.5], [0.4]), ([], [])]
)
def test_one_run_cannot_be_tested(scores: list[float], baseline: list[float]) -> None:
    assert welch(scores, baseline) is None


def test_the_means_interval_takes_the_sample_sd() -> None:
    scores = [0.36, 0.37, 0.35, 0.33]
    half = 3.182446 * stdev(scores) / 2  # t of 3 degrees of freedom, from a printed table
    interval = mean_interval(scores)
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx((0.3525 - half, 0.3525 + half))


def test_an_interval_needs_two_runs_and_may_be_a_point() -> None:
    assert mean_interval([0.5]) is mean_interval([]) is None
    assert mean_interval([0.5, 0.5]) == Interval(0.5, 0.5)


@pytest.mark.parametrize(
    ("p_values", "corrected"),
    [
        # Holm (1979), section 3: step down, the smallest times the number of tests.
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),
        ([0.5, 0.9], [1.0, 1.0]),
        ([0.02], [0.02]),
        ([0.0, 0.0], [0.0, 0.0]),
        ([], []),
    ],
)
def test_holm_steps_down(p_values: list[float], corrected: list[float]) -> None:
    assert holm(p_values) == pytest.approx(corrected)


def answers(share: float, questions: int, seed: int) -> list[float]:
    draw = random.Random(seed)
    return [float(draw.random() < share) for _ in range(questions)]


def test_questions_answered_better_by_the_same_runs_are_found() -> None:
    baseline = [answers(0.4, 250, seed) for seed in range(4)]
    better = [answers(0.6, 250, 10 + seed) for seed in range(4)]
    found = over_questions(better, baseline)
    assert found is not None and found.questions == 250
    expected = fmean(map(fmean, better)) - fmean(map(fmean, baseline))
    assert found.difference == pytest.approx(expected)
    assert found.p_value < 0.001 and 0 < found.interval.low < expected < found.interval.high


def test_the_paired_bootstrap_agrees_with_the_paired_t_test_where_both_hold() -> None:
    baseline = [answers(0.50, 1000, seed) for seed in range(4)]
    better = [answers(0.515, 1000, 10 + seed) for seed in range(3)]
    found = over_questions(better, baseline)
    means = [[fmean(column) for column in zip(*runs, strict=True)] for runs in (better, baseline)]
    expected = stats.ttest_rel(*means)
    interval = expected.confidence_interval(0.95)
    assert found is not None and 0.01 < expected.pvalue < 0.99, "the control: not a clear case"
    assert found.p_value == pytest.approx(expected.pvalue, abs=0.02)
    assert (found.interval.low, found.interval.high) == pytest.approx(tuple(interval), abs=0.002)


def test_the_questions_are_paired() -> None:
    """A few questions gained, none lost: clear when paired, lost in the noise when not."""
    baseline = answers(0.5, 200, 0)
    better = [max(a, b) for a, b in zip(baseline, answers(0.1, 200, 1), strict=True)]
    found = over_questions([better], [baseline])
    assert found is not None and found.p_value < 0.01
    assert stats.ttest_ind(better, baseline).pvalue > 0.1


def test_the_bootstrap_draws_the_same_each_time() -> None:
    sides = ([answers(0.5, 100, 0)], [answers(0.4, 100, 1)])
    assert over_questions(*sides) == over_questions(*sides)


@pytest.mark.parametrize(
    ("runs", "baseline", "p_value"), [([1.0, 0.0], [1.0, 0.0], 1), ([1.0, 1.0], [0.0, 0.0], 2e-4)]
)
def test_equal_differences_have_no_spread(
    runs: list[float], baseline: list[float], p_value: float
) -> None:
    found = over_questions([runs], [baseline])
    assert found is not None and found.p_value == p_value
    assert found.interval == Interval(found.difference, found.difference)


@pytest.mark.parametrize(("runs", "baseline"), [([], [[1.0]]), ([[1.0], []], [[1.0]]), ([[]], [])])
def test_without_the_questions_own_scores_there_is_no_test(
    runs: list[list[float]], baseline: list[list[float]]
) -> None:
    assert over_questions(runs, baseline) is None


@pytest.mark.parametrize(
    ("difference", "sds", "runs"),
    [
        # Cohen's table for two groups, power .80, two-sided .05: d = 0.5, 0.8, 1.0.
        (0.05, (0.1, 0.1), 64),
        (0.08, (0.1, 0.1), 26),
        (-0.10, (0.1, 0.1), 17),
        (0.5, (0.0, 0.0), 2),
        (0.5, (1e-6, 1e-6), 2),
        (0.0, (0.1, 0.1), None),
        (0.001, (0.1, 0.1), None),
    ],
)
def test_runs_needed(difference: float, sds: tuple[float, float], runs: int | None) -> None:
    assert runs_needed(difference, sds, 0.05) == runs


def test_that_many_runs_find_it_four_times_in_five() -> None:
    """Draw the runs, and count."""
    sds, difference = (0.02, 0.05), 0.04
    needed = runs_needed(difference, sds, 0.05)
    assert needed is not None and needed < MOST_RUNS
    draw = stats.norm.rvs
    for runs, low, high in ((needed, 0.76, 0.84), (needed // 2, 0.0, 0.6)):
        better = draw(0.5 + difference, sds[0], (4000, runs), random_state=1)
        baseline = draw(0.5, sds[1], (4000, runs), random_state=2)
        p_values = stats.ttest_ind(better, baseline, axis=1, equal_var=False).pvalue
        assert low < (p_values < 0.05).mean() < high


def test_a_smaller_alpha_needs_more_runs() -> None:
    few, many = (runs_needed(0.05, (0.05, 0.05), alpha) for alpha in (0.05, 0.001))
    assert few is not None and many is not None and few < many
