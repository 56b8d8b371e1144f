"""How long translations are against their sources, and where the filter cuts (A.3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any

from selftranslate.report import Result, groups
from selftranslate.report.evidence import Evidence
from selftranslate.report.plots import Absent, Panel, Plot, rows
from selftranslate.report.plots.svg import INK, SMALL, paint, sheet
from selftranslate.report.translations import BINS, Ratios

TITLE = "Length of translations against their sources"


SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)
HILL = "Good translations stand close round 1, in a hill with steep sides."
SHORT = (
    "Good translations stand close round 1, in a short line. A line holds nine in ten of a "
    "language's texts, its thick part half of them, the dot is in their middle."
)


def draw(result: Result, evidence: Evidence) -> Plot | Absent:
    """Draw a histogram per language; of many, a line with their middle."""
    found = {code: one.ratios for code, one in evidence.translations.items()}
    if not found:
        return Absent(TITLE, "No translation could be read.")
    limit = next(iter(found.values())).limit
    many = groups.many(result)
    kind = "upright" if many else "dashed"
    cut = (
        f"The {kind} lines are the filter's cuts, 1/{limit:g} and {limit:g} times the source's "
        "length; what lies outside is dropped."
        if limit
        else "The recipe has no filter of length ratios."
    )
    names = {code: result.languages[code].language for code in found}
    return Plot(
        name="ratios",
        title=TITLE,
        caption=f"{SHORT if many else HILL} {cut} "
        "Lengths are counted in English letters"
        + ("." if many else "; the outermost bars hold all beyond."),
        panels=_many(result, found)
        if many
        else tuple(_panel(code, names[code], one) for code, one in found.items()),
        legend=() if many else (("c1", "texts of kept pairs"), ("c2", "texts of dropped pairs")),
        head=("language", *(f"{100 * share:.0f} % below" for share in SHARES))
        if many
        else ("language", "times as long", "kept", "dropped"),
        rows=tuple(
            row
            for code, one in found.items()
            for row in (_line if many else _bins)(names[code], one)
        ),
    )


def _bins(name: str, found: Ratios) -> Iterator[tuple[str, ...]]:
    for i, (kept, dropped) in enumerate(zip(found.kept, found.dropped, strict=True)):
        if kept or dropped:
            edges = f"{found.edge(i):.2f} to {found.edge(i + 1):.2f}"
            yield name, edges, str(kept), str(dropped)


def _line(name: str, found: Ratios) -> Iterator[tuple[str, ...]]:
    places = quantiles(found)
    if places:
        yield name, *(f"{found.edge(place):.2f}" for place in places)


def _many(result: Result, found: Mapping[str, Ratios]) -> tuple[Panel, ...]:
    """Draw a row per language."""
    first = next(iter(found.values()))

    def mark(axes: Any, place: float, code: str) -> None:
        places = quantiles(found[code])
        if not places:
            return
        low, start, middle, end, high = places
        axes.plot([low, high], [place] * 2, color=paint("c1"), linewidth=1.1)
        axes.plot([start, end], [place] * 2, color=paint("c1"), linewidth=3.6, alpha=0.6)
        axes.plot(middle, place, "o", markersize=5, color=paint("c1"))
        for tick in (-1, 1) if found[code].limit else ():
            at = BINS * (1 + tick / 2)
            axes.plot([at, at], [place - 0.5, place + 0.5], color=INK, linewidth=1)

    ticks = tuple((BINS * (1 + tick / 2), _power(first.scale, tick)) for tick in (-2, -1, 0, 1, 2))
    scale = rows.Scale(
        label="times as long as the source", low=-0.5, high=2 * BINS + 0.5, ticks=ticks
    )
    return rows.panels(result, found, "ratios", scale, mark)


def quantiles(found: Ratios) -> list[float]:
    """Return the places of `SHARES`; none if there was no text."""
    counts = [a + b for a, b in zip(found.kept, found.dropped, strict=True)]
    return [quantile(counts, share) for share in SHARES] if sum(counts) else []


def quantile(counts: Sequence[int], share: float) -> float:
    """Return the place, counted in bins, that this share of the texts lies before.

    >>> quantile([0, 4, 0], 0.5), quantile([1, 1], 0.75)
    (1.5, 1.5)
    """
    wanted = share * sum(counts)
    sums = [*accumulate(counts, initial=0)]
    place = next(i for i, count in enumerate(counts) if count and sums[i + 1] >= wanted)
    return place + (wanted - sums[place]) / counts[place]


def _panel(code: str, name: str, found: Ratios) -> Panel:
    made = sheet(170, width=SMALL, left=46, below=36)
    places = [i + 0.5 for i in range(2 * BINS)]
    kept = {"width": 0.86, "color": paint("c1"), "alpha": 0.75, "linewidth": 0}
    made.axes.bar(places, found.kept, **kept)
    made.axes.bar(places, found.dropped, **{**kept, "bottom": found.kept, "color": paint("c2")})
    ticks = (-2, -1, 0, 1, 2)
    made.axes.set_xlim(-0.5, 2 * BINS + 0.5)
    made.axes.set_xticks(
        [BINS * (1 + tick / 2) for tick in ticks], [_power(found.scale, tick) for tick in ticks]
    )
    if found.limit:
        for tick in (-1, 1):
            at = BINS * (1 + tick / 2)
            made.axes.axvline(at, color=INK, linewidth=1, dashes=(3, 3))
    made.axes.set_xlabel("times as long as the source")
    made.axes.yaxis.get_major_locator().set_params(nbins=4, integer=True)
    outside = sum(found.dropped)
    alt = f"Histogram of length ratios, {name}: {sum(found.kept)} texts kept, {outside} dropped."
    return Panel(name, made.svg(f"ratios-{code}", alt))


def _power(scale: float, tick: int) -> str:
    value = scale ** abs(tick)
    return f"1/{value:g}" if tick < 0 else f"{value:g}"
