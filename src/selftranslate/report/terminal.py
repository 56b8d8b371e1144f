"""The report as a person sees it in a terminal."""

from __future__ import annotations

from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from selftranslate.report import Findings, Result, by_language, groups, summary, table
from selftranslate.visible import visible

ROOM = ("p", "chrF")
"""Columns that a narrow terminal has no room for; the page has them."""
LONGEST = 20
"""Characters of a language's name that are never broken."""
WARNINGS = 6
"""Printed of many languages."""


def show(result: Result, page: Path | str, console: Console) -> None:
    """Print the paper's table, translation quality, what was dropped and a few samples.

    Of many languages, a row each and what they show together; the page has the rest.
    """
    if groups.many(result):
        _show_many(groups.arranged(result), console)
    else:
        _show_few(result, console)
    console.print(f"\nreport: {escape(str(page))}", highlight=False, soft_wrap=True)


def _show_few(result: Result, console: Console) -> None:
    console.print(_main(result))
    console.print(Text(table.footnote(result), style="dim"))
    console.print(_translation(result))
    for warning in table.warnings(result):
        console.print(Text(f"warning: {warning}", style="yellow"))
    for found in table.translated(result).values():
        console.print(_samples(found, result.fields))
    for code in result.languages:
        console.print(Text(f"• {table.verdict(result, code)}"))


def _show_many(result: Result, console: Console) -> None:
    console.print(_turned(result))
    told = by_language.footnote(result).replace("Mean ± standard deviation (ddof 0)", "Mean")
    console.print(Text(told, style="dim"))
    if summary.compared(result):
        console.print(_gains(result))
    warnings = table.warnings(result)
    for warning in warnings[:WARNINGS]:
        console.print(Text(f"warning: {warning}", style="yellow"))
    if len(warnings) > WARNINGS:
        console.print(f"{len(warnings) - WARNINGS} more warnings in the report", style="yellow")
    most, least = summary.extremes(result)
    for code in [*most, *least[::-1]]:
        console.print(Text(f"• {table.verdict(result, code)}"))
    console.print()
    for said in [*(one.whole for one in summary.sentences(result)), *summary.hurt(result)]:
        console.print(Text(f"• {said}", style="bold"))


def _turned(result: Result) -> Table:
    """Return a row per language under its family, without what takes too much room."""
    made = Table(
        title=Text(f"{result.task}: {result.metric}"), title_justify="left", box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0), pad_edge=False,
    )  # fmt: skip
    found = by_language.rows(result)
    longest = max(len(row.found.language) for row in found.values())
    made.add_column("language", min_width=2 + min(longest, LONGEST))
    heads = by_language.heads(result)
    shown = [heads.index(name) for name in heads if name not in ROOM]
    for name in [*table.settings(result), *(heads[place] for place in shown)]:
        made.add_column(name, justify="right", overflow="fold")
    for group in groups.families(result):
        made.add_row(Text(group.name, style="dim"))
        for row in map(found.__getitem__, group.codes):
            scores = [Text(e.mean + e.marks, style="bold" if e.bold else "") for e in row.entries]
            values = [Text(row.values[place].text) for place in shown]
            made.add_row(Text(f"  {row.found.language}"), *scores, *values)
            if row.printed:
                theirs = [Text(entry.mean + entry.marks) for entry in row.printed]
                made.add_row(Text(f"  {table.PRINTED}"), *theirs, style="dim")
    return made


def _gains(result: Result) -> Table:
    """Return what each family gained."""
    made = Table(
        title="gains by family", title_justify="left", box=SIMPLE_HEAD, padding=(0, 2, 0, 0),
        pad_edge=False, caption=Text(summary.LEGEND), caption_justify="left",
    )  # fmt: skip
    made.add_column("family")
    made.add_column("languages", justify="right")
    for name in summary.compared(result):
        made.add_column(name)
    for line in summary.by_family(result):
        made.add_row(Text(line.name), str(line.languages), *(summary.cell(g) for g in line.gains))
    return made


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
