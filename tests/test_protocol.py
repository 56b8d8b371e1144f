"""The best four of six, runs that failed, and the paper's own 64 stars."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from statistics import pstdev, stdev
from typing import Any

import pytest
from scipy import stats

from selftranslate import paper, plugins
from selftranslate.errors import RecipeError
from selftranslate.protocol import Cell, Outcome, Protocol, at_chance, best, cell, cells
from selftranslate.significance import holm, runs_needed, welch
from selftranslate.training import Run

RUN = Run(learning_rate=5e-5, seed=0, steps=1)
PAPER = {name: table["rows"] for name, table in paper.tables()["tables"].items()}


def outcomes(validation: list[float], test: list[float] | None = None) -> list[Outcome]:
    return [
        Outcome(run=RUN, validation=v, test=t)
        for v, t in zip(validation, test or validation, strict=True)
    ]


def test_the_paper_makes_six_runs_of_a_setting() -> None:
    runs = Protocol().runs()
    assert [(run.learning_rate, run.seed) for run in runs] == [
        (5e-5, 0), (5e-5, 1), (5e-5, 2), (3e-4, 0), (3e-4, 1), (3e-4, 2),
    ]  # fmt: skip
    assert {run.steps for run in runs} == {1000}


@pytest.mark.parametrize(
    ("validation", "keep", "kept"),
    [
        ([0.1, 0.5, 0.4, 0.3, 0.2, 0.6], 4, (1, 2, 3, 5)),
        ([0.5, 0.5, 0.5, 0.5, 0.5, 0.5], 4, (0, 1, 2, 3)),
        ([0.4, 0.5, 0.4, 0.6], 3, (0, 1, 3)),
        ([0.4, 0.5], 4, (0, 1)),
        ([], 4, ()),
    ],
)
def test_the_best_by_validation_are_kept_in_order(
    validation: list[float], keep: int, kept: tuple[int, ...]
) -> None:
    assert best(outcomes(validation), keep) == kept


def test_a_cell_reports_the_kept_runs_test_scores() -> None:
    rules = Protocol(keep=2)
    baseline = cell("D_src", outcomes([0.9, 0.1, 0.8], [0.30, 0.99, 0.32]), None, rules)
    assert baseline.kept == (0, 2)
    assert baseline.scores == [0.30, 0.32]
    assert baseline.mean == pytest.approx(0.31)
    assert baseline.sd == pytest.approx(0.01), "the population's, not the sample's 0.0141"
    assert (baseline.comparison, baseline.significant, len(baseline.outcomes)) == (None, False, 3)


@pytest.mark.parametrize(
    ("scores", "significant"),
    [
        ([0.36, 0.37, 0.35, 0.36], True),
        ([0.20, 0.21, 0.22, 0.21], False),
        ([0.31, 0.29, 0.33, 0.30], False),
        ([0.34, 0.34, 0.34, 0.34], True),
    ],
)
def test_only_what_is_better_is_significant(scores: list[float], significant: bool) -> None:
    rules = Protocol()
    baseline = cell("D_src", outcomes([0.30, 0.31, 0.29, 0.30]), None, rules)
    tested = cell("D_src+D_tgt", outcomes(scores), baseline, rules)
    assert tested.significant is significant


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"seeds": (0,), "keep": 3}, "cannot keep the best 3 of 2 runs; add seeds"),
        ({"keep": 0}, r"protocol.keep: 0: must be 1 or more"),
        ({"steps": 0}, r"protocol.steps: 0: must be 1 or more"),
        ({"seeds": ()}, r"protocol.seeds: \[\]: name one or more"),
        ({"seeds": (0, 1, 0)}, r"protocol.seeds: \[0, 1, 0\]: .*each once"),
        ({"learning_rates": (1e-4, 1e-4)}, "protocol.learning_rates: .*each once"),
        ({"alpha": 1.0}, "protocol.alpha: 1.0: must lie between"),
    ],
)
def test_a_protocol_that_cannot_be_followed_is_refused(
    values: dict[str, Any], message: str
) -> None:
    with pytest.raises(RecipeError, match=message):
        Protocol(**values)


def lost(reason: str = "the loss is NaN at step 3", score: float = math.nan) -> Outcome:
    return Outcome(run=RUN, validation=score, test=score, diverged=reason)


def test_diverged_runs_are_never_kept_even_if_too_few_are_left() -> None:
    runs = [*outcomes([0.1, 0.3]), lost(), lost("validation at chance", 0.9)]
    assert best(runs, 4) == (0, 1)
    made = cell("D_src", runs, None, Protocol())
    assert made.mean == pytest.approx(0.2) and made.sd == pytest.approx(0.1)
    assert [one.diverged for one in made.diverged] == [
        "the loss is NaN at step 3",
        "validation at chance",
    ]


def test_a_cell_whose_runs_all_diverged_has_no_number() -> None:
    baseline = cell("D_src", outcomes([0.30, 0.31, 0.29, 0.30]), None, Protocol())
    made = cell("+D_tgt", [lost(), lost()], baseline, Protocol())
    assert math.isnan(made.mean) and (made.kept, made.sd, made.interval) == ((), None, None)
    assert made.comparison is None and not made.significant and not made.harmful
    after = cell("+D_cs", outcomes([0.4, 0.5]), made, Protocol())
    assert after.comparison is None, "nothing to compare with"


def test_a_run_without_a_score_must_say_why() -> None:
    for validation, test in ((math.nan, 0.5), (0.5, math.nan)):
        with pytest.raises(ValueError, match="must say why"):
            Outcome(run=RUN, validation=validation, test=test)


def test_a_setting_is_compared_from_every_side() -> None:
    items = ((1.0, 0.0) * 20, (1.0, 1.0) * 20)
    validation, rules = [0.9, 0.8, 0.7, 0.6, 0.1, 0.2], Protocol()
    scores = [[0.30, 0.31, 0.29, 0.30, 0.10, 0.50], [0.36, 0.37, 0.35, 0.36, 0.10, 0.40]]
    made = [
        [replace(one, items=own) for one in outcomes(validation, row)]
        for row, own in zip(scores, items, strict=True)
    ]
    found = cells({"D_src": made[0], "+D_tgt": made[1]}, rules)[1].comparison
    assert found is not None and (found.baseline, found.alpha) == ("D_src", 0.05)
    assert found.difference == pytest.approx(0.06)
    assert found.welch == welch(scores[1][:4], scores[0][:4]) and found.better
    assert found.all_runs == welch(scores[1], scores[0]) and found.all_runs.p_value > 0.05
    assert found.questions is not None and found.questions.difference == 0.5
    sds = (stdev(scores[1][:4]), stdev(scores[0][:4]))
    assert found.runs_needed == runs_needed(found.difference, sds, 0.05)


def test_a_run_that_diverged_is_in_none_of_the_tests() -> None:
    good, rules = outcomes([0.30, 0.32, 0.31]), Protocol(keep=3)
    bad = Outcome(run=RUN, validation=0.9, test=0.9, items=(1.0,), diverged="at chance")
    with_it, without = (
        cell("b", [*outcomes([0.5, 0.4, 0.6]), *extra], cell("a", good, None, rules), rules)
        for extra in ([bad], [])
    )
    assert with_it.comparison == without.comparison and with_it.mean == without.mean


def test_the_baseline_is_the_first_setting_that_was_trained() -> None:
    shots = [Outcome(run=None, validation=None, test=0.9, items=(1.0, 1.0))]
    runs = [replace(one, items=(0.0, 1.0)) for one in outcomes([0.30, 0.31])]
    few_shot, source, target = cells({"few-shot": shots, "D_src": runs, "+D_tgt": runs}, Protocol())
    assert source.comparison is None and (source.trained, few_shot.trained) == (True, False)
    assert target.comparison is not None and target.comparison.baseline == "D_src"
    assert (few_shot.mean, few_shot.sd, few_shot.interval) == (0.9, None, None), "no spread"
    against = few_shot.comparison
    assert against is not None and (against.welch, against.runs_needed) == (None, None)
    assert against.questions is not None, "its questions can be compared all the same"
    assert not few_shot.significant and against.difference == pytest.approx(0.595)


def test_without_training_nothing_is_a_baseline() -> None:
    shots = [Outcome(run=None, validation=None, test=0.9)]
    made: tuple[Cell, ...] = cells({"zero-shot": shots, "few-shot": shots}, Protocol())
    assert [one.comparison for one in made] == [None, None]


LABELS = ("Entailment", "Neutral", "Contradiction")


def right(count: int, questions: int) -> list[float]:
    return [1.0] * count + [0.0] * (questions - count)


@pytest.mark.parametrize(
    ("count", "questions", "failed"),
    [(33, 99, True), (20, 99, True), (40, 99, True), (42, 99, False), (99, 99, False),
     (865, 2490, True), (880, 2490, False)],
)  # fmt: skip
def test_validation_at_chance_is_a_failed_run(count: int, questions: int, failed: bool) -> None:
    reason = at_chance(right(count, questions), LABELS * (questions // 3), 1 / 3)
    assert (reason is not None) is failed
    if reason:
        assert reason == f"validation at chance: {count} of {questions} right, guessing gets 33.3 %"


def test_always_the_same_answer_is_chance_too() -> None:
    """With 60 of 100 labels alike, 60 right need no understanding; 60 of balanced ones do."""
    uneven = ("Neutral",) * 60 + ("Entailment",) * 40
    reason = at_chance(right(60, 100), uneven, 1 / 3)
    assert reason == "validation at chance: 60 of 100 right, guessing gets 60.0 %"
    assert at_chance(right(60, 100), (*LABELS * 33, "Neutral"), 1 / 3) is None
    assert at_chance(right(100, 100), ("Neutral",) * 100, 1 / 3) is not None


def test_a_weak_model_is_no_failed_run() -> None:
    numbers = [str(number) for number in range(250)]
    assert at_chance(right(7, 250), numbers, None) is None, "nobody guesses a number"
    assert at_chance(right(10, 30), LABELS * 10, 1 / 3) is None, "too few questions to tell"


def test_tasks_with_labels_say_what_guessing_scores() -> None:
    chances = {name: plugins.build("tasks", name).chance for name in ("mnli", "mini_nli", "gsm8k")}
    assert chances == {"mnli": 1 / 3, "mini_nli": 1 / 3, "gsm8k": None}


def printed(value: str) -> tuple[float, float, bool]:
    mean, sd = value.rstrip("*").split("±")
    return float(mean), float(sd), value.endswith("*")


def comparisons() -> Iterator[tuple[str, str, str]]:
    for table in ("table8", "table9", "table10", "table11"):
        baseline = PAPER[table]["D_src"]
        for setting in PAPER[table].keys() - {"D_src"}:
            for task, row in PAPER[table][setting].items():
                for language, value in row.items():
                    yield f"{table} {setting} {task} {language}", baseline[task][language], value


def from_printed(baseline: str, value: str, *, ddof: int) -> tuple[float, float]:
    """Welch's t and p from two printed cells of n = 4, whose sds have this ddof."""
    n = 4
    (m1, s1, _), (m2, s2, _) = printed(value), printed(baseline)
    sample = math.sqrt((n - ddof) / (n - 1))
    result = stats.ttest_ind_from_stats(m1, s1 * sample, n, m2, s2 * sample, n, equal_var=False)
    return float(result.statistic), float(result.pvalue)


def wrong_stars(ddof: int) -> list[str]:
    wrong = []
    for name, baseline, value in comparisons():
        t, p_value = from_printed(baseline, value, ddof=ddof)
        if (t > 0 and p_value < Protocol().alpha) is not printed(value)[2]:
            wrong.append(name)
    return wrong


def test_all_64_stars_of_the_paper_are_population_sds() -> None:
    assert len(list(comparisons())) == 64
    assert wrong_stars(ddof=0) == []
    assert wrong_stars(ddof=1) == ["table10 +D_tgt xnli th"], "the control: sample sds do not fit"


def test_holm_keeps_seven_of_table_10s_nine_stars() -> None:
    rows = [
        (PAPER["table10"]["D_src"][task][language], value)
        for task, row in PAPER["table10"]["+D_tgt"].items()
        for language, value in row.items()
    ]
    p_values = [from_printed(*values, ddof=0)[1] for values in rows]
    assert [sum(p < 0.05 for p in each) for each in (p_values, holm(p_values))] == [9, 7]


def test_our_own_cell_sets_the_papers_stars() -> None:
    """Four runs made to the printed mean and population sd get the printed star."""
    for name, *values in comparisons():
        made = []
        for mean, sd, _ in map(printed, values):
            scores = [(mean + sign * sd) / 100 for sign in (-1, -1, 1, 1)]
            assert pstdev(scores) == pytest.approx(sd / 100)
            made.append(outcomes(scores))
        baseline = cell("D_src", made[0], None, Protocol())
        tested = cell(name, made[1], baseline, Protocol())
        assert tested.significant is printed(values[1])[2], name
