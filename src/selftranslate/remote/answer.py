"""What a server's answer says: the text, why it ended, and what it cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from selftranslate.example import Ended

ENDED: Mapping[str, Ended] = {
    "length": "length",
    "repetition": "repetition",
    "content_filter": "error",
    "stop_sequence": "fence",
    "eos": "eos",
    "eos_token": "eos",
}
"""`finish_reason`s that leave no doubt; "stop" does."""

STOPPED_BY = ("stop_reason", "matched_stop")
"""Where vLLM and SGLang name what they stopped at: a text, or a token that ends all.

vLLM says null for EOS. Servers that never name anything may say null, too."""

LARGEST = 1e9
"""Of a log-probability, either way: servers' JSON also holds NaN and Infinity."""


Stop = Literal["fence", "other", "null", "unsaid"]
"""What a server says it stopped at: "null" is EOS if it names fences, and else nothing."""


class UnreadableError(ValueError):
    """An answer that is none; says what is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One text, as the server gave it."""

    text: str
    ended: Ended
    log_probability: float | None
    """The mean over the tokens the server lists."""
    tokens_in: int
    tokens_out: int
    stop: Stop = "unsaid"
    reason: str = ""
    """Why it is an "error"."""


def read(
    answer: Any, fence: str | None, *, stops: bool, most_characters: int | None = None
) -> Answer:
    """Read an answer of /completions or /chat/completions; `stops` if it was told the fence.

    Raises UnreadableError if there is no choice in it, no text, or no reason why it ended.
    """
    choices = answer.get("choices") if isinstance(answer, dict) else None
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        msg = "an answer without choices"
        raise UnreadableError(msg)
    choice = choices[0]
    text = _text(choice)
    stop = _stop(choice, fence) if stops else "other"
    if not stops and fence and text.lstrip().startswith(fence):
        # A chat model may open the quotation once more; only what follows is the answer.
        text = text.lstrip().removeprefix(fence)
    ended, reason = _ended(choice, text, fence, stop), ""
    if ended == "error":
        reason = "withheld by the server (content_filter)"
    elif not stops and fence and not _is_answer(text, fence, choice["finish_reason"]):
        ended, reason = "error", "the reply is more than the text and its closing mark"
    text = "" if ended == "error" else text.partition(fence)[0] if fence else text
    if most_characters is not None and len(text) > most_characters and ended != "repetition":
        ended = "length"
    if ended == "length":
        text = text.rstrip("\N{REPLACEMENT CHARACTER}")
    probabilities = _log_probabilities(choice)
    usage = answer.get("usage") or {}
    return Answer(
        text=text,
        ended=ended,
        # A server adds in another order from batch to batch; four digits do not show it.
        log_probability=round(sum(probabilities) / len(probabilities), 4)
        if probabilities
        else None,
        tokens_in=_count(usage, "prompt_tokens"),
        tokens_out=_count(usage, "completion_tokens") or len(probabilities),
        stop=stop,
        reason=reason,
    )


def _text(choice: Mapping[str, Any]) -> str:
    message = choice.get("message")
    text = message.get("content") if isinstance(message, dict) else choice.get("text", "")
    if text is None:  # nothing but reasoning, or nothing at all
        return ""
    if not isinstance(text, str):
        msg = "an answer without a text"
        raise UnreadableError(msg)
    return text


def _ended(choice: Mapping[str, Any], text: str, fence: str | None, stop: Stop) -> Ended:
    reason = choice.get("finish_reason")
    if reason == "content_filter":
        return "error"
    if fence and fence in text:
        return "fence"
    if isinstance(reason, str) and reason in ENDED:
        return ENDED[reason]
    if reason != "stop":
        msg = "an answer with no finish_reason" if reason is None else f"finish_reason {reason!r}"
        raise UnreadableError(msg)
    if not fence or stop == "other":
        return "eos"  # nothing else could have stopped it
    return "fence" if stop == "fence" else "unverified"


def _stop(choice: Mapping[str, Any], fence: str | None) -> Stop:
    said = [choice[name] for name in STOPPED_BY if name in choice]
    for value in said:
        if isinstance(value, str | int):
            return "fence" if value == fence else "other"
    return "null" if None in said else "unsaid"


def _is_answer(text: str, fence: str, reason: object) -> bool:
    """Say whether a chat's reply goes on from the opened quotation, and is no talk about it.

    A mark that closes has no more words on its line. The model may go on as the shots do, with
    more quotations; each of them is opened and closed, unless the limit cuts the last.
    """
    marks, after = text.count(fence), text.partition(fence)[2]
    paired = marks % 2 == 1 or reason == "length"
    return marks == 0 or (paired and not after.partition("\n")[0].strip())


def _log_probabilities(choice: Mapping[str, Any]) -> list[float]:
    """Read the list of /completions, or that of /chat/completions, which others use for both."""
    found = choice.get("logprobs")
    if not isinstance(found, dict):
        return []
    content = found.get("content")
    values = (
        [row.get("logprob") for row in content if isinstance(row, dict)]
        if isinstance(content, list)
        else found.get("token_logprobs")
    )
    known = [v for v in values or () if isinstance(v, int | float)]
    return known if all(abs(v) < LARGEST for v in known) else []


def _count(usage: Any, name: str) -> int:
    value = usage.get(name) if isinstance(usage, dict) else None
    return value if isinstance(value, int) and value > 0 else 0
