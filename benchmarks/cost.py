"""What experiments cost on GPUs that are not at hand: the tables of docs/scale.md, as Markdown.

python benchmarks/cost.py [--write docs/scale.md]

The time is that of `selftranslate plan --device`; nothing is loaded, nothing is measured.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from workload import BATCH, LARGE, PAPER, RANK, STEPS, Experiment, Savings, cost

from selftranslate.forecast import devices, shape
from selftranslate.forecast.devices import Device
from selftranslate.forecast.roofline import Roofline
from selftranslate.forecast.shape import Shape

DAY = 24


@dataclass(frozen=True, slots=True)
class Machine:
    """A model on the devices that one copy of it needs."""

    model: str
    shape: Shape
    device: Device
    count: int = 1
    """Devices for a copy."""
    rereads: bool = False

    @property
    def roofline(self) -> Roofline:
        """Its speed."""
        return Roofline(
            device=devices.together(self.device, self.count),
            translating=self.shape,
            asked=self.shape,
            adapter=shape.adapter(self.shape, RANK, None),
            rereads=self.rereads,
        )


def dense(**numbers: int) -> Shape:
    """Return a model's shape by the numbers of its config."""
    names = {
        "layers": "num_hidden_layers", "hidden": "hidden_size", "wide": "intermediate_size",
        "heads": "num_attention_heads", "kept": "num_key_value_heads", "words": "vocab_size",
        "width": "head_dim",
    }  # fmt: skip
    return shape.dense({names[name]: number for name, number in numbers.items()})


SEVEN = dense(layers=32, hidden=4096, wide=11_008, heads=32, kept=32, words=32_000)
EIGHT = dense(layers=36, hidden=4096, wide=12_288, heads=32, kept=8, width=128, words=151_936)
SEVENTY = dense(layers=80, hidden=8192, wide=28_672, heads=64, kept=8, words=32_000)
H100, H200 = devices.find("h100"), devices.find("h200")


def captured(device: Device) -> Device:
    """Return a device whose kernels are not started from Python, as by vLLM's CUDA graphs."""
    return replace(device, layer=0.0)


MACHINES = [
    Machine("Llama-2-7B", SEVEN, H100),
    Machine("Llama-2-7B", SEVEN, H200),
    Machine("Qwen3-8B", EIGHT, H100),
    Machine("Qwen3-8B", EIGHT, H200),
    Machine("Llama-2-70B", SEVENTY, captured(H100), 4, rereads=True),
    Machine("Llama-2-70B", SEVENTY, captured(H200), 2, rereads=True),
]


def experiments(experiment: Experiment) -> Iterator[str]:
    """Yield a table of an experiment: a row for each model and device."""
    yield ("| | translate | train | evaluate | GPU-hours | on 8 GPUs |\n|---|--:|--:|--:|--:|--:|")
    for machine in MACHINES:
        made = cost(experiment, machine.roofline)
        parts = (made.translate, made.train, made.evaluate, made.total)
        cells = [hours(machine.count * part / 3600) for part in parts]
        whole = wall(made.spread(8 // machine.count) / 3600)
        where = f"{machine.count} × {machine.device.name.upper()}"
        yield f"| {machine.model}, {where} | {' | '.join([*cells, whole])} |"


def savings() -> Iterator[str]:
    """Yield a table of what each saving brings: the part it acts on without it, and with it."""
    yield (
        "| | acts on | the paper's, without | with | 10⁶ × 100, without | with |\n"
        "|---|---|--:|--:|--:|--:|"
    )
    left_out = (
        ("each distinct text once", "translate", Savings(dedupe=False)),
        ("shots attended to by all rows together, not row by row out of a prefix cache",
         "translate", Savings(prefix="cached")),
        ("the same, beside an engine without a prefix cache",
         "translate", Savings(prefix="repeated")),
        ("stopping what the filter will drop", "translate", Savings(early_stop=False)),
        ("one set of D_src runs for all languages", "train", Savings(shared_source=False)),
        ("one set of runs for equal mixtures", "train", Savings(same_mixtures=False)),
        ("packing, beside padded rows of like length", "train", Savings(rows="like")),
        ("packing, beside padded rows in random order, 8 at once",
         "train", Savings(rows="random")),
        ("one engine for all adapters", "evaluate", Savings(one_engine=False)),
        ("all of them", "total", Savings(False, "repeated", False, False, False, "random", False)),
    )  # fmt: skip
    on = MACHINES[0].roofline
    best = [cost(one, on) for one in (PAPER, LARGE)]
    for name, part, saved in left_out:
        cells = []
        for experiment, least in zip((PAPER, LARGE), best, strict=True):
            both = (getattr(made, part) / 3600 for made in (cost(experiment, on, saved), least))
            cells += map(hours, both)
        yield f"| {name} | {part} | {' | '.join(cells)} |"


def sensitivity() -> str:
    """Say in a line how much the first total depends on what is assumed."""
    on = MACHINES[0].roofline
    least = cost(PAPER, on).total / 3600

    def told(**changes: float) -> str:
        changed = replace(on, device=replace(on.device, **changes))
        return hours(cost(PAPER, changed).total / 3600)

    return (
        f"Sensitivity: {hours(least)} hours for the paper's experiment (Llama-2-7B, one H100) "
        f"become {told(training=0.3)} with 30 % of the FLOPs in training and {told(training=0.5)} "
        f"with 50 %, {told(layer=0.0004)} with half the time a layer, {told(reading=0.25)} with "
        "half the FLOPs for prompts; all three parts grow nearly in proportion to the tokens."
    )


def sizes() -> Iterator[str]:
    """Yield a table of the models' shapes."""
    yield ("| | W | H | A | L | d | κ | GB |\n|---|--:|--:|--:|--:|--:|--:|--:|")
    for name, one in (("Llama-2-7B", SEVEN), ("Qwen3-8B", EIGHT), ("Llama-2-70B", SEVENTY)):
        adapter = shape.adapter(one, RANK, None)
        yield (
            f"| {name} | {one.blocks / 1e9:.2f}·10⁹ | {one.head / 1e9:.2f}·10⁹ | "
            f"{adapter / 1e6:.0f}·10⁶ | {one.layers} | {one.hidden:,} | {one.keys:,} | "
            f"{one.bytes / 1e9:.0f} |"
        )


def hours(value: float) -> str:
    """Write hours with two figures, or more where they are whole."""
    if value >= 10:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def wall(value: float) -> str:
    """Write hours, or days where they are many."""
    return f"{hours(value)} h" if value < 3 * DAY else f"{hours(value / DAY)} days"


def tables() -> dict[str, str]:
    """Return all that docs/scale.md shows, by name."""
    runs = cost(PAPER, MACHINES[0].roofline).runs
    large = cost(LARGE, MACHINES[0].roofline)
    million = (
        f"{large.written / 1e9:,.0f}·10⁹ tokens of translations, {large.runs} runs. One pass over "
        f"the two million rows of +D_tgt would be {2 * 10**6 // BATCH:,} steps, not {STEPS:,}: "
        f"{2 * 10**6 / BATCH / STEPS:.0f} times the training."
    )
    return {
        "models": "\n".join(sizes()),
        "paper": "\n".join([*experiments(PAPER), "", f"{runs} runs are left of the paper's 216."]),
        "million": "\n".join([*experiments(LARGE), "", million]),
        "savings": "\n".join(savings()),
        "sensitivity": sensitivity(),
    }


def main() -> None:
    """Print the tables, or put them where the page has the old ones."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", type=Path)
    page = parser.parse_args().write
    made = tables()
    if not page:
        return print("\n\n".join(made.values()))
    text = page.read_text(encoding="utf-8")
    between = re.compile(r"(<!-- cost: (\w+) -->\n).*?(<!-- end -->)", re.S)
    text = between.sub(lambda found: f"{found[1]}{made[found[2]]}\n{found[3]}", text)
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
