"""Drop translations without a word, of sources that have one."""

from __future__ import annotations

import regex

from selftranslate.filters import EachText, Filter, Text

_WORD = regex.compile(r"[\p{L}\p{N}]")


def build() -> Filter:
    """Keep a text with a letter or a digit; "…", "" and invisible marks translate no word."""
    return EachText(_check, {"rules": 1})


def _check(source: Text, target: Text) -> str | None:
    return "is empty" if _WORD.search(source.said) and not _WORD.search(target.said) else None
