"""Find numbers that are written in words: "twenty-one", "двумя", "XIX", "三百".

The words are CLDR's spelling rules, in all genders and cases that it has; a language without
rules there has none here. Words are read to excuse a number that only one of two texts writes in
digits, never to accuse: "one" is often no number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cache

import regex

from selftranslate.numerals import chinese

_VALUES = (*range(100), 100, 1000, 10**6)

_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b"))

_ROMAN = regex.compile(r"(?<![\p{L}\d])(?=[IVXLC])(XC|XL|L?X{0,3})(IX|IV|V?I{0,3})(?![\p{Lu}\d])")
_TENS = {"": 0, "X": 1, "XX": 2, "XXX": 3, "XL": 4, "L": 5, "LX": 6, "LXX": 7, "LXXX": 8, "XC": 9}
_ONES = {"": 0, "I": 1, "II": 2, "III": 3, "IV": 4, "V": 5, "VI": 6, "VII": 7, "VIII": 8, "IX": 9}


def spelled(text: str, locale: str) -> Counter[int]:
    """Count the whole numbers that a text may say in words, months and Roman numerals too.

    >>> spelled("Zwei von ihnen, am 3. Mai", "de")
    Counter({2: 1, 5: 1})
    """
    plain = text.translate(_INVISIBLE)
    found = Counter(_TENS[tens] * 10 + _ONES[ones] for tens, ones in _ROMAN.findall(plain))
    found.update(int(value) for value in chinese.find(plain) if value.denominator == 1)
    for known, pattern in (_words(locale), _months(locale)):
        found.update(known[match] for match in pattern.findall(plain.casefold()))
    return found


@cache
def _words(locale: str) -> tuple[Mapping[str, int], regex.Pattern[str]]:
    from unicode_rbnf import FormatPurpose, RbnfEngine

    base = regex.split("[-_]", locale)[0]
    if base not in RbnfEngine.get_supported_languages():
        return _pattern({})
    engine = RbnfEngine.for_language(base)
    found: dict[str, int] = {}
    for value in _VALUES:
        for purpose in (FormatPurpose.CARDINAL, FormatPurpose.ORDINAL):
            try:
                forms = engine.format_number(value, purpose=purpose).text_by_ruleset
            except (ValueError, LookupError):  # a language without ordinals
                continue
            for form in forms.values():
                found.setdefault(form.translate(_INVISIBLE).casefold(), value)
    return _pattern(found)


@cache
def _months(locale: str) -> tuple[Mapping[str, int], regex.Pattern[str]]:
    from babel import Locale, UnknownLocaleError

    try:
        known = Locale.parse(locale.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return _pattern({})
    return _pattern({
        name.rstrip(".").casefold(): number
        for context in ("format", "stand-alone")
        for width in ("wide", "abbreviated")
        for number, name in known.months[context][width].items()
    })  # fmt: skip


def _pattern(words: Mapping[str, int]) -> tuple[Mapping[str, int], regex.Pattern[str]]:
    """Read the longest word first. Short ones stand alone: "ten" is no part of "tend"."""
    known = {word: value for word, value in words.items() if regex.search(r"\p{L}", word)}
    forms = "|".join(map(_form, sorted(known, key=len, reverse=True)))
    return known, regex.compile(forms or r"(?!)")


def _form(word: str) -> str:
    """Cased scripts put letters around words; others, as Thai, write on without a space."""
    if not regex.search(r"[\p{Ll}\p{Lu}]", word):
        return regex.escape(word)
    end = r"(?!\p{L})" if len(word) < 4 else ""
    return rf"(?<!\p{{L}}){regex.escape(word)}{end}"
