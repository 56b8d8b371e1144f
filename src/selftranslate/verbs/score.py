"""Answers from anywhere, scored."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from selftranslate import console
from selftranslate.options import AsJson


def verb(
    answers: Annotated[Path, typer.Argument(metavar="FILE", help="JSON Lines; - is stdin.")],
    task: Annotated[str, typer.Option(help="See `list tasks`; or a recipe that names yours.")],
    language: Annotated[str, typer.Option(help="The language of the answers, e.g. de.")],
    as_json: AsJson = False,
) -> None:
    """Score answers that came from anywhere, as a run scores its own; see docs/score.md.

    A row is {"prediction": TEXT, "reference": TEXT or [TEXT, ...]}. Prints JSON; with --json in
    one line.

    Example: selftranslate score --task gsm8k --language de answers.jsonl
    """
    console.quiet_libraries()
    from selftranslate import languages, plugins, recipe, scoring

    in_recipe = Path(task).suffix in {".yaml", ".yml"}
    wanted = recipe.load(Path(task)).task if in_recipe else recipe.one(task, "--task")
    found = scoring.score(
        plugins.build("tasks", wanted.name, wanted.params), languages.get(language), answers
    )
    for note in found.notes:
        print(note, file=sys.stderr)
    print(json.dumps(found.to_json(), ensure_ascii=False, indent=None if as_json else 2))
