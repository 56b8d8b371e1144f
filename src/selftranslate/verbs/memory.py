"""The verbs of `selftranslate memory`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from selftranslate.options import AsJson, Where

app = typer.Typer(
    help="Look into a store's translation memory, export it, prune it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command()
def stats(store: Where = Path("runs"), as_json: AsJson = False) -> None:
    """Count what is in the memory: by model, languages and why each translation ended.

    Example: selftranslate memory stats --store runs
    """
    from selftranslate.translate import upkeep

    with upkeep.existing(store) as kept:
        found = upkeep.stats(kept)
    print(json.dumps(found, ensure_ascii=False) if as_json else upkeep.describe(found))


@app.command()
def export(
    store: Where = Path("runs"),
    out: Annotated[Path | None, typer.Option("-o", "--out", help="A file; else stdout.")] = None,
) -> None:
    """Write every entry as a JSON line: text, translation, who wrote it, when, how long it took.

    Example: selftranslate memory export --store runs -o memory.jsonl
    """
    from selftranslate.translate import upkeep

    with upkeep.existing(store) as kept:
        lines = (json.dumps(entry, ensure_ascii=False) for entry in upkeep.export(kept))
        if out is not None:
            upkeep.save(lines, out)
            return
        try:
            for line in lines:
                print(line)
        except BrokenPipeError:  # `| head` has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@app.command()
def prune(
    store: Where = Path("runs"),
    model: Annotated[str | None, typer.Option(help="Only what this fingerprint wrote.")] = None,
    older_than: Annotated[float | None, typer.Option(min=0, help="In days.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Remove all entries.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove entries and give their room back; both conditions must hold if both are given.

    Example: selftranslate memory prune --model 3a0b5c6d7e8f9a1b --older-than 30 --dry-run
    """
    from selftranslate.translate import shared, upkeep
    from selftranslate.translate.memory import FILE

    if everything == (model is not None or older_than is not None):
        raise typer.BadParameter("give --model, --older-than or both, or else --all")  # noqa: EM101
    with upkeep.existing(store) as kept:
        count = upkeep.prune(kept, model, older_than, dry_run=dry_run)
    if count and not dry_run:
        shared.replace(store / FILE)
    if as_json:
        print(json.dumps({"removed": 0 if dry_run else count, "found": count}))
    else:
        print(f"{'would remove' if dry_run else 'removed'} {count:,} entries")
