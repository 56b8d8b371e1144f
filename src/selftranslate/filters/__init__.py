"""A filter looks at a pair and returns why to drop it, or None to keep it (A.3).

One file per filter; `build(**params)` returns the function.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from selftranslate import languages
from selftranslate.errors import PluginError, unknown
from selftranslate.example import Pair, Record
from selftranslate.languages import Language

PRESETS = {
    "paper": ("complete", "length_ratio"),
    "strict": (
        "complete", "length_ratio", "empty", "copy", "script", "numbers", "protected", "language",
        "refusal",
    ),
}  # fmt: skip
"""Lists of filters that have a name: the paper's (A.3), and all."""


@dataclass(frozen=True, slots=True)
class Drop:
    """Which field is to blame and why, in few words that can be counted."""

    field: str
    reason: str


Filter = Callable[[Pair], Drop | None]


@dataclass(frozen=True, slots=True)
class Text:
    """What a field says, and in which language."""

    said: str
    language: Language


Check = Callable[[Text, Text], str | None]
"""Says what is wrong with a translation, beside its source; None is nothing."""


@dataclass(frozen=True, slots=True)
class EachText:
    """A filter that looks at every text the engine wrote, each beside its source."""

    check: Check
    basis: Mapping[str, int | str]
    """What its judgement depends on beside the texts: the version of its rules, of its data."""
    reports: frozenset[str] = frozenset()
    """Fields of which it only reports: a human translation, a shot, would not pass there."""

    def __call__(self, pair: Pair) -> Drop | None:
        """Name the first text that is wrong."""
        found = self.objections(pair, pair.ended)
        return next((drop for drop in found if drop.field not in self.reports), None)

    def reported(self, pair: Pair) -> Iterator[Drop]:
        """Yield what it would have dropped the pair for, but only reports."""
        yield from self.objections(pair, self.reports & pair.ended.keys())

    def objections(self, pair: Pair, names: Iterable[str]) -> Iterator[Drop]:
        """Yield what is wrong with these fields."""
        before, after = pair.source, pair.target
        source, target = languages.get(before.language), languages.get(after.language)
        for name in names:
            said = Text(before.fields[name], source), Text(after.fields[name], target)
            if (reason := self.check(*said)) is not None:
                yield Drop(name, reason)


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


def preset(said: Any) -> Any:
    """Return a preset's filters for its name; leave anything else. Raises PluginError."""
    if not isinstance(said, str):
        return said
    if said not in PRESETS:
        raise PluginError(unknown("preset of filters", said, PRESETS))
    return PRESETS[said]


def fitted(
    filters: Mapping[str, Filter], shots: Iterable[Pair], names: Iterable[str]
) -> dict[str, Filter]:
    """Let filters only report of a field where they would drop a shot; `names` are translated."""
    known, looked_at = list(shots), list(names)
    made = dict(filters)
    for name, check in filters.items():
        if isinstance(check, EachText):
            wrong = {drop.field for shot in known for drop in check.objections(shot, looked_at)}
            made[name] = replace(check, reports=frozenset(wrong))
    return made


def basis(filters: Mapping[str, Filter], *spoken: Language) -> dict[str, Any]:
    """Return what filters depend on beside their parameters, for the key; the paper's nothing."""
    found = {
        name: {**check.basis, **({"reports": sorted(check.reports)} if check.reports else {})}
        for name, check in filters.items()
        if isinstance(check, EachText)
    }
    return {"basis": found, "scripts": [one.script for one in spoken]} if found else {}


def notes(filters: Mapping[str, Filter]) -> list[str]:
    """Say in which fields filters only report."""
    return [
        f"the filter {name} drops nothing for {', '.join(sorted(check.reports))}, where a shot "
        "would not pass; what it would have dropped is in reported.json"
        for name, check in filters.items()
        if isinstance(check, EachText) and check.reports
    ]


def reported(pair: Pair, filters: Mapping[str, Filter]) -> Iterator[str]:
    """Yield what filters say of a pair's fields where they only report."""
    for name, check in filters.items():
        if isinstance(check, EachText):
            for drop in check.reported(pair):
                yield f"{name}: {drop.field} {drop.reason}"


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
