"""The paper's table 3 as rows of short texts: settings down, languages across (5.1)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from selftranslate.protocol import Cell
from selftranslate.report import Findings, Result


@dataclass(frozen=True, slots=True)
class Entry:
    """One cell as it is printed."""

    text: str
    """"78.3* ±4.1", in percent."""
    bold: bool
    """The highest significant score of its column (5.1)."""


def settings(result: Result) -> list[str]:
    """Name the rows."""
    return [cell.setting for cell in next(iter(result.languages.values())).cells]


def entries(result: Result, setting: str) -> list[Entry]:
    """Return one setting's row, a cell per language."""
    return [_entry(found, setting) for found in result.languages.values()]


def translation_score(found: Findings) -> str:
    """Return how well the model translates into a language, under the score's own name (A.4)."""
    if not found.quality:
        return "not measured"
    first = found.quality[0]
    return f"{NAMES.get(first.name, first.name)} {100 * first.value:.1f}"


def share_kept(found: Findings) -> str:
    """Return how many of the translations the filters let through."""
    return f"{found.kept} of {found.kept + sum(found.dropped.values())}"


def warnings(result: Result) -> list[str]:
    """Say which languages' translations were kept without a proof that they are complete."""
    return [
        f"{found.language}: {found.unverified} of {found.kept} kept pairs are unverified: their "
        "server does not tell the closing mark from the model's own end. The filter "
        "{name: complete, unverified: drop} drops them."
        for found in result.languages.values()
        if found.unverified
    ]


def verdict(found: Findings) -> str:
    """Say in one sentence whether the best setting helped."""
    baseline, *others = found.cells
    if not others:
        return f"{found.language}: {_percent(baseline)} with {baseline.setting}."
    best = max(others, key=lambda cell: cell.mean)
    gain = f"{100 * (best.mean - baseline.mean):+.1f} points with {best.setting}"
    if best.welch is None:
        return f"{found.language}: {gain}; not tested, a test needs two runs or more."
    p_value = p_text(best.welch.p_value)
    if best.significant:
        return f"{found.language}: {gain} ({p_value})."
    if best.harmful:
        return f"{found.language}: a loss: {gain} ({p_value})."
    return f"{found.language}: no significant gain ({gain}, {p_value})."


def p_text(p_value: float) -> str:
    """Return a p-value as papers print it."""
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}"


def dropped_rows(found: Findings) -> Iterable[tuple[str, int]]:
    """Return each reason and how many pairs it cost."""
    return found.dropped.items()


NAMES = {"bleu": "BLEU", "bleu_char": "character BLEU", "chrf": "chrF"}


def _entry(found: Findings, setting: str) -> Entry:
    cell = next(c for c in found.cells if c.setting == setting)
    significant = [c for c in found.cells if c.significant]
    top = max((c.mean for c in significant), default=None)
    star = "*" if cell.significant else ""
    text = f"{100 * cell.mean:.1f}{star} ±{100 * cell.sd:.1f}"
    return Entry(text, bold=cell.significant and cell.mean == top)


def _percent(cell: Cell) -> str:
    return f"{100 * cell.mean:.1f} ±{100 * cell.sd:.1f}"
