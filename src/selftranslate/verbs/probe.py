"""Whether training is worth it, before any."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from selftranslate import console
from selftranslate.options import AsJson, Where

if TYPE_CHECKING:
    from rich.table import Table

    from selftranslate.probe import Probed

STYLES = {"go": "bold green", "check": "bold yellow", "no-go": "bold red"}


def verb(
    recipe: Annotated[Path, typer.Argument(help="A YAML file; see recipes/.")],
    change: Annotated[
        list[str] | None, typer.Option("--set", help="Change a key: --set model=mini.")
    ] = None,
    rows: Annotated[int, typer.Option(min=1, help="Training rows to translate.")] = 100,
    languages: Annotated[
        str, typer.Option(help="These, whatever the recipe says: de,th; or all.")
    ] = "",
    store: Where = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Say for each language whether training on the model's translations is worth it: go or not.

    Translates some rows and the shots, and asks some test questions. Of the store only the
    translation memory is written, so that a run has these texts already. Exit code 0 whatever
    the verdict.

    Example: selftranslate probe recipes/gsm8k.yaml --languages de,th
    """
    console.quiet_libraries()
    from rich.console import Console
    from rich.text import Text

    from selftranslate import carrying, changes, probe, runtime
    from selftranslate import recipe as recipes

    wanted = recipes.load(recipe, [*(change or []), *changes.of_languages(languages)])
    shown = console.Shown()
    with carrying.carried(store), shown.showing():
        machine = runtime.Runtime(store=store, progress=shown)
        found = list(probe.probe(wanted, machine, rows))
    if as_json:
        print(json.dumps(probe.to_json(found), ensure_ascii=False))
        return
    out = Console()
    out.print(_table(found))
    for one in found:
        why = "; ".join(one.verdict.reasons)
        line = Text(f"• {one.seen.language}: ").append(one.verdict.word, STYLES[one.verdict.word])
        out.print(line.append(f": {why}"), highlight=False)


def _table(found: Sequence[Probed]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    made.add_column("before any training")
    for one in found:
        made.add_column(one.seen.language, justify="right")
    lines = {
        "rows translated": [f"{one.seen.rows}" for one in found],
        "complete": [_share(one.seen.complete) for one in found],
        "numbers kept": [_share(one.seen.numbers) for one in found],
        "shots from one another, chrF": [_hundredths(one.seen.shots) for one in found],
        "mean log-probability": [_number(one.seen.log_probability) for one in found],
        "copies of the source": [_share(one.seen.copied) for one in found],
        "few-shot answers right": [_share(one.seen.few_shot) for one in found],
    }
    for name, cells in lines.items():
        made.add_row(name, *cells)
    words = [Text(one.verdict.word, STYLES[one.verdict.word]) for one in found]
    made.add_section()
    made.add_row("verdict", *words)
    return made


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


def _hundredths(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.0f}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
