"""How long a user waits for help: `selftranslate --help`, and each verb's, as new processes.

python benchmarks/startup.py --times 20 [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

from selftranslate.cli import VERBS

COMMAND = str(Path(sys.executable).with_name("selftranslate"))


def seconds(arguments: list[str], times: int) -> list[float]:
    """Start the command so many times; return what each took, in order of size."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        subprocess.run([COMMAND, *arguments], check=True, capture_output=True)
        taken.append(time.perf_counter() - began)
    return sorted(taken)


def main() -> None:
    """Print median, fastest and slowest for each help."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found = {}
    print("| help of | median ms | fastest | slowest |\n|---|---|---|---|")
    for name, arguments in [("(all)", ["--help"]), *((v, [v, "--help"]) for v in VERBS)]:
        taken = seconds(arguments, options.times)
        found[name] = statistics.median(taken)
        low, middle, high = (1000 * s for s in (taken[0], found[name], taken[-1]))
        print(f"| {name} | {middle:.0f} | {low:.0f} | {high:.0f} |", flush=True)
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
