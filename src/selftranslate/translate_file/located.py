"""A row of a data file as examples of a task made for it, and the way back (4.4, A.2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from selftranslate.datafile import Changes
from selftranslate.errors import RecipeError, unknown
from selftranslate.example import Example, Pair, Span
from selftranslate.fieldpath import FieldPath, Place, parse, split
from selftranslate.rows import Row


@dataclass(frozen=True, slots=True)
class Mark:
    """An answer that is read off the translated text it stands in (A.2)."""

    answer: FieldPath
    inside: str
    start: FieldPath | None = None
    """Where it begins there, in characters; without it, at its first occurrence."""

    def span(self, row: Row, fields: Mapping[str, str]) -> Span:
        """Return where the answer stands. Raises DataError if it does not stand there."""
        text, answer = fields[self.inside], fields[self.answer.name]
        start = self.start.wholes(row)[0][1] if self.start else text.find(answer)
        if not answer.strip() or start < 0 or not text.startswith(answer, start):
            where = f"at {self.start.name} = {start}" if self.start else "anywhere"
            row.refuse(self.answer.name, f"does not stand in {self.inside} {where}; mend the row")
        return start, start + len(answer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which values of a row are translated, and how."""

    fields: tuple[FieldPath, ...]
    marks: tuple[Mark, ...] = ()
    by_sentence: frozenset[str] = frozenset()

    @property
    def names(self) -> tuple[str, ...]:
        """The paths as they were written: what fields are called in shots and in reasons."""
        return tuple(path.name for path in self.fields)


@dataclass(frozen=True, slots=True)
class Located:
    """The examples of one row, and for each where in the row its fields stand."""

    examples: tuple[Example, ...]
    places: tuple[Mapping[str, Place], ...]

    def changes(self, marks: Iterable[Mark], pairs: Iterable[Pair]) -> Changes:
        """Return what the translation changes in the row."""
        made: dict[Place, str | int] = {}
        for places, pair in zip(self.places, pairs, strict=True):
            for name, text in pair.target.fields.items():
                # A blank text is none for the engine, and stays as it is.
                if name in places and pair.ended.get(name, True):
                    made[places[name]] = text
            for mark in marks:
                span = pair.target.spans.get(mark.answer.name)
                if mark.start and span:
                    made[places[mark.start.name]] = span[0]
        return made


def locate(row: Row, language: str, wanted: Wanted) -> Located:
    """Make the n-th example of a row from the n-th text of each field; "" where there is none.

    Raises DataError if a value is missing, or no text.
    """
    columns = {path.name: path.texts(row) for path in wanted.fields}
    examples, all_places = [], []
    for n in range(max(map(len, columns.values()))):
        texts = {name: found[n][1] if n < len(found) else "" for name, found in columns.items()}
        places = {name: found[n][0] for name, found in columns.items() if n < len(found)}
        spans = {}
        for mark in wanted.marks:
            name = mark.answer.name
            ((places[name], texts[name]),) = mark.answer.texts(row)
            spans[name] = mark.span(row, texts)
            if mark.start:
                ((places[mark.start.name], _),) = mark.start.wholes(row)
        examples.append(
            Example(id=f"{row.number}/{n}", language=language, fields=texts, spans=spans)
        )
        all_places.append(places)
    return Located(tuple(examples), tuple(all_places))


def wanted(fields: str, marks: str = "", by_sentence: str = "") -> Wanted:
    """Read the options of the same names, with commas between paths. Raises RecipeError.

    >>> wanted("question, messages.*.content").names
    ('question', 'messages.*.content')
    """
    made = Wanted(
        fields=tuple(parse(one.strip()) for one in split(fields, ",")),
        marks=tuple(_mark(one.strip()) for one in _listed(marks)),
        by_sentence=frozenset(one.strip() for one in _listed(by_sentence)),
    )
    for name in made.names:
        if made.names.count(name) > 1:
            msg = f"--fields: {name!r} stands there twice"
            raise RecipeError(msg)
    for option, named in (("--by-sentence", made.by_sentence),
                          ("--marks", [mark.inside for mark in made.marks])):  # fmt: skip
        for name in named:
            if name not in made.names:
                msg = f"{option}: {unknown('field', name, made.names)}"
                raise RecipeError(msg)
    for mark in made.marks:
        if mark.answer.name in made.names:
            msg = f"--fields: leave {mark.answer.name!r} out: it is read off {mark.inside!r}"
            raise RecipeError(msg)
    if made.marks and any(path.many or path.optional for path in made.fields):
        msg = "--marks: each path must lead to one text; use no * or ? in --fields beside it"
        raise RecipeError(msg)
    return made


def _mark(text: str) -> Mark:
    paths = [parse(part.strip()) for part in split(text, ":")]
    if len(paths) not in {2, 3} or any(path.many or path.optional for path in paths):
        msg = f"--marks {text}: write ANSWER:FIELD or ANSWER:FIELD:START, without * or ?"
        raise RecipeError(msg)
    return Mark(paths[0], paths[1].name, paths[2] if len(paths) == 3 else None)


def _listed(text: str) -> list[str]:
    return split(text, ",") if text.strip() else []
