"""How a prompt is put to a server: as a text to go on from, or as a chat that asks for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

Api = Literal["completions", "chat"]

CHAT_VERSION = 2
"""Part of the engine's identity; raise it with every change of the words below, and of how a
chat's reply is read."""

CONTINUE = (
    "You continue texts. The user's message is a text that breaks off. Reply with its "
    "continuation only, from exactly where it breaks off: repeat nothing, explain nothing."
)
CLOSE = (
    " The text breaks off after an opening {fence}: end the continuation with the closing {fence}."
)

BYTES_A_CHARACTER = 4
"""The most bytes of UTF-8 in a character, and so the most tokens of any tokenizer."""


def messages(prompt: str, fence: str | None) -> list[dict[str, str]]:
    """Return the chat that asks for a prompt's continuation: one system and one user message."""
    system = CONTINUE + (CLOSE.format(fence=fence) if fence else "")
    return [{"role": "system", "content": system}, {"role": "user", "content": prompt}]


def body(api: Api, prompt: str | Sequence[int], fence: str | None, room: int) -> Mapping[str, Any]:
    """Return what to send, but for the model's name: greedy, at most `room` tokens.

    A chat is not told to stop at the fence: it writes the fence, so that the text itself proves
    that it is complete, and one that a model opens again does not end the answer.
    """
    if api == "chat":
        assert isinstance(prompt, str)
        return {"messages": messages(prompt, fence), "temperature": 0, "max_tokens": room}
    made = {"prompt": prompt, "temperature": 0, "max_tokens": room}
    return {**made, "stop": [fence]} if fence else made


def room(max_new_tokens: int, most_characters: int | None, fence: str | None) -> int:
    """Return the most tokens worth asking for: the characters' bytes, and the fence twice."""
    if most_characters is None:
        return max_new_tokens
    characters = most_characters + 2 * len(fence or "") + 1
    return min(max_new_tokens, BYTES_A_CHARACTER * characters)
