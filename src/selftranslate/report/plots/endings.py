"""Why the model stopped: what is complete ended with the closing mark (A.3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from selftranslate.report import Result, groups
from selftranslate.report.evidence import Evidence
from selftranslate.report.plots import Absent, Panel, Plot
from selftranslate.report.plots.stacked import Stack, draw_many, draw_stacks, legend

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
    bars = {
        (code, what): endings
        for code in result.languages
        for what, endings in _endings(evidence, code)
        if endings
    }
    if not bars:
        return Absent(TITLE, "No generation could be read.")
    there = {ending for endings in bars.values() for ending in endings}
    parts = [ending for ending in SAID if ending in there]
    counts = {key: tuple(e.get(part, 0) for part in parts) for key, e in bars.items()}
    names = {key: f"{result.languages[key[0]].language}, {key[1]}" for key in bars}
    said = [SAID[part] for part in parts]
    if groups.many(result):
        panels = _many(result, counts)
    else:
        stacks = [Stack(names[key], count) for key, count in counts.items()]
        panels = (draw_stacks("endings", "generations", said, stacks, "c3"),)
    return Plot(
        name="endings",
        title=TITLE,
        caption="A translation is complete only if it ended with the closing mark; a trained "
        "model's answer should end by itself. Endings by length or repetition are texts that "
        "were cut off. Answers are those of each setting's best run.",
        panels=panels,
        legend=legend(said, "c3"),
        head=("what was generated", "ended by", "times"),
        rows=tuple(
            (names[key], SAID.get(ending, ending), str(count))
            for key, endings in bars.items()
            for ending, count in endings.items()
        ),
    )


def _endings(evidence: Evidence, code: str) -> Iterator[tuple[str, Mapping[str, int]]]:
    if code in evidence.translations:
        yield "translations", evidence.translations[code].endings
    if code in evidence.answers:
        endings = Counter[str]()
        for run in evidence.answers[code].runs:
            endings.update(run.endings)
        yield "answers", endings


def _many(result: Result, counts: Mapping[tuple[str, str], Sequence[int]]) -> tuple[Panel, ...]:
    """Draw the languages' translations, and then their answers."""
    made: list[Panel] = []
    for what in dict.fromkeys(what for _, what in counts):
        own = {code: count for (code, kind), count in counts.items() if kind == what}
        drawn = draw_many(result, f"endings-{what}", "generations", own, "c3")
        made += [replace(panel, title=what) for panel in drawn]
    return tuple(made)
