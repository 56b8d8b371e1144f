"""Read numbers that are written in Chinese characters: 十八 is 18, 一千三百一十九 is 1319.

For texts without digits only. Where there are digits, 一 is rather the 一 of 一样 (the same).
"""

from __future__ import annotations

import unicodedata
from fractions import Fraction

import regex

_SIGN = "[〇零一二兩三四五六七八九十百千万萬亿億]"
_FORMS = str.maketrans("两點", "兩点")

# One sign alone is read only where it cannot be part of a word.
_NUMERAL = rf"(?:{_SIGN}{{2,}}|(?<!\p{{Han}}){_SIGN}(?=点|分之|[个個元]|\P{{Han}}|$))"
_NUMBERS = regex.compile(
    rf"(?:(?P<parts>{_NUMERAL}|百)分之(?P<some>{_SIGN}+))|(?P<whole>{_NUMERAL})(?:点(?P<rest>{_SIGN}+))?"
)


def find(text: str) -> list[Fraction]:
    """Read all numbers of a text, in order; of a percentage the number: 百分之二十 is 20."""
    found = []
    for match in _NUMBERS.finditer(text.translate(_FORMS)):
        if match["parts"]:
            parts = 1 if match["parts"] == "百" else _value(match["parts"])
            found += [Fraction(_value(match["some"]), parts)] if parts else []
        else:
            rest = _placed(match["rest"]) if match["rest"] else "0"
            found.append(_value(match["whole"]) + Fraction(f"0.{rest}"))
    return found


def _value(numeral: str) -> int:
    """Read a whole number; without units its digits stand in places, as in a year: 二〇二四."""
    values = [int(unicodedata.numeric(sign)) for sign in numeral]
    if max(values) < 10:
        return int(_placed(numeral))
    total = part = digit = 0
    for value in values:
        if value < 10:
            digit = value
        elif value < 10_000:
            part, digit = part + max(digit, 1) * value, 0
        elif total < value:
            total, part, digit = max(total + part + digit, 1) * value, 0, 0
        else:
            total, part, digit = total + (part + digit) * value, 0, 0
    if digit and len(values) > 1 and values[-2] >= 100:  # 三百五 is 350: the unit is understood
        digit *= values[-2] // 10
    return total + part + digit


def _placed(numeral: str) -> str:
    return "".join(str(int(unicodedata.numeric(sign)) % 10) for sign in numeral)
