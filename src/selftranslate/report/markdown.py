"""report.md: the table in the paper's form, and what stands behind it."""

from __future__ import annotations

from collections.abc import Sequence

from selftranslate.report import Findings, Result, table
from selftranslate.visible import visible


def write(result: Result) -> str:
    """Return the whole report as Markdown."""
    parts = [f"# {result.task}: {result.metric} by setting and language", _verdicts(result)]
    parts += [main_table(result), _cell(table.footnote(result))]
    parts += [f"**Warning:** {_cell(warning)}" for warning in table.warnings(result)]
    parts += ["## Statistics", _table(table.STATISTICS, table.statistics(result))]
    parts += [table.EXPLANATION, "## Translation", translation_table(result)]
    for code, found in table.translated(result).items():
        parts += [f"## {found.language}", *_dropped(found), *_samples(found, code, result.fields)]
    if result.notes:
        parts += ["## Notes", "\n".join(f"- {_cell(note)}" for note in result.notes)]
    return "\n\n".join(parts) + "\n"


def main_table(result: Result) -> str:
    """Return the paper's table 3."""
    names = ["setting", *(found.language for found in result.languages.values())]
    rows = [[line.name, *(e.text for e in line.entries)] for line in table.lines(result)]
    bold = [[False, *(e.bold for e in line.entries)] for line in table.lines(result)]
    return _table(names, rows, bold)


def translation_table(result: Result) -> str:
    """Return translation quality and what the filters kept, a row per language."""
    rows = [
        [found.language, table.translation_score(found), table.share_kept(found)]
        for found in table.translated(result).values()
    ]
    return _table(["language", "translation", "pairs kept"], rows)


def _verdicts(result: Result) -> str:
    return "\n".join(f"- {_cell(table.verdict(result, code))}" for code in result.languages)


def _dropped(found: Findings) -> list[str]:
    if not found.dropped:
        return ["No pair was dropped."]
    rows = [[reason, str(count)] for reason, count in table.dropped_rows(found)]
    return [_table(["dropped because", "pairs"], rows)]


def _samples(found: Findings, code: str, fields: Sequence[str]) -> list[str]:
    rows = [
        [name, pair.source.fields[name], pair.target.fields[name]]
        for pair in found.samples
        for name in fields
    ]
    return [_table(["field", "source", code], rows)] if rows else []


def _table(
    head: Sequence[str], rows: Sequence[Sequence[str]], bold: Sequence[Sequence[bool]] = ()
) -> str:
    made = [[_cell(text) for text in row] for row in rows]
    for row, marks in zip(made, bold, strict=False):
        row[:] = [f"**{text}**" if mark else text for text, mark in zip(row, marks, strict=True)]
    lines = [[_cell(text) for text in head], ["---"] * len(head), *made]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cell(text: str) -> str:
    """Keep data from being read as Markdown or HTML."""
    text = visible(text)
    for character in "\\`*|<>[]":
        text = text.replace(character, f"\\{character}")
    return " ".join(text.replace("\n", " ⏎ ").split())
