"""What the miniature can do: every task, language and setting, with gold data as the upper bound.

python benchmarks/miniature.py [--tasks mini,mini_nli,mini_qa] [--languages de,ru,zh,th]
                               [--model mini] [--seeds 3] [--threads 2] [--store DIR]

With the demo's hyper-parameters. Scores are percent, mean ± sd (ddof 0) over the seeds, * better
than D_src with p < 0.05 (Welch). English is the English test set under the D_src runs.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import torch

import selftranslate
from selftranslate import recipe
from selftranslate.console import Shown
from selftranslate.pipeline import Pipeline
from selftranslate.report import table
from selftranslate.runtime import Runtime

DEMO = Path(selftranslate.__file__).parent / "mini" / "demo.yaml"
SETTINGS = [
    {"name": "D_src", "train_on": ["source"]},
    {"name": "+D_tgt", "train_on": ["source", "target"]},
    {"name": "+gold", "train_on": ["source", "gold"]},
]


def measure(task: str, options: argparse.Namespace) -> None:
    """Run one task and print its table."""
    changes = [
        f"task={task}",
        f"model={options.model}",
        f"languages={json.dumps(options.languages.split(','))}",
        f"settings={json.dumps(SETTINGS)}",
        f"protocol.seeds={list(range(options.seeds))}",
        f"protocol.keep={options.seeds}",
        "test_source=true",
        *options.set,
    ]
    wanted = recipe.load(DEMO, changes)
    pipeline = Pipeline(wanted, Runtime(store=options.store, progress=Shown()))
    begun = time.monotonic()
    result, _ = pipeline.run()
    minutes = (time.monotonic() - begun) / 60

    head = ["setting", *(found.language for found in result.languages.values())]
    rows = [[line.name, *(entry.text for entry in line.entries)] for line in table.lines(result)]
    for name, said in (("translation", table.translation_score), ("pairs kept", table.share_kept)):
        columns = result.languages.values()
        rows.append([name, *(said(found) if found.translated else "" for found in columns)])
    print(f"\n{task}, {result.metric}, {options.seeds} seeds, {minutes:.1f} min\n")
    for row in [head, ["---"] * len(head), *rows]:
        print("| " + " | ".join(row) + " |", flush=True)


def main() -> None:
    """Measure every task that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", default="mini,mini_nli,mini_qa")
    parser.add_argument("--languages", default="de,ru,zh,th")
    parser.add_argument("--model", default="mini")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--store", type=Path, default=Path("runs/miniature"))
    parser.add_argument("--set", action="append", default=[])
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    for task in options.tasks.split(","):
        measure(task, options)


if __name__ == "__main__":
    main()
