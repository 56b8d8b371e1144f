"""Accuracy of the label an answer names (4.1): Entailment, Neutral or Contradiction."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean

import regex

from selftranslate import languages
from selftranslate.errors import PluginError, unknown
from selftranslate.example import Prediction
from selftranslate.languages import Language
from selftranslate.metrics import Metric, Score

Words = Mapping[str, Mapping[str, str | Sequence[str]]]
"""More words for labels, by language: {"de": {"Neutral": ["neutral", "unentschieden"]}}."""

NLI = ("Entailment", "Neutral", "Contradiction")


def build(labels: Sequence[str] = NLI, words: Words | None = None) -> Metric:
    """Return accuracy over these labels, each named by itself or by a word of the language.

    Raises PluginError if a word names two labels, or `words` a label that is none.
    """
    plain = _table(labels, {}, "labels")
    tables = {code: _table(labels, more, f"words: {code}") for code, more in (words or {}).items()}

    def accuracy(predictions: Sequence[Prediction], language: Language) -> list[Score]:
        """Count the answers that name a reference's label and no other."""
        table = tables.get(language.code, plain)
        if table is plain and set(labels) == set(NLI):
            table = _table(labels, language.nli_labels, language.code)
        named = _reader(table, language)
        answers = [named(p.text) for p in predictions]
        items = tuple(
            float(len(answer) == 1 and any(answer == named(r) for r in p.references))
            for p, answer in zip(predictions, answers, strict=True)
        )
        match = "words" if language.spaces else "characters"
        known = hashlib.sha256(repr(sorted(table)).encode()).hexdigest()[:8]
        signature = f"label|labels:{','.join(labels)}|words:{known}|match:{match}"
        return [
            Score(
                name="accuracy",
                value=fmean(items) if items else 0.0,
                signature=f"{signature}|n:{len(items)}|v:2",
                items=items,
                answers=tuple(map(", ".join, answers)),
            )
        ]

    return accuracy


def _table(
    labels: Sequence[str], words: Mapping[str, str | Sequence[str]], place: str
) -> dict[str, str]:
    """Return which label each word names."""
    for label in words:
        if label not in labels:
            msg = f"{place}: {unknown('label', label, labels)}"
            raise PluginError(msg)
    table: dict[str, str] = {}
    for label in labels:
        more = words.get(label, ())
        for word in (label, *([more] if isinstance(more, str) else more)):
            folded = _fold(word)
            if not folded or table.setdefault(folded, label) != label:
                msg = f"{place}: {word!r} names no label, or two; write another word"
                raise PluginError(msg)
    return table


def _reader(table: Mapping[str, str], language: Language) -> Callable[[str], list[str]]:
    """Return the function that lists the labels a text names, each once, in order.

    What is denied is no label, unless there is one of that name: "not entailment".
    """
    # Longest first, for a label that contains another: "不蕴含" is not "蕴含".
    choice = "|".join(regex.escape(word) for word in sorted(table, key=len, reverse=True))
    # Where words are not spaced, those of other scripts are: "答案是neutral", never "neutrality".
    letter = r"\w" if language.spaces else r"\p{Ll}"
    start, end = rf"(?:(?<!{letter})|(?!{letter}))", rf"(?:(?!{letter})|(?<!{letter}))"
    english = languages.get("en")
    denials = "|".join(map(regex.escape, (*language.negations, *english.negations)))
    articles = "|".join(map(regex.escape, (*language.articles, *english.articles)))
    pattern = regex.compile(
        rf"{start}(?:(?P<label>{choice})"
        rf"|(?:{denials}) ?(?:(?:{articles}) )?{start}(?P<denied>{choice})){end}"
    )

    def named(text: str) -> list[str]:
        found = (match.groupdict("") for match in pattern.finditer(_fold(text)))
        return list(
            dict.fromkeys(
                table[each["label"]] if each["label"] else f"not {table[each['denied']]}"
                for each in found
            )
        )

    return named


def _fold(text: str) -> str:
    """Forgive case, width, and how words are joined: "Not_Entailment" is "not entailment"."""
    text = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    return str(regex.sub(r"[\s_\p{Pd}]+", " ", text)).strip()
