"""One text and its translation, judged."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from selftranslate import plugins
from selftranslate.example import Example, Pair

Judge = Callable[..., str | None]


def both(source: str, target: str, code: str, source_code: str = "en") -> Pair:
    return Pair(
        source=Example(id="1", language=source_code, fields={"q": source}),
        target=Example(id="1", language=code, fields={"q": target}),
        ended={"q": ("fence",)},
    )


@pytest.fixture(scope="session")
def judge() -> Judge:
    """What a filter says of a translation: judge("numbers", "de", source, target)."""

    def say(name: str, code: str, source: str, target: str, source_code: str = "en") -> str | None:
        drop = plugins.build("filters", name)(both(source, target, code, source_code))
        return drop.reason if drop else None

    return say
