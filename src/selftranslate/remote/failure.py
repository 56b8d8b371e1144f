"""What a failed request means: whether the row or the run is at fault, and when to try again."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from random import uniform
from typing import Any, Literal

Kind = Literal["refused", "too_long", "broken", "busy", "away", "fatal"]
"""The server will never answer this row, or not because of its length; it answered badly; it
cannot answer now; it is not there; it will answer nobody."""

REFUSED = {400, 413, 422}
BUSY = {408, 409, 425, 429, 503, 529}
"""529 is what some gateways say when they are overloaded."""

TOO_LONG = ("context", "too long", "longer than", "too large")
"""How servers say that a prompt does not fit; a 429 does if a minute's allowance is smaller."""

HINTS = {
    401: "check `api_key`",
    402: "the account is out of credit",
    403: "the key may not use this model",
    404: "check `base_url`, which mostly ends in /v1, and the model's name",
}

FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0
"""Seconds before the second try, and the most between two; it doubles in between."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no answer, in the server's words where it has any."""

    kind: Kind
    reason: str
    wait: float | None = None
    """Seconds the server asks to wait (Retry-After)."""

    def pause(self, tries: int) -> float:
        """Return the seconds to wait before the next try: the server's, else doubling, jittered."""
        if self.wait is not None:
            return self.wait * uniform(1.0, 1.1)
        return min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(tries - 1, 16)) * uniform(0.5, 1.0)


def of_response(status: int, headers: Mapping[str, str], text: str) -> Failure:
    """Say what an answer with an error in it means; headers' names are in lower case."""
    error = _error(text)
    words = error.get("message") or error.get("detail") or ""
    known = status in {s.value for s in HTTPStatus}
    reason = f"{status} {HTTPStatus(status).phrase}" if known else f"{status}"
    if words:
        reason += f": {words}"
    code = str(error.get("code") or error.get("type") or "")
    if status == 429 and "insufficient_quota" in code:
        return Failure("fatal", f"{reason}; {HINTS[402]}")
    if status in {*REFUSED, 429} and _too_long(f"{code} {words}"):
        return Failure("too_long", reason)
    if status in REFUSED:
        return Failure("refused", reason)
    wait = retry_after(headers)
    if status in BUSY:
        return Failure("busy", reason, wait)
    if status >= 500:
        return Failure("broken", reason, wait)
    hint = HINTS.get(status, "this is no server of the OpenAI API at `base_url`")
    return Failure("fatal", f"{reason}; {hint}")


def of_answer(answer: Any) -> Failure | None:
    """Return the failure that an answer with status 200 may hold, or None."""
    if not isinstance(answer, dict) or not answer.get("error") or answer.get("choices"):
        return None
    error = answer["error"]
    code = error.get("code") if isinstance(error, dict) else None
    if isinstance(code, int) and 400 <= code < 600:
        return of_response(code, {}, json.dumps(answer))
    words = error.get("message") if isinstance(error, dict) else error
    return Failure("broken", f"an error instead of an answer: {words}")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of Retry-After, which may be a date of the server's clock."""
    value = headers.get("retry-after", "")
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - _now(headers)
        except ValueError:
            return None
    return None if math.isnan(seconds) else max(0.0, seconds)


def _now(headers: Mapping[str, str]) -> float:
    """Return the server's time where it tells it, for the two clocks may differ."""
    return parsedate_to_datetime(headers["date"]).timestamp() if "date" in headers else time.time()


def _error(text: str) -> Mapping[str, Any]:
    """Find the error in the shapes servers give it; a page of HTML has none."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    if not isinstance(found, dict):
        return {}
    inner = found.get("error", found)
    return inner if isinstance(inner, dict) else {"message": inner}


def _too_long(words: str) -> bool:
    words = words.lower()
    return any(sign in words for sign in TOO_LONG)
