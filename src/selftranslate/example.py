"""The four nouns every stage speaks, and the one way they flow.

Example -> Pair -> Sample -> Prediction
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import Any, Literal, Self, TypeVar

V = TypeVar("V")

Span = tuple[int, int]

Ended = Literal["fence", "eos", "length", "repetition", "error", "unverified"]
"""Why a generation ended; a translation is complete if and only if it is "fence" (A.3).

"unverified" is a server's word for either "fence" or "eos", which it cannot tell apart."""


_json = json.JSONEncoder(sort_keys=True, ensure_ascii=False).encode
_text = json.encoder.encode_basestring


class Record:
    """A frozen dataclass that can be written as one JSON line and read back."""

    __slots__ = ()

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)  # type: ignore[call-overload,no-any-return]

    def to_line(self) -> str:
        """Write the values as one line, keys in order; what comes in millions writes its own."""
        return _json(self.to_json())

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Self:
        """Rebuild the record from `to_json`'s values."""
        return cls(**row)


@dataclass(frozen=True, slots=True, kw_only=True)
class Example(Record):
    """One instance of a task in one language; translations share the `id`."""

    id: str
    language: str
    fields: Mapping[str, str]
    spans: Mapping[str, Span] = field(default_factory=dict)
    """Where a field lies inside another, e.g. {"answer": (515, 541)} in the context."""

    def to_line(self) -> str:
        """Write what the encoder of JSON would, 4 times as fast."""
        return (
            f'{{"fields": {_object(self.fields, _text)}, "id": {_text(self.id)}, '
            f'"language": {_text(self.language)}, "spans": {_object(self.spans, _json)}}}'
        )

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Self:
        """Rebuild the spans as tuples."""
        spans = row["spans"]
        if spans:
            spans = {name: (start, end) for name, (start, end) in spans.items()}
        return cls(id=row["id"], language=row["language"], fields=row["fields"], spans=spans)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance(Record):
    """Which model wrote a field, after which shots."""

    engine: str
    """The engine's identity: model, adapter and precision, by content."""
    prefixes: tuple[str, ...]
    """The hash of the shots; two where the pieces with the answer's marks had shots like them."""

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Self:
        """Rebuild the hashes as a tuple."""
        return cls(engine=row["engine"], prefixes=tuple(row["prefixes"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair(Record):
    """A source example and its translation: the engine's, or a human's where it is a shot."""

    source: Example
    target: Example
    ended: Mapping[str, tuple[Ended, ...]] = field(default_factory=dict)
    """For each field the engine wrote, why each of its pieces ended; empty for human pairs."""
    log_probability: Mapping[str, float] = field(default_factory=dict)
    """Mean token log-probability of each field the engine wrote."""
    unmarked: tuple[str, ...] = ()
    """Fields whose span was lost in translation (A.2)."""
    provenance: Mapping[str, Provenance] = field(default_factory=dict)
    """Who wrote each field that the engine wrote. How long it took and at which attempt differ
    from run to run: they stand in the translation memory alone, for equal recipes give equal
    bytes."""

    @property
    def unverified(self) -> bool:
        """Whether the engine cannot prove that every piece is complete."""
        return any("unverified" in endings for endings in self.ended.values())

    def to_line(self) -> str:
        """Write what the encoder of JSON would, twice as fast."""
        return (
            f'{{"ended": {_object(self.ended, _list)}, '
            f'"log_probability": {_object(self.log_probability, _json)}, '
            f'"provenance": {_object(self.provenance, _line)}, '
            f'"source": {self.source.to_line()}, "target": {self.target.to_line()}, '
            f'"unmarked": {_list(self.unmarked)}}}'
        )

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Self:
        """Rebuild the nested examples and tuples."""
        return cls(
            source=Example.from_json(row["source"]),
            target=Example.from_json(row["target"]),
            ended={name: tuple(why) for name, why in row["ended"].items()},
            log_probability=row["log_probability"],
            unmarked=tuple(row["unmarked"]),
            provenance={
                name: _provenance(one["engine"], tuple(one["prefixes"]))
                for name, one in row.get("provenance", {}).items()
            },
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample(Record):
    """What the trainer sees: the loss is on `completion` only (4.5)."""

    id: str
    prompt: str
    completion: str
    languages: str
    """Input and output language: "en>en", "de>de", "en>de" ..."""

    def to_line(self) -> str:
        """Write what the encoder of JSON would, 5 times as fast."""
        return (
            f'{{"completion": {_text(self.completion)}, "id": {_text(self.id)}, '
            f'"languages": {_text(self.languages)}, "prompt": {_text(self.prompt)}}}'
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction(Record):
    """A model's raw answer to one test example, beside the true ones."""

    id: str
    text: str
    ended: Ended
    references: tuple[str, ...]
    prompt_hash: str = ""
    """16 hex digits of the SHA-256 of what the model was asked; "" where it is not known."""
    answer: str = ""
    """What the metric read out of the text; "" is nothing."""
    correct: float | None = None
    """What the metric gives for it, 0 to 1; None if it scores only a whole test set, as BLEU."""

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Self:
        """Rebuild the references as a tuple."""
        return cls(**{**row, "references": tuple(row["references"])})


def _object(values: Mapping[str, V], write: Callable[[V], str]) -> str:
    if not values:
        return "{}"
    return f"{{{', '.join([head + write(values[key]) for key, head in _heads(tuple(values))])}}}"


@lru_cache(256)
def _heads(keys: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return an object's keys in order, each as it stands before its value."""
    return [(key, f"{_text(key)}: ") for key in sorted(keys)]


@lru_cache(256)
def _list(texts: tuple[str, ...]) -> str:
    return f"[{', '.join(map(_text, texts))}]"


@lru_cache(64)
def _line(provenance: Provenance) -> str:
    return provenance.to_line()


@lru_cache(64)
def _provenance(engine: str, prefixes: tuple[str, ...]) -> Provenance:
    return Provenance(engine=engine, prefixes=prefixes)
