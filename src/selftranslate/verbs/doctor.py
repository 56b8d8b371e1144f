"""What is in order here, and what to do where something is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from selftranslate import console
from selftranslate.changes import ALL
from selftranslate.errors import EngineError
from selftranslate.options import AsJson, Where

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selftranslate.doctor import Line

MARKS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "do": ("✗", "bold red")}
PLAIN = {"ok": "ok", "warning": "warning", "do": "what to do"}


def verb(
    model: Annotated[
        str | None, typer.Option(help="A model to look at, too; its weights are not fetched.")
    ] = None,
    languages: Annotated[
        str, typer.Option(help="In which languages: de,th; or all. The paper's, if none is named.")
    ] = "",
    store: Where = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Look at this machine, and at a model: what is in order, and what to do where it is not.

    Exit code 0: nothing must be done; 1: something must; 4: the model cannot be read.

    Example: selftranslate doctor --model Qwen/Qwen3-0.6B-Base --languages de,th
    """
    console.quiet_libraries()
    from selftranslate import doctor
    from selftranslate import languages as known

    chosen = languages.replace(" ", "").split(",") if languages else [*known.PAPERS_LETTERS]
    chosen = known.codes() if chosen == [ALL] else chosen
    for each in chosen:
        known.get(each)
    found, code = [], 1
    shown = _Shown(as_json)
    for line in _lines(store, model, chosen):
        if isinstance(line, EngineError):
            code = line.exit_code
            line = doctor.Line(
                "model", "do", str(line), "name another, or log in if it is gated: hf auth login"
            )
        found.append(line)
        shown(line)
    good = doctor.fit(found)
    if as_json:
        lines = [line.to_json() for line in found]
        print(json.dumps({"fit": good, "lines": lines}, ensure_ascii=False))
    else:
        shown.close(found)
    if not good:
        raise typer.Exit(code)


def _lines(store: Path, model: str | None, codes: list[str]) -> Iterator[Line | EngineError]:
    from selftranslate.doctor import here, models

    yield from here.lines(store)
    if model is not None:
        try:
            yield from models.lines(model, codes)
        except EngineError as error:
            yield error


class _Shown:
    """Lines as they are found: with marks on a terminal, plain elsewhere."""

    def __init__(self, silent: bool) -> None:
        from rich.console import Console

        self._silent = silent
        self._console = Console(highlight=False)

    def __call__(self, line: Line) -> None:
        """Show one line."""
        if self._silent:
            return
        if not self._console.is_terminal:
            advice = f"; {line.advice}" if line.advice else ""
            print(f"{PLAIN[line.state]}: {line.about}: {line.found}{advice}")
            return
        from rich.table import Table
        from rich.text import Text

        mark, colour = MARKS[line.state]
        row = Table.grid(padding=(0, 1))
        row.add_column(width=1)
        row.add_column(width=13, no_wrap=True)
        row.add_column()
        said = Text(line.found)
        if line.advice:
            said.append(f"\n→ {line.advice}", style="dim" if line.state == "ok" else "cyan")
        row.add_row(Text(mark, style=colour), Text(line.about, style="bold"), said)
        self._console.print(row)

    def close(self, found: list[Line]) -> None:
        """Say what it comes to."""
        left = sum(line.state == "do" for line in found)
        warned = sum(line.state == "warning" for line in found)
        whole = f"{left} to do" if left else "nothing must be done"
        print(f"{whole}, {warned} warning{'s' * (warned != 1)}" if warned else whole)
