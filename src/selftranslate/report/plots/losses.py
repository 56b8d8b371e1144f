"""Learning curves: the training loss of every run (4.5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from math import isfinite
from statistics import fmean

from selftranslate.report import Result, groups
from selftranslate.report.evidence import Curve, Evidence
from selftranslate.report.plots import Absent, Panel, Plot, tones
from selftranslate.report.plots.svg import SMALL, paint, sheet

TITLE = "Learning curves"
POINTS = 50
"""Of a curve; each is the mean of the steps up to the next."""


MEANS = " A line is the mean of a language's runs of one setting."


def draw(result: Result, evidence: Evidence) -> Plot | Absent:
    """Draw a panel per language, a line per run."""
    found = {code: curves for code, curves in evidence.curves.items() if curves}
    if not found:
        return Absent(TITLE, "No run was trained, or what training left is not in the store.")
    if many := groups.many(result):
        found = {code: means(curves) for code, curves in found.items()}
    tone = tones(result)
    every = [curve for curves in found.values() for curve in curves]
    top = max(loss for curve in every for _, loss in thin(curve.losses))
    trained = [name for name in tone if name in {curve.setting for curve in every}]
    names = {code: result.languages[code].language for code in found}
    return Plot(
        name="losses",
        title=TITLE,
        caption="Runs that learned fall and then lie flat; one that rises again, or stays high, "
        "had too high a learning rate. Settings learn from other texts, so compare a line with "
        "the others of its colour." + MEANS * many,
        panels=tuple(
            _panel(name, title, curves, tone, top)
            for name, title, curves in (_shared if many else _own)(result, found)
        ),
        legend=tuple((tone[name], name) for name in trained),
        head=("language", "setting", "run", "steps", "first loss", "last loss"),
        rows=tuple(
            (names[code], curve.setting, curve.run, str(len(curve.losses)), *ends(curve.losses))
            for code, curves in found.items()
            for curve in curves
        ),
    )


def _own(
    result: Result, found: Mapping[str, Sequence[Curve]]
) -> Iterator[tuple[str, str, Sequence[Curve]]]:
    """Give each language a panel."""
    for code, curves in found.items():
        yield code, result.languages[code].language, curves


def _shared(
    result: Result, found: Mapping[str, Sequence[Curve]]
) -> Iterator[tuple[str, str, Sequence[Curve]]]:
    """Give each family a panel."""
    for place, group in enumerate(groups.families(result)):
        curves = [curve for code in group.codes for curve in found.get(code, ())]
        if curves:
            yield str(place), f"{group.name}, {len(group.codes)}", curves


def means(curves: Sequence[Curve]) -> tuple[Curve, ...]:
    """Return each setting's mean loss by step, over the runs that got so far."""
    made = []
    for setting in dict.fromkeys(curve.setting for curve in curves):
        steps = zip_longest(*(curve.losses for curve in curves if curve.setting == setting))
        there = [[loss for loss in step if loss is not None and isfinite(loss)] for step in steps]
        made.append(Curve(setting, "mean", tuple(fmean(step) for step in there if step)))
    return tuple(curve for curve in made if curve.losses)


def thin(losses: Sequence[float]) -> list[tuple[float, float]]:
    """Return at most POINTS points: the middle step and mean loss of each stretch.

    >>> thin([2.0, 1.0])
    [(1.0, 2.0), (2.0, 1.0)]
    """
    width = -(-len(losses) // POINTS)
    starts = range(0, len(losses), max(1, width))
    parts = [(start, losses[start : start + width]) for start in starts]
    return [(start + (len(part) + 1) / 2, fmean(part)) for start, part in parts]


def ends(losses: Sequence[float]) -> tuple[str, str]:
    """Return the mean loss of the first and of the last tenth of the steps."""
    tenth = max(1, len(losses) // 10)
    return f"{fmean(losses[:tenth]):.3f}", f"{fmean(losses[-tenth:]):.3f}"


def _panel(
    code: str, name: str, curves: Sequence[Curve], tone: Mapping[str, str], top: float
) -> Panel:
    made = sheet(170, width=SMALL, left=42, below=36)
    for curve in curves:
        made.axes.plot(
            *zip(*thin(curve.losses), strict=True),
            color=paint(tone[curve.setting]), linewidth=1.1, alpha=0.85,
        )  # fmt: skip
    made.axes.set_ylim(0, 1.05 * top)
    made.axes.set_xlim(0, max(len(curve.losses) for curve in curves))
    made.axes.set_xlabel("step")
    made.axes.set_ylabel("loss")
    made.axes.yaxis.get_major_locator().set_params(nbins=4)
    made.axes.xaxis.get_major_locator().set_params(nbins=5, integer=True)
    alt = f"Training loss by step of {len(curves)} runs, {name}."
    return Panel(name, made.svg(f"losses-{code}", alt))
