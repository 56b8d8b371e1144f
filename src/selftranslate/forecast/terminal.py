"""The plan as a person sees it in a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from selftranslate.amounts import duration, size
from selftranslate.forecast import Forecast, Line

UNITS = {"texts": "distinct texts to translate", "steps": "training steps", "answers": "answers"}


def show(found: Forecast, console: Console) -> None:
    """Print what is to do, stage by stage, and what it comes to."""
    console.print(_table(found))
    console.print(Text(summary(found), style="bold"))
    for said in found.assumptions:
        console.print(Text(f"• {said}", style="dim"))
    if not found.done:
        console.print(Text("nothing was written", style="dim"))


def summary(found: Forecast) -> str:
    """Say in a sentence what a run would take."""
    if found.done:
        return "nothing to do: everything this recipe asks for is in the store already"
    parts = []
    for unit, name in UNITS.items():
        all_ = found.total(unit)
        if left := all_["left"]:
            known = f" of {all_['distinct']:,}" if left < all_["distinct"] else ""
            parts.append(f"{left:,}{known} {name}")
    if found.seconds is not None and found.timed:
        parts.append(f"about {duration(found.seconds)}")
    if found.gpu_hours:
        parts.append(f"{found.gpu_hours:.2g} GPU-hours")
    parts.append(f"{size(sum(line.step.bytes for line in found.lines))} of disk")
    if found.money is not None:
        parts.append(f"{found.money:,.2f} to pay")
    return "to do: " + ", ".join(parts)


def _table(found: Forecast) -> Table:
    paid = any(line.money is not None for line in found.lines)
    made = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    made.add_column("", overflow="fold")
    for name in ("to do", "there", "tokens in", "out", "time", "disk", *["money"] * paid):
        made.add_column(name, justify="right", no_wrap=True)
    stage = ""
    for line in found.lines:
        if line.step.stage != stage:
            stage = line.step.stage
            unit = line.step.unit
            head = unit if unit.startswith(stage) else f"{stage}, {unit}"
            made.add_row(Text(head, style="bold"))
        cells = _figures(line, paid)
        made.add_row(Text(f"  {line.step.what}"), *cells, style="dim" if line.step.done else "")
    return made


def _figures(line: Line, paid: bool) -> list[str]:
    step = line.step
    there = step.distinct - step.left
    asked = bool(step.jobs)
    return [
        "-" if step.done else f"{step.left:,}",
        f"{there:,}" if there else "",
        count(step.prompt_tokens) if asked else "",
        count(step.new_tokens) if step.new_tokens else "",
        duration(line.seconds) if asked and line.seconds is not None else "",
        size(step.bytes) if step.bytes else "",
        *[f"{line.money:,.2f}" if line.money is not None else ""] * paid,
    ]


def count(tokens: int) -> str:
    """Write a number of tokens, short where it is large."""
    return f"{tokens:,}" if tokens < 1e6 else f"{tokens / 1e6:,.1f} M"
