"""What can stand in a recipe."""

from __future__ import annotations

from typing import Annotated, Literal

import typer


def verb(
    kind: Annotated[
        Literal["tasks", "languages", "engines", "filters"], typer.Argument(help="What to list.")
    ],
) -> None:
    """List what can stand in a recipe.

    Example: selftranslate list tasks
    """
    from selftranslate import languages, plugins

    if kind == "languages":
        for code in languages.codes():
            print(f"{code}\t{languages.get(code).name}")
        return
    for name in plugins.names(kind):
        print(f"{name}\t{plugins.summary(kind, name)}")
