"""A model of the hub is known, and planned with, before its weights are fetched."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from selftranslate.model import MINIATURE, fingerprint

COMMIT = "c" * 40
FILES = {p.name: p for p in MINIATURE.iterdir() if p.is_file()}

PROGRAM = """
import json, sys
from selftranslate import model
from selftranslate.cli import main
print(json.dumps([model.fingerprint("somebody/mini"), model.context_length("somebody/mini")]))
sys.exit(main([
    "plan", sys.argv[1], "--set", "model=somebody/mini", "--set", "limit=3", "--device", "h100",
]))
"""


@pytest.fixture
def hub() -> Iterator[tuple[str, list[str]]]:
    """A hub on this machine with one model; and which files were fetched."""
    fetched: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_HEAD(self) -> None:
            self.send(self.path.rpartition("/")[2], body=False)

        def do_GET(self) -> None:
            name = self.path.partition("?")[0].rpartition("/")[2]
            if name in FILES:
                fetched.append(name)
                self.send(name, body=True)
            elif self.path.startswith("/api/models/somebody/mini"):
                self.answer(json.dumps(listing(tree="/tree/" in self.path)).encode())
            else:
                self.send_error(404)

        def send(self, name: str, *, body: bool) -> None:
            content = FILES[name].read_bytes()
            self.answer(content, body=body, tag=hashlib.sha256(content).hexdigest())

        def answer(self, content: bytes, *, body: bool = True, tag: str = "x") -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Content-Type", "application/json")
            self.send_header("ETag", f'"{tag}"')
            self.send_header("X-Repo-Commit", COMMIT)
            self.end_headers()
            if body:
                self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", fetched
    server.shutdown()
    server.server_close()


def listing(*, tree: bool) -> object:
    """Say what the repository holds, as the hub's API does."""
    made = []
    for name, path in sorted(FILES.items()):
        size, stored = path.stat().st_size, path.suffix == ".safetensors"
        hashed = hashlib.sha256(path.read_bytes()).hexdigest()
        lfs = {"size": size, "pointerSize": 130, "sha256": hashed, "oid": hashed}
        own = {"type": "file", "path": name, "oid": "0" * 40} if tree else {"rfilename": name}
        made.append({**own, "size": size, "blobId": "0" * 40} | ({"lfs": lfs} if stored else {}))
    if tree:
        return made
    return {"id": "somebody/mini", "sha": COMMIT, "siblings": made, "tags": [], "private": False}


def test_a_plan_needs_no_weights_and_the_fingerprint_is_that_of_the_files(
    hub: tuple[str, list[str]], tmp_path: Path
) -> None:
    address, fetched = hub
    recipe = MINIATURE.parent / "demo.yaml"
    environment = {**os.environ, "HF_ENDPOINT": address, "HF_HOME": str(tmp_path / "hub")}
    environment |= {"HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1"}
    made = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(recipe)],
        env=environment, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    line, _, plan = made.stdout.partition("\n")
    assert json.loads(line) == [fingerprint("mini"), 2048]
    assert "nothing was written" in plan + made.stderr
    assert "config.json" in fetched and "tokenizer.json" in fetched
    assert not [name for name in fetched if name.endswith(".safetensors")]
