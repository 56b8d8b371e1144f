"""What planning knows of a field's distinct texts, of which there may be any number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from selftranslate.translate import fence
from selftranslate.translate.memory import is_text
from selftranslate.translate.numbers import Numbers
from selftranslate.translate.schema import digest

SAMPLE = 100
"""Texts whose tokens are counted to estimate those of all."""
LATELY = 8192
"""Texts that are held until all of them are looked up at once."""


class Met(NamedTuple):
    """A text that was met lately."""

    inside: int
    """The length of the longest field it stands in."""
    bytes: int
    signs: Sequence[str]
    """The signs it holds that could enclose it."""


class Texts:
    """What is known of the distinct texts of a field that are sent with the same shots."""

    def __init__(self) -> None:
        self.sample: list[str] = []
        self.met = 0
        """How often one was met."""
        self._longest = Numbers()
        self._sizes: Counter[int] = Counter()
        self._signs: Counter[str] = Counter()
        self._lately: dict[int, Met] = {}

    def add(self, text: str, inside: int) -> None:
        """Count a text of a field of this length."""
        key = digest(text)
        self.met += 1
        known = self._lately.get(key)
        if known is None:
            self._lately[key] = Met(inside, size(text), fence.inside(text))
            if len(self.sample) < SAMPLE and text not in self.sample and is_text(text):
                self.sample.append(text)
            if len(self._lately) >= LATELY:
                self._settle()
        elif inside > known.inside:
            self._lately[key] = known._replace(inside=inside)

    def __len__(self) -> int:
        return len(self.longest)

    @property
    def longest(self) -> Numbers:
        """Digest -> the length of the longest field that the text stands in."""
        self._settle()
        return self._longest

    @property
    def sizes(self) -> Counter[int]:
        """How many texts have so many bytes."""
        self._settle()
        return self._sizes

    @property
    def signs(self) -> Counter[str]:
        """How many texts hold each sign that could enclose them."""
        self._settle()
        return self._signs

    def _settle(self) -> None:
        """Find out which of the texts that were met lately are new."""
        if self._lately:
            new = self._longest.raise_to({key: met.inside for key, met in self._lately.items()})
            for key in new:
                self._sizes[self._lately[key].bytes] += 1
                self._signs.update(self._lately[key].signs)
            self._lately.clear()


def size(text: str) -> int:
    """Return a text's bytes."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
