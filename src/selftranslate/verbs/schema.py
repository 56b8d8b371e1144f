"""The JSON schema of a recipe."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def verb(
    out: Annotated[Path | None, typer.Option("-o", "--out", help="A file; else stdout.")] = None,
) -> None:
    """Print the JSON schema of a recipe, with which an editor completes and checks it.

    The recipe names it in its first line: # yaml-language-server: $schema=recipe.schema.json

    Example: selftranslate schema -o recipe.schema.json
    """
    from selftranslate import schema

    if out is None:
        print(schema.text())
    else:
        schema.write(out)
