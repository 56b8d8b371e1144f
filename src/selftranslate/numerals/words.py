"""Find numbers that are written in words: "twenty-one", "двумя", "XIX", "三百".

The words are CLDR's spelling rules, in all genders and cases that it has; a language without
rules there has none here. Words are read to excuse a number that only one of two texts writes in
digits, never to accuse: "one" is often no number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

import regex

from selftranslate.numerals import chinese, scales

_SMALL = range(100)
_LARGE = (100, 1000)

_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b"))

_AND_MORE = regex.compile(r"(?<=\d)[多余餘几幾来來](?=[百千万萬亿億])")
"""60多万 is 600,000 and more."""

_ROMAN = regex.compile(r"(?<![\p{L}\d])(?=[IVXLC])(XC|XL|L?X{0,3})(IX|IV|V?I{0,3})(?![\p{Lu}\d])")
_TENS = {"": 0, "X": 1, "XX": 2, "XXX": 3, "XL": 4, "L": 5, "LX": 6, "LXX": 7, "LXXX": 8, "XC": 9}
_ONES = {"": 0, "I": 1, "II": 2, "III": 3, "IV": 4, "V": 5, "VI": 6, "VII": 7, "VIII": 8, "IX": 9}


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Words with their values, and powers of ten that may stand behind: "fifty million"."""

    values: Mapping[str, int]
    powers: Mapping[str, int]
    pattern: regex.Pattern[str]

    def find(self, text: str) -> Iterator[int]:
        """Yield the values of a text in small letters."""
        for word, power in self.pattern.findall(text):
            yield self.values[regex.sub(r"\s", " ", word)] * self.powers.get(power, 1)


def spelled(text: str, locale: str) -> Counter[int]:
    """Count the whole numbers that a text may say in words, months and Roman numerals too.

    >>> spelled("Zwei von ihnen, am 3. Mai", "de")
    Counter({2: 1, 5: 1})
    """
    plain = text.translate(_INVISIBLE)
    found = Counter(_TENS[tens] * 10 + _ONES[ones] for tens, ones in _ROMAN.findall(plain))
    found.update(int(value) for value in chinese.find(plain) if value.denominator == 1)
    small = plain.casefold().replace("-", " ")
    found.update(_words(locale).find(small))
    found.update(_months(locale).find(small))
    return found


def unshortened(text: str, locale: str) -> str:
    """Write out the short words for powers of ten, so that numbers before them are read whole.

    >>> unshortened("1,5 млн долларов", "ru")
    '1,5 миллионов долларов'
    """
    known, pattern = _short(locale)
    whole = _AND_MORE.sub("", text)
    return str(pattern.sub(lambda match: f" {known[match[1].casefold()]}", whole))


@cache
def _short(locale: str) -> tuple[Mapping[str, str], regex.Pattern[str]]:
    from babel import Locale, UnknownLocaleError

    try:
        short = Locale.parse(locale.replace("-", "_")).compact_decimal_formats.get("short", {})
    except (UnknownLocaleError, ValueError):
        short = {}
    words = {power: word for word, power in scales(locale).items()}
    known = {
        word.casefold(): words[int(power) // 10 ** (len(zeros) - 1)]
        for forms in short.values()
        for power, form in forms.items()
        for zeros, word in regex.findall(r"^(0+)\s*(\p{L}{2,})\W*$", form.pattern)
        if int(power) // 10 ** (len(zeros) - 1) in words
    }
    forms = "|".join(sorted(map(regex.escape, known), key=len, reverse=True)) or "(?!)"
    return known, regex.compile(rf"(?<=\d)\s?((?i:{forms}))\b\.?")


@cache
def _words(locale: str) -> Lexicon:
    from unicode_rbnf import RbnfEngine

    base = regex.split("[-_]", locale)[0]
    if base not in RbnfEngine.get_supported_languages():
        return _lexicon({}, {})
    engine = RbnfEngine.for_language(base)
    ones = sorted(_forms(engine, 1), key=len, reverse=True)
    values: dict[str, int] = {}
    powers = dict(scales(locale))
    for number in (*_SMALL, *_LARGE):
        for word in _forms(engine, number):
            values.setdefault(word, number)
            if number in _LARGE:  # "one hundred", and "hundred" behind other numbers
                start = next((one for one in ones if word.startswith(one)), "")
                alone = word.removeprefix(start).strip()
                powers.setdefault(alone, number)
                values.setdefault(alone, number)
    return _lexicon(values, powers)


def _forms(engine: Any, number: int) -> set[str]:
    """Return all genders and cases of a number, and of its ordinal."""
    from unicode_rbnf import FormatPurpose
    from unicode_rbnf.engine import RbnfError

    found: set[str] = set()
    for purpose in (FormatPurpose.CARDINAL, FormatPurpose.ORDINAL):
        with suppress(RbnfError, ValueError):  # a language may have no ordinals
            found |= set(engine.format_number(number, purpose=purpose).text_by_ruleset.values())
    plain = {form.translate(_INVISIBLE).casefold().replace("-", " ") for form in found}
    return {form for form in plain if regex.search(r"\p{L}", form)}


@cache
def _months(locale: str) -> Lexicon:
    from babel import Locale, UnknownLocaleError

    try:
        known = Locale.parse(locale.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return _lexicon({}, {})
    names = {
        name.rstrip(".").casefold(): number
        for context in ("format", "stand-alone")
        for width in ("wide", "abbreviated")
        for number, name in known.months[context][width].items()
    }
    return _lexicon({name: n for name, n in names.items() if regex.search(r"\p{L}", name)}, {})


def _lexicon(values: Mapping[str, int], powers: Mapping[str, int]) -> Lexicon:
    """Read the longest word first."""
    words = "|".join(map(_form, sorted(values, key=len, reverse=True))) or "(?!)"
    behind = "|".join(map(regex.escape, sorted(powers, key=len, reverse=True))) or "(?!)"
    return Lexicon(values, powers, regex.compile(rf"({words})(?:\s?({behind}))?"))


def _form(word: str) -> str:
    """Where letters have cases words stand apart; Thai writes on without a space.

    Short words end there: "ten" is no part of "tend", but "zwei" is one of "zweimal".
    """
    parts = r"\s".join(map(regex.escape, word.split(" ")))
    if not regex.search(r"[\p{Ll}\p{Lu}]", word):
        return parts
    end = r"(?!\p{L})" if len(word) < 4 else ""
    return rf"(?<!\p{{L}}){parts}{end}"
