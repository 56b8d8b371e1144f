"""An engine whose tokens are counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from selftranslate.engines import Adaptable, Completion, Engine, Request


@dataclass(slots=True)
class Meter:
    """How many tokens were generated so far."""

    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Metered:
    """An engine, or what it is with an adapter, and the meter of all of them."""

    engine: Engine
    meter: Meter = field(default_factory=Meter)

    @property
    def identity(self) -> str:
        """The engine's own."""
        return self.engine.identity

    @property
    def context_length(self) -> int:
        """The engine's own."""
        return self.engine.context_length

    def count_tokens(self, text: str) -> int:
        """Ask the engine."""
        return self.engine.count_tokens(text)

    def generate(self, request: Request) -> Iterator[Completion]:
        """Count what passes."""
        for completion in self.engine.generate(request):
            self.meter.tokens += completion.tokens
            yield completion


@dataclass(frozen=True, slots=True)
class MeteredAdaptable(Metered):
    """The same of an engine that takes adapters."""

    engine: Adaptable

    def adapted(self, tuned: Path) -> Engine:
        """Return the engine with an adapter, on the same meter."""
        return Metered(self.engine.adapted(tuned), self.meter)

    def close(self) -> None:
        """Give the memory back."""
        self.engine.close()
