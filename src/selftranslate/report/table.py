"""The paper's table 3 as rows of short texts: settings down, languages across (5.1)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from selftranslate.paper import Printed
from selftranslate.protocol import Cell, Comparison, Outcome
from selftranslate.report import Findings, Result, holds
from selftranslate.significance import MOST_RUNS, Interval, Paired, Welch
from selftranslate.training import Run

PRINTED = "paper"

POOR = {"bleu": 0.2, "bleu_char": 0.2, "chrf": 0.4}
"""Below this a translation score may be why a language gained nothing. It predicts nothing: in the
paper Thai gains at BLEU 5 and 12 (table 6), so it is named only where there was no gain."""
FEW = 0.5
"""The share of pairs kept below which the same holds."""

STATISTICS = (
    "language",
    "setting",
    "runs kept",
    "mean [95 %]",
    "difference [95 %]",
    "p",
    "Holm's p",
    "p, all runs",
    "p, questions",
    "runs to see it",
)

EXPLANATION = (
    "Means and differences in percent with 95 % intervals over runs (Student's t, Welch). "
    "p: Welch's t-test, two-sided, on the runs kept. Holm's p: the same, corrected for all tests "
    "of the table. p, all runs: the same test on every run that did not diverge, so nothing is "
    "chosen. p, questions: the runs kept, with other test questions (paired bootstrap). "
    "Runs to see it: with about so many runs kept a setting, a difference that is not "
    "significant and really is of this size would be found four times in five."
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One cell as it is printed, in percent; its parts stand apart so that they can be aligned."""

    mean: str
    """"78.3", or what stands in its place."""
    marks: str = ""
    """"*†"."""
    spread: str = ""
    """"±4.1"."""
    bold: bool = False
    """The highest significant score of its column (5.1)."""

    @property
    def text(self) -> str:
        """The whole: "78.3*† ±4.1"."""
        return f"{self.mean}{self.marks} {self.spread}".rstrip()


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the table, a cell per language."""

    name: str
    entries: tuple[Entry, ...]
    printed: bool = False
    """The paper's own numbers for the row above."""


def settings(result: Result) -> list[str]:
    """Name the settings, in the recipe's order."""
    return [cell.setting for cell in next(iter(result.languages.values())).cells]


def lines(result: Result) -> list[Line]:
    """Return the table, each setting with the paper's numbers below it where there are some."""
    made = []
    for setting in settings(result):
        made.append(
            Line(setting, tuple(_entry(result, code, setting) for code in result.languages))
        )
        printed = [result.printed(code, setting) for code in result.languages]
        if any(printed):
            made.append(Line(PRINTED, tuple(map(_printed, printed)), printed=True))
    return made


def footnote(result: Result) -> str:
    """Say what the table's numbers and marks are."""
    parts = ["Mean ± standard deviation (ddof 0) of the runs kept by validation, in percent."]
    found = [c.comparison for f in result.languages.values() for c in f.cells if c.comparison]
    if tests := len(result.holm):
        parts.append(
            f"* better than {found[0].baseline} with p < {found[0].alpha:g} (Welch's t-test, "
            "two-sided, on the runs kept); † still so after Holm's correction over the table's "
            f"{tests} test{'s' * (tests > 1)}; bold: the highest significant score of a column."
        )
    printed = [
        result.printed(code, c.setting) for code, f in result.languages.items() for c in f.cells
    ]
    if any(printed):
        parts.append(f"{PRINTED.capitalize()}: what it printed for the row above.")
    if any(one and one.star is None for one in printed):
        parts.append("(*): whether with a star is not known.")
    return " ".join(parts)


def statistics(result: Result) -> list[list[str]]:
    """Return what stands behind the stars, a row per language and setting (`STATISTICS`)."""
    return [
        [found.language, cell.setting, *_statistics(cell, result.holm.get((code, cell.setting)))]
        for code, found in result.languages.items()
        for cell in found.cells
    ]


def translated(result: Result) -> dict[str, Findings]:
    """Return the languages that were translated into: not the source language."""
    return {code: found for code, found in result.languages.items() if found.translated}


def translation_score(found: Findings) -> str:
    """Return how well the model translates into a language, under the score's own name (A.4)."""
    if not found.quality:
        return "not measured"
    first = found.quality[0]
    return f"{NAMES.get(first.name, first.name)} {100 * first.value:.1f}"


def share_kept(found: Findings) -> str:
    """Return how many of the translations the filters let through."""
    return f"{found.kept} of {found.kept + sum(found.dropped.values())}"


def warnings(result: Result) -> list[str]:
    """Name the runs that diverged, and the languages whose pairs were kept without a proof."""
    failed = [
        f"{found.language}, {cell.setting}: {len(cell.diverged)} of {len(cell.outcomes)} runs "
        f"diverged and do not count: {_failures(cell)}."
        for found in result.languages.values()
        for cell in found.cells
        if cell.diverged
    ]
    return failed + [
        f"{found.language}: {found.unverified} of {found.kept} kept pairs are unverified: their "
        "server does not tell the closing mark from the model's own end. The filter "
        "{name: complete, unverified: drop} drops them."
        for found in result.languages.values()
        if found.unverified
    ]


def verdict(result: Result, code: str) -> str:
    """Say in one sentence whether the best setting helped; if not, what may be the reason."""
    found = result.languages[code]
    best, comparison = best_compared(found)
    if comparison is None:
        first = next((c for c in found.cells if c.trained), found.cells[0])
        return f"{found.language}: {_score(first).text} with {first.setting}."
    gain = f"{100 * comparison.difference:+.1f} points with {best.setting}"
    if comparison.welch is None:
        return f"{found.language}: {gain}; not tested, a test needs two runs or more."
    test = f"p {p_value(comparison.welch, '= ')}"
    if comparison.better:
        mark = "✓" if holds(comparison, result.holm[code, best.setting]) else "✗"
        return f"{found.language}: {gain} ({test}, Holm {mark})."
    if comparison.worse:
        return f"{found.language}: a loss: {gain} ({test}){_perhaps(found)}."
    needed = comparison.runs_needed
    more = f"; about {needed} runs a setting would show such a difference" if needed else ""
    return f"{found.language}: no significant gain ({gain}, {test}{more}){_perhaps(found)}."


def best_compared(found: Findings) -> tuple[Cell, Comparison | None]:
    """Return the trained setting with the highest score, against the baseline."""
    compared = [cell for cell in found.cells if cell.trained and cell.comparison is not None]
    best = max(compared, key=lambda cell: cell.mean, default=found.cells[0])
    return best, best.comparison if compared else None


def _perhaps(found: Findings) -> str:
    """Name what may have kept a language from a gain, where the translations show it."""
    seen = []
    weak = [s for s in found.quality if s.value < POOR.get(s.name, 0.0)]
    if weak:
        scores = ", ".join(f"{NAMES.get(s.name, s.name)} {100 * s.value:.1f}" for s in weak)
        seen.append(f"the model's translations are poor ({scores})")
    if found.translated and found.kept < FEW * (found.kept + sum(found.dropped.values())):
        seen.append(f"only {share_kept(found)} pairs were kept")
    return f"; a likely reason: {', and '.join(seen)}" if seen else ""


def run_name(outcome: Outcome) -> str:
    """Name a run by what the protocol varies."""
    return "not trained" if outcome.run is None else named(outcome.run)


def named(run: Run) -> str:
    """Name a run that was trained."""
    return f"seed {run.seed} with learning rate {run.learning_rate:g}"


def percent(value: float | None) -> str:
    """Return a score in percent, or a dash where there is none."""
    return "–" if value is None or value != value else f"{100 * value:.1f}"


def fate(cell: Cell, index: int) -> str:
    """Say whether a run is reported, and if it diverged, why."""
    diverged = cell.outcomes[index].diverged
    if diverged is not None:
        return f"diverged: {diverged}"
    return "yes" if index in cell.kept else "no"


def dropped_rows(found: Findings) -> Iterable[tuple[str, int]]:
    """Return each reason and how many pairs it cost."""
    return found.dropped.items()


NAMES = {"bleu": "BLEU", "bleu_char": "character BLEU", "chrf": "chrF"}


def _entry(result: Result, code: str, setting: str) -> Entry:
    cells = result.languages[code].cells
    cell = next((c for c in cells if c.setting == setting), None)
    if cell is None:
        return Entry("–")
    top = max((c.mean for c in cells if c.significant), default=None)
    marks = "*" if cell.significant else ""
    if cell.comparison and holds(cell.comparison, result.holm.get((code, setting))):
        marks += "†"
    return _score(cell, marks, cell.significant and cell.mean == top)


def _score(cell: Cell, marks: str = "", bold: bool = False) -> Entry:
    if not cell.kept:
        return Entry("diverged")
    spread = "" if cell.sd is None else f"±{100 * cell.sd:.1f}"
    return Entry(f"{100 * cell.mean:.1f}", marks, spread, bold)


def _printed(found: Printed | None) -> Entry:
    if found is None:
        return Entry("–")
    star = {True: "*", False: "", None: "(*)"}[found.star]
    return Entry(f"{found.mean:.1f}", star, f"±{found.sd:.1f}")


def _statistics(cell: Cell, corrected: float | None) -> list[str]:
    runs = f"{len(cell.kept)} of {len(cell.outcomes)}"
    shown = [runs, percent(cell.mean) + _interval(cell.interval)]
    found = cell.comparison
    if found is None:
        return [*shown, *[""] * 6]
    difference = f"{100 * found.difference:+.1f}"
    if found.welch is None:
        return [*shown, difference, "", "", "", p_value(found.questions), ""]
    needed = ""
    if not found.better and not found.worse:
        needed = f"{found.runs_needed or f'over {MOST_RUNS:,}'}"
    return [
        *shown,
        difference + _interval(found.welch.interval, "+"),
        p_value(found.welch),
        p_value(corrected),
        p_value(found.all_runs),
        p_value(found.questions),
        needed,
    ]


def _interval(found: Interval | None, sign: str = "") -> str:
    if found is None:
        return ""
    return f" [{100 * found.low:{sign}.1f}, {100 * found.high:{sign}.1f}]"


def p_value(found: Welch | Paired | float | None, equals: str = "") -> str:
    """Return a p-value as papers print it."""
    if found is None:
        return ""
    value = found if isinstance(found, float) else found.p_value
    return "< 0.001" if value < 0.001 else f"{equals}{value:.3f}"


def _failures(cell: Cell) -> str:
    """Name the runs under the reason they share."""
    reasons: dict[str, list[str]] = {}
    for outcome in cell.diverged:
        reasons.setdefault(str(outcome.diverged), []).append(run_name(outcome))
    return "; ".join(f"{reason} ({', '.join(runs)})" for reason, runs in reasons.items())
