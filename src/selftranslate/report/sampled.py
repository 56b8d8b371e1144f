"""Which rows a page shows, and how much of long texts: the same ones each time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Generic, TypeVar

from selftranslate.example import Example, Span

ROWS, LEAST, WHOLE = 200, 12, 1600
"""Shown of each language: at most, at least, and as many as make so many together."""
SHORTEST = 80
"""Characters that are left of any text."""
NOTE = 45
"""Bytes that it takes to say that a text was cut; what saves less is not cut."""

T = TypeVar("T")


@dataclass(slots=True)
class Sample(Generic[T]):
    """Rows by chance, out of any number that pass by: those whose ids have the lowest hashes.

    The same ids are drawn in every language, so that languages can be compared.
    """

    most: int = ROWS
    seen: int = 0
    _rows: list[tuple[str, int, T]] = field(default_factory=list)

    def add(self, name: str, row: T) -> None:
        """Let a row pass by."""
        self._rows.append((rank(name), self.seen, row))
        self.seen += 1
        if len(self._rows) > 2 * self.most + 50:
            self._shrink()

    def rows(self, most: int | None = None) -> list[T]:
        """Return the rows drawn, in the order of their hashes."""
        self._shrink()
        return [row for _, _, row in self._rows[:most]]

    def _shrink(self) -> None:
        self._rows.sort(key=lambda entry: entry[:2])
        del self._rows[self.most :]


def rank(name: str) -> str:
    """Hash an id."""
    return sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def rows(languages: int) -> int:
    """Say how many rows of each language to show.

    >>> rows(4), rows(60), rows(1000)
    (200, 26, 12)
    """
    return min(ROWS, max(LEAST, WHOLE // languages))


def shares(kept: int, dropped: int, most: int = ROWS) -> tuple[int, int]:
    """Say how many kept and dropped pairs to show: as they are, but a quarter at least of both.

    >>> shares(9000, 1000), shares(300, 0), shares(10, 5)
    ((150, 50), (200, 0), (10, 5))
    """
    share, fewest = round(most * dropped / max(1, kept + dropped)), most // 4
    bad = min(dropped, max(share, fewest), most - min(kept, fewest))
    good = min(kept, most - bad)
    return good, min(dropped, most - good)


def longest(texts: Iterable[str], spare: int) -> int:
    """Return how many characters of each text may stay, so that so many bytes are spared."""
    sizes = [(len(text), len(text.encode("utf-8", "replace"))) for text in texts if text]
    budget = sum(size for _, size in sizes) - spare

    def cost(limit: int) -> int:
        return sum(s if n <= limit + NOTE else s * limit // n + NOTE for n, s in sizes)

    limits = range(SHORTEST, max((n for n, _ in sizes), default=SHORTEST) + 1)
    return limits[max(0, bisect_right(limits, budget, key=cost) - 1)]


def inside(example: Example, name: str) -> list[Span]:
    """Return where other fields lie inside this one."""
    text = example.fields.get(name, "")
    return [
        (start, end)
        for other, (start, end) in example.spans.items()
        if other != name and text[start:end] == example.fields.get(other)
    ]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text."""

    text: str
    kind: str = ""
    """"mark" inside a span; "cut" where something is left out, which `text` says."""


def pieces(text: str, spans: Sequence[Span] = (), limit: int | None = None) -> list[Piece]:
    """Cut a text at its spans; of one longer than `limit` what is round the first of them is left.

    Without a span its middle goes, for whether a translation is whole is seen at its end.

    >>> pieces("nicht Berlin.", [(6, 12)])
    [Piece(text='nicht ', kind=''), Piece(text='Berlin', kind='mark'), Piece(text='.', kind='')]
    """
    if limit is None or len(text) <= limit + NOTE:
        return _marked(text, spans, 0, len(text))
    if not spans:
        head, tail = text[: 2 * limit // 3], text[2 * limit // 3 - limit :]
        return [Piece(head), _left_out(len(text) - limit), Piece(tail)]
    start = max(0, min(min(spans)[0] - limit // 2, len(text) - limit))
    end = start + limit
    made = _marked(text, spans, start, end)
    before = [_left_out(start)] if start else []
    return [*before, *made, *([_left_out(len(text) - end)] if end < len(text) else [])]


def _marked(text: str, spans: Sequence[Span], start: int, end: int) -> list[Piece]:
    made, at = [], start
    for low, high in sorted(spans):
        low, high = max(low, at), min(high, end)
        if low < high:
            made += [Piece(text[at:low]), Piece(text[low:high], "mark")]
            at = high
    made.append(Piece(text[at:end]))
    return [piece for piece in made if piece.text]


def _left_out(count: int) -> Piece:
    return Piece(f" … {count:,} more characters … ", "cut")
