"""The way to a server and back: the SDK's client on a loop of its own, and nothing it adds."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from selftranslate.errors import EngineError
from selftranslate.remote import failure
from selftranslate.remote.failure import Failure
from selftranslate.remote.question import Api

if TYPE_CHECKING:
    from openai import AsyncOpenAI

T = TypeVar("T")
Run = Callable[[Coroutine[Any, Any, T]], "Future[T]"]

SENT = {"host", "accept", "accept-encoding", "connection", "content-type", "content-length"}
"""The only headers that leave the machine, beside the key: the SDK would add system, versions
and what OPENAI_* variables hold."""


@contextmanager
def loop() -> Iterator[Run[Any]]:
    """Run coroutines on a thread of their own, which works inside a notebook's loop, too."""
    own = asyncio.new_event_loop()
    thread = threading.Thread(target=own.run_forever, name="requests", daemon=True)
    thread.start()
    try:
        yield lambda work: asyncio.run_coroutine_threadsafe(work, own)
    finally:
        own.call_soon_threadsafe(own.stop)
        thread.join()
        own.close()


async def _leave(client: AsyncOpenAI) -> None:
    """Take back what is under way, then close the connections."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await client.close()


@contextmanager
def client(base_url: str, key: str | None, at_once: int, run: Run[Any]) -> Iterator[AsyncOpenAI]:
    """Open the SDK's client: no proxy, no redirect, no retry of its own, no header but SENT.

    Raises EngineError if the package is not installed.
    """
    try:
        import httpx2
        import openai
    except ImportError as error:
        msg = "engine openai: the package is missing: pip install 'selftranslate[openai]'"
        raise EngineError(msg) from error

    async def undress(request: Any) -> None:
        for name in set(request.headers) - SENT:
            del request.headers[name]
        if key is not None:
            request.headers["authorization"] = f"Bearer {key}"

    made = openai.AsyncOpenAI(
        api_key="none",  # the SDK wants one; the header is written above
        base_url=base_url,
        max_retries=0,
        http_client=openai.DefaultAsyncHttpx2Client(
            trust_env=False,
            follow_redirects=False,
            event_hooks={"request": [undress]},
            limits=httpx2.Limits(max_connections=at_once, max_keepalive_connections=at_once),
        ),
    )
    try:
        yield made
    finally:
        run(_leave(made)).result()


async def send(
    client: AsyncOpenAI, api: Api, body: Mapping[str, Any], timeout: float
) -> Mapping[str, Any] | Failure:
    """Send one request; return the answer's JSON, or the failure, with no retry.

    `timeout` is in seconds and counts from sending to the last byte.
    """
    import httpx2
    import openai

    path = "/chat/completions" if api == "chat" else "/completions"
    try:
        async with asyncio.timeout(timeout):
            # The bare response: the SDK's types take any JSON for an answer, and none for a text.
            raw = await client.post(
                path, cast_to=httpx2.Response, body=body, options={"timeout": timeout}
            )
        answer = json.loads(raw.text)
    except (TimeoutError, openai.APITimeoutError):
        return Failure("broken", f"no answer within {timeout:g} s")
    except openai.APIStatusError as error:
        return failure.of_response(error.status_code, error.response.headers, error.response.text)
    except openai.APIConnectionError as error:
        cause = error.__cause__
        away = isinstance(cause, httpx2.ConnectError)
        return Failure("away" if away else "broken", f"no connection: {cause or error}")
    except (ValueError, RecursionError) as error:
        return Failure("broken", f"an answer that is no JSON: {error}")
    return failure.of_answer(answer) or answer
