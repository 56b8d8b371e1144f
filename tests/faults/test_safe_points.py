"""Ctrl-C during training and asking: the step or answer in flight is the last one."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from selftranslate import evaluate, interrupts, plugins
from selftranslate.example import Sample
from selftranslate.progress import Advance, Silent
from selftranslate.runtime import Runtime
from selftranslate.training import Run


class PressesCtrlC(Silent):
    """Sends SIGINT when the first unit of a stage is done, and counts the units."""

    def __init__(self) -> None:
        self.done = 0

    @contextmanager
    def stage(self, label: str, total: int, unit: str) -> Iterator[Advance]:
        def advance(count: int) -> None:
            self.done += count
            if self.done == 1:
                os.kill(os.getpid(), signal.SIGINT)

        yield advance


def train(model: Path, progress: PressesCtrlC, folder: Path) -> None:
    runtime = Runtime(progress=progress)
    given = {"model": str(model), "runtime": runtime, "r": 2, "batch_size": 1}
    sample = Sample(id="1", prompt="one\n", completion="two", languages="en>en")
    run = Run(learning_rate=1e-3, seed=0, steps=5)
    plugins.build("training", "lora", given).fit([sample], run, folder)


def ask(model: Path, progress: PressesCtrlC, folder: Path) -> None:
    runtime = Runtime(progress=progress)
    engine = plugins.build("engines", "transformers", {"model": str(model), "runtime": runtime})
    task = plugins.build("tasks", "mini_nli", {"test": 5})
    asked = evaluate.Asked(task, list(task.load("test", "en")))
    evaluate.predict(engine, asked, "ask", progress)


@pytest.mark.parametrize("work", [train, ask])
def test_the_unit_in_flight_is_the_last(
    work: Callable[[Path, PressesCtrlC, Path], None], tiny_model: Path, tmp_path: Path
) -> None:
    progress = PressesCtrlC()
    with pytest.raises(KeyboardInterrupt), interrupts.gentle():
        work(tiny_model, progress, tmp_path)
    assert progress.done == 1
