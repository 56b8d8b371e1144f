"""Questions answered by a span of a paragraph: SQuAD v1.1 to train on, XQuAD to test on (4.1).

A file is one document of articles; `answer_start` counts characters (Unicode code points):

    {"data": [{"title": "Rome", "paragraphs": [
        {"context": "Rome lies on the Tiber.", "qas": [
            {"id": "4711", "question": "On what river does Rome lie?",
             "answers": [{"text": "the Tiber", "answer_start": 13}]}]}]}]}

The answer may stand in its paragraph several times, so it is never searched for. Where a question
has several answers (SQuAD's development set), the first is the reference.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial
from itertools import groupby

from selftranslate import rows
from selftranslate.errors import DataError
from selftranslate.example import Example, Span
from selftranslate.rows import Row
from selftranslate.tasks import Project, Sources, Split, Task, Translate

TRAIN, TEST = "rajpurkar/squad", "google/xquad"
"""The hub's data sets."""
LANGUAGES = ("ar", "de", "el", "en", "es", "hi", "ro", "ru", "th", "tr", "vi", "zh")
"""XQuAD's."""


def build(data: Sources | None = None, validation: int = 200) -> Task:
    """Build the task; without a validation file, the last paragraphs of train are held out.

    They are whole paragraphs with at least `validation` questions together.
    """
    return Task(
        name="squad",
        fields={
            "context": Translate(512, by_sentence=True),
            "question": Translate(256),
            "answer": Project("context"),
        },
        prompt="Context: {context}\nQuestion: {question}\n",
        output="answer",
        max_new_tokens=64,
        metric="span",
        natural_output=True,
        data_sets=(TRAIN, TEST),
        licences=("SQuAD: CC BY-SA 4.0.", "XQuAD: CC BY-SA 4.0."),
        quality="question",
        load=partial(_load, data or Sources(), validation),
        languages=partial(_languages, data or Sources()),
    )


def _load(data: Sources, validation: int, split: Split, language: str) -> list[Example]:
    named = not data.hub and split in data.files
    if split == "shots":
        return _spread(_examples(data, "shots" if named else "test", language))
    if split == "test" or ("validation" in data.files and not data.hub):
        return _examples(data, split, language)
    examples = _examples(data, "train", language)
    # By context, so that no paragraph is ever split, nor one that stands in the file twice.
    held = {e.fields["context"] for e in examples[max(len(examples) - validation, 0) :]}
    chosen = [e for e in examples if (e.fields["context"] in held) == (split == "validation")]
    if not chosen and split == "train":
        msg = f"squad: validation: {validation} of {len(examples)} questions held out; lower it"
        raise DataError(msg)
    return chosen


def _languages(data: Sources) -> tuple[str, ...]:
    shots: Split = "shots" if "shots" in data.files else "test"
    # A file is all in one language: no row names another.
    return LANGUAGES if data.hub else data.languages((shots, "test"), lambda path: ())


def _spread(examples: list[Example]) -> list[Example]:
    """Shuffle in the same way in every language, with one question of each paragraph first."""
    paragraphs = [list(group) for _, group in groupby(examples, lambda e: e.fields["context"])]
    ranked = [(rank, e) for group in paragraphs for rank, e in enumerate(group)]
    random.Random(0).shuffle(ranked)
    return [example for _, example in sorted(ranked, key=lambda pair: pair[0])]


def _examples(data: Sources, split: Split, language: str) -> list[Example]:
    examples: dict[str, Example] = {}
    for paragraph in _paragraphs(data, split, language):
        context = paragraph.text("context")
        for row in paragraph.rows("qas"):
            example = _example(context, row, language)
            if example.id in examples:
                row.refuse("id", f"{example.id!r} stands there twice; ids must be unique")
            examples[example.id] = example
    return list(examples.values())


def _paragraphs(data: Sources, split: Split, language: str) -> Iterator[Row]:
    if data.hub and split == "train":
        found = rows.in_language(rows.hub(TRAIN, "plain_text", "train"), language, "en")
        return map(_as_paragraph, found)
    if data.hub:
        return map(_as_paragraph, rows.hub(TEST, f"xquad.{language}", "validation"))
    path = data.path(split, language)
    if data.language(split, language) != language:
        message = f"in English, {language!r} was asked for; write {{language}} into the path"
        raise DataError.at(path, None, "language", message)
    articles = rows.document(path).rows("data")
    return (paragraph for article in articles for paragraph in article.rows("paragraphs"))


def _as_paragraph(row: Row) -> Row:
    """Bring a flat row of the hub into the file's shape; `answers` is two lists there."""
    answers = row.inside("answers")
    texts, starts = answers.items("text"), answers.items("answer_start")
    if len(texts) != len(starts):
        answers.refuse("text", f"{len(texts)} texts, but {len(starts)} starts")
    pairs = [{"text": t, "answer_start": s} for t, s in zip(texts, starts, strict=True)]
    return Row(row.file, row.number, {**row.values, "qas": [{**row.values, "answers": pairs}]})


def _example(context: str, row: Row, language: str) -> Example:
    answers = row.rows("answers")
    if not answers:
        row.refuse("answers", "no answer; this task has none of SQuAD 2's unanswerable ones")
    return Example(
        id=row.text("id"),
        language=language,
        # Only the question is stripped: offsets count from the context's very first character.
        fields={
            "context": context,
            "question": row.text("question").strip(),
            "answer": answers[0].text("text"),
        },
        spans={"answer": _span(context, answers[0])},
    )


def _span(context: str, answer: Row) -> Span:
    text, start = answer.text("text"), answer.whole("answer_start")
    end = start + len(text)
    if start < 0 or context[start:end] != text:
        message = f"{start} does not lead to {text!r} in the context; count code points from 0"
        answer.refuse("answer_start", message)
    return (start, end)
