"""Natural language inference: MultiNLI to train on, XNLI to test on (4.1).

A row of MultiNLI, and one of XNLI as XTREME lays it out (tabs, no header):

    {"gold_label": "neutral", "sentence1": "It rains.", "sentence2": "It rains in Rome.", ...}
    Es regnet.	Es regnet in Rom.	neutral

Header names differ by edition (`premise`, `sentence1`; `hypothesis`, `hypo`, `sentence2`;
`gold_label`, `label`), and so do labels: XNLI-MT writes "contradictory", the hub 0, 1, 2. Rows with
the label "-" (-1 on the hub), where MultiNLI's annotators did not agree, are left out and counted.

XNLI comes in blocks of three rows, one per label, that share a premise. Without a validation file,
XNLI's development set serves both: shots come from some of its blocks, validation from the others.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from selftranslate import rows
from selftranslate.example import Example
from selftranslate.rows import Row
from selftranslate.tasks import Copy, Sources, Split, Task, Translate

LABELS = ("Entailment", "Neutral", "Contradiction")
NAMES = dict(zip(("entailment", "neutral", "contradiction"), LABELS, strict=True)) | {
    "contradictory": "Contradiction"
}
UNUSABLE = ("-", -1)
HEADS = {"label", "gold_label"}
SHOT_BLOCKS = 48

TRAIN, TEST = "nyu-mll/multi_nli", "facebook/xnli"
"""The hub's data sets."""
LANGUAGES = (
    "ar", "bg", "de", "el", "en", "es", "fr", "hi", "ru", "sw", "th", "tr", "ur", "vi", "zh"
)  # fmt: skip
"""XNLI's."""


def build(data: Sources | None = None) -> Task:
    """Build the task."""
    sources = data or Sources()
    return Task(
        name="mnli",
        fields={"premise": Translate(256), "hypothesis": Translate(256), "label": Copy()},
        prompt=(
            "Premise: {premise}\nHypothesis: {hypothesis}\n"
            "What is their logical relation? Entailment, Neutral or Contradiction.\n"
        ),
        output="label",
        max_new_tokens=8,
        metric="label",
        chance=1 / len(LABELS),
        natural_output=False,
        data_sets=(TRAIN, TEST),
        licences=(
            "MultiNLI: mostly the licence of the Open American National Corpus, parts CC BY and "
            "CC BY-SA.",
            "XNLI: CC BY-NC 4.0, which forbids commercial use.",
        ),
        quality="hypothesis",
        load=partial(_load, sources),
        languages=partial(_languages, sources),
        left_out=partial(_left_out, sources),
    )


def _load(data: Sources, split: Split, language: str) -> list[Example]:
    if not _in_blocks(data, split):
        return [example for example in _examples(data, split, language) if example is not None]
    blocks = _blocks(data, language)
    for_shots = random.Random(0).sample(range(len(blocks)), min(SHOT_BLOCKS, len(blocks) // 2))
    if split == "shots":
        return [blocks[b][LABELS[i % 3]] for i, b in enumerate(for_shots)]
    return [e for b, block in enumerate(blocks) if b not in for_shots for e in block.values()]


def _languages(data: Sources) -> tuple[str, ...]:
    return LANGUAGES if data.hub else data.languages(("shots", "test"), _file)


def _left_out(data: Sources, split: Split, language: str) -> dict[str, int]:
    if _in_blocks(data, split):
        return {}  # every block is whole, or it is a DataError
    count = sum(example is None for example in _examples(data, split, language))
    return {'no gold label ("-")': count} if count else {}


def _in_blocks(data: Sources, split: Split) -> bool:
    """Say whether a split is a part of the file of blocks: shots, and validation by default."""
    own = data.files.get("validation", data.files.get("shots"))
    shared = data.hub or own == data.files.get("shots")
    return split == "shots" or (split == "validation" and shared)


def _blocks(data: Sources, language: str) -> list[dict[str, Example]]:
    """Read XNLI's development set as blocks of three; each has one example for each label."""
    found = list(_rows(data, "shots", language))
    blocks = []
    for first in range(0, len(found), 3):
        rows_of_block = found[first : first + 3]
        examples = [_example(r, "dev", first + i, language) for i, r in enumerate(rows_of_block, 1)]
        block = {example.fields["label"]: example for example in examples if example is not None}
        premises = {example.fields["premise"] for example in block.values()}
        if len(block) != 3 or len(premises) != 1:
            message = "no block of three rows with one premise and all three labels begins here"
            found[first].refuse("premise", f"{message}; shots must be laid out as XNLI's are")
        blocks.append(block)
    return blocks


def _examples(data: Sources, split: Split, language: str) -> Iterator[Example | None]:
    """Yield an example for each row, None for an unusable one."""
    for number, row in enumerate(_rows(data, split, language), 1):
        yield _example(row, split, number, language)


def _example(row: Row, split: str, number: int, language: str) -> Example | None:
    label = _label(row)
    if label is None:
        return None
    premise = row.either("premise", "sentence1")
    hypothesis = row.either("hypothesis", "hypo", "sentence2")
    # XNLI-1.0 holds all languages in one file: there, only pairID is the same in all of them.
    name = row.text("pairID") if "pairID" in row.values else str(number)
    fields = {"premise": row.text(premise), "hypothesis": row.text(hypothesis), "label": label}
    return Example(id=f"mnli/{split}/{name}", language=language, fields=fields)


def _label(row: Row) -> str | None:
    """Return the label as the prompt spells it, or None if the annotators did not agree."""
    field = row.either("gold_label", "label")
    value = row.values[field]
    if value in UNUSABLE:
        return None
    if type(value) is int and 0 <= value < len(LABELS):
        return LABELS[value]
    label = NAMES.get(str(value).lower())
    if label is None:
        row.refuse(field, f"{value!r} is no label; write entailment, neutral or contradiction")
    return label


def _rows(data: Sources, split: Split, language: str) -> Iterator[Row]:
    if not data.hub:
        found = _file(data.path(split, language))
        return rows.in_language(found, language, data.language(split, language))
    if split == "train":
        found = rows.hub(TRAIN, None, "train")
        return rows.in_language(found, language, "en")
    return rows.hub(TEST, language, "validation" if split == "shots" else "test")


def _file(path: Path) -> Iterator[Row]:
    return rows.read(path, ("premise", "hypothesis", "label"), HEADS)
