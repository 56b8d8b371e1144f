"""Options that several verbs have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Where = Annotated[Path, typer.Option("--store", help="Folder for everything that is made.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the results as JSON.")]
