"""What is sent to the engine for one example's field, and how its answers become a text (A.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import NamedTuple

from selftranslate.engines import Completion
from selftranslate.example import Ended, Example, Provenance, Span
from selftranslate.languages import Language
from selftranslate.tasks import Translate
from selftranslate.translate import marks, sentences


class Piece(NamedTuple):
    """What is sent to the engine once: a text, or a sentence of it."""

    text: str
    marked: bool


class Plan(NamedTuple):
    """The pieces of one example's field; none if it is empty, which is kept as it is."""

    text: str
    spans: tuple[Span, ...]
    pieces: tuple[Piece, ...]
    inside: tuple[Mapping[str, str], ...]
    """For each piece, the fields that lie in it, and their marks."""
    names: tuple[str, ...]
    """All marks that pieces of this field may have."""
    lost: bool
    """Whether a field that lies in this one cannot be marked."""

    @property
    def marked(self) -> frozenset[bool]:
        """Say whether there are pieces with marks, and ones without."""
        return frozenset(piece.marked for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Written:
    """One example's field in the target language."""

    text: str
    ended: tuple[Ended, ...]
    log_probability: float | None = None
    spans: Mapping[str, Span] = field(default_factory=dict)
    """Where the fields that lie in this one were marked."""
    provenance: Provenance | None = None
    """None if nothing was sent."""


def whole(text: str) -> Plan:
    """Send a text as one piece without marks."""
    if not text.strip():
        return Plan(text, (), (), (), (), lost=False)
    piece = Piece(text, marked=False)
    return Plan(text, ((0, len(text)),), (piece,), ({},), (), lost=False)


def plan(
    row: Example, name: str, how: Translate, answers: Sequence[str], language: Language
) -> Plan:
    """Cut a field into what is sent: sentences if so declared, answers marked in them (A.2).

    A field that is "" and has no span is not there, which is no loss.
    """
    text = row.fields[name]
    if not (answers or how.by_sentence):
        return whole(text)
    names = tuple(marks.names(len(answers)))
    known = {} if marks.holds_mark(text, names) else row.spans
    there = {f: marks.trim(text, known[f]) for f in answers if f in known}
    lost = any(f not in there and (f in row.spans or row.fields.get(f, f)) for f in answers)
    if not text.strip():
        return Plan(text, (), (), (), names, lost)
    spans = [(0, len(text))]
    if how.by_sentence:
        spans = sentences.split(text, language, whole=tuple(there.values()))
    pieces, inside = [], []
    for a, b in spans:
        here = {f: (s - a, e - a) for f, (s, e) in there.items() if a <= s and e <= b}
        inside.append(marks.numbered(here))
        marked = {inside[-1][f]: span for f, span in here.items()}
        pieces.append(Piece(marks.insert(text[a:b], marked), marked=bool(here)))
    return Plan(text, tuple(spans), tuple(pieces), tuple(inside), names, lost)


def assemble(
    plan: Plan,
    answers: Mapping[Piece, Completion],
    joiner: str,
    provenance: Provenance | None = None,
) -> Written:
    """Join the translated sentences; find each answer in the piece that was sent with its marks."""
    if not plan.pieces:
        return Written(plan.text, ())
    if plan.pieces == (Piece(plan.text, marked=False),) and not plan.names:
        only = answers[plan.pieces[0]]
        return Written(only.text, (only.ended,), only.log_probability, {}, provenance)
    completions = [answers[piece] for piece in plan.pieces]
    text = ""
    spans: dict[str, Span] = {}
    between = ["", *sentences.gaps(plan.text, plan.spans, joiner)]
    for gap, inside, completion in zip(between, plan.inside, completions, strict=True):
        one = completion.text
        if len(plan.pieces) > 1:
            one = one.strip()
        one, found = marks.extract(one, plan.names)
        text += gap
        for name, mark in inside.items():
            if mark in found:
                start, end = found[mark]
                spans[name] = (len(text) + start, len(text) + end)
        text += one
    known = [c.log_probability for c in completions if c.log_probability is not None]
    return Written(
        text=text,
        ended=tuple(c.ended for c in completions),
        log_probability=fmean(known) if known else None,
        spans=spans,
        provenance=provenance,
    )
