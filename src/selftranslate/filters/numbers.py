"""Drop translations whose numbers are not those of the source, each as often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import regex

from selftranslate import numerals
from selftranslate.filters import EachText, Filter, Text
from selftranslate.numerals import Reading
from selftranslate.numerals.words import spelled

_CLOCK = regex.compile(r"(?<![\d:.,])(\d{1,2}):(\d\d)(?![\d:])")
_AFTERNOON = regex.compile(r"(?i)(?<=\d)\s?p\.?\s?m\b")
_NAME = regex.compile(r"(?<=[\p{Lu}\p{Ll}][\p{Pd}.]?)\d+")
"""The 2 of U2 and У-2."""


def build() -> Filter:
    """Keep a text whose numbers equal those of its source, as multisets, in whatever format.

    A number that only one side writes in digits is excused where the other side says it in words,
    and where it is part of a name, as in U2.
    """
    import babel
    import unicode_rbnf

    basis = {"rules": 1, "babel": babel.__version__, "unicode-rbnf": unicode_rbnf.__version__}
    return EachText(_check, basis)


def _check(source: Text, target: Text) -> str | None:
    before, after = _without_clocks(source.said, target.said)
    lost = numerals.find(before, source.language.code)
    new = numerals.find(after, target.language.code)
    lost, new = _apart(lost, new)
    if not lost and not new:
        return None
    if _AFTERNOON.search(source.said + target.said):
        lost, new = _without_afternoons(lost, new)
    lost = list(_unexcused(lost, source, target))
    new = list(_unexcused(new, target, source))
    if lost and new:
        return "changed a number"
    return "lost a number" if lost else "has a number too many" if new else None


def _apart(some: Sequence[Reading], others: Sequence[Reading]) -> tuple[list[Reading], list[Reading]]:
    """Return the readings of each side that the other side lacks."""
    left, lost = sorted(others, key=len), []
    for reading in sorted(some, key=len):
        if fits := next((each for each in left if each & reading), None):
            left.remove(fits)
        else:
            lost.append(reading)
    return lost, left


def _without_clocks(before: str, after: str) -> tuple[str, str]:
    """Take out the times of day that both say: 1:30 PM is 13.30 Uhr, and 5:00 is 5 o'clock."""
    for match in _CLOCK.finditer(before):
        hour, minutes = int(match[1]), match[2]
        hours = "|".join(str(each) for each in (hour, hour + 12, hour - 12) if 0 <= each <= 24)
        optional = "?" if minutes in {"00", "30"} else ""
        same = rf"(?<!\d)0?(?:{hours})(?:\s?[:.hH点點时時]\s?{minutes}){optional}(?!\d)"
        after, found = regex.subn(same, " ", after, count=1)
        if found:
            before = before.replace(match[0], " ", 1)
    return before, after


def _without_afternoons(
    lost: Sequence[Reading], new: Sequence[Reading]
) -> tuple[list[Reading], list[Reading]]:
    """Let 1 p.m. be 13 o'clock."""
    left, kept = list(new), []
    for reading in lost:
        later = {value + hours for value in reading for hours in (12, -12)}
        if fits := next((each for each in left if each & later), None):
            left.remove(fits)
        else:
            kept.append(reading)
    return kept, left


def _unexcused(some: Sequence[Reading], own: Text, other: Text) -> Iterator[Reading]:
    words = spelled(other.said, other.language.code) if some else Counter[int]()
    names = Counter(int(digits) for digits in _NAME.findall(own.said))
    for reading in some:
        for excuse in (words, names):
            if said := next((value for value in reading if excuse[value]), None):
                excuse[int(said)] -= 1
                break
        else:
            yield reading
