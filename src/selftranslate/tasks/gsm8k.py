"""Math word problems: GSM8k to train on, MGSM to test on (4.1).

A row of GSM8k, and what becomes of its answer:

    {"question": "Tom has 3 bags of 4 nuts. How many nuts does he have?",
     "answer": "Tom has 3*4 = <<3*4=12>>12 nuts.\\n#### 12"}

    Tom has 3*4 = 12 nuts.
    12

The annotations are for a calculator that nobody calls here, and "#### 12" becomes what the paper
asks for: the number on the last line. MGSM's test rows hold that number alone, in English digits
in every language ("2,125"). MGSM's exemplars, the shots, are brought into the same style: without
"Question: " and "Step-by-Step Answer: " in front and "The answer is 12." behind, with a capital
letter at the start (Russian goes on in lower case after the prefix), and the number on a last
line. Then a model sees one style in all languages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from selftranslate import languages, rows
from selftranslate.errors import DataError
from selftranslate.example import Example
from selftranslate.rows import Row
from selftranslate.tasks import Sources, Split, Task, Translate

ANNOTATION = re.compile(r"<<[^<>]*>>")
NUMBER = re.compile(r"-?\d[\d.,]*")

TRAIN, TEST = "openai/gsm8k", "juletxara/mgsm"
"""The hub's data sets."""
LANGUAGES = ("bn", "de", "en", "es", "fr", "ja", "ru", "sw", "te", "th", "zh")
"""MGSM's."""


def build(data: Sources | None = None, validation: int = 200) -> Task:
    """Build the task; without a validation file, the last `validation` of train are held out."""
    return Task(
        name="gsm8k",
        fields={"question": Translate(512), "answer": Translate(512)},
        prompt="{question}\n",
        output="answer",
        max_new_tokens=512,
        metric="final_number",
        natural_output=True,
        data_sets=(TRAIN, TEST),
        licences=("GSM8k: MIT.", "MGSM: CC BY 4.0."),
        quality="question",
        load=partial(_load, data or Sources(), validation),
        languages=partial(_languages, data or Sources()),
    )


def _load(data: Sources, validation: int, split: Split, language: str) -> list[Example]:
    if split == "test" or split == "shots":
        return _examples(data, split, language)
    if "validation" in data.files and not data.hub:
        return _examples(data, split, language)
    examples = _examples(data, "train", language)
    border = len(examples) - validation
    if border <= 0:
        msg = f"gsm8k: validation: {validation} of {len(examples)} training rows held out; lower it"
        raise DataError(msg)
    return examples[:border] if split == "train" else examples[border:]


def _languages(data: Sources) -> tuple[str, ...]:
    return LANGUAGES if data.hub else data.languages(("shots", "test"), _file)


def _examples(data: Sources, split: Split, language: str) -> list[Example]:
    name = "mgsm" if split in ("test", "shots") else "gsm8k"
    return [
        Example(
            id=f"{name}/{split}/{number}",
            language=language,
            fields={"question": _question(row, language), "answer": _answer(row, language)},
        )
        for number, row in enumerate(_rows(data, split, language), 1)
    ]


def _rows(data: Sources, split: Split, language: str) -> Iterator[Row]:
    if not data.hub:
        found = _file(data.path(split, language))
        return rows.in_language(found, language, data.language(split, language))
    if split == "train":
        return rows.in_language(rows.hub(TRAIN, "main", "train"), language, "en")
    theirs = "train" if split == "shots" else "test"
    return rows.hub(TEST, language, theirs)


def _file(path: Path) -> Iterator[Row]:
    return rows.read(path, ("question", "answer"), {"question"})


def _question(row: Row, language: str) -> str:
    return _without_prefix(row.text("question"), "question", language)


def _answer(row: Row, language: str) -> str:
    """Return a solution with the number on its last line, or the number alone (MGSM's test)."""
    if row.values.get("answer", "") is None:  # MGSM's test rows on the hub
        return str(row.whole("answer_number"))
    answer = row.text("answer").strip()
    if "answer_number" in row.values:
        return _exemplar(answer, str(row.whole("answer_number")), language)
    if NUMBER.fullmatch(answer):
        return answer
    solution, mark, number = ANNOTATION.sub("", answer).rpartition("\n#### ")
    if not mark or not NUMBER.fullmatch(number):
        message = "neither ends in a line `#### 72` nor is a number; add that line"
        row.refuse("answer", message)
    return f"{solution.strip()}\n{number}"


def _exemplar(answer: str, number: str, language: str) -> str:
    markers = "|".join(re.escape(marker) for marker in languages.get(language).answer_markers)
    # "11." but in Japanese also "9個です。"
    closing = rf"\s*({markers})\s*{re.escape(number)}\s*[^\d\s]{{0,4}}$"
    solution = _without_prefix(answer, "answer", language)
    return f"{re.sub(closing, '', solution) if markers else solution}\n{number}"


def _without_prefix(text: str, field: str, language: str) -> str:
    text = text.strip()
    prefix = languages.get(language).exemplar_prefixes.get(field, "").strip()
    rest = text.removeprefix(prefix).lstrip() if prefix else text
    return text if rest == text else rest[:1].upper() + rest[1:]
