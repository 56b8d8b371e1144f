"""Many languages: which family and script they are of, and what each group gained."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from statistics import fmean

from selftranslate.protocol import Cell, Comparison
from selftranslate.report import Findings, Result, holds

MANY = 8
"""Columns up to which languages stand across, as in the paper; more stand down, in groups."""
OTHER = "other"
"""The family of a language that names none."""
CHINESE = {"Hans": "Simplified Chinese", "Hant": "Traditional Chinese"}


@dataclass(frozen=True, slots=True)
class Gain:
    """One setting against the baseline, over several languages."""

    setting: str
    languages: int
    """In which it was compared."""
    mean: float
    """Of the differences."""
    better: tuple[str, ...]
    """Codes of the languages with a star."""
    held: int
    """How many stars stay after Holm's correction."""
    worse: tuple[str, ...]
    """Codes of those significantly worse."""
    tested: int
    """How many have the two runs that a test needs."""


@dataclass(frozen=True, slots=True)
class Group:
    """Languages of one family, or of one script."""

    name: str
    codes: tuple[str, ...]


def many(result: Result) -> bool:
    """Say whether the table has more languages than fit across."""
    return len(result.languages) > MANY


def arranged(result: Result) -> Result:
    """Bring many languages into the order of their families; few stay as the recipe has them."""
    if not many(result):
        return result
    order = [code for group in families(result) for code in group.codes]
    return replace(result, languages={code: result.languages[code] for code in order})


def families(result: Result) -> tuple[Group, ...]:
    """Group by family, by name; then those without one, then the tests in the source language."""
    return _grouped(result, family)


def scripts(result: Result) -> tuple[Group, ...]:
    """Group by script."""
    return _grouped(result, script)


def family(found: Findings) -> str:
    """Name the group a column belongs to."""
    return _source(found) or found.family or OTHER


def script(found: Findings) -> str:
    """Name a script in English, as the Unicode Consortium does: "Cyrl" is Cyrillic."""
    from babel import Locale

    known: Mapping[str, str] = {**Locale("en").scripts, **CHINESE}
    return _source(found) or known.get(found.script, found.script) or OTHER


def gains(result: Result, codes: Iterable[str]) -> list[Gain]:
    """Compare every trained setting with the baseline over these languages."""
    compared: dict[str, dict[str, Comparison]] = {}
    for code in codes:
        for cell in _compared(result.languages[code]):
            if cell.comparison is not None:
                compared.setdefault(cell.setting, {})[code] = cell.comparison
    return [_gain(result, setting, found) for setting, found in compared.items()]


def _gain(result: Result, setting: str, compared: Mapping[str, Comparison]) -> Gain:
    better = tuple(code for code, found in compared.items() if found.better)
    return Gain(
        setting=setting,
        languages=len(compared),
        mean=fmean(found.difference for found in compared.values()),
        better=better,
        held=sum(holds(compared[code], result.holm.get((code, setting))) for code in better),
        worse=tuple(code for code, found in compared.items() if found.worse),
        tested=sum(found.welch is not None for found in compared.values()),
    )


def _compared(found: Findings) -> list[Cell]:
    return [cell for cell in found.cells if cell.trained and cell.comparison is not None]


def _source(found: Findings) -> str:
    """Name the group of a column that asks in the source language (C.1): no family's."""
    return f"asked in {found.language.partition(' (')[0]}" if found.trained_for else ""


def _grouped(result: Result, name: Callable[[Findings], str]) -> tuple[Group, ...]:
    made: dict[str, list[str]] = {}
    for code, found in sorted(result.languages.items(), key=lambda one: one[1].language.casefold()):
        made.setdefault(name(found), []).append(code)

    def place(group: str) -> tuple[bool, bool, str]:
        asked = bool(result.languages[made[group][0]].trained_for)
        return asked, group == OTHER, group.casefold()

    return tuple(Group(group, tuple(made[group])) for group in sorted(made, key=place))
