"""As much of the hub as an upload needs, on the loopback interface."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "hf_" + "abcdefghij" * 3


@dataclass
class Hub:
    """What was asked of it."""

    url: str = ""
    requests: list[str] = field(default_factory=list)
    """Method and path."""
    created: list[dict[str, Any]] = field(default_factory=list)
    uploaded: dict[str, bytes] = field(default_factory=dict)
    public: bool = False
    """Whether the repository was there before, for all to read."""
    refuse: str = ""
    """Answer paths with this in them with 403."""


@contextmanager
def running() -> Iterator[Hub]:  # noqa: C901 - an address after the other
    """Serve until this is closed."""
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            self.answer(b"")

        def do_POST(self) -> None:
            self.answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

        def answer(self, body: bytes) -> None:
            hub.requests.append(f"{self.command} {self.path}")
            good = self.headers.get("Authorization") == f"Bearer {TOKEN}"
            status = 401 if not good else 403 if hub.refuse and hub.refuse in self.path else 200
            said = json.dumps(self.said(body) if status == 200 else {"error": "no"}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(said)))
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(said)

        def said(self, body: bytes) -> Any:
            if "whoami" in self.path:
                return {"name": "me", "type": "user", "orgs": []}
            if "repos/create" in self.path:
                hub.created.append(json.loads(body))
                prefix = "datasets/" if hub.created[-1].get("type") == "dataset" else ""
                return {"url": f"{hub.url}/{prefix}me/{hub.created[-1]['name']}"}
            if "validate-yaml" in self.path:
                return {"errors": [], "warnings": []}
            if "preupload" in self.path:
                files = json.loads(body)["files"]
                return {"files": [
                    {"path": f["path"], "uploadMode": "regular", "shouldIgnore": False}
                    for f in files
                ]}  # fmt: skip
            if "/commit/" in self.path:
                for line in map(json.loads, body.splitlines()):
                    if line["key"] == "file":
                        content = base64.b64decode(line["value"]["content"])
                        hub.uploaded[line["value"]["path"]] = content
                return {"commitUrl": f"{hub.url}/me/x/commit/{'0' * 40}", "commitOid": "0" * 40}
            return {"id": "me/x", "private": not hub.public, "siblings": []}

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
