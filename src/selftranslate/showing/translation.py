"""A row and its translation: who wrote it, why each piece ended, what the filters said (4.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from selftranslate.example import Example, Pair, Provenance, Record
from selftranslate.filters import Dropped
from selftranslate.showing import Place, pick


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation(Record):
    """One row in both languages."""

    source: Example
    target: Example
    kept: bool
    """Whether the filters let it through."""
    reason: str
    """Why they did not."""
    ended: Mapping[str, tuple[str, ...]]
    """For each field that was translated, why each of its pieces ended."""
    log_probability: Mapping[str, float]
    """Mean over the tokens of each field."""
    unmarked: tuple[str, ...]
    """Fields whose marks were lost (A.2)."""
    provenance: Mapping[str, Provenance]


def find(place: Place, wanted: str) -> Translation:
    """Find a row by its id or its number. Raises DataError if it is not there."""
    artifact = place.archive.get("translate", place.column.translated)
    pair = pick(artifact.read(Pair), lambda one: one.source.id, wanted, str(artifact.path))[0]
    dropped = place.archive.get("filter", place.column.filtered).read(Dropped, "dropped.jsonl")
    why = next((one.reason for one in dropped if one.pair.source.id == pair.source.id), None)
    return Translation(
        source=pair.source,
        target=pair.target,
        kept=why is None,
        reason=why or "",
        ended=pair.ended,
        log_probability=pair.log_probability,
        unmarked=pair.unmarked,
        provenance=pair.provenance,
    )
