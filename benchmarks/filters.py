"""What the filters keep of people's translations: the table of docs/filters.md, and the shots.

python benchmarks/filters.py DATA [--every N] [--write docs/filters.md]

DATA holds the files that recipes/gsm8k.yaml, squad.yaml and mnli.yaml name. Every distinct text
that people translated is given to each filter alone, as if an engine had written it: a good filter
drops none. The shots are the eight pairs that a run would show to the model.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import chain, islice
from pathlib import Path

from selftranslate import languages, plugins, recipe
from selftranslate.example import Example, Pair
from selftranslate.filters import PRESETS, Filter
from selftranslate.tasks import Split, Task
from selftranslate.translate.shots import choose

RECIPES = Path(__file__).parents[1] / "recipes"
NAMES = {"gsm8k": "MGSM", "squad": "XQuAD", "mnli": "XNLI"}
"""What the translated test sets of the paper's tasks are called."""

LETTER = re.compile(r"[^\W\d_]")
ENGLISH = "en"


@dataclass(frozen=True, slots=True)
class Kept:
    """What one filter made of the texts of one field, in one language."""

    texts: int
    reasons: Mapping[str, int]

    @property
    def share(self) -> float:
        """Return how many of a hundred texts it kept."""
        return 100 * (1 - sum(self.reasons.values()) / self.texts)


@cache
def task(name: str, data: Path) -> tuple[Task, tuple[str, ...]]:
    """Return a task of the paper with its languages."""
    made = recipe.load(RECIPES / f"{name}.yaml", [f"data.folder={data}"])
    assert made.data
    return plugins.build("tasks", name, {"data": made.data.sources()}), made.languages


def parallel(task: Task, code: str, split: Split) -> Iterator[Pair]:
    """Yield the rows that people translated into a language."""
    there = {row.id: row for row in task.load(split, code)}
    for row in task.load(split, ENGLISH):
        if row.id in there:
            yield Pair(source=row, target=there[row.id])


def texts(task: Task, code: str) -> Iterator[tuple[str, Pair]]:
    """Yield each distinct text once, as the only one that an engine wrote; numbers are none."""
    seen = set()
    for pair in chain(parallel(task, code, "shots"), parallel(task, code, "test")):
        for name in task.translated:
            both = name, pair.source.fields[name], pair.target.fields[name]
            if both not in seen and LETTER.search(both[1]):
                seen.add(both)
                yield name, alone(pair, name)


def alone(pair: Pair, name: str) -> Pair:
    """Return a pair of which an engine wrote one field."""
    source, target = (
        Example(id=each.id, language=each.language, fields={name: each.fields[name]})
        for each in (pair.source, pair.target)
    )
    return Pair(source=source, target=target, ended={name: ("fence",)})


def shots(task: Task, code: str) -> list[Pair]:
    """Return the pairs that a run would show."""
    candidates = parallel(task, code, "shots")
    return choose(task, candidates, 8, languages.get(ENGLISH), languages.get(code))


def measure(
    task: Task, code: str, filters: Mapping[str, Filter], every: int = 1
) -> dict[str, dict[str, Kept]]:
    """Return what each filter keeps of every n-th text, by field and filter."""
    counts: Counter[str] = Counter()
    reasons: dict[tuple[str, str], Counter[str]] = {}
    for field, pair in islice(texts(task, code), 0, None, every):
        counts[field] += 1
        for name, check in filters.items():
            found = reasons.setdefault((field, name), Counter())
            if drop := check(pair):
                found[drop.reason] += 1
    return {
        field: {name: Kept(count, reasons[field, name]) for name in filters}
        for field, count in counts.items()
    }


def dropped_shots(task: Task, code: str, filters: Mapping[str, Filter]) -> Iterator[str]:
    """Name filter and field wherever a shot would not pass."""
    for pair in shots(task, code):
        for field in task.translated:
            for name, check in filters.items():
                if drop := check(alone(pair, field)):
                    yield f"{name}: {field} {drop.reason}"


def tables(data: Path, every: int) -> dict[str, str]:
    """Return both tables: people's translations, and the shots."""
    filters = {name: plugins.build("filters", name) for name in PRESETS["strict"]}
    heads = [name for name in filters if name != "complete"]
    kept = [
        f"| Language | Texts | | {' | '.join(f'`{name}`' for name in heads)} |",
        f"|---|---|---:|{'---:|' * len(heads)}",
    ]
    objections = ["| Task | Language | Shots that a filter would drop |", "|---|---|---|"]
    lost: dict[str, Counter[str]] = {}
    whole: Counter[str] = Counter()
    for name, shown in NAMES.items():
        made, codes = task(name, data)
        for code in codes:
            called = languages.get(code).name
            for field, found in measure(made, code, filters, every).items():
                cells = [_share(found[each].share) for each in heads]
                count = next(iter(found.values())).texts
                kept.append(f"| {called} | {shown} {field} | {count:,} | {' | '.join(cells)} |")
                whole[called] += count
                for each in heads:
                    missing = sum(found[each].reasons.values())
                    lost.setdefault(called, Counter())[each] += missing
            said = Counter(dropped_shots(made, code, filters))
            drops = ", ".join(f"{each} ({n})" for each, n in said.items()) or "none"
            objections.append(f"| {shown} | {called} | {drops} |")
    for called, count in whole.items():
        cells = [_share(100 * (1 - lost[called][each] / count)) for each in heads]
        kept.append(f"| **{called}** | **all** | {count:,} | {' | '.join(cells)} |")
    return {"kept": "\n".join(kept), "shots": "\n".join(objections)}


def _share(share: float) -> str:
    said = "100" if share == 100 else f"{share:.2f}"
    return f"**{said}**" if share < 99 else said


def main() -> None:
    """Print the tables, or put the first where the page has the old one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--write", type=Path)
    asked = parser.parse_args()
    made = tables(asked.data.resolve(), asked.every)
    if not asked.write:
        return print("\n\n".join(made.values()))
    text = asked.write.read_text(encoding="utf-8")
    between = re.compile(r"(<!-- filters: (\w+) -->\n).*?(<!-- end -->)", re.S)
    text = between.sub(lambda found: f"{found[1]}{made[found[2]]}\n{found[3]}", text)
    asked.write.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
