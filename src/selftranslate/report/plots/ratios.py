"""How long translations are against their sources, and where the filter cuts (A.3)."""

from __future__ import annotations

from selftranslate.report import Result
from selftranslate.report.evidence import Evidence
from selftranslate.report.plots import Absent, Panel, Plot
from selftranslate.report.plots.svg import INK, SMALL, paint, sheet
from selftranslate.report.translations import BINS, Ratios

TITLE = "Length of translations against their sources"


def draw(result: Result, evidence: Evidence) -> Plot | Absent:
    """Draw a histogram per language."""
    found = {code: one.ratios for code, one in evidence.translations.items()}
    if not found:
        return Absent(TITLE, "No translation could be read.")
    limit = next(iter(found.values())).limit
    cut = (
        f"The dashed lines are the filter's cuts, 1/{limit:g} and {limit:g} times the source's "
        "length; what lies outside is dropped."
        if limit
        else "The recipe has no filter of length ratios."
    )
    names = {code: result.languages[code].language for code in found}
    return Plot(
        name="ratios",
        title=TITLE,
        caption=f"Good translations stand close round 1, in a hill with steep sides. {cut} "
        "Lengths are counted in English letters; the outermost bars hold all beyond.",
        panels=tuple(_panel(code, names[code], one) for code, one in found.items()),
        legend=(("c1", "texts of kept pairs"), ("c2", "texts of dropped pairs")),
        head=("language", "times as long", "kept", "dropped"),
        rows=tuple(
            (names[code], f"{one.edge(i):.2f} to {one.edge(i + 1):.2f}", str(kept), str(dropped))
            for code, one in found.items()
            for i, (kept, dropped) in enumerate(zip(one.kept, one.dropped, strict=True))
            if kept or dropped
        ),
    )


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
