"""What a run's own work costs at size, and that its memory stays flat: no model is in it.

python benchmarks/scale.py [--rows 1000000] [--json FILE]

A task of one's own with two translated fields goes from JSON Lines through loading, planning,
translating, filtering and mixing on a fresh store, with a translation memory. An engine that
echoes 20,000 texts a second stands in for the model. For each stage: wall seconds, the
process's CPU seconds, and the most memory that was resident meanwhile. `overhead_us` is the CPU
time of all stages for each text.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]  # so that a recipe may name the engine beside this file

from selftranslate import recipe as recipes  # noqa: E402
from selftranslate.pipeline import Pipeline  # noqa: E402
from selftranslate.progress import Advance, Silent  # noqa: E402
from selftranslate.runtime import Runtime  # noqa: E402
from selftranslate.transfer import Material, Transfer  # noqa: E402

PEOPLE = ("Ann", "Bo", "Cara", "Dev", "Eva", "Finn", "Grace", "Hugo")
THINGS = ("apples", "books", "coins", "drums", "eggs", "flags", "gloves")
PLACES = ("Bonn", "Cairo", "Delhi", "Essen", "Fez", "Graz", "Ulm", "York", "Zug")

EVERY = 0.02
"""Seconds between two looks at the resident memory."""
TEXTS = 2
"""Translated fields of a row."""


def row(number: int) -> dict[str, str]:
    """Return a question and an answer of about a hundred characters each; few are alike."""
    person, thing = PEOPLE[number % len(PEOPLE)], THINGS[number % len(THINGS)]
    place, many = PLACES[number % len(PLACES)], number // 3
    return {
        "question": f"{person} buys {number:,} {thing} in {place} and gives {many:,} of them away. "
        f"How many {thing} does {person} still have in {place}?",
        "answer": f"{person} keeps {number:,} - {many:,} = {number - many:,} {thing}. "
        f"The answer is {number - many}.",
    }


def write(folder: Path, rows: int) -> Path:
    """Write the data and the recipe."""
    for split, count in (("train", rows), ("test.en", 50), ("test.de", 50)):
        with (folder / f"{split}.jsonl").open("w", encoding="utf-8") as file:
            for number in range(count):
                first = -1 - number if split != "train" else number
                file.write(json.dumps(row(first)) + "\n")
    tests = {"test": "test.{language}.jsonl", "shots": "test.{language}.jsonl"}
    wanted = {
        "task": {
            "name": "jsonl",
            "fields": {"question": {"translate": 256}, "answer": {"translate": 256}},
            "prompt": "Question: {{ question }}",
            "output": "{{ answer }}",
            "metric": "final_number",
        },
        "data": {
            "folder": str(folder),
            "train": "train.jsonl",
            **tests,
            "validation": tests["test"],
        },
        "languages": ["de"],
        "model": "mini",
        "engine": "benchmarks.echo",
    }
    path = folder / "recipe.yaml"
    path.write_text(json.dumps(wanted), encoding="utf-8")
    return path


class Watch(Silent):
    """Measures stages, and when planning ends: where translating says how much there is."""

    def __init__(self) -> None:
        self.stages: dict[str, dict[str, float]] = {}
        self._peak = 0
        self._begun = (0.0, 0.0)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Look at the memory now and then."""
        ended = threading.Event()

        def look() -> None:
            while not ended.wait(EVERY):
                self._peak = max(self._peak, resident())

        thread = threading.Thread(target=look, daemon=True)
        thread.start()
        yield
        ended.set()
        thread.join()

    def begin(self) -> None:
        """Begin a stage."""
        self._peak, self._begun = resident(), (time.monotonic(), time.process_time())

    def end(self, name: str) -> None:
        """End it, and begin the next one."""
        wall, cpu = time.monotonic() - self._begun[0], time.process_time() - self._begun[1]
        self.stages[name] = {
            "seconds": round(wall, 2),
            "cpu_seconds": round(cpu, 2),
            "peak_mb": round(max(self._peak, resident()) / 1e6, 1),
        }
        self.begin()

    @contextmanager
    def stage(self, label: str, total: int, unit: str) -> Iterator[Advance]:
        """Translating begins: what came before was planning."""
        self.end("plan")
        yield lambda count: None


def resident() -> int:
    """Return the bytes of this process that lie in memory."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def measure(rows: int, folder: Path) -> dict[str, Any]:
    """Take so many rows through all stages."""
    watch = Watch()
    recipe = recipes.load(write(folder, rows))
    pipeline = Pipeline(recipe, Runtime(store=folder / "runs", progress=watch))
    shots = pipeline.choose_shots("de")
    test = pipeline.load("test", "de")
    with watch.watching():
        watch.begin()
        english = pipeline.load("train", "en")
        watch.end("load")
        translated = pipeline.translate(english, shots, "de")
        watch.end("translate")
        pairs = pipeline.filter(translated, shots, "de")
        watch.end("filter")
        material = Material(
            language="de", english=english, shots=shots, translated=translated, pairs=pairs,
            gold=None, quality=shots, validation=test, test=test,
        )  # fmt: skip
        transfer = Transfer(pipeline.shop, material)
        transfer.mix(recipe.settings[-1], {"de": shots})
        watch.end("mix")
    texts = TEXTS * rows
    seconds = sum(stage["seconds"] for stage in watch.stages.values())
    busy = sum(stage["cpu_seconds"] for stage in watch.stages.values())
    return {
        "rows": rows,
        "texts": texts,
        "seconds": round(seconds, 2),
        "cpu_seconds": round(busy, 2),
        "overhead_us": round(1e6 * busy / texts, 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6),
        "stages": watch.stages,
    }


def main() -> None:
    """Print the measurements, and write them as JSON where asked to."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--rows", type=int, default=1_000_000, help="rows of the training data")
    options.add_argument("--json", type=Path, help="write the measurements to this file")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        found = measure(chosen.rows, Path(name))
    for name, stage in found["stages"].items():
        print(
            f"{name:10} {stage['seconds']:9.1f} s {stage['cpu_seconds']:9.1f} s of CPU time "
            f"{stage['peak_mb']:8,.0f} MB"
        )
    print(
        f"{found['rows']:,} rows: {found['seconds']:,.1f} s, {found['peak_mb']:,} MB, "
        f"{found['overhead_us']:.0f} us of CPU time a text"
    )
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
