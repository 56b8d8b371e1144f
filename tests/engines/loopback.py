"""A real HTTP server of the OpenAI API on this machine, and every way in which one may fail."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from selftranslate.engines import Completion, Engine, Request

Choice = dict[str, Any]
Reply = Callable[["Handler"], None]
OVERFLOW = "This model's maximum context length is 512 tokens. Please reduce the prompt."


def echo(body: Mapping[str, Any]) -> Choice:
    """Write the prompt's last word in capitals, and stop as vLLM says it at the fence."""
    prompt = body["prompt"] if "prompt" in body else body["messages"][-1]["content"]
    word = prompt.split()[-1] if isinstance(prompt, str) and prompt.split() else "NOTHING"
    return {
        "text": word.upper(),
        "finish_reason": "stop",
        "stop_reason": body.get("stop", [None])[0],
    }


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        loopback = self.server.loopback
        self.body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        with loopback.lock:
            loopback.seen.append(Seen(self.path, dict(self.headers), self.body, time.monotonic()))
            prompt = str(self.body.get("prompt", self.body.get("messages")))
            first = loopback.replies.popleft() if loopback.replies else None
            poison = next((r for word, r in loopback.poison.items() if word in prompt), None)
        reply = poison or first
        if reply is not None:
            reply(self)
        else:
            self.answer(loopback.write(self.body))

    def answer(self, choice: Choice) -> None:
        if "status" in choice:
            return self.send(choice["status"], {"error": {"message": choice["message"]}})
        chat = self.path.endswith("/chat/completions")
        made = {"index": 0, **choice}
        if chat:
            made["message"] = {"role": "assistant", "content": made.pop("text")}
        usage = {"prompt_tokens": 10, "completion_tokens": 3}
        return self.send(200, {"id": "1", "object": "x", "choices": [made], "usage": usage})

    def send(
        self,
        status: int,
        body: object,
        headers: Mapping[str, str] | None = None,
        kind: str = "application/json",
    ) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {
            "Content-Type": kind,
            "Content-Length": len(data),
            **(headers or {}),
        }.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    loopback: Loopback

    def process_request(self, request: Any, client_address: Any) -> None:
        self.loopback.connections.append(request)
        super().process_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no error of the server."""


@dataclass
class Seen:
    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    at: float


@dataclass
class Loopback:
    """Answers what `write` writes, but first gives each of `replies`, and to a prompt that holds
    a word of `poison` always that reply."""

    write: Callable[[Mapping[str, Any]], Choice] = echo
    replies: deque[Reply] = field(default_factory=deque)
    poison: dict[str, Reply] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    connections: list[socket.socket] = field(default_factory=list)
    port: int = 0

    def start(self) -> None:
        self._server = Server(("127.0.0.1", self.port), Handler)
        self._server.loopback = self
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """Go away as a killed server does, with every connection."""
        self._server.shutdown()
        self._server.server_close()
        for connection in self.connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.connections.clear()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"


@contextmanager
def serving(**how: Any) -> Iterator[Loopback]:
    how["replies"] = deque(how.get("replies", ()))
    server = Loopback(**how)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def status(code: int, message: str = "no", body: object = None, **headers: str) -> Reply:
    """An error, with headers such as `Retry_After="1"`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler: handler.send(code, body or {"error": {"message": message}}, named)


def html(handler: Handler) -> None:
    handler.send(
        502, b"<html><h1>Bad Gateway</h1><script>alert(1)</script></html>", {}, "text/html"
    )


def truncated(handler: Handler) -> None:
    handler.send(200, b'{"id": "1", "choices": [{"text": "Zw')


def no_json(handler: Handler) -> None:
    handler.send(200, b"<html>Welcome</html>", {}, "text/html")


def choice(**made: Any) -> Reply:
    return lambda handler: handler.answer(made)


def answer(body: object) -> Reply:
    return lambda handler: handler.send(200, body)


def reset(handler: Handler) -> None:
    """Promise a long body, send a bit of it, and reset the connection."""
    handler.send_response(200)
    handler.send_header("Content-Length", "10000")
    handler.end_headers()
    handler.wfile.write(b'{"id": ')
    handler.wfile.flush()
    linger = struct.pack("ii", 1, 0)
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    handler.close_connection = True
    handler.connection.close()


def stall(seconds: float) -> Reply:
    def reply(handler: Handler) -> None:
        time.sleep(seconds)
        handler.answer(echo(handler.body))

    return reply


def drip(handler: Handler) -> None:
    """Send a byte now and then, for half a minute."""
    handler.send_response(200)
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    with suppress(OSError):
        for _ in range(100):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.3)


def model(engine: Engine, prefix: str = "") -> Callable[[Mapping[str, Any]], Choice]:
    """Answer as a real model does, all who wait at once, and say why each ended as vLLM does."""
    waiting: list[tuple[Mapping[str, Any], Future[Choice]]] = []
    busy = threading.Lock()

    def write(body: Mapping[str, Any]) -> Choice:
        mine: Future[Choice] = Future()
        waiting.append((body, mine))
        time.sleep(0.05)
        with busy:
            while waiting:
                together = [waiting.pop()]
                body = together[0][0]
                alike = [w for w in waiting if _how(w[0]) == _how(body)]
                together += [waiting.pop(waiting.index(w)) for w in alike]
                texts = [b["prompt"].removeprefix(prefix) for b, _ in together]
                room, fence = _how(body)
                request = Request(texts=texts, max_new_tokens=room, prefix=prefix, fence=fence)
                try:
                    for done in engine.generate(request):
                        together[done.index][1].set_result(_choice(done, fence))
                finally:  # who waits for an engine that fails is told so, too
                    for _, other in together:
                        other.cancel()
        return mine.result()

    return write


def _how(body: Mapping[str, Any]) -> tuple[int, str | None]:
    return body["max_tokens"], body.get("stop", [None])[0]


def _choice(done: Completion, fence: str | None) -> Choice:
    if done.ended == "error":
        return {"status": 400, "message": OVERFLOW}
    return {
        "text": done.text,
        "finish_reason": "stop" if done.ended in {"fence", "eos"} else done.ended,
        "stop_reason": fence if done.ended == "fence" else None,
        "logprobs": {"token_logprobs": [done.log_probability]},
    }
