"""Data as text that can do nothing: characters that steer a terminal or turn a line are shown."""

from __future__ import annotations

import re

STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069"
    "\ufeff\ud800-\udfff\ufffe\uffff]"
)
HARMLESS = {"\u061c", "\u200e", "\u200f"}
"""Marks that only name a direction: Arabic and Hebrew need them, and no line is turned by them."""


def visible(text: str) -> str:
    r"""Write control characters as signs: what steers a terminal, turns a line, or is half of one.

    >>> visible("\x1b[31m \u202etxt\x00")
    '␛[31m [U+202E]txt␀'
    """
    return STEERING.sub(lambda found: _shown(found[0]), text)


def _shown(character: str) -> str:
    code = ord(character)
    if character in HARMLESS:
        return character
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"[U+{code:04X}]"
