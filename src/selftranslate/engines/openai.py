"""Any server of the OpenAI API (vLLM, SGLang, llama.cpp, a cloud's): /completions, or a chat.

What is about a row fails the row, which comes back as "error": the server refuses it (400, 413,
422) or answers it badly `attempts` times, and yet goes on from the first token of its prompt. What
is about the server ends the run: it does not do even that; 401 to 404; it is away at the start;
`patience` seconds without an answer to anybody, or a Retry-After beyond that.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit

from selftranslate import model as models
from selftranslate.engines import Completion, Request
from selftranslate.errors import EngineError, RecipeError, unknown
from selftranslate.remote import question, transport
from selftranslate.remote.answer import Answer
from selftranslate.remote.exchange import Exchange, Server
from selftranslate.remote.question import Api
from selftranslate.runtime import Runtime

RESERVED = frozenset(
    ("max_tokens", "max_completion_tokens", "model", "prompt", "messages", "stop", "stream", "n")
) | {"logprobs", "temperature"}
"""Fields of the request's body that this engine writes itself."""
SECRET = re.compile(r"api.?key|secret|password|authori[sz]ation|bearer|(access|auth).?token", re.I)


@dataclass(kw_only=True)
class OpenAIEngine:
    """A served model; nothing is sent before the first `generate`."""

    model: str
    runtime: Runtime
    base_url: str = "http://localhost:8000/v1"
    served_as: str | None = None
    """The model's name at the server, if it is another one."""
    api_key: str | None = None
    """"env:NAME": the environment variable that holds the key; never the key itself."""
    api: Api = "completions"
    concurrency: int = 16
    """Rows in flight; the runtime's batch size, where one is set, goes before it."""
    timeout: float = 120.0
    """Seconds for one answer, from sending to its last byte."""
    attempts: int = 5
    """How often a row is sent that gets bad answers."""
    patience: float = 300.0
    """Seconds to wait for a server that is busy or away while it answers nobody."""
    deadline: float | None = None
    """Seconds for all texts of a request together; None: as long as it takes."""
    context: int = 8192
    """In tokens: what the server was started with."""
    tokenizer: str | None = None
    """A model whose tokenizer counts tokens; without one, each byte of UTF-8 counts as one."""
    send_ids: bool = False
    """Send the tokenizer's ids, prefix and text tokenised apart, as training does; not text."""
    logprobs: bool | None = None
    """Ask for log-probabilities; None: where the API is completions. Not all servers have them."""
    price: Mapping[str, float] | None = None
    """{"input": …, "output": …} for a million tokens, in your currency."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """More fields for the request's body, e.g. {"repetition_penalty": 1.0}."""

    def __post_init__(self) -> None:
        _check(self)
        self._server = Server(
            model=self.served_as or self.model,
            base_url=self.base_url,
            api=self.api,
            timeout=self.timeout,
            attempts=self.attempts,
            patience=self.patience,
            extra=self.extra,
            asks_logprobs=self.api == "completions" if self.logprobs is None else self.logprobs,
        )

    def adapted(self, tuned: Path) -> OpenAIEngine:
        """Raise RecipeError: a server cannot be given an adapter."""
        msg = (
            "engine openai: a server cannot be given an adapter; ask trained models with another "
            "engine, and translate with this one (translation_engine)"
        )
        raise RecipeError(msg)

    def close(self) -> None:
        """Do nothing: a server's memory is its own."""

    @cached_property
    def identity(self) -> str:
        """The model's name, where it is served, and how it is asked; never the key."""
        parts = urlsplit(self.base_url)
        how = f"chat-{question.CHAT_VERSION}" if self.api == "chat" else self.api
        ids = (
            f" ids={models.fingerprint(self.tokenizer)}" if self.tokenizer and self.send_ids else ""
        )
        extra = f" extra={json.dumps(self.extra, sort_keys=True)}" if self.extra else ""
        name = self._server.model
        context = f" context={self.context}" if self.tokenizer else ""  # it cuts answers short
        return f"openai model={name} at={parts.netloc}{parts.path} api={how}{ids}{extra}{context}"

    @property
    def context_length(self) -> int:
        """The most tokens prompt and answer may have together, as the recipe says."""
        return self.context

    def count_tokens(self, text: str) -> int:
        """Return how many tokens a text has; without a tokenizer, the most it can have."""
        if self.tokenizer is None:
            return len(text.encode("utf-8", "surrogatepass"))
        return len(models.encode(self._tokens, text))

    def generate(self, request: Request) -> Iterator[Completion]:
        """Yield each text's completion as it finishes, in any order, each index once.

        Raises EngineError when the server is at fault, after the answers that came before.
        """
        if not request.texts:
            return
        deadline = None if self.deadline is None else time.monotonic() + self.deadline
        at_once = self.runtime.batch_size or self.concurrency
        key = _read(self.api_key)
        rows = iter(range(len(request.texts)))
        pending: set[Future[Completion]] = set()
        with transport.loop() as run, transport.client(self.base_url, key, at_once, run) as client:
            exchange = Exchange(
                server=self._server,
                client=client,
                key=key,
                fence=request.fence,
                progress=self.runtime.progress,
            )
            prefix = self._start(request.prefix)
            try:
                while True:
                    while len(pending) < at_once and (row := next(rows, None)) is not None:
                        pending.add(run(self._complete(exchange, request, row, prefix)))
                    if not pending:
                        return
                    left = None if deadline is None else max(0.0, deadline - time.monotonic())
                    done, pending = wait(pending, left, FIRST_COMPLETED)
                    if not done:
                        words = f"not done within `deadline`: {self.deadline} s"
                        raise exchange.error(words)
                    # Answers first: what was paid for is kept when another row ends the run.
                    for future in sorted(done, key=lambda f: f.exception() is not None):
                        yield future.result()
            finally:
                exchange.tell(self.price)

    async def _complete(
        self, exchange: Exchange, request: Request, index: int, prefix: list[int] | None
    ) -> Completion:
        text = request.texts[index]
        most = request.most_characters[index] if request.most_characters else None
        room = question.room(request.max_new_tokens, most, request.fence)
        prompt: str | list[int] = request.prefix + text
        if not _is_unicode(request.prefix + text):
            return _completion(index, exchange.give_up("not Unicode: a lone surrogate"))
        if prefix is not None:
            ids = prefix + models.encode(self._tokens, text)
            room = min(room, self.context - len(ids))
            prompt = ids if self.send_ids else prompt
        if room <= 0:
            return _completion(index, exchange.give_up(f"longer than `context`: {self.context}"))
        return _completion(index, await exchange.ask(prompt, room, most))

    def _start(self, prefix: str) -> list[int] | None:
        """Tokenise what every prompt begins with, if there is a tokenizer."""
        if self.tokenizer is None or not _is_unicode(prefix):
            return None
        return models.begin(self._tokens) + models.encode(self._tokens, prefix)

    @cached_property
    def _tokens(self) -> Any:
        return models.tokenizer(self.tokenizer or self.model)


build = OpenAIEngine


def _read(name: str | None) -> str | None:
    """Return the key that "env:NAME" stands for. Raises EngineError if it is not set."""
    if name is None:
        return None
    variable = name.removeprefix("env:")
    key = os.environ.get(variable, "").strip()
    if not key:
        msg = f"engine openai: api_key: the environment variable {variable} is not set"
        raise EngineError(msg)
    if not (key.isascii() and key.isprintable()):
        msg = f"engine openai: api_key: {variable} holds characters that no key has"
        raise EngineError(msg)
    return key


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _completion(index: int, answer: Answer) -> Completion:
    return Completion(
        index=index,
        text=answer.text,
        ended=answer.ended,
        log_probability=answer.log_probability,
        tokens=answer.tokens_out,
    )


def _check(engine: OpenAIEngine) -> None:
    """Raise RecipeError, never with a value that may be a secret."""
    here = "engine openai"
    if engine.api not in get_args(Api):
        raise RecipeError(unknown(f"api of {here}", str(engine.api), get_args(Api)))
    if not re.fullmatch(r"env:[A-Z_][A-Z0-9_]*", str(engine.api_key or "env:NONE")):
        msg = (
            f"{here}: api_key: write env:NAME, the variable that holds the key, not the key itself"
        )
        raise RecipeError(msg)
    if not _is_place(engine.base_url):
        msg = f"{here}: base_url: write http(s)://host/path, with no user, password or query"
        raise RecipeError(msg)
    for name in ("concurrency", "timeout", "attempts", "patience", "deadline", "context"):
        value = getattr(engine, name)
        kinds = int if name in {"concurrency", "attempts", "context"} else (int, float)
        if (name, value) == ("deadline", None):
            continue
        if isinstance(value, bool) or not isinstance(value, kinds) or value <= 0:
            msg = (
                f"{here}: {name}: {value!r} is no {'whole ' if kinds is int else ''}number above 0"
            )
            raise RecipeError(msg)
    if engine.send_ids and (engine.tokenizer is None or engine.api == "chat"):
        msg = f"{here}: send_ids: needs `tokenizer`, and the completions API"
        raise RecipeError(msg)
    _check_extra(engine.extra)
    if engine.price is not None and not _is_price(engine.price):
        msg = f"{here}: price: write {{input: …, output: …}}, for a million tokens"
        raise RecipeError(msg)


def _check_extra(extra: Mapping[str, Any]) -> None:
    for name in extra:
        if name in RESERVED or SECRET.search(name):
            why = "is this engine's own" if name in RESERVED else "looks like a secret"
            msg = f"engine openai: extra: {name!r} {why}; leave it out"
            raise RecipeError(msg)


def _is_place(url: object) -> bool:
    """Say whether a URL names a server and nothing else, above all no secret."""
    try:
        parts = urlsplit(str(url))
        named = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        return False
    return bool(named) and not (parts.username is not None or parts.query or parts.fragment)


def _is_price(price: Mapping[str, Any]) -> bool:
    named = isinstance(price, Mapping) and set(price) == {"input", "output"}
    return named and all(isinstance(v, int | float) and v >= 0 for v in price.values())
