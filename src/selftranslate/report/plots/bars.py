"""Scores by setting and language, every run a dot (table 3)."""

from __future__ import annotations

import math
from typing import Any

from selftranslate.protocol import Cell
from selftranslate.report import Result, groups, table
from selftranslate.report.evidence import Evidence
from selftranslate.report.plots import Absent, Panel, Plot, rows, tones
from selftranslate.report.plots.svg import INK, PAPER, SOFT, Sheet, paint, sheet

TITLE = "Scores by setting and language"
BAR, GAP = 17, 14
"""How thick a bar is, and the room between two languages, in points."""


def draw(result: Result, evidence: Evidence) -> Plot | Absent:
    """Draw a bar per language and setting, a dot per run; for many languages, dots alone."""
    if groups.many(result):
        return _many(result)
    tone = tones(result)
    count = sum(len(found.cells) for found in result.languages.values())
    names = [found.language for found in result.languages.values()]
    left = 16 + 6 * max(map(len, names))
    made = sheet(count * BAR + len(names) * GAP + 50, left=left, below=38)
    place, ticks = 0.0, []
    for found in result.languages.values():
        ticks.append(place + (len(found.cells) - 1) * BAR / 2)
        for cell in found.cells:
            _bar(made, cell, place, paint(tone[cell.setting]))
            place += BAR
        place += GAP
    _finish(made, place - GAP, ticks, names)
    numbers = [
        (found.language, cell.setting, table.run_name(outcome), table.percent(outcome.test), fate)
        for found in result.languages.values()
        for cell in found.cells
        for index, outcome in enumerate(cell.outcomes)
        for fate in [table.fate(cell, index)]
    ]
    return Plot(
        name="bars",
        title=TITLE,
        caption="A bar is the mean of the runs kept, a full dot one of them, a hollow dot a run "
        "that was not kept. A difference counts when the dots of two bars hardly overlap.",
        panels=(Panel("", made.svg("bars", _alt(result))),),
        legend=tuple((tone[name], name) for name in tone),
        head=("language", "setting", "run", f"{result.metric}, %", "kept"),
        rows=tuple(numbers),
    )


def _many(result: Result) -> Plot:
    """Draw a dot per setting, full where it is significantly better than the baseline."""
    tone = tones(result)
    high = max((c.mean for f in result.languages.values() for c in f.cells if c.kept), default=1.0)

    def mark(axes: Any, place: float, code: str) -> None:
        cells = [cell for cell in result.languages[code].cells if cell.kept]
        means = [100 * cell.mean for cell in cells]
        axes.plot([min(means), max(means)], [place] * 2, color=SOFT, linewidth=2)
        for cell, mean in zip(cells, means, strict=True):
            full = cell.comparison is None or cell.comparison.better or cell.comparison.worse
            axes.plot(
                mean, place, "o", markersize=5.5, clip_on=False, markeredgewidth=1.2,
                markerfacecolor=paint(tone[cell.setting]) if full else PAPER,
                markeredgecolor=paint(tone[cell.setting]),
            )  # fmt: skip

    scored = [code for code, f in result.languages.items() if any(c.kept for c in f.cells)]
    scale = rows.Scale(label="score, %", low=0, high=105 * high or 1.0)
    return Plot(
        name="bars",
        title=TITLE,
        caption="A dot is the mean of a setting's runs kept: full if it is significantly better or "
        "worse than the baseline, hollow if not. All single runs stand under the table.",
        panels=rows.panels(result, scored, "bars", scale, mark),
        legend=tuple((tone[name], name) for name in tone),
        head=("language", "setting", f"{result.metric}, %"),
        rows=tuple(
            (found.language, cell.setting, table.percent(cell.mean))
            for found in result.languages.values()
            for cell in found.cells
        ),
    )


def _bar(made: Sheet, cell: Cell, place: float, tone: str) -> None:
    if cell.kept:
        made.axes.barh(place, 100 * cell.mean, height=BAR - 3, color=tone, alpha=0.55, linewidth=0)
    for kept in (False, True):
        chosen = [
            (100 * outcome.test, place + 4 * ((index % 3) - 1) * (len(cell.outcomes) > 1))
            for index, outcome in enumerate(cell.outcomes)
            if math.isfinite(outcome.test) and (index in cell.kept) == kept
        ]
        if chosen:
            made.axes.plot(
                *zip(*chosen, strict=True), "o", markersize=4, clip_on=False,
                markerfacecolor=INK if kept else PAPER,
                markeredgecolor=PAPER if kept else INK, markeredgewidth=0.7 if kept else 0.9,
            )  # fmt: skip


def _finish(made: Sheet, last: float, ticks: list[float], names: list[str]) -> None:
    axes = made.axes
    axes.set_ylim(last - BAR / 2 + 4, -BAR / 2 - 4)
    axes.set_xlim(0, max(axes.get_xlim()[1], 1.0))
    axes.set_yticks(ticks, names)
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", linewidth=0.7)
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.spines["bottom"].set_visible(False)
    axes.set_xlabel("score, %")


def _alt(result: Result) -> str:
    said = [
        f"{found.language}: "
        + ", ".join(f"{cell.setting} {table.percent(cell.mean)}" for cell in found.cells)
        for found in result.languages.values()
    ]
    return "Bars of mean scores in percent. " + "; ".join(said) + "."
