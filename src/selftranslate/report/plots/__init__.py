"""A plot shows one thing: a file each, with `draw(result, evidence)`; it gives a `Plot`, or says
in a sentence why there is nothing to draw.

What a reader's own texts may hold, names of settings and reasons, stands in HTML beside the
drawing, never in it: there it wraps, and every script has its font.
"""

from __future__ import annotations

from dataclasses import dataclass

from selftranslate.report import Result


@dataclass(frozen=True, slots=True)
class Panel:
    """One drawing."""

    title: str
    """What sets it apart from the others of its plot; "" if it is alone."""
    svg: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """One or several drawings with what explains them, and their numbers as a table."""

    name: str
    """Its place in the page."""
    title: str
    caption: str
    """What to see."""
    panels: tuple[Panel, ...]
    legend: tuple[tuple[str, str], ...] = ()
    """The class of a colour, and what has it."""
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Absent:
    """Why a plot is not there."""

    title: str
    reason: str


COLOURS = 6


def tones(result: Result) -> dict[str, str]:
    """Give each setting its colour; the baseline has the first, which is grey."""
    cells = next(iter(result.languages.values())).cells
    base = {cell.comparison.baseline for cell in cells if cell.comparison}
    names = sorted((cell.setting for cell in cells), key=lambda name: name not in base)
    return {name: f"c{place % COLOURS}" for place, name in enumerate(names)}
