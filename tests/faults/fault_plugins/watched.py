"""The engine `transformers`, with every answer written down, and a signal after the n-th one.

ANSWERED names the file that gets one line for each answer of a prompt with shots: a translation.
SIGNAL=2:5 sends this process signal 2 when it has given 5 of them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

from selftranslate.engines import Completion, Request, transformers
from selftranslate.runtime import Runtime


class Watched(transformers.TransformersEngine):
    """Tells what it did."""

    def generate(self, request: Request) -> Iterator[Completion]:
        number, _, at = os.environ.get("SIGNAL", "0:0").partition(":")
        given = 0
        with open(os.environ["ANSWERED"], "a", encoding="utf-8") as log:
            for completion in super().generate(request):
                if request.prefix:
                    given += 1
                    log.write(json.dumps(request.texts[completion.index]) + "\n")
                    log.flush()
                    if given == int(at):
                        os.kill(os.getpid(), int(number))
                yield completion


def build(model: str, runtime: Runtime, adapter: str | None = None) -> Any:
    """Build the engine."""
    return Watched(model, runtime, adapter, "auto", "shared_prefix")
