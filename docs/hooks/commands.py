"""Writes the page of all commands while the site is built, from what `--help` says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

PAGE = "commands.md"
PLACE = "<!-- every command -->"
EVERYWHERE = {"quiet", "verbose", "help"}
"""Options that every command has: the page says so once."""


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Put the commands where the page wants them."""
    if page.file.src_uri != PAGE:
        return markdown
    return markdown.replace(PLACE, "\n\n".join(sections()))


def sections() -> Iterator[str]:
    """Yield each command as Markdown, in the order of `selftranslate --help`."""
    import typer

    from selftranslate.cli import app

    program: Any = typer.main.get_command(app)
    with program.make_context("selftranslate", [], resilient_parsing=True) as context:
        for name, command in program.commands.items():
            yield from _section(name, command, context)


def _section(name: str, command: Any, parent: Any, level: int = 2) -> Iterator[str]:
    with command.make_context(name, [], parent=parent, resilient_parsing=True) as context:
        path = context.command_path.removeprefix("selftranslate ")
        text, _, example = (command.help or "").partition("Example: ")
        parts = [f"{'#' * level} {path}", text.strip()]
        if example:
            parts.append(f"```sh\n{_broken(' '.join(example.split()))}\n```")
        inner = getattr(command, "commands", {})
        if not inner:
            own = [p for p in command.get_params(context) if p.name not in EVERYWHERE]
            records = filter(None, (param.get_help_record(context) for param in own))
            rows = [f"| {_code(left)} | {_cell(right)} |" for left, right in records]
            parts.append("\n".join(["| Option | What it does |", "|---|---|", *rows]))
        yield "\n\n".join(part for part in parts if part)
        for below, one in inner.items():
            yield from _section(below, one, context, level + 1)


def _broken(line: str, width: int = 88) -> str:
    """Break a command before an option, so that it can be read without scrolling."""
    lines = [""]
    for piece in re.split(r" (?=-)", line):
        if lines[-1] and len(lines[-1]) + len(piece) > width:
            lines.append("  " + piece)
        else:
            lines[-1] = f"{lines[-1]} {piece}" if lines[-1] else piece
    return " \\\n".join(lines)


def _code(text: str) -> str:
    return "`" + text.replace("|", "\\|") + "`"


def _cell(text: str) -> str:
    escaped = re.sub(r"([\\`*_<>\[\]|])", r"\\\1", " ".join(text.split()))
    return escaped.replace("{", "&#123;")
