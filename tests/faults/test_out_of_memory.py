"""Fault 11 through engine, translator and filter: fewer rows at once, and one row set aside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from selftranslate import languages, plugins
from selftranslate.example import Example, Pair
from selftranslate.filters import sieve
from selftranslate.progress import Noting, Silent
from selftranslate.runtime import Runtime
from selftranslate.tasks import Task
from selftranslate.translate import Translator
from selftranslate.translate.memory import Memory

POISON = "@"
"""A character that is in one text only."""


@pytest.fixture(scope="module")
def task() -> Task:
    made: Task = plugins.build("tasks", "mini", {"train": 20})
    shortened = {name: replace(how, max_new_tokens=6) for name, how in made.fields.items()}  # type: ignore[type-var]
    return replace(made, fields=shortened)


@pytest.fixture(scope="module")
def examples(task: Task) -> Sequence[Example]:
    rows = list(task.load("train", "en"))
    rows[2] = replace(rows[2], fields={**rows[2].fields, "question": f"Is {POISON} a letter?"})
    return rows


class Translating:
    """A translator, its notes and its model."""

    def __init__(self, task: Task, model: Path) -> None:
        self.notes = Noting(Silent())
        self.memory = Memory(None)
        runtime = Runtime(progress=self.notes)
        self.engine: Any = plugins.build(
            "engines", "transformers", {"model": str(model), "runtime": runtime}
        )
        sources, targets = (list(task.load("shots", code))[:2] for code in ("en", "de"))
        self.translator = Translator(
            engine=self.engine,
            task=task,
            source=languages.get("en"),
            target=languages.get("de"),
            shots=[Pair(source=s, target=t) for s, t in zip(sources, targets, strict=True)],
            progress=self.notes,
            memory=self.memory,
        )

    def before_each_step(self, hook: Any) -> None:
        self.engine._decoder().model.register_forward_pre_hook(hook, with_kwargs=True)

    def run(self, examples: Sequence[Example]) -> list[Pair]:
        return list(self.translator.translate(examples))


@pytest.fixture(scope="module")
def undisturbed(task: Task, examples: Sequence[Example], tiny_model: Path) -> list[Pair]:
    return Translating(task, tiny_model).run(examples)


def test_out_of_memory_changes_no_translation(
    task: Task, examples: Sequence[Example], tiny_model: Path, undisturbed: list[Pair]
) -> None:
    import torch

    from selftranslate.decoding.slots import ROUND

    translating, refused = Translating(task, tiny_model), []

    def small_machine(module: Any, args: Any, given: dict[str, Any]) -> None:
        rows = len(given["input_ids"])
        if rows > ROUND:  # fewer are padded to as many
            refused.append(rows)
            raise torch.OutOfMemoryError

    translating.before_each_step(small_machine)
    assert translating.run(examples) == undisturbed
    assert refused, "the batch was too large at first"


def test_a_text_that_kills_the_engine_is_named_and_dropped_and_the_others_are_not(
    task: Task, examples: Sequence[Example], tiny_model: Path, undisturbed: list[Pair]
) -> None:
    translating = Translating(task, tiny_model)
    poison = translating.engine._tokens.convert_tokens_to_ids(POISON)

    def poisoned(module: Any, args: Any, given: dict[str, Any]) -> None:
        if (given["input_ids"] == poison).any():
            msg = "device-side assert"
            raise RuntimeError(msg)

    translating.before_each_step(poisoned)
    pairs = translating.run(examples)
    assert [p for i, p in enumerate(pairs) if i != 2] == [
        p for i, p in enumerate(undisturbed) if i != 2
    ]
    assert pairs[2].ended["question"] == ("error",) != undisturbed[2].ended["question"]
    assert any("Is @ a letter?" in note for note in translating.notes.notes)
    dropped = sieve(pairs, {"complete": plugins.build("filters", "complete")}).dropped
    assert "complete: question ended by error" in [row.reason for row in dropped]
