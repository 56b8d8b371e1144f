"""Ask a server for many texts: try again, wait when it says so, give up a row or the whole run."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from selftranslate.errors import EngineError
from selftranslate.progress import Progress
from selftranslate.remote import question, transport
from selftranslate.remote.answer import Answer, UnreadableError, read
from selftranslate.remote.failure import Failure
from selftranslate.remote.question import Api

if TYPE_CHECKING:
    from openai import AsyncOpenAI

FAILED = Answer(text="", ended="error", log_probability=None, tokens_in=0, tokens_out=0)

LONGEST_REASON = 240
"""Characters of a server's words that are repeated."""

MOST_REASONS = 5
"""Different reasons of failed rows that are told apart."""

LONG_WAIT = 5.0
"""Seconds of waiting that are worth a note."""


@dataclass(kw_only=True)
class Server:
    """A served model, how to ask it, and what was found out about it on the way."""

    model: str
    base_url: str
    api: Api
    timeout: float
    """Seconds for one answer."""
    attempts: int
    """How often a row is sent that gets bad answers."""
    patience: float
    """Seconds to wait while the server answers nobody."""
    extra: Mapping[str, Any]
    asks_logprobs: bool
    limit: str = "max_tokens"
    """What the server calls the most tokens to write."""
    reached: bool = False
    """Whether it has ever said anything."""
    names_stops: bool | None = None
    """Whether it names the texts it stops at; None: nobody has seen it."""
    vague: bool = False
    """Whether people were told that it does not say why a text ended."""
    answered: int = 0
    tokens_in: int = 0
    tokens_out: int = 0


class _Row(NamedTuple):
    """What is sent, and how its answer is read."""

    prompt: str | Sequence[int]
    room: int
    most: int | None
    fence: str | None


@dataclass(kw_only=True)
class Exchange:
    """The texts of one request: what was answered, what failed, until when all have to wait."""

    server: Server
    client: AsyncOpenAI
    key: str | None = field(repr=False)
    """Never to be repeated, whatever the server says."""
    fence: str | None
    progress: Progress
    failed: Counter[str] = field(default_factory=Counter)
    """Reason -> rows."""
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while the server is asked whether it names stops."""
    _last_answer: float = field(default_factory=time.monotonic)
    _not_before: float = 0.0

    async def ask(self, prompt: str | Sequence[int], room: int, most: int | None) -> Answer:
        """Ask until there is an answer, or the row is given up and FAILED.

        Where a row fails, one token of its prompt decides: if the server goes on from that, the
        row is at fault; else the server is. Raises EngineError if the server is at fault.
        """
        row = _Row(prompt, room, most, self.fence)
        got = await self._settle(row)
        if isinstance(got, Failure):
            first = row._replace(prompt=prompt[:1], room=1, most=None)
            if got.kind != "too_long" and isinstance(await self._settle(first), Failure):
                raise self.error(got.reason)
            return self.give_up(got.reason)
        self.server.tokens_in += got.tokens_in
        self.server.tokens_out += got.tokens_out
        if got.ended == "error":
            return self.give_up(got.reason)
        self.server.answered += 1
        if got.ended == "unverified":
            return await self._verified(got, row)
        return got

    def give_up(self, reason: str) -> Answer:
        """Count a row as failed."""
        reason = self._plain(reason)
        if reason not in self.failed and len(self.failed) >= MOST_REASONS:
            reason = "other reasons"
        self.failed[reason] += 1
        return FAILED

    def error(self, reason: str) -> EngineError:
        """Return the error that ends the run, in one line."""
        parts = urlsplit(self.server.base_url)
        place = f"{parts.scheme}://{parts.netloc}{parts.path}"
        return EngineError(f"{self.server.model} at {place}: {self._plain(reason)}")

    def tell(self, price: Mapping[str, float] | None) -> None:
        """Say which rows failed, and what this server's answers have cost so far."""
        server = self.server
        for reason, count in self.failed.items():
            self.progress.note(f"{server.model}: {count:,} texts failed: {reason}")
        if server.tokens_in + server.tokens_out == 0:
            return
        cost = ""
        if price is not None:
            total = (server.tokens_in * price["input"] + server.tokens_out * price["output"]) / 1e6
            cost = f", {total:,.4f} at your prices"
        self.progress.say(
            f"{server.model}: {server.answered:,} texts answered so far, "
            f"{server.tokens_in:,} tokens in, {server.tokens_out:,} out{cost}"
        )

    async def _verified(self, got: Answer, row: _Row) -> Answer:
        """Take null for EOS if this server names the texts that it stops at.

        Where it has named none yet, it is asked once more for the same answer, to stop at its
        first character: what null means must not hang on which answer comes first.
        """
        server, text = self.server, got.text.strip()
        if got.stop == "null":
            async with self._asking:
                if server.names_stops is None and text:
                    again = await self._settle(row._replace(most=None, fence=text[0]))
                    server.names_stops = isinstance(again, Answer) and again.stop == "fence"
            if server.names_stops is not False:
                return replace(got, ended="eos") if server.names_stops else got
        if not server.vague:
            server.vague = True
            self.progress.note(
                f"{server.model}: this server does not tell the closing mark from the model's "
                "own end; its translations are unverified"
            )
        return got

    async def _settle(self, row: _Row) -> Answer | Failure:
        """Try until there is an answer, or a failure that another try would not change."""
        began = time.monotonic()
        bad = tries = 0
        while True:
            await asyncio.sleep(max(0.0, self._not_before - time.monotonic()))
            got = await self._once(row)
            if isinstance(got, Answer):
                self._last_answer = time.monotonic()
                return got
            if got.kind == "fatal" or (got.kind == "away" and not self.server.reached):
                raise self.error(got.reason)
            tries += 1
            bad += got.kind == "broken"
            if got.kind in {"refused", "too_long"} or bad >= self.server.attempts:
                return got
            await asyncio.sleep(self._pause(got, tries, began))

    async def _once(self, row: _Row) -> Answer | Failure:
        """Send a row once, and again without what this server does not know."""
        server = self.server
        body = {"model": server.model, **question.body(server.api, row.prompt, row.fence, row.room)}
        body[server.limit] = body.pop("max_tokens")
        if server.asks_logprobs:
            body["logprobs"] = True if server.api == "chat" else 1
        body |= server.extra
        got = await transport.send(self.client, server.api, body, server.timeout)
        if isinstance(got, Failure):
            server.reached = server.reached or got.kind != "away"
            return await self._once(row) if self._adapts(body, got) else got
        server.reached = True
        try:
            answer = read(got, row.fence, stops=server.api != "chat", most_characters=row.most)
        except UnreadableError as error:
            return Failure("broken", str(error))
        if answer.stop == "fence":
            server.names_stops = True
        return answer

    def _adapts(self, body: Mapping[str, Any], got: Failure) -> bool:
        """Leave out what the server refuses by name; return whether there was such a thing."""
        if got.kind not in {"refused", "fatal"}:
            return False
        if "logprob" in got.reason and "logprobs" in body:
            if self.server.asks_logprobs:
                self.progress.note(f"{self.server.model}: no log-probabilities from this server")
            self.server.asks_logprobs = False
            return True
        if "max_completion_tokens" in got.reason and "max_tokens" in body:
            self.server.limit = "max_completion_tokens"
            return True
        return False

    def _pause(self, failure: Failure, tries: int, began: float) -> float:
        """Return the seconds until the next try. Raises EngineError if that is too long."""
        pause, now, patience = failure.pause(tries), time.monotonic(), self.server.patience
        silent_since = max(began, self._last_answer)
        too_long = None
        if failure.wait is not None and failure.wait > patience:
            too_long = f"it asks to wait {failure.wait:,.0f} s, longer than `patience`"
        elif failure.kind != "broken" and now + pause - silent_since > patience:
            too_long = "no answer to anybody for as long as `patience`"
        if too_long is not None:
            words = f"{failure.reason}; {too_long} ({patience:g} s); the same command goes on later"
            raise self.error(words)
        if failure.wait is not None:
            until = now + failure.wait
            if failure.wait > LONG_WAIT and until > self._not_before + 1:
                words = f"{self._plain(failure.reason)}; waiting {failure.wait:,.0f} s"
                self.progress.note(f"{self.server.model}: {words}")
            self._not_before = max(self._not_before, until)
        return pause

    def _plain(self, words: str) -> str:
        """Keep the key, control characters and whole pages out of what people read."""
        if self.key:
            words = words.replace(self.key, "[key]")
        words = " ".join("".join(c if c.isprintable() else " " for c in words).split())
        return words if len(words) <= LONGEST_REASON else f"{words[:LONGEST_REASON]}…"
