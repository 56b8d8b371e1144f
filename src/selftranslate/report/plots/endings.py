"""Why the model stopped: what is complete ended with the closing mark (A.3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from selftranslate.report import Result
from selftranslate.report.evidence import Evidence
from selftranslate.report.plots import Absent, Plot
from selftranslate.report.plots.stacked import Stack, draw_stacks

TITLE = "Why generations ended"
SAID = {
    "fence": "the closing mark",
    "eos": "the model's own end",
    "unverified": "closing mark or own end, the server does not say which",
    "length": "the length limit",
    "repetition": "it repeated itself",
    "error": "an error",
}


def draw(result: Result, evidence: Evidence) -> Plot | Absent:
    """Draw a bar for each language's translations, and one for its answers."""
    bars: dict[str, Mapping[str, int]] = {}
    for code, found in result.languages.items():
        if code in evidence.translations:
            bars[f"{found.language}, translations"] = evidence.translations[code].endings
        if code in evidence.answers:
            endings = Counter[str]()
            for run in evidence.answers[code].runs:
                endings.update(run.endings)
            bars[f"{found.language}, answers"] = endings
    bars = {name: endings for name, endings in bars.items() if endings}
    if not bars:
        return Absent(TITLE, "No generation could be read.")
    there = {ending for endings in bars.values() for ending in endings}
    parts = [ending for ending in SAID if ending in there]
    stacks = [Stack(name, tuple(e.get(part, 0) for part in parts)) for name, e in bars.items()]
    panel, legend = draw_stacks("endings", "generations", [SAID[p] for p in parts], stacks, "c3")
    return Plot(
        name="endings",
        title=TITLE,
        caption="A translation is complete only if it ended with the closing mark; a trained "
        "model's answer should end by itself. Endings by length or repetition are texts that "
        "were cut off. Answers are those of each setting's best run.",
        panels=(panel,),
        legend=legend,
        head=("what was generated", "ended by", "times"),
        rows=tuple(
            (name, SAID.get(ending, ending), str(count))
            for name, endings in bars.items()
            for ending, count in endings.items()
        ),
    )
