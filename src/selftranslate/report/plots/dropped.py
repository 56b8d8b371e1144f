"""What the filters kept and why they dropped the rest (A.3)."""

from __future__ import annotations

from collections import Counter

from selftranslate.report import Result, groups, table
from selftranslate.report.evidence import Evidence
from selftranslate.report.plots import Absent, Plot
from selftranslate.report.plots.stacked import Stack, draw_many, draw_stacks, legend

TITLE = "Pairs kept, and why others were dropped"
REASONS = 4
"""Shown one by one; the rare ones are one part of the bar, the table has them all."""


def draw(result: Result, evidence: Evidence) -> Plot | Absent:
    """Draw one bar per language."""
    found = table.translated(result)
    if not found:
        return Absent(TITLE, "Nothing was translated.")
    counts = Counter[str]()
    for one in found.values():
        counts.update(one.dropped)
    common = [reason for reason, _ in counts.most_common(REASONS)]
    parts = ("kept", *common, *(("other reasons",) if len(counts) > REASONS else ()))
    stacks = {}
    for code, one in found.items():
        shown = {"kept": one.kept, **{reason: one.dropped.get(reason, 0) for reason in common}}
        shown["other reasons"] = sum(one.dropped.values()) - sum(
            one.dropped.get(reason, 0) for reason in common
        )
        stacks[code] = Stack(one.language, tuple(shown[part] for part in parts))
    if groups.many(result):
        bars = {code: stack.counts for code, stack in stacks.items()}
        panels = draw_many(result, "dropped", "pairs", bars, "c1")
    else:
        panels = (draw_stacks("dropped", "pairs", parts, [*stacks.values()], "c1"),)
    return Plot(
        name="dropped",
        title=TITLE,
        caption="The longer the first part of a bar, the more of a language's translations were "
        "trained on. Much dropped as too long or unfinished means that the model rambles: it "
        "hardly knows the language.",
        panels=panels,
        legend=legend(parts, "c1"),
        head=("language", "what became of the pair", "pairs"),
        rows=tuple(
            (one.language, *row)
            for one in found.values()
            for row in [("kept", str(one.kept)), *((r, str(n)) for r, n in one.dropped.items())]
        ),
    )
