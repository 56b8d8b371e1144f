"""Everything a recipe asks for."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from selftranslate import console
from selftranslate.options import AsJson, Where


def verb(
    recipe: Annotated[Path, typer.Argument(help="A YAML file; see recipes/.")],
    change: Annotated[
        list[str] | None, typer.Option("--set", help="Change a key: --set protocol.steps=100.")
    ] = None,
    checkpoint_minutes: Annotated[
        float, typer.Option(min=0, help="How much training a kill may cost; 0: a step.")
    ] = 5,
    store: Where = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Make everything a recipe asks for; what is in the store already is not made again.

    Example: selftranslate run recipes/gsm8k.yaml --set limit=40
    """
    make(recipe, change or [], store, as_json, checkpoint_minutes)


def make(
    path: Path, changes: list[str], store: Path, as_json: bool, checkpoint_minutes: float = 5
) -> None:
    """Run a recipe and print what it found."""
    console.quiet_libraries()
    from rich.console import Console

    from selftranslate import live, progress, recipe, report, runtime
    from selftranslate.finetuning import processes
    from selftranslate.report import terminal

    wanted = recipe.load(path, changes)
    shown = console.Shown()
    about = live.About(
        recipe=str(path), task=wanted.task.name, model=wanted.model, languages=wanted.languages
    )
    telling = live.told(store, about, shown) if processes.leading() else None
    with telling or nullcontext(progress.Silent()) as told:
        machine = runtime.Runtime(
            store=store, checkpoint_seconds=60 * checkpoint_minutes, progress=told
        )
        with processes.joined(machine), shown.showing():
            from selftranslate.pipeline import Pipeline

            pipeline = Pipeline(wanted, machine)
            if not processes.leading():
                return pipeline.follow()
            result, made = pipeline.run()
    page = store / report.FOLDER / made.key / "report.html"
    if not pipeline.store.made:
        shown.note("nothing to do: everything this recipe asks for is in the store already")
    if as_json:
        print(json.dumps({**report.to_json(result), "report": str(page)}))
    else:
        terminal.show(result, page, Console())
