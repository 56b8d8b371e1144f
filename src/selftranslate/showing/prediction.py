"""A test question and what each run answered: what was read out of it, and whether it is right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from selftranslate.errors import RecipeError
from selftranslate.example import Example, Prediction, Record
from selftranslate.index import Ran
from selftranslate.showing import Place, pick


@dataclass(frozen=True, slots=True, kw_only=True)
class Said(Record):
    """What one run answered."""

    setting: str
    run: int
    """From 1, within the setting."""
    seed: int | None
    """None where nothing is trained."""
    learning_rate: float | None
    text: str
    read: str
    """What the metric read out of it; "" is nothing."""
    correct: float | None
    ended: str
    prompt_hash: str
    diverged: str | None
    """Why the run does not count; it may have been asked nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered(Record):
    """One test question."""

    id: str
    language: str
    fields: Mapping[str, str]
    gold: tuple[str, ...]
    prompt: str
    """What was asked, without answered examples in front (few-shot)."""
    said: tuple[Said, ...]


def find(place: Place, wanted: str, setting: str | None = None, run: int | None = None) -> Answered:
    """Find a test question by its id or number, and the answers of all runs or of those named.

    Raises DataError if there is no such question, RecipeError if there is no such run.
    """
    artifact = place.archive.get("load-test", place.column.test)
    example = pick(artifact.read(Example), lambda one: one.id, wanted, str(artifact.path))[0]
    counted: Counter[str] = Counter()
    said: list[Said] = []
    gold: tuple[str, ...] = ()
    for ran in place.runs(setting):
        counted[ran.setting] += 1
        if run not in {None, counted[ran.setting]}:
            continue
        one = _answer(place, ran, example)
        gold = one.references if one else gold
        said.append(
            Said(
                setting=ran.setting,
                run=counted[ran.setting],
                seed=ran.run.seed if ran.run else None,
                learning_rate=ran.run.learning_rate if ran.run else None,
                text=one.text if one else "",
                read=one.answer if one else "",
                correct=one.correct if one else None,
                ended=one.ended if one else "",
                prompt_hash=one.prompt_hash if one else "",
                diverged=ran.diverged,
            )
        )
    if run is not None and not said:
        msg = f"--run {run}: no such run; there are {max(counted.values())}, from 1"
        raise RecipeError(msg)
    return Answered(
        id=example.id,
        language=example.language,
        fields=example.fields,
        gold=gold,
        prompt=place.task.question(example),
        said=tuple(said),
    )


def _answer(place: Place, ran: Ran, example: Example) -> Prediction | None:
    """Return what a run answered; None if it diverged in training and was not asked."""
    if ran.test is None:
        return None
    answers = place.archive.get("answer", ran.test)
    rows = answers.read(Prediction, "outputs.jsonl")
    return pick(rows, lambda row: row.id, example.id, str(answers.path))[0]
