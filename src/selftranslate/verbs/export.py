"""A trained adapter out of the store."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from selftranslate import console
from selftranslate.options import AsJson


def verb(
    adapter: Annotated[Path, typer.Argument(help="A folder that training left: STORE/train/KEY.")],
    out: Annotated[Path, typer.Argument(help="A new folder.")],
    merge: Annotated[
        bool, typer.Option("--merge", help="Merge it into the model, checked by its logits.")
    ] = False,
    model: Annotated[
        str | None, typer.Option(help="The model it was trained on, if it lies elsewhere now.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a trained adapter, or with --merge the whole model, into a folder of its own.

    Example: selftranslate export runs/train/0123456789abcdef my-model --merge
    """
    console.quiet_libraries()
    from selftranslate import export as exporting

    gap = exporting.export(adapter, out, merge=merge, model=model)
    if as_json:
        print(json.dumps({"folder": str(out), "merged": merge, "logits_moved_by": gap}))
    elif gap is None:
        print(f"{out}: the adapter")
    else:
        print(f"{out}: the merged model; its logits moved by {gap:.2g} of the largest")
