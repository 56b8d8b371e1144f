"""Drawings for a notebook; the report has its own, in the page's colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from selftranslate.report import Result

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

COLOURS = ("#8a8f98", "#4c5fd5", "#e8743b", "#2a9d78", "#b5489b", "#c9a227")


def scores(result: Result) -> Figure:
    """Draw a bar for each setting's mean, and a dot for each run that was kept."""
    from matplotlib.figure import Figure

    settings = [cell.setting for cell in next(iter(result.languages.values())).cells]
    figure = Figure(figsize=(1.6 + 1.5 * len(result.languages), 3.2), layout="constrained")
    axes = figure.add_subplot()
    width = 0.8 / len(settings)
    for at, setting in enumerate(settings):
        colour = COLOURS[at % len(COLOURS)]
        for place, found in enumerate(result.languages.values()):
            cell = next(c for c in found.cells if c.setting == setting)
            x = place + (at - (len(settings) - 1) / 2) * width
            axes.bar(x, 100 * cell.mean, 0.9 * width, color=colour, alpha=0.6,
                     label=setting if place == 0 else None)  # fmt: skip
            axes.plot([x] * len(cell.scores), [100 * s for s in cell.scores], "o", ms=4,
                      color=colour)  # fmt: skip
    axes.set_xticks(range(len(result.languages)), [f.language for f in result.languages.values()])
    axes.set_ylabel(f"{result.metric}, %")
    axes.set_ylim(bottom=0)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside upper left", ncols=len(settings), frameon=False)
    return figure


def losses(found: DataFrame, title: str) -> Figure:
    """Draw a line for each run; runs of one setting share a colour."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 3), layout="constrained")
    axes = figure.add_subplot()
    names = [str(name).rpartition(", seed ")[0] for name in found.columns]
    settings = list(dict.fromkeys(names))
    for name, column in zip(names, found.columns, strict=True):
        seen = any(line.get_label() == name for line in axes.lines)
        axes.plot(found.index, found[column], lw=1, alpha=0.8, label=None if seen else name,
                  color=COLOURS[settings.index(name) % len(COLOURS)])  # fmt: skip
    axes.set_xlabel("step")
    axes.set_ylabel("training loss")
    axes.set_ylim(bottom=0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(title, loc="left")
    axes.legend(frameon=False)
    return figure
