"""Many languages down a plot: a row each, families together, in panels of about one height."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from selftranslate.report import Result, groups
from selftranslate.report.plots import Panel
from selftranslate.report.plots.svg import INK, SOFT, Sheet, paint, sheet

WIDTH, ROW = 300, 13
"""Of a panel, and of a row in it, in points."""
LONGEST = 20
"""Characters of a name."""
FEWEST, MOST = 16, 3
"""Rows of a panel before there is a second one, and panels of a plot."""

Mark = Callable[[Any, float, str], None]
"""Draws a language: given axes, the place of its row, and its code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """What the panels of a plot share."""

    label: str
    low: float
    high: float
    ticks: tuple[tuple[float, str], ...] = ()
    """Where the numbers are not the scale's own."""


def panels(
    result: Result, codes: Collection[str], name: str, scale: Scale, mark: Mark
) -> tuple[Panel, ...]:
    """Draw these languages; `name` is the drawing's own in the page."""
    parted = _parted(
        [
            groups.Group(group.name, there)
            for group in groups.families(result)
            if (there := tuple(code for code in group.codes if code in codes))
        ]
    )
    left = 20 + round(5.6 * max(len(_label(result, code)) for code in codes))
    return tuple(
        _panel(result, part, f"{name}-{place}", scale, mark, left)
        for place, part in enumerate(parted)
    )


def _parted(listed: list[groups.Group]) -> list[list[groups.Group]]:
    """Deal whole families out to panels."""
    size = sum(1 + len(group.codes) for group in listed)
    wanted = min(MOST, -(-size // FEWEST))
    made: list[list[groups.Group]] = [[]]
    filled = 0
    for group in listed:
        own = 1 + len(group.codes)
        if len(made) < wanted and made[-1] and filled + own / 2 > len(made) * size / wanted:
            made.append([])
        made[-1].append(group)
        filled += own
    return made


def _panel(
    result: Result, part: list[groups.Group], name: str, scale: Scale, mark: Mark, left: int
) -> Panel:
    count = sum(1 + len(group.codes) for group in part)
    made = sheet(count * ROW + 46, width=WIDTH, left=left, below=36)
    place = 0
    for group in part:
        _write(made, group.name, -left + 2, place, ha="left", color=paint("c0"))
        made.axes.axhline(place, color=SOFT, linewidth=0.7, zorder=0)
        for at, code in enumerate(group.codes, place + 1):
            _write(made, _label(result, code), -5, at, ha="right")
            mark(made.axes, at, code)
        place += 1 + len(group.codes)
    _finish(made, count, scale)
    said = "; ".join(f"{group.name}: {len(group.codes)}" for group in part)
    return Panel("", made.svg(name, f"{scale.label}, a row per language. Languages: {said}."))


def _label(result: Result, code: str) -> str:
    """Shorten the few names that would take the room of the drawing."""
    name = result.languages[code].language
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def _write(made: Sheet, text: str, points: float, row: float, **look: str) -> None:
    """Write beside a row; matplotlib's own ticks would take half of the time."""
    made.axes.annotate(
        text, (points, row), xycoords=("axes points", "data"), va="center", annotation_clip=False,
        **look,
    )  # fmt: skip


def _finish(made: Sheet, count: int, scale: Scale) -> None:
    axes = made.axes
    axes.set_ylim(count - 0.3, -0.6)
    axes.set_yticks([])
    axes.set_xlim(scale.low, scale.high)
    if scale.ticks:
        axes.set_xticks(*zip(*scale.ticks, strict=True))
    else:
        axes.xaxis.get_major_locator().set_params(nbins=5)
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", linewidth=0.7)
    axes.axvline(scale.low, color=INK, linewidth=0.8)
    axes.spines["bottom"].set_visible(False)
    axes.set_xlabel(scale.label)
