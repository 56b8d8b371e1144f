"""A text as its tokenizer cuts it, if the tokenizer is on this machine: nothing is downloaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selftranslate import model as models


@dataclass(frozen=True, slots=True)
class Token:
    """One token."""

    id: int
    text: str
    """Its characters; "" where it is a later part of one that stands before it."""
    trained: bool = False
    """Whether its prediction is learned."""


def at_hand(name: str) -> Path | None:
    """Return where a model's tokenizer lies, if that is here."""
    path = models.MINIATURE if name == "mini" else Path(name).expanduser()
    if path.is_dir():
        return path
    import huggingface_hub
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        cached = huggingface_hub.snapshot_download(
            name, allow_patterns=list(models.BESIDE), local_files_only=True
        )
    except (LocalEntryNotFoundError, HFValidationError, OSError):
        return None
    return Path(cached)


def load(name: str) -> Any:
    """Return a tokenizer, or None if it is not here or cannot be read."""
    path = at_hand(name)
    if path is None:
        return None
    try:
        return models.tokenizer(str(path))
    except (OSError, ValueError):
        return None


def cut(tokens: Any, text: str) -> list[Token]:
    """Cut one piece of a prompt as an engine and a trainer do: by itself, nothing added."""
    ids = models.encode(tokens, text)
    if not tokens.is_fast:
        return [Token(id_, tokens.decode([id_])) for id_ in ids]
    spans = tokens(text, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    made, at = [], 0
    for id_, (_, end) in zip(ids, spans, strict=True):
        # Between two tokens may lie what belongs to none: nothing of the text is lost.
        made.append(Token(id_, text[at : max(at, end)]))
        at = max(at, end)
    return made


def special(tokens: Any, ids: Sequence[int]) -> list[Token]:
    """Name tokens that stand for no text, such as the beginning and the end."""
    return [Token(id_, str(tokens.convert_ids_to_tokens(id_))) for id_ in ids]


def asked(tokens: Any, prefix: str, text: str) -> tuple[list[Token], list[Token]]:
    """Cut a prompt into what begins it with the shots, and what follows them."""
    return [*special(tokens, models.begin(tokens)), *cut(tokens, prefix)], cut(tokens, text)
