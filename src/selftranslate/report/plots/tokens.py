"""What a language costs: tokens per character of the same test texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from selftranslate import languages
from selftranslate.report import Result, groups
from selftranslate.report.evidence import Evidence
from selftranslate.report.plots import Absent, Panel, Plot, rows
from selftranslate.report.plots.svg import INK, paint, sheet

TITLE = "Tokens per character"


def draw(result: Result, evidence: Evidence) -> Plot | Absent:
    """Draw a bar per language, the source language first."""
    if not evidence.tokens:
        return Absent(TITLE, "Tokens were not counted when this store was made.")
    source = languages.get(str(result.recipe.get("source", "en"))).name
    first = next(iter(evidence.tokens.values()))[0]
    bars = {source: first}
    bars |= {result.languages[code].language: each for code, (_, each) in evidence.tokens.items()}
    counted = (
        " Here each byte was counted as a token: so the tokenizer works, or it is not known."
        if evidence.counts_bytes
        else ""
    )
    return Plot(
        name="tokens",
        title=TITLE,
        caption="Counted by the model's own tokenizer on the same test texts in each language. "
        "The more tokens a character takes, the less the tokenizer has seen of a language, and "
        f"the longer and dearer is everything in it.{counted}",
        panels=_many(result, evidence, first) if groups.many(result) else (_alone(bars),),
        legend=(("c0", source),) if groups.many(result) else (),
        head=("language", "tokens per character"),
        rows=tuple((name, f"{value:.3f}") for name, value in bars.items()),
    )


def _many(result: Result, evidence: Evidence, first: float) -> tuple[Panel, ...]:
    """Draw a row per language; a line stands where the source language is."""
    values = {code: each for code, (_, each) in evidence.tokens.items()}

    def mark(axes: Any, place: float, code: str) -> None:
        axes.barh(place, values[code], height=0.62, color=paint("c1"), alpha=0.8, linewidth=0)
        axes.plot([first, first], [place - 0.5, place + 0.5], color=paint("c0"), linewidth=1.6)

    scale = rows.Scale(
        label="tokens per character", low=0, high=1.05 * max(*values.values(), first)
    )
    return rows.panels(result, values, "tokens", scale, mark)


def _alone(bars: Mapping[str, float]) -> Panel:
    left = 16 + 6 * max(map(len, bars))
    made = sheet(26 * len(bars) + 46, left=left, below=38)
    for row, value in enumerate(bars.values()):
        tone = paint("c1" if row else "c0")
        made.axes.barh(row, value, height=0.62, color=tone, alpha=0.8, linewidth=0)
        made.axes.annotate(
            f"{value:.2f}", (value, row), (5, 0), textcoords="offset points", va="center"
        )
    made.axes.set_ylim(len(bars) - 0.5, -0.5)
    made.axes.set_xlim(0, 1.15 * max(bars.values()))
    made.axes.set_yticks(range(len(bars)), list(bars))
    made.axes.grid(axis="y", visible=False)
    made.axes.grid(axis="x", linewidth=0.7)
    made.axes.axvline(0, color=INK, linewidth=0.8)
    made.axes.spines["bottom"].set_visible(False)
    made.axes.set_xlabel("tokens per character")
    said = "; ".join(f"{name} {value:.2f}" for name, value in bars.items())
    return Panel("", made.svg("tokens", f"Tokens per character. {said}."))
