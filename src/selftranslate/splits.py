"""Draw examples from a split, and make sure that splits stay apart and no row goes missing."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable
from operator import itemgetter

from selftranslate.errors import DataError
from selftranslate.example import Example
from selftranslate.tasks import Task

SHOWN = 5
"""Ids in a message."""


def draw(examples: Iterable[Example], most: int, seed: int) -> list[Example]:
    """Draw `most` examples at random, in the order of the file (4.1: 10,000 are drawn).

    Chance hangs on seed and id alone, so every language of a parallel split gets the same ones.
    No more than the drawn are held.
    """

    def chance(numbered: tuple[int, Example]) -> bytes:
        return hashlib.sha256(f"{seed} {numbered[1].id}".encode()).digest()

    drawn = heapq.nsmallest(most, enumerate(examples), key=chance)
    return [example for _, example in sorted(drawn, key=itemgetter(0))]


def apart(task: Task, name: str, some: Iterable[Example], test: Iterable[Example]) -> None:
    """Raise DataError if a split shares an example with the test set, by id or by prompt.

    Of the test set hashes are held, of the other split nothing.
    """
    ids, texts = set(), set()
    for example in test:
        ids.add(example.id)
        texts.add(_hash(task, example))
    count, shown = 0, []
    for example in some:
        if example.id in ids or _hash(task, example) in texts:
            count += 1
            if count <= SHOWN:
                shown.append(example.id)
    if count:
        msg = (
            f"{task.name}: {count} rows of {name} are in the test set too: "
            f"{', '.join(shown)}{' …' if count > SHOWN else ''}; name another {name} file"
        )
        raise DataError(msg)


def balance(task: Task, rows_in: int, rows_out: int, dropped: int) -> None:
    """Raise DataError unless every row went somewhere."""
    if rows_in != rows_out + dropped:
        msg = f"{task.name}: {rows_in} rows in, {rows_out} out, {dropped} dropped: rows are missing"
        raise DataError(msg)


def _hash(task: Task, example: Example) -> bytes:
    asked = f"{example.language}\0{task.question(example)}"
    return hashlib.sha256(asked.encode("utf-8", "surrogatepass")).digest()
