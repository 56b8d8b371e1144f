"""Two experiments side by side."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from selftranslate.options import AsJson, Where
from selftranslate.visible import visible

if TYPE_CHECKING:
    from rich.console import RenderableType

    from selftranslate.differences import Changed, Compared, Differences

NAME = "A store, whose newest experiment is meant; STORE:KEY; or a key of --store."
LONGEST = 200
"""Characters of a value that are shown; --json has all."""


def verb(
    a: Annotated[str, typer.Argument(metavar="A", help=NAME)],
    b: Annotated[str, typer.Argument(metavar="B", help="The same.")],
    store: Where = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Show what two experiments differ in: the recipe, the artifacts and why, the scores.

    Example: selftranslate diff runs other-runs
    """
    from rich.console import Console

    from selftranslate import differences

    found = differences.compare(differences.side(a, store), differences.side(b, store))
    if as_json:
        print(json.dumps(found.to_json(), ensure_ascii=False))
        return
    shown = Console(highlight=False)
    for line in _lines(found):
        shown.print(line, soft_wrap=True)


def _lines(found: Differences) -> Iterator[RenderableType]:
    from rich.text import Text

    yield Text.assemble(("A  ", "red"), visible(found.a), ("\nB  ", "green"), visible(found.b))
    for title, changes in (("recipe", found.recipe), ("machine and versions", found.machine)):
        if changes:
            yield Text(f"\n{title}", style="bold")
            yield from map(_changed, changes)
    counted = Counter(one.state for one in found.artifacts)
    said = ", ".join(f"{count} {state}" for state, count in counted.items())
    yield Text.assemble(("\nartifacts", "bold"), f"  {said}")
    yield from _artifacts(found.artifacts)
    yield Text("\nscores", style="bold")
    width = max((len(one.setting) for one in found.scores), default=0)
    for score in found.scores:
        name = visible(f"  {score.language:<8}{score.setting:<{width}}")
        line = Text(f"{name}  {_percent(score.a):>6} → {_percent(score.b):>6}")
        if score.a is not None and score.b is not None and score.a != score.b:
            gap = 100 * (score.b - score.a)
            line.append(f"  {gap:+.1f}", style="green" if gap > 0 else "red")
        yield line


def _artifacts(found: Sequence[Compared]) -> Iterator[RenderableType]:
    """Show each artifact that is the first to differ, what differs with it, and what is missing."""
    from rich.text import Text

    for one in found:
        if one.state != "different" or one.because != one.role:
            continue
        line = Text.assemble("  ", (visible(one.role), "yellow"), f"  {one.a} → {one.b}")
        yield line.append("; the files are the same" if one.same_bytes else "")
        yield from _own(one)
        others = [each for each in found if each.because == one.role and each is not one]
        if others:
            yield Text(f"      and so {_stages(others)}", style="dim")
        for each in {each.stage: each for each in others if each.spec}.values():
            yield from _own(each, f"{each.stage}, by itself too: ")
    for side in ("only in A", "only in B"):
        if missing := [one for one in found if one.state == side]:
            yield Text(f"  {side}: {_stages(missing)}", style="dim")


def _own(one: Compared, label: str = "") -> Iterator[RenderableType]:
    """Show what an artifact's own spec says differently; a hash of content says nothing."""
    for change in one.spec:
        if change.name != "content":
            yield _changed(change, f"      {label}")


def _stages(found: Sequence[Compared]) -> str:
    counted = Counter(one.stage for one in found)
    return ", ".join(
        f"{count} × {stage}" if count > 1 else stage for stage, count in counted.items()
    )


def _changed(one: Changed, indent: str = "  ") -> RenderableType:
    from rich.text import Text

    return Text.assemble(
        f"{indent}{visible(one.name)}: ", (_value(one.a), "red"), " → ", (_value(one.b), "green")
    )


def _value(value: Any) -> str:
    if value is None:
        return "–"
    said = visible(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
    return said if len(said) <= LONGEST else f"{said[:LONGEST]} …"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}"
