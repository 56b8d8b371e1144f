"""Drop translations that are their source again, or nearly."""

from __future__ import annotations

from difflib import SequenceMatcher

import regex

from selftranslate.filters import EachText, Filter, Text

_WORD = regex.compile(r"(?<!\p{L})(?!\p{Lu})\p{L}{2,}")
"""No capital letter, no name: "New York, 1910" is the same in many languages."""


def build(limit: float = 0.9, words: int = 4) -> Filter:
    """Keep a text that shares less than `limit` of its characters, in order, with its source.

    A source with fewer than `words` words that are no names can stay as it is; half as many where
    the script is another.
    """

    def check(source: Text, target: Text) -> str | None:
        before, after = source.said.casefold(), target.said.casefold()
        same_script = source.language.script == target.language.script
        if len(_WORD.findall(source.said)) < (words if same_script else words // 2):
            return None
        alike = SequenceMatcher(None, before, after, autojunk=False)
        maybe = alike.real_quick_ratio() >= limit and alike.quick_ratio() >= limit
        return "is a copy" if maybe and alike.ratio() >= limit else None

    return EachText(check, {"rules": 1})
