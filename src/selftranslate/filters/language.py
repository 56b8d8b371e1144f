"""Drop translations that read as the source's language rather than as their own."""

from __future__ import annotations

from copy import copy
from functools import cache
from typing import Any

import regex

from selftranslate.filters import EachText, Filter, Text

_CODES = {"nb": "no"}
"""What the library calls a language otherwise."""

_WORD = regex.compile(r"\p{L}[\p{L}\p{M}'’]*")


def build(letters: int = 20, certainty: float = 0.9) -> Filter:
    """Keep a text unless it reads as the source's language, with `certainty`.

    Only these two languages are compared, and only where they share a script: elsewhere the
    script tells. Of a text with fewer `letters`, or of a language that is not known, nothing
    is said.
    """
    import py3langid

    def check(source: Text, target: Text) -> str | None:
        if source.language.script != target.language.script:
            return None
        if sum(map(len, _WORD.findall(target.said))) < letters:
            return None
        code, own = (_CODES.get(one.code, one.code) for one in (source.language, target.language))
        if (known := _between(code, own)) is None:
            return None
        read, sure = known.classify(target.said)
        return f"reads as {source.language.name}" if read == code and sure >= certainty else None

    return EachText(check, {"rules": 1, "py3langid": py3langid.__version__})


@cache
def _between(source: str, target: str) -> Any:
    """Return what tells these two apart; None if it does not know one of them."""
    if source == target or not {source, target} <= set(_model().labels):
        return None
    made = copy(_model())
    made.set_languages([source, target])
    return made


@cache
def _model() -> Any:
    """Load the model that comes with the library: no file is fetched."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
