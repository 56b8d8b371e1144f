"""A vLLM that can be imported where there is none."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from selftranslate.decoding.vllm_started import ENVIRONMENT


@contextmanager
def standing_in(version: str = "0.33.0") -> Iterator[Any]:
    """Let `import vllm` find the stand-in, as this version, and forget it afterwards."""
    forget()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VLLM_STAND_IN", version)
        for variable in ENVIRONMENT:
            patch.setenv(variable, "")  # so that what the engine sets is taken back
            patch.delenv(variable)
        patch.syspath_prepend(Path(__file__).parent)
        import vllm

        yield vllm
    forget()


def forget() -> None:
    for name in [n for n in sys.modules if n.partition(".")[0] == "vllm"]:
        del sys.modules[name]
