"""How the cost of `selftranslate translate` grows with the number of texts.

python benchmarks/growth.py [--texts 1000,10000,100000] [--json FILE]

Short distinct texts of the miniature's world, the miniature, JSON Lines in and out, a fresh store.
Each size runs in a process of its own, after one text that loads the libraries. `peak_mb` is that
process's; `overhead_ms` is the time a text costs outside of the engine: reading, planning, the
memory, filters, writing.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from selftranslate import translate_file
from selftranslate.engines import Completion, Request, transformers
from selftranslate.mini import sentences
from selftranslate.mini.lexicon import MEN, THINGS, WOMEN
from selftranslate.recipe import Plugin
from selftranslate.runtime import Runtime
from selftranslate.translate_file import Summary, located

SHOTS = 8


def sentence(number: int, language: str) -> str:
    """Return a short sentence of the world; no two numbers give the same one."""
    people, rest = [*MEN, *WOMEN], number
    rest, person = divmod(rest, len(people))
    count, thing = divmod(rest, len(THINGS))
    return sentences.has(people[person], count + 2, THINGS[thing])[language]


def write(folder: Path, texts: int) -> None:
    """Write the input, and the shots out of what comes after it."""
    with (folder / "in.jsonl").open("w", encoding="utf-8") as file:
        for number in range(texts):
            file.write(json.dumps({"id": number, "text": sentence(number, "en")}) + "\n")
    with (folder / "shots.jsonl").open("w", encoding="utf-8") as file:
        for shot in range(SHOTS):
            both = {code: {"text": sentence(37 * shot, code)} for code in ("en", "de")}
            file.write(json.dumps(both, ensure_ascii=False) + "\n")


def translate(texts: int) -> Summary:
    """Translate so many texts into a new file with a new store."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, texts)
        job = translate_file.Job(
            data=folder / "in.jsonl",
            out=folder / "out.jsonl",
            source="en",
            target="de",
            wanted=located.wanted("text"),
            shots=folder / "shots.jsonl",
            model="mini",
            engine=Plugin(name="transformers"),
            filters=(Plugin(name="complete"), Plugin(name="length_ratio")),
            max_new_tokens=60,
        )
        return translate_file.run(job, Runtime(store=folder / "store", device="cpu"))


def measure(texts: int) -> dict[str, Any]:
    """Translate so many texts in this process."""
    inside = 0.0
    generate = transformers.TransformersEngine.generate

    def timed(self: Any, request: Request) -> Iterator[Completion]:
        nonlocal inside
        made, begun = generate(self, request), time.monotonic()
        for completion in made:
            inside += time.monotonic() - begun
            yield completion
            begun = time.monotonic()
        inside += time.monotonic() - begun

    translate(1)
    transformers.TransformersEngine.generate = timed  # type: ignore[method-assign]
    begun = time.monotonic()
    summary = translate(texts)
    seconds = time.monotonic() - begun
    assert summary.translated == texts, "every text is distinct"
    return {
        "texts": texts,
        "seconds": round(seconds, 2),
        "texts_per_s": round(texts / seconds, 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "overhead_ms": round(1000 * (seconds - inside) / texts, 3),
        "rows_out": summary.rows_out,
    }


def apart(texts: int) -> dict[str, Any]:
    """Measure in a process of its own."""
    command = [sys.executable, __file__, "--one", str(texts)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main() -> None:
    """Print the table, and write it as JSON where asked to."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--texts", default="1000,10000,100000", help="how many, by size")
    options.add_argument("--json", type=Path, help="write the measurements to this file")
    options.add_argument("--one", type=int, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.one:
        print(json.dumps(measure(chosen.one)))
        return
    rows = []
    for texts in map(int, chosen.texts.split(",")):
        rows.append(row := apart(texts))
        print(
            f"{texts:8,} texts {row['seconds']:9.1f} s {row['texts_per_s']:8.1f} texts/s "
            f"{row['peak_mb']:6,} MB   {row['overhead_ms']:.3f} ms a text outside of the model",
            flush=True,
        )
    if chosen.json:
        chosen.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
