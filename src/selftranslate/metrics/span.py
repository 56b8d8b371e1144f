"""Exact match and F1 of an answer that is a span of the context, as SQuAD and MLQA count (4.1)."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from statistics import fmean

import regex

from selftranslate.example import Prediction
from selftranslate.languages import Language
from selftranslate.metrics import Metric, Score

_UNSPACED = r"(?!\p{Nd})[\p{Han}\p{Hira}\p{Kana}\p{Thai}\p{Laoo}\p{Khmr}\p{Mymr}\p{Tibt}]"
"""A letter of a script that writes no spaces; its digits stand for numbers, as words do."""

_MIXED = regex.compile(rf"(?:(?!{_UNSPACED})\S)+|(?!\s)\X")

# What SQuAD calls punctuation (ASCII's, "$" and "+" among it) and what Unicode does.
_PUNCTUATION = regex.compile(r"""[\p{P}$+<=>^`|~]""")


def build() -> Metric:
    """Return the metrics of the question-answering task, exact match first."""
    return spans


def spans(predictions: Sequence[Prediction], language: Language) -> list[Score]:
    """Compare answers with their closest reference.

    Where words are not spaced, the tokens of F1 are characters as a reader sees them (grapheme
    clusters); words in another script inside such a text stay words (MLQA's mixed segments).
    """
    articles = ",".join((*language.articles, *filter(None, [language.attached_article])))
    tokens = "words" if language.spaces else "mixed_graphemes"
    signature = (
        f"span|norm:nfc,casefold|punct:unicode,ascii|articles:{articles or 'none'}"
        f"|tokens:{tokens}|refs:max|n:{len(predictions)}|v:2"
    )
    measures: dict[str, Callable[[str, str, Language], float]] = {
        "exact_match": exact_match,
        "f1": f1,
    }
    answers = tuple(normalise(p.text, language) for p in predictions)
    scores = []
    for name, measure in measures.items():
        items = tuple(
            max((measure(p.text, r, language) for r in p.references), default=0.0)
            for p in predictions
        )
        value = fmean(items) if items else 0.0
        scores.append(
            Score(name=name, value=value, signature=signature, items=items, answers=answers)
        )
    return scores


def exact_match(answer: str, reference: str, language: Language) -> float:
    """1 if the tokens are equal, else 0: spaces count only where words are spaced."""
    found, wanted = (tokenise(normalise(text, language), language) for text in (answer, reference))
    return float(found == wanted)


def f1(answer: str, reference: str, language: Language) -> float:
    """Balance how much of the answer is right and how much of the reference is found."""
    found = tokenise(normalise(answer, language), language)
    wanted = tokenise(normalise(reference, language), language)
    shared = (Counter(found) & Counter(wanted)).total()
    return 2 * shared / (len(found) + len(wanted)) if shared else 0.0


def normalise(text: str, language: Language) -> str:
    """Drop case, punctuation, the language's articles and superfluous spaces.

    An answer that would vanish ("%", "The The") keeps what it is, so that saying nothing is
    never right.
    """
    text = " ".join(unicodedata.normalize("NFC", text).casefold().split())
    bare = _PUNCTUATION.sub("", text)
    words = (bare.replace(article, " ") if (article := language.attached_article) else bare).split()
    articles = {article.casefold() for article in language.articles}
    return " ".join(word for word in words if word not in articles) or text


def tokenise(text: str, language: Language) -> list[str]:
    """Split a normalised answer at spaces, or by character where words are not spaced.

    "ABC公司" is ABC, 公, 司 in Chinese.
    """
    return text.split() if language.spaces else _MIXED.findall(text)
