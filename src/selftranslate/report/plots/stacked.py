"""Bars of a whole: a bar per row, its parts beside each other, as shares of the row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from selftranslate.report.plots import COLOURS, Panel
from selftranslate.report.plots.svg import INK, paint, sheet

ORDER = ("c1", "c2", "c4", "c5", "c3", "c0")


@dataclass(frozen=True, slots=True)
class Stack:
    """One bar."""

    name: str
    counts: tuple[int, ...]


def draw_stacks(
    name: str, unit: str, parts: Sequence[str], stacks: Sequence[Stack], first: str
) -> tuple[Panel, tuple[tuple[str, str], ...]]:
    """Return the drawing and its legend; the first part has the colour `first`."""
    order = [first, *(tone for tone in ORDER if tone != first)]
    left = 16 + 6 * max(len(stack.name) for stack in stacks)
    made = sheet(30 * len(stacks) + 46, left=left, below=38)
    for row, stack in enumerate(stacks):
        whole, start = max(1, sum(stack.counts)), 0.0
        for index, count in enumerate(stack.counts):
            share = 100 * count / whole
            tone = paint(order[index % COLOURS])
            made.axes.barh(row, share, left=start, height=0.62, color=tone, alpha=0.8, linewidth=0)
            start += share
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
    legend = tuple((order[index % COLOURS], part) for index, part in enumerate(parts))
    return Panel("", made.svg(name, f"Shares of {unit}. {said}.")), legend
