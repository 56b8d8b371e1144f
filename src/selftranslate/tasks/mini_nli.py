"""The miniature's sentence pairs, in five languages: what MultiNLI and XNLI are to a real model.

premise:    Clara draws pencils at school on Friday.
hypothesis: Clara draws white pencils on Friday.
label:      Neutral
"""

from __future__ import annotations

from functools import partial

from selftranslate.errors import DataError, unknown
from selftranslate.example import Example
from selftranslate.mini.lexicon import LANGUAGES
from selftranslate.mini.problems import nli_problems
from selftranslate.tasks import Copy, Sources, Split, Task, Translate

SHOTS = 16


def build(
    data: Sources | None = None, train: int = 500, validation: int = 50, test: int = 200
) -> Task:
    """Build the task; its sentences are made on the spot, so it needs no data."""
    del data
    sizes = {"train": train, "validation": validation, "test": test, "shots": SHOTS}
    return Task(
        name="mini_nli",
        fields={"premise": Translate(120), "hypothesis": Translate(120), "label": Copy()},
        prompt=(
            "Premise: {premise}\nHypothesis: {hypothesis}\n"
            "What is their logical relation? Entailment, Neutral or Contradiction.\n"
        ),
        output="label",
        max_new_tokens=8,
        metric="label",
        chance=1 / 3,
        natural_output=False,
        quality="hypothesis",
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
            id=f"mini_nli/{split}/{number}",
            language=language,
            fields={
                "premise": problem.premise[language],
                "hypothesis": problem.hypothesis[language],
                "label": problem.label,
            },
        )
        for number, problem in enumerate(nli_problems(split, sizes[split]), 1)
    ]
