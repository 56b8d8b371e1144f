"""What a store holds, and what is going on there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from selftranslate.amounts import duration
from selftranslate.options import AsJson, Where
from selftranslate.visible import visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from selftranslate.live import Account, Current
    from selftranslate.overview import Finished, Overview

MARKS = {
    "running": ("●", "green"), "finished": ("✓", "green"), "interrupted": ("■", "yellow"),
    "failed": ("✗", "red"), "died": ("✗", "red"), "unknown": ("?", "yellow"),
}  # fmt: skip

BAR = 24
"""Characters of a bar on a terminal."""


def verb(store: Where = Path("runs"), as_json: AsJson = False) -> None:
    """Show what is done, running and left in a store, while a run goes on and after its end.

    Example: selftranslate status --store runs
    """
    from rich.console import Console

    from selftranslate import overview

    found = overview.look(store)
    if as_json:
        print(json.dumps(found.to_json(), ensure_ascii=False))
        return
    shown = Console(highlight=False)
    for line in _lines(found, shown):
        shown.print(line, soft_wrap=True)


def _lines(found: Overview, shown: Console) -> Iterator[Text]:
    from rich.text import Text

    from selftranslate.overview import NEWEST

    yield Text.assemble((visible(str(found.store)), "bold"), f"  {_size(found.bytes)}")
    for run in found.told:
        yield from _run(run, shown)
    if found.finished:
        yield Text("\nfinished experiments", style="bold")
    for one in found.finished[:NEWEST]:
        yield from _experiment(one)
    if len(found.finished) > NEWEST:
        yield Text(f"  and {len(found.finished) - NEWEST} older; --json has all", style="dim")
    yield Text("\nin the store", style="bold")
    for kept in found.stages:
        left = f"  {_size(kept.unfinished)} unfinished" if kept.unfinished else ""
        size = _size(kept.bytes)
        word = "artifact " if kept.artifacts == 1 else "artifacts"
        yield Text(f"  {kept.stage:<24}{kept.artifacts:>7,} {word}{size:>12}{left}")
    entries = "cannot be read" if found.memory is None else f"{found.memory:,} texts    "
    yield Text(f"  {'translation memory':<24}{entries:>17}{_size(found.memory_bytes):>12}")


def _run(run: Account, shown: Console) -> Iterator[Text]:
    """Show one run: how it ended, or what it has done and has left to do."""
    from rich.text import Text

    mark, colour = MARKS[run.state]
    about = visible(f"{run.about.task} · {run.about.model} · {', '.join(run.about.languages)}")
    head = Text.assemble("\n", (f"{mark} {run.state}", colour), f"  {about}")
    yield head.append(visible(f"  {run.about.recipe}"), style="dim")
    yield Text(visible(f"    {_fate(run)}"))
    if run.state == "finished":
        return
    width = max((len(stage.label) for stage in run.stages), default=0)
    width = max(width, len(run.current.label) if run.current else 0)
    for stage in run.stages:
        rate = f"{stage.done / stage.seconds:,.1f}/s" if stage.done and stage.seconds else ""
        said = f"{stage.done:>9,} {stage.unit}" if stage.made else ""
        times = f"  {stage.made} times" if stage.made > 1 else ""
        there = f"  {stage.found} in the store already" if stage.found else ""
        took = f"  {duration(stage.seconds):>7}  {rate:>9}" if stage.made else ""
        line = Text.assemble(
            "    ", ("✓", "green"), f" {visible(stage.label):<{width}}{said}{took}"
        )
        yield line.append(times + there, style="dim")
    if run.current:
        yield _working(run.current, width, shown)
    if left := [_left(run, unit, count) for unit, count in run.left.items() if count]:
        yield Text(f"    left, at most: {', '.join(left)}")
    if run.notes:
        yield Text(f"    notes: {run.notes}", style="yellow")


def _working(now: Current, width: int, shown: Console) -> Text:
    from rich.text import Text

    share = now.done / now.total if now.total else 0.0
    line = Text.assemble("    ", ("▸", "cyan"), f" {visible(now.label):<{width}}")
    if shown.is_terminal:
        full = round(BAR * share)
        line.append("  " + "━" * full, style="cyan").append("━" * (BAR - full), style="dim")
    line.append(f"{now.done:>9,} of {now.total:,} {now.unit}, {share:.0%}")
    return line.append(f"  {now.rate:,.1f}/s" if now.rate else "")


def _left(run: Account, unit: str, count: int) -> str:
    seconds = run.seconds_left[unit]
    return f"{count:,} {unit}" + (f" (about {duration(seconds)})" if seconds is not None else "")


def _fate(run: Account) -> str:
    since = f"since {_moment(run.began)}"
    match run.state:
        case "running":
            return f"{since}, {_took(run)}; process {run.pid} on {run.host}, {_heard(run)}"
        case "finished":
            return f"at {_moment(run.ended)}, in {duration(run.seconds)}"
        case "interrupted":
            return (
                f"at {_moment(run.ended)}, after {duration(run.seconds)}; the same command goes on "
                "from what is finished"
            )
        case "failed":
            return f"at {_moment(run.ended)}, after {duration(run.seconds)}: {run.message}"
        case "died":
            return (
                f"its process is gone, {_heard(run)} after {duration(run.seconds)}; run the same "
                "command again"
            )
        case _:
            return f"{since}, on {run.host}, {_heard(run)}; nobody here can see if it lives"


def _experiment(one: Finished) -> Iterator[Text]:
    from rich.text import Text

    what = visible(f"{one.task} · {one.model} · {', '.join(one.languages)}")
    yield Text.assemble("  ", (one.key, "cyan"), f"  {_moment(one.finished)}  {what}")
    for verdict in one.verdicts:
        yield Text(visible(f"    {verdict}"))


def _heard(run: Account) -> str:
    return f"last heard of at {datetime.fromisoformat(run.updated).astimezone():%H:%M:%S}"


def _took(run: Account) -> str:
    begun = datetime.fromisoformat(run.began)
    return duration((datetime.now(begun.tzinfo) - begun).total_seconds())


def _moment(text: str) -> str:
    """Write a time as a clock here shows it; with its day if that is another one."""
    moment = datetime.fromisoformat(text).astimezone()
    today = moment.date() == datetime.now().astimezone().date()
    return f"{moment:%H:%M}" if today else f"{moment:%Y-%m-%d %H:%M}"


def _size(count: int) -> str:
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:,.1f} {unit}"
    return f"{count} bytes"
