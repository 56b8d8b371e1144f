"""The table turned: a row per language, where there are too many for columns."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from selftranslate.metrics import Score
from selftranslate.report import Findings, Result, groups, table
from selftranslate.report.table import Entry

CHARACTERS = "bleu_char"
"""Another scale than BLEU's; in its column it is marked, and sorted after all of BLEU."""
MARK = " char"


@dataclass(frozen=True, slots=True)
class Value:
    """One number of a row that is no score of a setting."""

    text: str
    rank: float
    """What it is sorted by; NaN where there is nothing, which comes last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One language, or the source language asked for one (C.1)."""

    code: str
    found: Findings
    family: str
    script: str
    entries: tuple[Entry, ...]
    """A cell per setting, as in the table."""
    ranks: tuple[float, ...]
    """The same as numbers."""
    printed: tuple[Entry, ...]
    """The paper's cells; () if it has none for this language."""
    values: tuple[Value, ...]
    """As `heads` names them."""


def rows(result: Result) -> dict[str, Row]:
    """Return each language's row."""
    lines = table.lines(result)
    ours = [line for line in lines if not line.printed]
    below = {id(a): b for a, b in pairwise(lines) if b.printed}
    theirs = [below.get(id(line)) for line in ours]
    made = {}
    for place, (code, found) in enumerate(result.languages.items()):
        printed = tuple(line.entries[place] if line else Entry("") for line in theirs)
        means = {cell.setting: cell.mean for cell in found.cells}
        made[code] = Row(
            code=code,
            found=found,
            family=groups.family(found),
            script=groups.script(found),
            entries=tuple(line.entries[place] for line in ours),
            ranks=tuple(means.get(line.name, math.nan) for line in ours),
            printed=printed if any(e.spread for e in printed) else (),
            values=_values(result, found),
        )
    return made


def heads(result: Result) -> list[str]:
    """Name the columns after those of scores."""
    scores = [name for name in ("BLEU", "chrF") if _has(result, name)]
    compared = any(cell.comparison for f in result.languages.values() for cell in f.cells)
    kept = bool(table.translated(result))
    return [*(["best gain", "p"] * compared), *scores, *(["kept"] * kept)]


def footnote(result: Result) -> str:
    """Say what the cells and the other columns are."""
    parts = [table.footnote(result).replace("of a column", "of a language")]
    told = {
        "best gain": "Best gain: of the trained setting with the highest mean over the baseline, "
        "in points; p: its test.",
        "kept": "Kept: share of the translated pairs that went into training.",
    }
    parts += [said for name, said in told.items() if name in heads(result)]
    if _characters(result):
        parts.append("char: character BLEU, another scale than BLEU.")
    return " ".join(parts)


def _values(result: Result, found: Findings) -> tuple[Value, ...]:
    _, comparison = table.best_compared(found)
    nothing = Value("", math.nan)
    test = comparison.welch if comparison else None
    quality = {score.name: score for score in found.quality}
    whole = found.kept + sum(found.dropped.values())
    made = {
        "best gain": Value(f"{100 * comparison.difference:+.1f}", comparison.difference)
        if comparison
        else nothing,
        "p": Value(table.p_value(test), test.p_value) if test else nothing,
        "BLEU": _bleu(quality.get("bleu"), quality.get(CHARACTERS)),
        "chrF": _score(quality["chrf"]) if "chrf" in quality else nothing,
        "kept": Value(f"{100 * found.kept / whole:.0f} %", found.kept / whole)
        if whole
        else nothing,
    }
    return tuple(made[name] for name in heads(result))


def _bleu(words: Score | None, characters: Score | None) -> Value:
    if words is not None:
        return Value(f"{100 * words.value:.1f}", 1 + words.value)
    if characters is not None:
        return Value(f"{100 * characters.value:.1f}{MARK}", characters.value)
    return Value("", math.nan)


def _score(score: Score) -> Value:
    return Value(f"{100 * score.value:.1f}", score.value)


def _has(result: Result, name: str) -> bool:
    wanted = {"BLEU": {"bleu", CHARACTERS}, "chrF": {"chrf"}}[name]
    return any(s.name in wanted for f in result.languages.values() for s in f.quality)


def _characters(result: Result) -> bool:
    return any(s.name == CHARACTERS for f in result.languages.values() for s in f.quality)
