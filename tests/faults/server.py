"""Runs the command in forked children: the heavy libraries are imported once, not per command.

Reads JSON lines, answers each with one. {"run": {"arguments", "environment", "output"}} forks a
child with its own stdout and stderr under `output` and answers its process id;
{"wait": process id} answers its exit code, negative for a signal.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import sys
import traceback
from typing import Any

import peft  # noqa: F401
import sacrebleu  # noqa: F401
import scipy.stats  # noqa: F401
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast, Trainer  # noqa: F401

import selftranslate
from selftranslate import cli


def serve() -> None:
    for module in pkgutil.walk_packages(selftranslate.__path__, "selftranslate."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for line in sys.stdin:
        asked = json.loads(line)
        answer = run(**asked["run"]) if "run" in asked else wait(asked["wait"])
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


def run(arguments: list[str], environment: dict[str, str], output: str) -> int:
    child = os.fork()
    if child:
        return child
    code: Any = 70
    try:
        os.environ.update(environment)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for number, name in ((1, "stdout"), (2, "stderr")):
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
            os.dup2(os.open(os.path.join(output, name), flags), number)
        code = cli.main(arguments)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def wait(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    serve()
