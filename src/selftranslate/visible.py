"""Text of data, models and files as a terminal may have it: it is seen, and not obeyed."""

from __future__ import annotations

from unicodedata import category

HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Controls, what formats or turns the direction of writing, half a surrogate pair, line ends."""

HARMLESS = "\n\t\u200c\u200d"
"""Of these: line ends and tabs, and the joiners that scripts and emoji need."""


def visible(text: str) -> str:
    r"""Write what would not be seen, or would move what is, as escapes.

    >>> visible("a\x1b[2Jb \u202e c")
    'a\\x1b[2Jb \\u202e c'
    """
    return "".join(_escape(c) if category(c) in HIDDEN and c not in HARMLESS else c for c in text)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
