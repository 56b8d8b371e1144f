"""The report, written anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from selftranslate import console
from selftranslate.options import STORE, AsJson


def verb(
    store: Annotated[
        Path, typer.Argument(help="The folder or URL a run kept everything in.", **STORE)
    ] = Path("runs"),
    key: Annotated[
        str, typer.Option(help="The beginning of a result's key; without it, the newest.")
    ] = "",
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Folder to write into; else in the store.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write the report of a finished run anew: the page, the table, the recipe.

    It reads the store alone, neither model nor data. Prints where the page is.

    Example: selftranslate report runs
    """
    console.quiet_libraries()
    from selftranslate import carrying, elsewhere, report
    from selftranslate.report import files

    result, folder = report.again(store, key, out)
    if out is None:
        carrying.carry(store)
    page = elsewhere.named(folder / files.PAGE)
    print(json.dumps({**report.to_json(result), "report": page}) if as_json else page)
