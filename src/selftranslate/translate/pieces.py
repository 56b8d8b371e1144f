"""What is sent to the engine for one example's field, and how its answers become a text (A.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from selftranslate.engines import Completion
from selftranslate.example import Ended, Example, Provenance, Span
from selftranslate.languages import Language
from selftranslate.tasks import Translate
from selftranslate.translate import marks, sentences


@dataclass(frozen=True, slots=True)
class Piece:
    """What is sent to the engine once: a text, or a sentence of it."""

    text: str
    marked: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """The pieces of one example's field; none if it is empty, which is kept as it is."""

    text: str
    spans: tuple[Span, ...]
    pieces: tuple[Piece, ...]
    answer: Literal["none", "marked", "lost"]
    """Whether another field lies in this one; lost if it cannot be marked."""


@dataclass(frozen=True, slots=True)
class Written:
    """One example's field in the target language."""

    text: str
    ended: tuple[Ended, ...]
    log_probability: float | None = None
    span: Span | None = None
    """Where the marks were."""
    provenance: Provenance | None = None
    """None if nothing was sent."""


def whole(text: str) -> Plan:
    """Send a text as one piece without marks."""
    pieces = (Piece(text, marked=False),) if text.strip() else ()
    return Plan(text, tuple((0, len(text)) for _ in pieces), pieces, "none")


def plan(row: Example, name: str, how: Translate, answer: str | None, language: Language) -> Plan:
    """Cut a field into what is sent: sentences if so declared, the answer's marked (A.2)."""
    text = row.fields[name]
    span = None
    if answer and answer in row.spans and not marks.holds_mark(text):
        span = marks.trim(text, row.spans[answer])
    state: Literal["none", "marked", "lost"] = "marked" if span else "lost" if answer else "none"
    if not text.strip():
        return Plan(text, (), (), state)
    spans = sentences.split(text, language, whole=span) if how.by_sentence else [(0, len(text))]
    pieces = [
        Piece(marks.insert(text[a:b], (span[0] - a, span[1] - a)), marked=True)
        if span and a <= span[0] and span[1] <= b
        else Piece(text[a:b], marked=False)
        for a, b in spans
    ]
    return Plan(text, tuple(spans), tuple(pieces), state)


def assemble(plan: Plan, answers: Mapping[Piece, Completion], joiner: str) -> Written:
    """Join the translated sentences; find the answer in the one piece that was sent with marks."""
    if not plan.pieces:
        return Written(plan.text, ())
    completions = [answers[piece] for piece in plan.pieces]
    text, span = "", None
    between = ["", *sentences.gaps(plan.text, plan.spans, joiner)]
    for gap, piece, completion in zip(between, plan.pieces, completions, strict=True):
        one, found = completion.text, None
        if len(plan.pieces) > 1:
            one = one.strip()
        if plan.answer != "none":
            one, found = marks.extract(one)
        text += gap
        if found and piece.marked:
            span = (len(text) + found[0], len(text) + found[1])
        text += one
    known = [c.log_probability for c in completions if c.log_probability is not None]
    return Written(
        text=text,
        ended=tuple(c.ended for c in completions),
        log_probability=fmean(known) if known else None,
        span=span,
    )
