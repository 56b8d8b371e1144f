"""What the model answered in a test: each setting's best kept run, question by question."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from selftranslate.archive import Archive
from selftranslate.example import Example, Prediction
from selftranslate.index import Column
from selftranslate.protocol import Cell
from selftranslate.report import Findings, table
from selftranslate.report.sampled import ROWS, Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The run of a setting whose answers are shown."""

    setting: str
    run: str
    score: str
    """Its own, in percent."""
    file: str
    """Where all its answers lie in the store."""
    endings: Mapping[str, int]
    """Why all its answers ended -> how many did so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A test question, and what each of the runs said."""

    example: Example
    gold: tuple[str, ...]
    answers: tuple[Prediction, ...]

    @property
    def asked(self) -> dict[str, str]:
        """What the model was told: the fields that are not the answer itself."""
        return {k: v for k, v in self.example.fields.items() if v.strip() not in self.gold}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """One column's."""

    runs: tuple[Shown, ...]
    questions: tuple[Question, ...]
    """A sample."""
    total: int


def read(archive: Archive, column: Column, found: Findings, most: int = ROWS) -> Answers:
    """Read the answers of the best runs. Raises DataError if they are not there."""
    sample: Sample[Example] = Sample(most)
    for example in archive.get("load-test", column.test).read(Example):
        sample.add(example.id, example)
    examples = sample.rows()
    wanted = {example.id for example in examples}
    runs: list[Shown] = []
    said: list[dict[str, Prediction]] = []
    for cell in found.cells:
        place = best(cell)
        keys = [ran.test for ran in column.runs if ran.setting == cell.setting]
        key = None if place is None else keys[place]
        if place is None or key is None:
            continue
        outcome, endings, chosen = cell.outcomes[place], Counter[str](), {}
        for row in _lines(archive, key):
            endings[row["ended"]] += 1
            if row["id"] in wanted:
                chosen[row["id"]] = Prediction.from_json(row)
        said.append(chosen)
        runs.append(
            Shown(
                setting=cell.setting,
                run=table.run_name(outcome),
                score=table.percent(outcome.test),
                file=f"answer/{key}/outputs.jsonl",
                endings=dict(endings.most_common()),
            )
        )
    return Answers(runs=tuple(runs), questions=tuple(_asked(examples, said)), total=sample.seen)


def best(cell: Cell) -> int | None:
    """Return which run's answers to show: the best by validation of those kept."""
    return max(cell.kept, key=lambda i: (cell.outcomes[i].validation or 0.0, -i), default=None)


def right(prediction: Prediction) -> str:
    """Say in a word what the metric thinks of an answer; "" if it scores only whole test sets."""
    if prediction.correct is None:
        return ""
    return {1.0: "right", 0.0: "wrong"}.get(prediction.correct, "partly")


def _asked(examples: list[Example], said: list[dict[str, Prediction]]) -> Iterator[Question]:
    for example in examples:
        answers = tuple(one[example.id] for one in said if example.id in one)
        if answers and len(answers) == len(said):
            yield Question(example=example, gold=answers[0].references, answers=answers)


def _lines(archive: Archive, key: str) -> Iterator[dict[str, Any]]:
    path = archive.get("answer", key).path / "outputs.jsonl"
    with path.open(encoding="utf-8", newline="\n") as lines:
        yield from map(json.loads, lines)
