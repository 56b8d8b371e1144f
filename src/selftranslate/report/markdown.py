"""report.md: the table in the paper's form, and what stands behind it."""

from __future__ import annotations

from collections.abc import Sequence

from selftranslate.report import Findings, Result, by_language, groups, summary, table
from selftranslate.visible import visible


def write(result: Result) -> str:
    """Return the whole report as Markdown."""
    result = groups.arranged(result)
    many = groups.many(result)
    parts = [f"# {result.task}: {result.metric} by setting and language"]
    parts += _together(result) if many else [_verdicts(result)]
    parts += [main_table(result), _cell((by_language if many else table).footnote(result))]
    parts += [f"**Warning:** {_cell(warning)}" for warning in table.warnings(result)]
    parts += ["## Statistics", _table(table.STATISTICS, table.statistics(result))]
    parts += [table.EXPLANATION]
    parts += ["## Verdicts", _verdicts(result)] if many else []
    parts += ["## Translation", translation_table(result)]
    for code, found in table.translated(result).items():
        parts += [f"## {found.language}", *_dropped(found), *_samples(found, code, result.fields)]
    if result.notes:
        parts += ["## Notes", "\n".join(f"- {_cell(note)}" for note in result.notes)]
    return "\n\n".join(parts) + "\n"


def main_table(result: Result) -> str:
    """Return the paper's table 3; of many languages, a row each."""
    if groups.many(result):
        return _turned(result)
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


def _together(result: Result) -> list[str]:
    """Say what many languages show together."""
    said = [sentence.whole for sentence in summary.sentences(result)] + summary.hurt(result)
    parts = ["\n".join(f"- {_cell(text)}" for text in said)]
    settings = summary.compared(result)
    for name, found in (
        ("family", summary.by_family(result)), ("script", summary.by_script(result)),
    ) if settings else ():  # fmt: skip
        rows = [[one.name, str(one.languages), *map(summary.cell, one.gains)] for one in found]
        parts.append(_table([name, "languages", *settings], rows))
    return [*parts, *([summary.LEGEND] if settings else [])]


def _turned(result: Result) -> str:
    """Return a row per language, under the name of its family."""
    found, heads = by_language.rows(result), by_language.heads(result)
    names = ["language", "script", *table.settings(result), *heads]
    rows: list[list[str]] = []
    bold: list[list[bool]] = []
    for group in groups.families(result):
        rows.append([group.name] + [""] * (len(names) - 1))
        bold.append([True] + [False] * (len(names) - 1))
        for row in map(found.__getitem__, group.codes):
            values = [value.text for value in row.values]
            rows.append([row.found.language, row.script, *(e.text for e in row.entries), *values])
            bold.append([False] * 2 + [e.bold for e in row.entries] + [False] * len(values))
            if row.printed:
                theirs = [entry.text for entry in row.printed]
                rows.append([table.PRINTED, "", *theirs, *[""] * len(values)])
                bold.append([False] * len(names))
    return _table(names, rows, bold)


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
