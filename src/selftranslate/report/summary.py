"""What many languages show together: where the settings helped, and where they hurt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from selftranslate.report import Result, groups, table
from selftranslate.report.groups import Gain, Group

EXTREMES = 5
"""Languages named one by one at either end."""
NAMED = 12
"""Languages named in one sentence."""


LEGEND = (
    "Mean gain over the baseline, in points, over the languages of a group; ▲ ▼: in how many of "
    "them a setting is significantly better or worse."
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One setting, and whether it helped."""

    setting: str
    text: str
    outcome: str
    """"gain" if it helped more languages than it hurt, "loss" if fewer, else "none"."""

    @property
    def whole(self) -> str:
        """As it stands where there are no colours."""
        return f"{self.setting}: {self.text}"


@dataclass(frozen=True, slots=True)
class Line:
    """One group's row of the table of gains."""

    name: str
    languages: int
    gains: tuple[Gain | None, ...]
    """One per setting; None where it was not compared."""


def translated_into(result: Result) -> list[str]:
    """Return the languages that settings are about: not those asked in the source language."""
    return [code for code, found in result.languages.items() if not found.trained_for]


def sentences(result: Result) -> list[Sentence]:
    """Say of each setting for how many languages it helped."""
    asked = [code for code, found in result.languages.items() if found.trained_for]
    made = [_sentence(result, gain, "") for gain in groups.gains(result, translated_into(result))]
    if asked:
        where = groups.family(result.languages[asked[0]])
        made += [_sentence(result, gain, where) for gain in groups.gains(result, asked)]
    return made or _levels(result)


def _sentence(result: Result, gain: Gain, where: str) -> Sentence:
    name = f"{gain.setting}, {where}" if where else gain.setting
    mean = f"mean gain {100 * gain.mean:+.1f} points"
    if not gain.tested:
        return Sentence(
            name,
            f"{mean} in {gain.languages} languages; not tested, a test needs two runs or more.",
            "none",
        )
    said = (
        f"better in {len(gain.better)} of {gain.languages} languages ({gain.held} after Holm), "
        f"worse in {len(gain.worse)}; {mean}."
    )
    balance = len(gain.better) - len(gain.worse)
    return Sentence(name, said, "gain" if balance > 0 else "loss" if balance < 0 else "none")


def _levels(result: Result) -> list[Sentence]:
    """Without a comparison: where each setting stands."""
    made = []
    for setting in table.settings(result):
        scores = {
            found.language: cell.mean
            for found in result.languages.values()
            for cell in found.cells
            if cell.setting == setting and cell.kept
        }
        if scores:
            low, high = min(scores, key=scores.__getitem__), max(scores, key=scores.__getitem__)
            said = (
                f"{table.percent(sum(scores.values()) / len(scores))} on average of "
                f"{len(scores)} languages, from {table.percent(scores[low])} ({low}) to "
                f"{table.percent(scores[high])} ({high})."
            )
            made.append(Sentence(setting, said, "none"))
    return made


def hurt(result: Result) -> list[str]:
    """Name the languages where a setting was significantly worse, per setting, the worst first."""
    made = []
    for gain in groups.gains(result, result.languages):
        by_size = sorted(gain.worse, key=lambda code: _difference(result, code, gain.setting))
        if not by_size:
            continue
        named = [
            f"{result.languages[code].language} "
            f"({100 * _difference(result, code, gain.setting):+.1f})"
            for code in by_size[:NAMED]
        ]
        more = f" and {len(by_size) - NAMED} more" if len(by_size) > NAMED else ""
        made.append(f"{gain.setting} is worse in {', '.join(named)}{more}.")
    return made


def extremes(result: Result) -> tuple[list[str], list[str]]:
    """Return the languages that gained most, and those that gained least, the outermost first."""
    compared = {
        code: comparison.difference
        for code in translated_into(result)
        for _, comparison in [table.best_compared(result.languages[code])]
        if comparison is not None
    }
    ranked = sorted(compared, key=lambda code: -compared[code])
    least = ranked[EXTREMES:][-EXTREMES:]
    return ranked[:EXTREMES], least[::-1]


def by_family(result: Result) -> list[Line]:
    """Return what each family gained."""
    return _lines(result, groups.families)


def by_script(result: Result) -> list[Line]:
    """Return what each script gained."""
    return _lines(result, groups.scripts)


def cell(gain: Gain | None) -> str:
    """Return a group's gain as `LEGEND` explains it: "+5.2 ▲6 ▼1"."""
    if gain is None:
        return ""
    parts = [f"{100 * gain.mean:+.1f}"]
    parts += [f"▲{len(gain.better)}"] if gain.better else []
    parts += [f"▼{len(gain.worse)}"] if gain.worse else []
    return " ".join(parts)


def compared(result: Result) -> list[str]:
    """Name the settings that were compared, in the order of the table."""
    there = {gain.setting for gain in groups.gains(result, result.languages)}
    return [setting for setting in table.settings(result) if setting in there]


def _lines(result: Result, by: Callable[[Result], Sequence[Group]]) -> list[Line]:
    made = []
    for group in by(result):
        found = {gain.setting: gain for gain in groups.gains(result, group.codes)}
        gains = tuple(found.get(setting) for setting in compared(result))
        made.append(Line(group.name, len(group.codes), gains))
    return made


def _difference(result: Result, code: str, setting: str) -> float:
    return next(
        cell.comparison.difference
        for cell in result.languages[code].cells
        if cell.setting == setting and cell.comparison is not None
    )
