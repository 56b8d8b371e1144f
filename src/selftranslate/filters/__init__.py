"""A filter looks at a pair and returns why to drop it, or None to keep it (A.3).

One file per filter; `build(**params)` returns the function.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from selftranslate.example import Pair, Record


@dataclass(frozen=True, slots=True)
class Drop:
    """Which field is to blame and why, in few words that can be counted."""

    field: str
    reason: str


Filter = Callable[[Pair], Drop | None]


@dataclass(frozen=True, slots=True)
class Dropped(Record):
    """A pair that was dropped, and by which filter."""

    pair: Pair
    filter: str
    """"" if no filter objected, but no training row can be made of the pair."""
    drop: Drop

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Self:
        """Rebuild the pair too."""
        return cls(Pair.from_json(row["pair"]), row["filter"], Drop(**row["drop"]))

    @property
    def reason(self) -> str:
        """Name filter, field and reason, e.g. "complete: answer ended by length"."""
        what = f"{self.drop.field} {self.drop.reason}"
        return f"{self.filter}: {what}" if self.filter else what


@dataclass(frozen=True, slots=True)
class Sieve:
    """The pairs that stayed, and those that did not."""

    kept: tuple[Pair, ...]
    dropped: tuple[Dropped, ...]

    @property
    def reasons(self) -> dict[str, int]:
        """How many pairs each reason cost, the most costly first."""
        return dict(Counter(d.reason for d in self.dropped).most_common())


def sieve(pairs: Iterable[Pair], filters: Mapping[str, Filter]) -> Sieve:
    """Apply the filters in order; the first one that objects gives the reason.

    A pair that lacks a text is dropped whatever the filters: it can be no training row.
    """
    judged = [(pair, judge(pair, filters)) for pair in pairs]
    kept = tuple(pair for pair, dropped in judged if dropped is None)
    return Sieve(kept, tuple(dropped for _, dropped in judged if dropped is not None))


def judge(pair: Pair, filters: Mapping[str, Filter]) -> Dropped | None:
    """Say why one pair is dropped, or None; see `sieve`."""
    for name, check in filters.items():
        if (drop := check(pair)) is not None:
            return Dropped(pair, name, drop)
    lacking = _lacking(pair)
    return Dropped(pair, "", lacking) if lacking else None


def _lacking(pair: Pair) -> Drop | None:
    """Name the first field that has no translation, or whose span was lost (A.2)."""
    if pair.unmarked:
        return Drop(pair.unmarked[0], "lost its marks")
    for name, text in pair.target.fields.items():
        if "error" in pair.ended.get(name, ()) or (
            not text.strip() and pair.source.fields.get(name, "").strip()
        ):
            return Drop(name, "has no translation")
    return None
