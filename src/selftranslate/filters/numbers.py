"""Drop translations whose numbers are not those of the source, each as often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import regex

from selftranslate import numerals
from selftranslate.filters import EachText, Filter, Text
from selftranslate.numerals import Reading
from selftranslate.numerals.words import spelled, unshortened

_DIGIT = regex.compile(r"[\d¼-¾⅐-⅞]")
_NEGATIVE = regex.compile(r"(?<![\p{L}\d])\p{Pd}\p{Sc}?\d|−")
_DASH = regex.compile(r"(?<=[\p{Lo}\p{M}])\p{Pd}(?=\d)")
"""氧-18 is oxygen 18, unless the source has a number below zero."""
_AFTERNOON = regex.compile(r"(?i)(?<=\d)\s?p\.?\s?m\b")
_NAME = regex.compile(r"(?<=[\p{Lu}\p{Ll}][\p{Pd}.]?)\d+")
"""The 2 of U2 and У-2."""


def build(paragraph: int = 500) -> Filter:
    """Keep a text whose numbers equal those of its source, as multisets, in whatever format.

    A number that only one side writes in digits is excused where the other side says it in words,
    and where it is part of a name, as in U2. For every `paragraph` English letters of the source
    one number may differ, which people leave out of long texts too.
    """
    import babel
    import unicode_rbnf

    def check(source: Text, target: Text) -> str | None:
        before, after = _without_same(source.said, target.said)
        if not _NEGATIVE.search(before):
            after = _DASH.sub(" ", after)
        lost, new = _apart(_read(before, source), _read(after, target))
        if (lost or new) and _AFTERNOON.search(source.said + target.said):
            lost, new = _without_afternoons(lost, new)
        lost, new = list(_unexcused(lost, source, target)), list(_unexcused(new, target, source))
        long = len(source.said) * source.language.letters_per_character
        if max(len(lost), len(new)) <= long // paragraph:
            return None
        if lost and new:
            return "changed a number"
        return "lost a number" if lost else "has a number too many"

    basis = {"rules": 1, "babel": babel.__version__, "unicode-rbnf": unicode_rbnf.__version__}
    return EachText(check, basis)


def _read(text: str, of: Text) -> list[Reading]:
    """Read digits only: 一 is one, but 唯一 is "only"."""
    if not _DIGIT.search(text):
        return []
    return numerals.find(unshortened(text, of.language.code), of.language.code)


def _apart(
    some: Sequence[Reading], others: Sequence[Reading]
) -> tuple[list[Reading], list[Reading]]:
    """Return the readings of each side that the other side lacks."""
    left, lost = sorted(others, key=len), []
    for reading in sorted(some, key=len):
        if fits := next((each for each in left if each & reading), None):
            left.remove(fits)
        else:
            lost.append(reading)
    return lost, left


def _without_same(before: str, after: str) -> tuple[str, str]:
    """Take out the times that both say, each in its manner."""
    for pattern, other in _MANNERS:
        for match in pattern.finditer(before):
            after, found = regex.subn(other(match), " ", after, count=1)
            if found:
                before = before.replace(match[0], " ", 1)
    return before, after


def _clock(match: regex.Match[str]) -> str:
    """1:30 PM is 13.30 Uhr, and 5:00 is 5 o'clock."""
    hours = "|".join(str(int(match[1]) + more) for more in (0, 12, -12))
    optional = "?" if match[2] in {"00", "30"} else ""
    return rf"(?<!\d)0?(?:{hours})(?:\s?[:.hH点點时時]\s?{match[2]}){optional}(?!\d)"


def _decade(match: regex.Match[str]) -> str:
    """The 1970s are die 70er and 20世纪70年代; the 1700s are the 18th century."""
    century, years = match[1] or "19", match[2]
    after = int(century) + 1
    if years == "00":
        return rf"(?<!\d)(?:{century}00|{after})(?!\d)"
    return rf"(?<!\d)(?:{after}\s?世[纪紀]\s?|{century})?{years}(?!\d)"


def _date(match: regex.Match[str]) -> str:
    """9/11 is der 11. September."""
    return rf"(?<!\d)(?:{match[1]}\D{{0,3}}{match[2]}|{match[2]})(?![\d/])"


_MANNERS: Sequence[tuple[regex.Pattern[str], Callable[[regex.Match[str]], str]]] = (
    (regex.compile(r"(?<![\d:.,])(\d{1,2}):(\d\d)(?![\d:])"), _clock),
    (regex.compile(r"(?<!\d)(\d\d)?(\d0)['’]?s\b"), _decade),
    (regex.compile(r"(?<![\d/])(\d{1,2})/(1[1-9]|2\d|3[01])(?![\d/])"), _date),
)
"""What is looked for in the source, and how the translation may say it."""


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
            whole = [int(value) for value in reading if value.denominator == 1]
            if said := [value for value in whole if excuse[value]]:
                excuse[said[0]] -= 1
                break
        else:
            yield reading
