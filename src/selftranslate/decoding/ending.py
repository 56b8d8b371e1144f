"""When a row is done, and what it wrote: decided on text, never on the id of a fence (4.4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from selftranslate.example import Ended

LONGEST_PERIOD = 32
REPEATS = 8
REPEATED_TOKENS = 64
CHECK_EVERY = 16
"""Tokens between two looks for a repetition or an answer far too long, counted in the row, so
that batches cannot matter."""


class Ending:
    """The rule by which rows end, for one tokenizer and one fence."""

    def __init__(self, tokens: Any, eos: frozenset[int], fence: str | None) -> None:
        self._tokens = tokens
        self._eos = eos
        self._fence = fence or ""
        self._suspects = _closing_ids(tokens, fence) if fence else frozenset()
        self._anchor = list(tokens(".", add_special_tokens=False)["input_ids"])

    def reached(
        self, written: Sequence[int], room: int, most_characters: int | None = None
    ) -> Ended | None:
        """Say why the row ends with its newest token, or None if it goes on."""
        newest = written[-1]
        if newest in self._suspects and self._fence in self._decode(written):
            return "fence"
        if newest in self._eos:
            return "eos"
        if len(written) >= room:
            return "length"
        if len(written) % CHECK_EVERY:
            return None
        if repeats(written):
            return "repetition"
        if most_characters is not None and len(self._decode(written)) > most_characters:
            return "length"
        return None

    def text(self, written: Sequence[int], ended: Ended) -> str:
        """Return what was written, without the fence and what follows it, or the EOS."""
        if ended == "fence":
            return self._decode(written).partition(self._fence)[0]
        if ended == "eos":
            return self._decode(written[:-1])
        # Cut in the middle of a character: its bytes are no text yet.
        return self._decode(written).rstrip("\N{REPLACEMENT CHARACTER}")

    def _decode(self, written: Sequence[int]) -> str:
        """Decode behind a full stop, for SentencePiece drops a text's leading space."""
        before = len(decode(self._tokens, self._anchor))
        return decode(self._tokens, [*self._anchor, *written])[before:]


def decode(tokens: Any, ids: Sequence[int]) -> str:
    """Turn ids into exactly their text, special tokens left out."""
    return str(
        tokens.decode(list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False)
    )


def repeats(written: Sequence[int]) -> bool:
    """Say whether the tail is one pattern over and over, far beyond what a real text does.

    At least 8 times and over at least 64 tokens: a googol's zeros, but not a million's.
    """
    for period in range(1, LONGEST_PERIOD + 1):
        span = max(REPEATED_TOKENS, REPEATS * period)
        if len(written) < span:
            return False
        tail = written[-span:]
        if tail[period:] == tail[:-period]:
            return True
    return False


def _closing_ids(tokens: Any, fence: str) -> frozenset[int]:
    """Return every id that may complete the fence, so that only those cost a decoding.

    The fence's last character arrives inside one of these, alone or merged with others; a
    character beyond ASCII may arrive byte by byte, and a lone byte decodes as U+FFFD.
    """
    marks = [fence[-1]] if fence[-1].isascii() else [fence[-1], "\N{REPLACEMENT CHARACTER}"]
    pieces = ((id_, decode(tokens, [id_])) for id_ in range(len(tokens)))
    return frozenset(id_ for id_, piece in pieces if any(mark in piece for mark in marks))
