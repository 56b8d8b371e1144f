"""Drop translations that are written in another script than their language's."""

from __future__ import annotations

from functools import cache

import regex

from selftranslate.filters import EachText, Filter, Text

_TOGETHER = {
    "Jpan": ("Han", "Hiragana", "Katakana"),
    "Kore": ("Hangul", "Han"),
    "Hans": ("Han", "Bopomofo"),
    "Hant": ("Han", "Bopomofo"),
}
"""What ISO 15924 calls one script and Unicode several."""

_SHARED = r"\p{Script=Common}\p{Script=Inherited}"
_WORD = regex.compile(r"[\p{L}\p{M}]+")


def build(share: float = 0.5, strangers: int = 2) -> Filter:
    """Keep a text with at least `share` of its letters in its language's script.

    Words that the source has too, names above all, are not counted, and a Chinese character is
    worth as many letters as in `length_ratio`. Fewer than `strangers` letters may be of a third
    script, which is neither language's, nor seen in the source.
    """

    def check(source: Text, target: Text) -> str | None:
        own, foreign = target.language.script, source.language.script
        third = _outside(own, foreign).findall(target.said)
        if sum(len(word) for word in third if word not in source.said) >= strangers:
            return "mixes in a third script"
        others = _outside(own).findall(target.said)
        known = set(_WORD.findall(source.said.casefold()))
        new = sum(len(word) for word in others if word.casefold() not in known)
        letters = sum(map(len, _WORD.findall(target.said))) - sum(map(len, others))
        weighed = letters * target.language.letters_per_character
        return "is in another script" if weighed < share * (weighed + new) else None

    return EachText(check, {"rules": 1})


@cache
def _outside(*scripts: str) -> regex.Pattern[str]:
    """Match a word, or part of one, in none of these scripts."""
    names = [name for script in scripts for name in _TOGETHER.get(script, (script,))]
    signs = "".join(rf"\p{{Script={name}}}" for name in names)
    return regex.compile(rf"(?:(?=[\p{{L}}\p{{M}}])[^{signs}{_SHARED}])+")
