"""Options that several verbs have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer


def place(store: Any) -> Path:
    """Return a store's folder; of a URL, that of its working copy."""
    from selftranslate import elsewhere

    return elsewhere.local(store)


STORE = {"parser": place, "metavar": "STORE"}
"""How any option or argument that names a store is read."""

Where = Annotated[
    Path,
    typer.Option("--store", help="Folder or URL for everything that is made.", **STORE),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the results as JSON.")]
