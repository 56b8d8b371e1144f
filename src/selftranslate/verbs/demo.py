"""The whole method with the embedded miniature."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from selftranslate.options import AsJson, Where
from selftranslate.runtime import Runtime
from selftranslate.verbs import run

DEMO = Path(__file__).parents[1] / "mini" / "demo.yaml"

FULL_SETTINGS = [
    {"name": "D_src", "train_on": ["source"]},
    {"name": "+D_tgt", "train_on": ["source", "target"]},
    {"name": "+D_tgt+D_cs", "train_on": ["source", "target", "codeswitch"]},
]


def verb(
    languages: Annotated[str, typer.Option(help="Which of de, ru, zh, th.")] = "",
    full: Annotated[
        bool, typer.Option("--full", help="All four languages, and +D_tgt+D_cs: 20 minutes.")
    ] = False,
    store: Where = Path("selftranslate-demo"),
    as_json: AsJson = False,
) -> None:
    """Run the whole method with the embedded miniature: no network, no GPU, some minutes.

    Example: selftranslate demo --languages de,th
    """
    changes = []
    if full:
        changes.append("settings=" + json.dumps(FULL_SETTINGS))
    chosen = languages or ("de,ru,zh,th" if full else "")
    if chosen:
        changes.append(f"languages={json.dumps(chosen.replace(' ', '').split(','))}")
    run.make(DEMO, changes, Runtime(store=store), as_json)
