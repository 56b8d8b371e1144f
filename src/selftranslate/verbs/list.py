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
    from selftranslate import languages, plugins

    if kind == "languages":
        found = {code: languages.get(code).name for code in languages.codes()}
    else:
        found = {name: plugins.summary(kind, name) for name in plugins.names(kind)}
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
        return
    for name, what in found.items():
        print(f"{name}\t{what}")
