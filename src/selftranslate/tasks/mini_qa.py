"""The miniature's passages and questions, in five languages: what SQuAD and XQuAD are elsewhere.

context:  Clara likes to drink coffee. She works as a lawyer. Felix plays the violin.
question: What does Clara work as?
answer:   lawyer
"""

from __future__ import annotations

from functools import partial

from selftranslate.errors import DataError, unknown
from selftranslate.example import Example
from selftranslate.mini.lexicon import LANGUAGES
from selftranslate.mini.problems import QaProblem, qa_problems
from selftranslate.tasks import Project, Sources, Split, Task, Translate

SHOTS = 16


def build(
    data: Sources | None = None, train: int = 500, validation: int = 50, test: int = 200
) -> Task:
    """Build the task; its passages are made on the spot, so it needs no data."""
    del data
    sizes = {"train": train, "validation": validation, "test": test, "shots": SHOTS}
    return Task(
        name="mini_qa",
        fields={
            "context": Translate(60, by_sentence=True),
            "question": Translate(120),
            "answer": Project("context"),
        },
        prompt="Context: {context}\nQuestion: {question}\n",
        output="answer",
        max_new_tokens=16,
        metric="span",
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
    problems = enumerate(qa_problems(split, sizes[split]), 1)
    return [_example(problem, f"mini_qa/{split}/{n}", language) for n, problem in problems]


def _example(problem: QaProblem, name: str, language: str) -> Example:
    answer, start = problem.answer[language], problem.answer_start[language]
    return Example(
        id=name,
        language=language,
        fields={
            "context": problem.context[language],
            "question": problem.question[language],
            "answer": answer,
        },
        spans={"answer": (start, start + len(answer))},
    )
