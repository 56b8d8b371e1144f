"""What a table's columns are for: which are read, which is answered, how each is translated."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from selftranslate import languages
from selftranslate.errors import DataError
from selftranslate.starting.columns import Column, Table
from selftranslate.tasks import Copy, How, Project, Translate
from selftranslate.translate import sentences

ANSWERS = (
    "label", "labels", "intent", "class", "category", "sentiment", "target", "answer", "answers",
    "output", "response", "completion", "summary", "solution", "reply", "assistant", "gold",
)  # fmt: skip
"""What people call the column that is to be answered, the surest names first."""

IDS = re.compile(r"(^|[_\W])(id|uid|uuid|guid|key|idx|index|row)$", re.IGNORECASE)
STARTS = re.compile(r"start|offset|begin", re.IGNORECASE)
ADDRESS = re.compile(r"(https?://|www\.)\S+|\S+\.(png|jpe?g|gif|wav|mp3|pdf|html?)")
MARKED = re.compile(r"####\s*\S*\d")

MOST_LABELS = 50
LONG = 500
"""Characters of the middle text from which a field goes sentence by sentence: paragraphs."""
STEPS = (16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024)
"""Limits of tokens; one token a character is enough in nearly every language."""


@dataclass(frozen=True, slots=True)
class Field:
    """A column that the task uses, and how."""

    column: Column
    how: How
    why: str
    start: Column | None = None
    """Where a projected answer begins, if it may stand in its text several times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A task, as far as a table tells it."""

    inputs: tuple[Field, ...]
    output: Field
    metric: str
    labels: tuple[str, ...] = ()
    id: Column | None = None
    unused: Mapping[str, str] = field(default_factory=dict)
    """The paths of the other columns, and what they seem to be."""

    @property
    def fields(self) -> tuple[Field, ...]:
        """What is read, then what is answered."""
        return (*self.inputs, self.output)

    @property
    def written(self) -> tuple[Field, ...]:
        """The fields that a translator has to write."""
        return tuple(each for each in self.fields if not isinstance(each.how, Copy))

    @property
    def natural(self) -> bool:
        """Whether answers are in the language of their questions."""
        return not isinstance(self.output.how, Copy)


def of(table: Table, *, single_sentences: bool = False) -> Proposal:
    """Look at a table. Raises DataError if there is nothing to translate or nothing to answer.

    `single_sentences` is for a model that can only translate these.
    """
    unused: dict[str, str] = {}
    left: list[Column] = []
    for column in table.columns:
        if what := _useless(column):
            unused |= {} if _id(column) else {column.path: what}
        else:
            left.append(column)
    output = _output(table, left)
    texts = [c for c in left if c is not output and not _label(c) and _prose(c)]
    if not texts:
        seen = ", ".join(c.path for c in table.columns)
        message = f"no field with text to translate beside {output.path}; there are {seen}"
        raise DataError.at(table.file, None, None, message)
    answered = _answered(output, texts, table.columns, single_sentences)
    if answered.start:
        unused.pop(answered.start.path, None)
    for column in left:
        if column is not output and column not in texts and column is not answered.start:
            unused[column.path] = _other(column)
    labels = _labels(table, output) if isinstance(answered.how, Copy) and _label(output) else ()
    return Proposal(
        inputs=tuple(_translated(c, single_sentences) for c in texts),
        output=answered,
        metric=_metric(answered, labels),
        labels=labels,
        id=next((c for c in table.columns if _id(c)), None),
        unused=unused,
    )


def tokens(characters: int) -> int:
    """Round up to a limit of tokens that so many characters will not reach."""
    return next((step for step in STEPS if characters <= step), STEPS[-1])


def _useless(column: Column) -> str | None:
    filled = column.filled
    if not filled:
        return "empty"
    if len(column.values) > 1 and len(set(column.values)) == 1:
        return "the same in every row"
    if _id(column):
        return "an id"
    return "addresses" if all(map(ADDRESS.fullmatch, filled)) else None


def _id(column: Column) -> bool:
    """Say whether it tells rows apart, and is called so."""
    values = column.values
    single = not any(re.search(r"\s", value) for value in values) and all(values)
    return bool(IDS.search(column.path)) and single and len(set(values)) == len(values)


def _prose(column: Column) -> bool:
    """Say whether people wrote it: letters, and not only numbers."""
    with_letters = sum(any(map(str.isalpha, value)) for value in column.filled)
    return with_letters > 0.5 * len(column.filled)


def _label(column: Column) -> bool:
    """Say whether its values are a few short ones that come again and again."""
    filled, different = column.filled, set(column.filled)
    most = 10 if column.numeric else MOST_LABELS
    again = len(different) * (5 if column.numeric else 3) <= len(filled)
    return again and 1 < len(different) <= most and max(len(v.split()) for v in different) <= 5


def _labels(table: Table, output: Column) -> tuple[str, ...]:
    """Return the labels. Raises DataError if two are one to whoever reads answers."""
    found: dict[str, str] = {}
    for label in sorted(set(output.filled)):
        other = found.setdefault(label.strip().casefold(), label)
        if other != label:
            message = f"{other!r} and {label!r} would be one label; write them the same way"
            table.items[output.values.index(label)].row.refuse(output.path, message)
    return tuple(found.values())


def _other(column: Column) -> str:
    if STARTS.search(column.path) and column.numeric:
        return "where something begins"
    if _label(column):
        return f"{len(set(column.filled))} different values"
    return "numbers" if column.numeric else "no text"


def _output(table: Table, left: Sequence[Column]) -> Column:
    """Choose what is to be answered: by its name, else labels, else the last text."""
    could = [c for c in left if not (c.numeric and STARTS.search(c.path)) and len(left) > 1]
    for name in ANSWERS:
        for column in could:
            steps = [str(step).lower() for step in (*column.place, column.name)]
            if any(step == name or step.endswith(f"_{name}") for step in steps):
                return column
    for fits in (_label, lambda c: True):
        for column in reversed(could):
            if fits(column):
                return column
    there = ", ".join(column.path for column in table.columns) or "none"
    message = f"two fields are needed, a text and its answer; there are {there}"
    raise DataError.at(table.file, None, None, message)


def _answered(
    output: Column, texts: Sequence[Column], every: Sequence[Column], single_sentences: bool
) -> Field:
    if not output.numeric:
        for column in texts:
            if found := _inside(output, column, every):
                return found
    if _label(output):
        return Field(output, Copy(), f"{len(set(output.filled))} labels")
    if output.numeric:
        return Field(output, Copy(), "numbers")
    if not _prose(output):
        return Field(output, Copy(), "no text")
    return _translated(output, single_sentences)


def _inside(output: Column, column: Column, every: Sequence[Column]) -> Field | None:
    """Return the field if every answer is a piece of its row's text that can be found."""
    pairs = [(a, t) for a, t in zip(output.values, column.values, strict=True) if a.strip()]
    if not all(answer in text and answer != text for answer, text in pairs):
        return None
    how, why = Project(column.name), f"always stands in {column.name}"
    if all(text.count(answer) == 1 for answer, text in pairs):
        return Field(output, how, why)
    rows = [*zip(output.values, column.values, strict=True)]
    for start in every:
        if start.numeric and all(map(str.isdigit, start.values)):
            begins = zip(start.values, rows, strict=True)
            if all(text.startswith(answer, int(at)) for at, (answer, text) in begins):
                return Field(output, how, f"{why}, {start.name} says where", start)
    return None


def _translated(column: Column, single_sentences: bool) -> Field:
    """Choose between whole texts and sentences, and the limit of tokens."""
    counts, longest = zip(*_sentences(column), strict=True)
    long = median(map(len, column.filled)) > LONG and median(counts) > 2
    if long or (single_sentences and max(counts) > 1):
        limit = tokens(max(longest))
        why = f"translated by sentence, the longest has {max(longest):,} characters"
        return Field(column, Translate(limit, by_sentence=True), why)
    why = f"translated, the longest has {column.longest:,} characters"
    return Field(column, Translate(tokens(column.longest)), why)


def _sentences(column: Column) -> Iterator[tuple[int, int]]:
    """Yield of each text how many sentences it has, and how long the longest is."""
    english = languages.get("en")
    for text in column.filled:
        spans = sentences.split(text, english)
        yield len(spans), max((end - start for start, end in spans), default=0)


def _metric(output: Field, labels: Sequence[str]) -> str:
    filled = output.column.filled
    if labels:
        return "label"
    if output.column.numeric or sum(map(bool, map(MARKED.search, filled))) > 0.9 * len(filled):
        return "final_number"
    short = median(len(text.split()) for text in filled) <= 3
    return "span" if short or isinstance(output.how, Project) else "chrf"
