"""An engine that stands in for a model: it gives every text back, so many a second.

What is measured beside it is the tool's own work: nothing is said about any model's speed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from selftranslate.engines import Completion, Engine, Request
from selftranslate.runtime import Runtime

AHEAD = 256
"""Texts that are given back at once; then it waits until they would have taken their time."""


def build(model: str, runtime: Runtime, texts_per_second: float = 20_000.0) -> Echo:
    """Build the engine."""
    del model, runtime
    return Echo(texts_per_second)


@dataclass(frozen=True, slots=True)
class Echo:
    """Says each text once more, in capitals."""

    texts_per_second: float
    identity: str = "echo"
    context_length: int = 4096

    def count_tokens(self, text: str) -> int:
        """Count as many tokens as English text has, about."""
        return len(text) // 4

    def generate(self, request: Request) -> Iterator[Completion]:
        """Give back what lies between the fences of the last text."""
        assert request.fence is not None
        due = time.monotonic()
        for index, prompt in enumerate(request.texts):
            text = prompt.split(request.fence, 2)[1].upper()
            yield Completion(index=index, text=text, ended="fence", tokens=len(text) // 4)
            if index % AHEAD == AHEAD - 1 or index == len(request.texts) - 1:
                due += (index % AHEAD + 1) / self.texts_per_second
                time.sleep(max(0.0, due - time.monotonic()))

    def adapted(self, tuned: Path) -> Engine:
        """Echo all the same."""
        return self

    def close(self) -> None:
        """Hold nothing."""
