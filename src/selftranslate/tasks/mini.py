"""The miniature's word problems, in five languages: what GSM8k and MGSM are to a real model.

question: David has 21 pencils. He gives Clara 7 pencils. How many pencils does David have now?
answer:   David has 21-7 = 14 pencils.
          14
"""

from __future__ import annotations

from functools import partial

from selftranslate.errors import DataError, unknown
from selftranslate.example import Example
from selftranslate.mini.lexicon import LANGUAGES
from selftranslate.mini.problems import math_problems
from selftranslate.tasks import Sources, Split, Task, Translate

SHOTS = 16


def build(
    data: Sources | None = None, train: int = 500, validation: int = 50, test: int = 200
) -> Task:
    """Build the task; its problems are made on the spot, so it needs no data."""
    del data
    sizes = {"train": train, "validation": validation, "test": test, "shots": SHOTS}
    return Task(
        name="mini",
        fields={"question": Translate(120), "answer": Translate(120)},
        prompt="{question}\n",
        output="answer",
        max_new_tokens=110,
        metric="final_number",
        natural_output=True,
        quality="question",
        licences=("The miniature's data: Apache-2.0.",),
        load=partial(_load, sizes),
        languages=lambda: LANGUAGES,
        gold=True,
    )


def _load(sizes: dict[str, int], split: Split, language: str) -> list[Example]:
    if language not in LANGUAGES:
        raise DataError(unknown("language of the miniature", language, LANGUAGES))
    return [
        Example(
            id=f"mini/{split}/{number}",
            language=language,
            fields={"question": problem.question[language], "answer": problem.answer[language]},
        )
        for number, problem in enumerate(math_problems(split, sizes[split]), 1)
    ]
