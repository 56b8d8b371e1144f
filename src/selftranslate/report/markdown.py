"""report.md: the table in the paper's form, and what stands behind it."""

from __future__ import annotations

from collections.abc import Sequence

from selftranslate.report import Findings, Result, table


def write(result: Result) -> str:
    """Return the whole report as Markdown."""
    parts = [f"# {result.task}: {result.metric} by setting and language", _verdicts(result)]
    parts += [main_table(result), FOOTNOTE, "## Translation", translation_table(result)]
    parts += [f"**Warning:** {warning}" for warning in table.warnings(result)]
    for code, found in result.languages.items():
        parts += [f"## {found.language}", *_dropped(found), *_samples(found, code, result.fields)]
    if result.notes:
        parts += ["## Notes", "\n".join(f"- {_cell(note)}" for note in result.notes)]
    return "\n\n".join(parts) + "\n"


FOOTNOTE = (
    "Mean ± standard deviation (ddof 0) of the runs kept by validation, in percent. "
    "\\* better than the first row with p < α (Welch's t-test, two-sided, on the runs kept); "
    "bold: the highest significant score of a column."
)


def main_table(result: Result) -> str:
    """Return the paper's table 3."""
    rows = [
        [setting, *(f"**{e.text}**" if e.bold else e.text for e in table.entries(result, setting))]
        for setting in table.settings(result)
    ]
    return _table(["setting", *(f.language for f in result.languages.values())], rows)


def translation_table(result: Result) -> str:
    """Return translation quality and what the filters kept, a row per language."""
    rows = [
        [found.language, table.translation_score(found), table.share_kept(found)]
        for found in result.languages.values()
    ]
    return _table(["language", "translation", "pairs kept"], rows)


def _verdicts(result: Result) -> str:
    return "\n".join(f"- {table.verdict(found)}" for found in result.languages.values())


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


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(text) for text in line) + " |" for line in lines)


def _cell(text: str) -> str:
    """Keep data from being read as Markdown or HTML."""
    for character in "\\`|<>[]":
        text = text.replace(character, f"\\{character}")
    return " ".join(text.replace("\n", " ⏎ ").split())
