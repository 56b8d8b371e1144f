"""Read the numbers of running text, in any script and any language's format, exactly.

A reading is a set of values, because some numbers can be read in two ways: "1,319" in a
German text is 1.319 as Germans write and 1319 as English does, and a model that was trained
on English answers may mean either. Both readings count. "1.319" in an English text has one.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

import regex

from selftranslate.numerals import chinese

Reading = frozenset[Fraction]

_LONGEST = 100
"""More characters than this are a model that repeats itself, not a number."""

_SPACES = "\u00a0\u2007\u2009\u202f"
"""Spaces that do not break a line stand inside a number in every language."""

# Marks that mean the same in every language: "_" groups, "~" is the decimal mark.
_MARKS = str.maketrans(dict.fromkeys(_SPACES + " '’٬", "_") | {"٫": "~"})

# Marks of direction go, and whatever is written for a minus is one sign.
_SIGNS = str.maketrans(
    dict.fromkeys("\u061c\u200e\u200f\u2066\u2067\u2068\u2069") | dict.fromkeys("‐‑‒–−➖﹣－", "-")
)

_MIXED = regex.compile(rf"(?<![\d.,/⁄])(\d{{1,3}})[ {_SPACES}](\d{{1,3}})[/⁄](\d{{1,3}})(?![\d/⁄])")


@dataclass(frozen=True, slots=True)
class Convention:
    """Which marks group and which one is the decimal mark; CLDR's rules for one language."""

    group: str
    decimal: str
    second_group: int = 3
    """How many digits stand between two grouping marks: 2 in India, 12,34,567."""

    def value(self, numeral: str) -> Fraction | None:
        """Read a whole numeral, or None if it breaks this convention."""
        if not _grammar(self).fullmatch(numeral):
            return None
        plain = numeral.replace(self.group, "").replace("_", "")
        return Fraction(plain.replace(self.decimal, ".").replace("~", "."))


_ENGLISH = Convention(",", ".")
_CONTINENTAL = Convention(".", ",")
_INDIAN = Convention(",", ".", 2)


def find(text: str, locale: str) -> list[Reading]:
    """Read all numbers of a text, in order.

    A number is read as `locale` writes it and as English does, and every reading that fits is
    kept; if neither fits, as the European continent or India does: "2,5" in an English text is
    2.5. What fits no format is a date or a list, and its last part counts. The sign is read, and
    words for powers of ten are: "-$1.3 million" is -1300000. Percent and currency are not. A text
    without digits may have Chinese numerals.

    >>> find("1.319 Euro, 3/4 davon", "de")[1]
    frozenset({Fraction(3, 4)})
    """
    found: list[Reading] = []
    end = -1
    for match in _pattern(locale).finditer(_plain(text)):
        reading = _signed(match, locale)
        if match.start() == end and not match["sign"] and reading:  # 3万5000 is one number
            found[-1] = frozenset(a + b for a in found[-1] for b in reading)
        elif reading:
            found.append(reading)
        end = match.end() if match["scale"] and reading else -1
    return found or [frozenset({value}) for value in chinese.find(text)]


def same(some: Sequence[Reading], others: Sequence[Reading]) -> bool:
    """Say whether two texts hold the same numbers, each as often, in whatever order.

    >>> same(find("1.5 of 3", "en"), find("von 3 sind es 1,5", "de"))
    True
    """
    left = sorted(others, key=len)
    for reading in sorted(some, key=len):
        fits = next((each for each in left if each & reading), None)
        if fits is None:
            return False
        left.remove(fits)
    return not left


def written(reading: Reading) -> str:
    """Write a reading for people: "1319", "0.5", "1/3", "1.319 or 1319"; "" if it is empty."""
    return " or ".join(map(_written, sorted(reading)))


@cache
def convention(locale: str) -> Convention:
    """Look up a language's number format in CLDR; English's where CLDR has none."""
    from babel.numbers import get_decimal_symbol, get_group_symbol

    known = _known(locale)
    if known is None:
        return _ENGLISH
    return Convention(
        group=get_group_symbol(known).translate(_MARKS),
        decimal=get_decimal_symbol(known).translate(_MARKS),
        second_group=known.decimal_formats[None].grouping[1],
    )


@cache
def scales(locale: str) -> Mapping[str, int]:
    """Look up a language's words for powers of ten in CLDR: {"million": 1000000, ...}."""
    known = _known(locale)
    formats = known.compact_decimal_formats if known else {}
    # Where there are no long words, as in Chinese, the short ones are no abbreviations.
    plurals = (formats.get("long") or formats.get("short") or {}).values()
    return {
        word.casefold(): int(power) // 10 ** (len(zeros) - 1)
        for plural in plurals
        for power, form in plural.items()
        for zeros, word in regex.findall(r"^(0+)\s*(\p{L}[\p{L}\p{M}\s]*)$", form.pattern)
    }


@cache
def _grammar(form: Convention) -> regex.Pattern[str]:
    group, decimal = regex.escape(form.group), regex.escape(form.decimal)
    grouped = rf"[1-9]\d{{0,2}}(?P<mark>{group}|_)(?:\d{{{form.second_group}}}(?P=mark))*\d{{3}}"
    return regex.compile(rf"(?:\d+|{grouped})(?:(?:{decimal}|~)\d+)?")


def _digit(sign: str) -> str:
    """Return the ASCII digit of a decimal digit, of a script younger than Python's tables too.

    Unicode gives every script ten digits in a row, 0 first.
    """
    value = unicodedata.decimal(sign, None)
    if value is None:
        before = ord(sign)
        while regex.match(r"\d", chr(before - 1)):
            before -= 1
        value = (ord(sign) - before) % 10
    return str(value)


def _known(locale: str) -> Any:
    from babel import Locale, UnknownLocaleError

    try:
        return Locale.parse(locale.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return None


@cache
def _scales(locale: str) -> Mapping[str, int]:
    return {**scales("en"), **scales(locale)}


@cache
def _pattern(locale: str) -> regex.Pattern[str]:
    """A plain space groups only where the language groups with spaces."""
    space = f"[{_SPACES}{' ' if convention(locale).group == '_' else ''}]"
    numeral = rf"\d++(?:[.,'’٬٫]\d++|{space}\d{{3}}(?!\d))*+"
    scale = "|".join(map(regex.escape, sorted(_scales(locale), key=len, reverse=True)))
    return regex.compile(
        # "10-5" subtracts, "Seite-5" is a hyphen; "答案是-5" is a sign: its letters have no case.
        r"(?P<sign>(?:(?<![\p{Lu}\p{Ll}\d)\]])-|(?<==\s?)-\s)(?=\p{Sc}?\.?\d))?\p{Sc}?"
        # The 2 of "cm2", "cm^2" and "x2" is no number of its own.
        r"(?<![\d\p{Ll}]|\p{Ll}\^)"
        rf"(?P<numeral>(?:(?<![\w.,])\.)?{numeral}(?:[/⁄]\d++)*+)"
        rf"(?:\s?(?P<scale>(?i:{scale}))(?!(?<=\p{{Ll}})\p{{Ll}}))?"
    )


def _plain(text: str) -> str:
    """Write all digits as 0-9, "1½" as 3/2, one kind of minus, and no marks of direction."""
    text = regex.sub(r"\\[dt]?frac\{(\d+)\}\{(\d+)\}", r"\1/\2", text.translate(_SIGNS))
    # A full-width comma ends a clause ("有5，再加3"), except between full-width digits.
    for wide, narrow in (("，", ","), ("．", ".")):
        text = regex.sub(rf"(?<=[０-９]){wide}(?=[０-９])", narrow, text)
    text = regex.sub(r"(?<=\d)(?=[¼-¾⅐-⅞])", " ", text)
    text = regex.sub("[¼-¾⅐-⅞]", lambda m: unicodedata.normalize("NFKC", m[0]), text)
    text = regex.sub(r"(?![0-9])\d", lambda m: _digit(m[0]), text)
    return str(_MIXED.sub(_improper, text))


def _improper(match: regex.Match[str]) -> str:
    whole, part, parts = map(int, match.groups())
    improper = f"{whole * parts + part}/{parts}"
    return improper if 0 < part < parts else str(match[0])


def _signed(match: regex.Match[str], locale: str) -> Reading:
    """Read one match. One slash is a fraction; several are a date, whose last part counts."""
    first, *others = regex.split("[/⁄]", match["numeral"])
    values = _read(others[-1] if len(others) > 1 else first, locale)
    if len(others) == 1:
        values = frozenset(a / b for a in values for b in _read(others[0], locale) if b)
    if match["scale"]:
        values = frozenset(v * _scales(locale)[match["scale"].casefold()] for v in values)
    return frozenset(-value for value in values) if match["sign"] else values


def _read(numeral: str, locale: str) -> Reading:
    if len(numeral) > _LONGEST:
        return frozenset()
    marked = ("0" if numeral.startswith(".") else "") + numeral.translate(_MARKS)
    for forms in ((convention(locale), _ENGLISH), (_CONTINENTAL, _INDIAN)):
        if values := {value for form in forms if (value := form.value(marked)) is not None}:
            return frozenset(values)
    return frozenset({Fraction(regex.split(r"\D", marked)[-1])})


def _written(value: Fraction) -> str:
    places = next((n for n in range(_LONGEST) if 10**n % value.denominator == 0), 0)
    if not places:
        return str(value)
    digits = f"{abs(value.numerator) * 10**places // value.denominator:0{places + 1}d}"
    return f"{'-' * (value < 0)}{digits[:-places]}.{digits[-places:]}"
