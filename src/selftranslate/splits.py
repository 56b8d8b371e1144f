"""Draw examples from a split, and make sure that splits stay apart and no row goes missing."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from selftranslate.errors import DataError
from selftranslate.example import Example
from selftranslate.tasks import Task


def draw(examples: Sequence[Example], most: int, seed: int) -> list[Example]:
    """Draw `most` examples at random, in the order of the file (4.1: 10,000 are drawn).

    Chance hangs on seed and id alone, so every language of a parallel split gets the same ones.
    """

    def chance(example: Example) -> bytes:
        return hashlib.sha256(f"{seed} {example.id}".encode()).digest()

    drawn = {example.id for example in sorted(examples, key=chance)[:most]}
    return [example for example in examples if example.id in drawn]


def apart(task: Task, name: str, some: Sequence[Example], test: Sequence[Example]) -> None:
    """Raise DataError if a split shares an example with the test set, by id or by prompt."""
    texts = {(e.language, task.question(e)) for e in test}
    ids = {e.id for e in test}
    both = [e.id for e in some if e.id in ids or (e.language, task.question(e)) in texts]
    if both:
        msg = (
            f"{task.name}: {len(both)} rows of {name} are in the test set too: "
            f"{', '.join(both[:5])}{' …' if len(both) > 5 else ''}; name another {name} file"
        )
        raise DataError(msg)


def balance(task: Task, rows_in: int, rows_out: int, dropped: int) -> None:
    """Raise DataError unless every row went somewhere."""
    if rows_in != rows_out + dropped:
        msg = f"{task.name}: {rows_in} rows in, {rows_out} out, {dropped} dropped: rows are missing"
        raise DataError(msg)
