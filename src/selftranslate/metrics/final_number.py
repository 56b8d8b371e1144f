"""Accuracy of the number a solution arrives at (4.1, A.1): exact match with the reference's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean

import regex

from selftranslate import languages, numerals
from selftranslate.example import Prediction
from selftranslate.languages import Language
from selftranslate.metrics import Metric, Score


def build() -> Metric:
    """Return the metric of the math task."""
    return accuracy


def accuracy(predictions: Sequence[Prediction], language: Language) -> list[Score]:
    """Count the predictions whose final number is a reference's.

    Numbers are compared, not strings, as the language and as English write them: MGSM's
    answers are English ("2,125") in every language. No number is never right.
    """
    found = [final_number(p.text, language) for p in predictions]
    items = tuple(
        float(any(reading & final_number(reference, language) for reference in p.references))
        for p, reading in zip(predictions, found, strict=True)
    )
    return [
        Score(
            name="accuracy",
            value=fmean(items) if items else 0.0,
            signature=f"final_number|locale:{language.code}|n:{len(items)}|v:2",
            items=items,
            answers=tuple(map(numerals.written, found)),
        )
    ]


def final_number(text: str, language: Language) -> numerals.Reading:
    """Find the number a solution arrives at; empty if it has none.

    First what GSM8k and LaTeX mark (`#### 18`, `\\boxed{18}`), then what the language or English
    marks ("The answer is 18"), then the last number; the last mark counts where there are
    several. Text in parentheses is a comment, unless it holds an equation or nothing but a
    number: "= 72 (see step 2)" is 72.
    """
    english = languages.get("en")
    for each in (language, english):
        if prefix := each.exemplar_prefixes.get("answer", "").strip():
            text = text.replace(prefix, "")  # "Step-by-Step Answer:" marks no answer
    for markers in (("####", "\\boxed{"), (*language.answer_markers, *english.answer_markers)):
        for sentence in _after(markers, text, language.spaces):
            numbers = _numbers(sentence.rpartition("=")[2], language)
            if numbers := numbers or _numbers(sentence, language):
                return numbers[0]
    return (_numbers(text, language) or [frozenset()])[-1]


def _numbers(text: str, language: Language) -> list[numerals.Reading]:
    """Read the numbers outside of comments, or those inside if there are no others."""
    outside = regex.sub(r"[(（][^()（）]*[)）]", _comment, text)
    return numerals.find(outside, language.code) or numerals.find(text, language.code)


def _comment(match: regex.Match[str]) -> str:
    aside = regex.search(r"\p{L}|\d\s*[-+*/×÷−]\s*\d", match[0]) and "=" not in match[0]
    return " " if aside else str(match[0])


def _after(markers: Sequence[str], text: str, spaces: bool) -> Iterator[str]:
    """Return the sentences that follow a marker on its line or the next, last marker first."""
    words = "|".join(map(regex.escape, sorted(markers, key=len, reverse=True)))
    letter = r"\w" if spaces else r"\p{Latin}"
    edge = rf"(?:(?<!{letter})|(?!{letter}))"
    for mark in reversed(list(regex.finditer(f"{edge}(?:{words})", text, regex.IGNORECASE))):
        line = text[mark.end() :].lstrip(" \t\n:：*—").partition("\n")[0]
        yield from regex.split(r"(?<=[。！？])|(?<=[.!?])\s", line)
