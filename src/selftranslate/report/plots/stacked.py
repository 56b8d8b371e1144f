"""Bars of a whole: a bar per row, its parts beside each other, as shares of the row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from selftranslate.report import Result
from selftranslate.report.plots import COLOURS, Panel, rows
from selftranslate.report.plots.svg import INK, paint, sheet

ORDER = ("c1", "c2", "c4", "c5", "c3", "c0")


@dataclass(frozen=True, slots=True)
class Stack:
    """One bar."""

    name: str
    counts: tuple[int, ...]


def draw_stacks(
    name: str, unit: str, parts: Sequence[str], stacks: Sequence[Stack], first: str
) -> Panel:
    """Return the drawing; the first part has the colour `first`."""
    left = 16 + 6 * max(len(stack.name) for stack in stacks)
    made = sheet(30 * len(stacks) + 46, left=left, below=38)
    for row, stack in enumerate(stacks):
        _bar(made.axes, row, stack.counts, first)
    made.axes.set_ylim(len(stacks) - 0.5, -0.5)
    made.axes.set_yticks(range(len(stacks)), [stack.name for stack in stacks])
    made.axes.set_xlim(0, 100)
    made.axes.grid(axis="y", visible=False)
    made.axes.grid(axis="x", linewidth=0.7)
    made.axes.axvline(0, color=INK, linewidth=0.8)
    made.axes.spines["bottom"].set_visible(False)
    made.axes.set_xlabel(f"share of {unit}, %")
    said = "; ".join(
        f"{stack.name}: {100 * stack.counts[0] / max(1, sum(stack.counts)):.0f} % {parts[0]}"
        for stack in stacks
    )
    return Panel("", made.svg(name, f"Shares of {unit}. {said}."))


def draw_many(
    result: Result, name: str, unit: str, counts: Mapping[str, Sequence[int]], first: str
) -> tuple[Panel, ...]:
    """Return drawings of the languages with these counts; the colours are `draw_stacks`'s."""

    def mark(axes: Any, place: float, code: str) -> None:
        _bar(axes, place, counts[code], first)

    scale = rows.Scale(label=f"share of {unit}, %", low=0, high=100)
    return rows.panels(result, counts, name, scale, mark)


def legend(parts: Sequence[str], first: str) -> tuple[tuple[str, str], ...]:
    """Return the colour of each part."""
    order = _order(first)
    return tuple((order[index % COLOURS], part) for index, part in enumerate(parts))


def _order(first: str) -> list[str]:
    return [first, *(tone for tone in ORDER if tone != first)]


def _bar(axes: Any, place: float, counts: Sequence[int], first: str) -> None:
    whole, start = max(1, sum(counts)), 0.0
    for index, count in enumerate(counts):
        if count:
            share = 100 * count / whole
            tone = paint(_order(first)[index % COLOURS])
            axes.barh(place, share, left=start, height=0.62, color=tone, alpha=0.8, linewidth=0)
            start += share
