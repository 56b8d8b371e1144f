"""What a recipe would take, before anything is made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from selftranslate import console
from selftranslate.errors import RecipeError
from selftranslate.options import AsJson, Where

if TYPE_CHECKING:
    from selftranslate.forecast import Price


def verb(  # noqa: PLR0913 - a parameter is an option
    recipe: Annotated[Path, typer.Argument(help="A YAML file; see recipes/.")],
    change: Annotated[
        list[str] | None, typer.Option("--set", help="Change a key: --set protocol.steps=100.")
    ] = None,
    languages: Annotated[
        str, typer.Option(help="These, whatever the recipe says: de,th; or all.")
    ] = "",
    probe: Annotated[
        bool, typer.Option(help="Time 20 texts of each kind and some training steps here.")
    ] = True,
    device: Annotated[
        str, typer.Option(help="Model the time instead: h100, h200, a100, l40s, rtx4090, cpu.")
    ] = "",
    price_in: Annotated[
        float | None, typer.Option(min=0, help="A server's price of a million tokens read.")
    ] = None,
    price_out: Annotated[
        float | None, typer.Option(min=0, help="And of a million tokens written.")
    ] = None,
    store: Where = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Say what a run would do: texts, tokens, what the store has already, time, disk, money.

    Nothing is written, and what is timed is not kept. A server is asked, too, unless --no-probe.

    Example: selftranslate plan recipes/gsm8k.yaml --device h100
    """
    console.quiet_libraries()
    from rich.console import Console

    from selftranslate import changes, forecast, runtime
    from selftranslate import recipe as recipes
    from selftranslate.forecast import terminal

    shown = console.Shown()
    found = forecast.plan(
        recipes.load(recipe, [*(change or []), *changes.of_languages(languages)]),
        runtime.Runtime(store=store, progress=shown),
        probe=probe,
        on=device or None,
        price=_price(price_in, price_out),
    )
    if as_json:
        print(json.dumps(found.to_json(), ensure_ascii=False))
    else:
        terminal.show(found, Console())


def _price(read: float | None, written: float | None) -> Price | None:
    from selftranslate.forecast import Price

    if read is None and written is None:
        return None
    if read is None or written is None:
        msg = "give both --price-in and --price-out, for a million tokens"
        raise RecipeError(msg)
    return Price(read=read, written=written)
