"""What can stand in a recipe."""

from __future__ import annotations

import json
from typing import Annotated, Literal

import typer

from selftranslate.options import AsJson

Kind = Literal["tasks", "languages", "engines", "filters", "mixing", "training", "metrics"]


def verb(
    kind: Annotated[Kind, typer.Argument(help="What to list; mixing: the parts of train_on.")],
    as_json: AsJson = False,
) -> None:
    """List what can stand in a recipe.

    Example: selftranslate list tasks
    """
    from selftranslate import plugins

    if kind == "languages":
        return _languages(as_json)
    found = {name: plugins.summary(kind, name) for name in plugins.names(kind)}
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
        return None
    for name, what in found.items():
        print(f"{name}\t{what}")
    return None


def _languages(as_json: bool) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from selftranslate import languages

    shown = ("name", "native", "family", "script")
    known = map(languages.get, languages.codes())
    found = {one.code: {key: getattr(one, key) for key in shown} for one in known}
    console = Console()
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
    elif console.is_terminal:
        table = Table("code", *shown, box=box.SIMPLE_HEAD, pad_edge=False)
        for code, values in found.items():
            table.add_row(code, *values.values())
        console.print(table)
    else:
        for code, values in found.items():
            print("\t".join((code, *values.values())))
