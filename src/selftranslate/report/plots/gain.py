"""Gain over the baseline against translation quality: the paper's central claim (5.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from selftranslate.protocol import Cell, Comparison
from selftranslate.report import Findings, Result, groups, table
from selftranslate.report.evidence import Evidence
from selftranslate.report.plots import Absent, Panel, Plot, tones
from selftranslate.report.plots.svg import INK, PAPER, SMALL, SOFT, Sheet, paint, sheet

TITLE = "Gain against translation quality"
MARKERS = "osD^vP"
HEIGHT, LEFT, LINE = 230, 42, 13
"""Of a panel, its left margin, and of a line of names, in points."""


NAMED = 3
"""Languages named at either end, where there are many."""
CROWD = (
    "A hollow point is no significant difference. The rank correlation is Spearman's, of a "
    "language's translations with the gain of its best setting; 1 is the claim, 0 none."
)


@dataclass(frozen=True, slots=True)
class _Point:
    """One language and setting."""

    found: Findings
    tone: str
    """The setting's colour."""
    cell: Cell
    comparison: Comparison

    @property
    def gain(self) -> float:
        return 100 * self.comparison.difference

    @property
    def errors(self) -> tuple[float, float] | None:
        test = self.comparison.welch
        if test is None or test.interval is None:
            return None
        low, high = 100 * test.interval.low, 100 * test.interval.high
        return max(0.0, self.gain - low), max(0.0, high - self.gain)  # rounding aside


def draw(result: Result, evidence: Evidence) -> Plot | Absent:
    """Draw a panel for each score that was computed."""
    tone = tones(result)
    points = [
        _Point(found, tone[cell.setting], cell, cell.comparison)
        for found in table.translated(result).values()
        for cell in found.cells
        if cell.trained and cell.comparison is not None and found.quality
    ]
    if not points:
        return Absent(TITLE, "No setting was compared with a baseline.")
    scores = list(dict.fromkeys(score.name for p in points for score in p.found.quality))
    panel = _panel
    if groups.many(result):
        scores.sort(key=[*table.NAMES].index)
        panel = _crowd
    panels = tuple(panel(name, points) for name in scores)
    return Plot(
        name="gain",
        title=TITLE,
        caption="The paper's claim: the better a model translates into a language, the more its "
        "own translations help there; then the points rise to the right. "
        + (CROWD if groups.many(result) else "Lines are 95 % intervals of the gain.")
        + _told_apart(scores),
        panels=panels,
        legend=tuple(dict.fromkeys((p.tone, p.cell.setting) for p in points)),
        head=("language", "setting", "gain, points", *(table.NAMES.get(n, n) for n in scores)),
        rows=tuple(
            (p.found.language, p.cell.setting, f"{p.gain:+.1f}", *_scores(p.found, scores))
            for p in points
        ),
    )


def _panel(score: str, points: Sequence[_Point]) -> Panel:
    name = table.NAMES.get(score, score)
    values = {p.found.language: v for p in points if (v := _value(p.found, score)) is not None}
    right = min(106.0, 1.2 * max(values.values()) + 4)
    made = sheet(HEIGHT, width=SMALL, left=LEFT, below=40)
    for point in points:
        if point.found.language in values:
            _mark(made, point, values[point.found.language], right)
    low = min([0.0, *(p.gain - (p.errors or (0, 0))[0] for p in points)])
    high = max([0.0, *(p.gain + (p.errors or (0, 0))[1] for p in points)])
    room = max(high - low, 1.0) * 0.08
    places = _places(values, right)
    names = LINE * (1 + max(level for _, level in places.values())) / (HEIGHT - 50)
    made.axes.set_ylim(low - room, low - room + (high - low + 2 * room) / (1 - names))
    made.axes.set_xlim(0, right)
    made.axes.axhline(0, color=INK, linewidth=0.8)
    for language, (at, level) in places.items():
        made.axes.annotate(
            language, (at, 1), (0, -LINE * (level + 1) + 3), xycoords=("data", "axes fraction"),
            textcoords="offset points", ha="center", va="bottom",
            bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 1.5},
        )  # fmt: skip
        made.axes.axvline(values[language], color=SOFT, linewidth=0.7, zorder=0)
    made.axes.set_xlabel(f"{name} of the translations")
    made.axes.set_ylabel("gain, points")
    said = "; ".join(
        f"{p.found.language}, {p.cell.setting}: {p.gain:+.1f}"
        for p in points
        if p.found.language in values
    )
    return Panel(name, made.svg(f"gain-{score}", f"Gain in points against {name}. {said}."))


def _crowd(score: str, points: Sequence[_Point]) -> Panel:
    """Draw many languages: without intervals, and only those named that gain most and least."""
    name = table.NAMES.get(score, score)
    there = [(v, p) for p in points if (v := _value(p.found, score)) is not None]
    right = min(106.0, 1.2 * max(v for v, _ in there) + 4)
    made = sheet(HEIGHT + 40, width=320, left=LEFT, below=40)
    for value, point in there:
        tone, number = paint(point.tone), int(point.tone[1:])
        full = point.comparison.better or point.comparison.worse
        made.axes.plot(
            value, point.gain, MARKERS[number % len(MARKERS)], markersize=5, markeredgecolor=tone,
            markerfacecolor=tone if full else PAPER, markeredgewidth=1, alpha=0.85, clip_on=False,
        )  # fmt: skip
    best = {p.found.language: (v, p.gain) for v, p in sorted(there, key=lambda one: one[1].gain)}
    high = max(p.gain for _, p in there) - min(p.gain for _, p in there) or 1.0
    for language in _apart(best, 0.07 * high):
        beyond = best[language][0] > right / 2
        made.axes.annotate(
            language, best[language], (-7 if beyond else 7, 0), textcoords="offset points",
            ha="right" if beyond else "left", va="center",
        )  # fmt: skip
    made.axes.set_xlim(0, right)
    made.axes.axhline(0, color=INK, linewidth=0.8)
    made.axes.set_xlabel(f"{name} of the translations")
    made.axes.set_ylabel("gain, points")
    title = f"{name}: {_correlation([*best.values()])}"
    return Panel(title, made.svg(f"gain-{score}", f"Gain in points against {title}."))


def _apart(best: Mapping[str, tuple[float, float]], room: float) -> list[str]:
    """Choose the languages that gained most and least whose names do not touch."""
    ranked = sorted(best, key=lambda language: best[language][1])
    chosen: list[str] = []
    for some in (ranked, ranked[::-1]):
        here: list[str] = []
        for language in some[: 2 * NAMED]:
            free = all(abs(best[language][1] - best[one][1]) > room for one in chosen + here)
            if free and len(here) < NAMED:
                here.append(language)
        chosen += here
    return chosen


def _correlation(pairs: Sequence[tuple[float, float]]) -> str:
    """Say how far gains rise with the score."""
    from scipy import stats

    told = f"{len(pairs)} languages"
    if min(len({x for x, _ in pairs}), len({y for _, y in pairs})) <= groups.MANY:
        return told
    return f"{told}, rank correlation {stats.spearmanr(pairs).statistic:+.2f}"


def _places(values: Mapping[str, float], right: float) -> dict[str, tuple[float, int]]:
    """Put each language's name above its points, a line lower where it would touch another."""
    scale = (SMALL - LEFT - 12) / right
    ends: list[float] = []
    made = {}
    for language, value in sorted(values.items(), key=lambda entry: entry[1]):
        half = 3.2 * len(language)
        middle = min(max(value * scale, half), right * scale - half)
        free = (level for level, end in enumerate(ends) if end + 6 <= middle - half)
        level = next(free, len(ends))
        ends[level : level + 1] = [middle + half]
        made[language] = (middle / scale, level)
    return made


def _mark(made: Sheet, point: _Point, value: float, right: float) -> None:
    tone, number = paint(point.tone), int(point.tone[1:])
    shift = (number - 1) * right / 50  # so that intervals of a language stand beside each other
    made.axes.errorbar(
        value + shift, point.gain, yerr=[[e] for e in point.errors] if point.errors else None,
        fmt=MARKERS[number % len(MARKERS)], markersize=6, color=tone, elinewidth=1.1,
        markeredgecolor=PAPER, markeredgewidth=0.7, clip_on=False,
    )  # fmt: skip


def _value(found: Findings, score: str) -> float | None:
    return next((100 * one.value for one in found.quality if one.name == score), None)


def _scores(found: Findings, names: Sequence[str]) -> list[str]:
    values = [_value(found, name) for name in names]
    return ["–" if value is None else f"{value:.1f}" for value in values]


def _told_apart(scores: Sequence[str]) -> str:
    if "bleu_char" not in scores:
        return ""
    return (
        " Character BLEU stands in where BLEU's tokenizer for a language is not on this machine; "
        "it is another scale, so it has a panel of its own."
    )
