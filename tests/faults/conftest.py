"""The command as a real process that can be killed, started in milliseconds."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest

from selftranslate.failpoints import VARIABLE

SERVER = Path(__file__).with_name("server.py")


@dataclass(frozen=True, slots=True)
class Ended:
    """What a command left."""

    code: int
    """Negative: the signal that ended it."""
    out: str
    said: str


@dataclass(frozen=True, slots=True)
class Command:
    """A running command."""

    server: Server
    pid: int
    output: Path

    def kill(self, number: int) -> None:
        """Send a signal."""
        os.kill(self.pid, number)

    def said(self) -> str:
        """Return what it wrote to stderr so far."""
        return (self.output / "stderr").read_text(encoding="utf-8")

    def wait(self) -> Ended:
        """Wait for its end."""
        code = self.server.ask({"wait": self.pid})
        return Ended(code, (self.output / "stdout").read_text(encoding="utf-8"), self.said())


@dataclass(slots=True)
class Server:
    """The process that forks the commands."""

    to: IO[str]
    back: IO[str]
    folder: Path
    started: int = 0

    def ask(self, question: Mapping[str, object]) -> int:
        self.to.write(json.dumps(question) + "\n")
        self.to.flush()
        return int(self.back.readline())

    def start(self, *arguments: object, failpoint: str = "", **environment: str) -> Command:
        """Start `selftranslate ARGUMENTS`."""
        self.started += 1
        output = self.folder / str(self.started)
        output.mkdir()
        wanted = {
            "arguments": [str(argument) for argument in arguments],
            "environment": {**environment, **({VARIABLE: failpoint} if failpoint else {})},
            "output": str(output),
        }
        return Command(self, self.ask({"run": wanted}), output)

    def run(self, *arguments: object, failpoint: str = "", **environment: str) -> Ended:
        """Run `selftranslate ARGUMENTS` to its end."""
        return self.start(*arguments, failpoint=failpoint, **environment).wait()


RECIPE = """
task: {name: mini, train: 8, validation: 2, test: 3}
model: mini
languages: [de]
limits: {quality: 2}
settings: [{name: D_tgt, train_on: [target]}]
training: {name: lora, r: 4, batch_size: 4}
protocol: {learning_rates: [1e-3], seeds: [0], steps: 2, keep: 1}
"""


@pytest.fixture(scope="session")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole method in a few seconds."""
    path = tmp_path_factory.mktemp("recipe") / "recipe.yaml"
    path.write_text(RECIPE, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def whole(server: Server, recipe: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of a run that nobody disturbed."""
    store = tmp_path_factory.mktemp("whole")
    ended = server.run("run", recipe, "--store", store)
    assert ended.code == 0, ended.said
    return store


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    path = os.pathsep.join([str(SERVER.parent), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    environment.pop(VARIABLE, None)
    with subprocess.Popen(
        [sys.executable, str(SERVER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        yield Server(process.stdin, process.stdout, tmp_path_factory.mktemp("commands"))
        process.stdin.close()


BESIDE = {"reports", "live", "journal", "elsewhere"}


def artifacts(store: Path) -> dict[str, str]:
    """Return the hash of every file below the store's stages, finished or left behind."""
    return {
        path.relative_to(store).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(store.glob("*/**/*"))
        if path.is_file() and path.relative_to(store).parts[0] not in BESIDE
    }
