"""An artifact's records, for who reads them several times and must not hold them all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from selftranslate.example import Record
from selftranslate.store import Artifact

R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class Records(Generic[R]):
    """Records that are read anew each time."""

    artifact: Artifact
    kind: type[R]

    def __iter__(self) -> Iterator[R]:
        return self.artifact.read(self.kind)

    def __len__(self) -> int:
        """Count the lines: none of them is read as JSON for it."""
        with (self.artifact.path / "rows.jsonl").open("rb") as lines:
            return sum(1 for _ in lines)
