"""A part makes training samples out of pairs; a setting trains on a list of parts (section 3).

One file per part; `build(**params)` returns the function. The paper's three settings are
["source"], ["source", "target"] and ["source", "target", "codeswitch"].
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, zip_longest

from selftranslate.example import Example, Pair, Sample
from selftranslate.tasks import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """All a part may draw from; each is read anew by whoever goes through it."""

    task: Task
    source: Iterable[Example]
    shots: Iterable[Pair]
    pairs: Iterable[Pair]
    gold: Iterable[Example] = ()
    """The training examples as a human would translate them, where the task knows."""


Part = Callable[[Corpus], Iterable[Sample]]


def mix(parts: Sequence[Part], corpus: Corpus) -> Iterator[Sample]:
    """Concatenate the parts; the trainer shuffles."""
    return chain.from_iterable(part(corpus) for part in parts)


def source_only(parts: Sequence[Part], corpus: Corpus) -> bool:
    """Say whether the parts make the same samples without any translation."""
    without = mix(parts, replace(corpus, pairs=(), gold=()))
    return all(one == other for one, other in zip_longest(without, mix(parts, corpus)))
