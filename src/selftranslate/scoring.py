"""Score answers that came from anywhere: rows with a prediction and what it should have been.

{"prediction": "David has 21-7 = 14 pencils.\\n14", "reference": "14"}
{"prediction": "Denver", "reference": ["Denver Broncos", "the Broncos"]}
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from selftranslate import evaluate, rows
from selftranslate.errors import DataError
from selftranslate.example import Prediction
from selftranslate.languages import Language
from selftranslate.metrics import Score
from selftranslate.rows import Row, described
from selftranslate.tasks import Task

STDIN = Path("-")


@dataclass(frozen=True, slots=True)
class Scored:
    """How many rows there were, and their scores by the task's metric."""

    n: int
    scores: Sequence[Score]
    notes: Sequence[str] = ()
    """What a reader of the scores should know."""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values; scores are fractions."""
        metrics = {s.name: {"value": s.value, "signature": s.signature} for s in self.scores}
        return {"n": self.n, "metrics": metrics}


def score(task: Task, language: Language, path: Path) -> Scored:
    """Score a JSON Lines file, or standard input for "-"; other fields of a row are ignored.

    Raises DataError with file, row and field.
    """
    predictions = [_prediction(row) for row in _rows(path)]
    scores = evaluate.score(task, predictions, language)
    notes = [evaluate.note(task, language)]
    if scores[0].items:
        notes.append(_hopeless(task, language, predictions, path))
    return Scored(len(predictions), scores, [note for note in notes if note])


def _hopeless(
    task: Task, language: Language, predictions: Sequence[Prediction], path: Path
) -> str | None:
    """Say which references the metric cannot read: not even they themselves would be right."""
    themselves = [replace(p, text=r, references=(r,)) for p in predictions for r in p.references]
    items = evaluate.score(task, themselves, language)[0].items
    wrong = [p for p, item in zip(themselves, items, strict=True) if not item]
    if not wrong:
        return None
    shown = f"{path}:{wrong[0].id}: reference: {wrong[0].text[:40]!r}"
    return f"{shown} can never be right by the metric {task.metric}; {len(wrong):,} such"


def _rows(path: Path) -> Iterable[Row]:
    return _standard_input() if path == STDIN else rows.json_lines(path)


def _standard_input() -> Iterator[Row]:
    name, number = Path("stdin"), 0
    for number, raw in enumerate(sys.stdin.buffer, 1):
        text = rows.decode(name, number, raw)
        yield Row(str(name), number, rows.json_object(name, number, text))
    if not number:
        raise DataError.at(name, 1, None, "no rows; give a file, or pipe JSON lines")


def _prediction(row: Row) -> Prediction:
    """Read one row; a model may have said nothing, a reference says something."""
    said = row.values[row.either("prediction")]
    wanted = row.values[row.either("reference")]
    if not isinstance(wanted, list):
        references = [row.text("reference")]
    elif wanted:
        numbered = {f"reference[{i}]": text for i, text in enumerate(wanted)}
        references = [Row(row.file, row.number, numbered).text(name) for name in numbered]
    else:
        row.refuse("reference", "an empty list; write the right answers into it")
    if not isinstance(said, str):
        row.refuse("prediction", f"{described(said)}, not a text")
    return Prediction(
        id=str(row.number),
        text=row.text("prediction") if said.strip() else "",
        ended="eos",
        references=tuple(references),
    )
