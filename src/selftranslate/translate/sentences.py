"""Cut a paragraph into sentences by offset, and put translated ones together again (A.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from selftranslate.example import Span
from selftranslate.languages import Language
from selftranslate.translate.marks import trim

BLANK_LINE = "\n\n"


def split(text: str, language: Language, whole: Sequence[Span] = ()) -> list[Span]:
    """Return where the sentences lie, in order, without the whitespace around them.

    Only whitespace lies outside of them. Sentences that share a `whole` span become one.

    >>> from selftranslate.languages import get
    >>> split("It rains. It pours.\\n", get("en"))
    [(0, 9), (10, 19)]
    """
    spans: list[Span] = []
    for start, end in _pieces(text, language.sentences or language.code):
        start, end = trim(text, (start, end))
        if start == end:
            continue
        if spans and any(spans[-1][1] > first and start < last for first, last in whole):
            start = spans.pop()[0]
        spans.append((start, end))
    return spans


def gaps(text: str, spans: Sequence[Span], joiner: str) -> list[str]:
    r"""Return what is to stand between the translated sentences: the joiner, or the line break.

    >>> gaps("One. Two.\n\nThree.", [(0, 4), (5, 9), (11, 17)], "")
    ['', '\n\n']
    """
    between = [text[a[1] : b[0]] for a, b in pairwise(spans)]
    return [gap if "\n" in gap else joiner for gap in between]


def holding(spans: Sequence[Span], inner: Span) -> int | None:
    """Return which sentence the inner span lies in, or None if it crosses a border."""
    for index, (start, end) in enumerate(spans):
        if start <= inner[0] and inner[1] <= end:
            return index
    return None


def _pieces(text: str, code: str) -> Iterator[Span]:
    """Cut the text at blank lines and wherever sentencex says.

    sentencex 1.0.32 panics at a no-break space before a full stop, and loses blank lines of CRLFs
    or of texts beyond its chunk size: it sees plain whitespace, as long as the text's, and none.
    Khmer's full stop it does not know.
    """
    import sentencex

    start = 0
    seen = re.sub(r"\s{2,}|[^\S \n]", _plain, text).replace("\u17d4", "。")
    for paragraph in seen.split(BLANK_LINE):
        for piece in sentencex.segment(code, paragraph):
            yield start, start + len(piece)
            start += len(piece)
        start += len(BLANK_LINE)


def _plain(gap: re.Match[str]) -> str:
    breaks = min(gap[0].count("\n"), len(BLANK_LINE))
    return ("\n" * breaks).rjust(len(gap[0]))
