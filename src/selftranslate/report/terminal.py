"""The report as a person sees it in a terminal."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from selftranslate.report import Findings, Result, table
from selftranslate.visible import visible


def show(result: Result, page: Path, console: Console) -> None:
    """Print the paper's table, translation quality, what was dropped and a few samples."""
    console.print(_main(result))
    console.print(Text(table.footnote(result), style="dim"))
    console.print(_translation(result))
    for warning in table.warnings(result):
        console.print(Text(f"warning: {warning}", style="yellow"))
    for found in table.translated(result).values():
        console.print(_samples(found, result.fields))
    for code in result.languages:
        console.print(Text(f"• {table.verdict(result, code)}"))
    console.print(f"\nreport: {escape(str(page))}", highlight=False, soft_wrap=True)


def _main(result: Result) -> Table:
    made = Table(title=Text(f"{result.task}: {result.metric}"), title_justify="left")
    made.add_column("setting", overflow="fold")
    for found in result.languages.values():
        made.add_column(found.language, justify="right")
    for line in table.lines(result):
        cells = (Text(entry.text, style="bold" if entry.bold else "") for entry in line.entries)
        made.add_row(Text(line.name), *cells, style="dim" if line.printed else "")
    return made


def _translation(result: Result) -> Table:
    made = Table(title="the model's translations of its training data", title_justify="left")
    for name in ("language", "quality", "pairs kept", "dropped because"):
        made.add_column(name)
    for found in table.translated(result).values():
        why = "\n".join(f"{count} {escape(reason)}" for reason, count in found.dropped.items())
        made.add_row(
            found.language, table.translation_score(found), table.share_kept(found), why or "-"
        )
    return made


def _samples(found: Findings, fields: tuple[str, ...]) -> Table:
    made = Table(title=f"into {found.language}", title_justify="left", show_lines=True)
    made.add_column("source", ratio=1)
    made.add_column("translation", ratio=1)
    for pair in found.samples:
        sides = ("\n".join(e.fields[f] for f in fields) for e in (pair.source, pair.target))
        made.add_row(*(Text(visible(side)) for side in sides))
    return made
