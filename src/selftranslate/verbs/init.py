"""A recipe for a user's own data, or for a task that is there."""

from __future__ import annotations

import json
import math
import shlex
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from selftranslate.errors import DataError, RecipeError
from selftranslate.options import AsJson

if TYPE_CHECKING:
    from selftranslate.starting import Started

ENDINGS = {".csv", ".jsonl", ".parquet", ".gz"}

Model = Annotated[
    str | None, typer.Option(help="A folder, a model of the hub, or mini, the embedded one.")
]
Data = Annotated[
    Path | None, typer.Option(help="Your rows in English: a .csv, .jsonl or .parquet file.")
]
TaskName = Annotated[str | None, typer.Option("--task", help="Or a task of `list tasks`.")]
Codes = Annotated[str | None, typer.Option(help="Languages to learn: de,th; see `list languages`.")]
Out = Annotated[Path | None, typer.Option("-o", "--out", help="The folder to write.")]
Validation = Annotated[Path | None, typer.Option(help="English rows, if you have them apart.")]
Test = Annotated[
    Path | None, typer.Option(help="Translated by people, if you have it: test.{language}.csv")
]
Shots = Annotated[
    Path | None, typer.Option(help="The same, to show how to translate: shots.{language}.csv")
]
Yes = Annotated[bool, typer.Option("-y", "--yes", help="Ask nothing.")]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Write over an earlier recipe; translations stay.")
]


def verb(  # noqa: PLR0913 - a parameter is an option
    model: Model = None,
    data: Data = None,
    task: TaskName = None,
    languages: Codes = None,
    out: Out = None,
    validation: Validation = None,
    test: Test = None,
    shots: Shots = None,
    yes: Yes = False,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Begin: look at your data, write a recipe for it, and say what is left to do.

    Asks for a model, the data or a task, languages and a folder, unless they are given.

    Example: selftranslate init --data rows.csv --languages de --model Qwen/Qwen3-1.7B-Base
    """
    ask = _Ask(yes or as_json or not sys.stdin.isatty())
    if task is None and data is None:
        said = ask("--data", "Your rows in English (.csv, .jsonl, .parquet), or a task")
        task, data = (None, Path(said)) if Path(said).suffix in ENDINGS else (said, None)
    if task is None and data is not None and not data.is_file():
        raise DataError.at(data, None, None, "no such file; name your rows with --data")
    said = languages or ask("--languages", "Which languages, such as de,th")
    codes = tuple(said.replace(" ", "").split(","))
    model = model or ask("--model", "Which model: a folder, a model of the hub, or mini")
    usual = task or str(data and data.name.split(".")[0])
    out = out or Path(ask("--out", "Where to keep it", usual))
    from selftranslate import starting

    files = {"validation": validation, "test": test, "shots": shots}
    begun = starting.begin(
        starting.Start(
            out=out,
            model=model,
            languages=codes,
            task=task or "",
            data=data,
            given={split: path for split, path in files.items() if path is not None},
            overwrite=overwrite,
        )
    )
    if as_json:
        print(json.dumps(_json(begun), ensure_ascii=False))
    else:
        print("\n".join(_told(begun, model, ",".join(codes))))


class _Ask:
    """Asks on a terminal; elsewhere says which option is missing."""

    def __init__(self, silent: bool) -> None:
        self._silent = silent

    def __call__(self, option: str, question: str, usual: str | None = None) -> str:
        """Return the answer, or what is usual."""
        if self._silent and usual is not None:
            return usual
        if not self._silent:
            # Nothing has begun yet: Ctrl-C need not wait for a safe point.
            gentle = signal.signal(signal.SIGINT, signal.default_int_handler)
            try:
                return self._answer(f"{question}{f' [{usual}]' if usual else ''}? ", usual)
            except EOFError:
                pass
            finally:
                signal.signal(signal.SIGINT, gentle)
        msg = f"{option} is missing: {question[0].lower()}{question[1:]}"
        raise RecipeError(msg)

    def _answer(self, question: str, usual: str | None) -> str:
        said = ""
        while not said:
            print(question, end="", file=sys.stderr, flush=True)
            said = input().strip() or usual or ""
        return said


def _told(begun: Started, model: str, codes: str) -> list[str]:
    """Say what was understood, what was written and what is left to do."""
    lines = []
    if found := begun.proposal:
        lines = ["What the columns seem to be; change it in the recipe where it is wrong:"]
        rows = [
            (f.column.name, "answer" if f is found.output else "input", f.why) for f in found.fields
        ]
        rows += [(found.id.path, "id", "tells rows apart")] if found.id else []
        rows += [(path, "unused", what) for path, what in found.unused.items()]
        width = max(len(name) for name, _, _ in rows)
        lines += [f"  {name:{width}}  {use:6}  {why}" for name, use, why in rows]
    dealt = [f"{count:,} for {split}" for split, count in begun.rows.items()]
    lines += ["", f"Rows: {', '.join(dealt)}."] if dealt else []
    names = ", ".join(path.name for path in begun.files)
    lines += [*([""] if lines else []), f"Written: {begun.recipe.parent}/ with {names}."]
    steps = _sheets(begun)
    if model != "mini":
        look = f"selftranslate doctor --model {shlex.quote(model)} --languages {codes}"
        steps.append(["See whether this machine and the model will do:", f"  {look}"])
    steps.append([f"selftranslate run {shlex.quote(str(begun.recipe))}"])
    lines += ["", "What is left to do:"]
    for number, (first, *more) in enumerate(steps, 1):
        lines += [f"  {number}. {first}", *(f"     {line}" for line in more)]
    return lines


def _sheets(begun: Started) -> list[list[str]]:
    """Say which files people have to fill in, and why."""
    left = {path: rows for path, rows in begun.sheets.items() if path not in begun.kept}
    steps = []
    why = {"shots": "show the model how to translate", "test": "prove what it has learned"}
    for split, reason in why.items():
        files = {path: rows for path, rows in left.items() if path.name.startswith(f"{split}.")}
        if not files:
            continue
        rows = max(files.values())
        step = [f"Have people translate {rows} rows, to {reason}. Fill the empty cells of"]
        step += [f"  {path}" for path in files]
        if begun.proposal and begun.proposal.output.start:
            step.append("and say where each answer begins, in characters from 0.")
        if split == "test":
            step += [
                f"{rows} questions tell differences of about {_visible(rows)} points from chance;"
                " 250 would tell 9. Of rows that",
                "you leave out, remove the English too: in the file with .en. in its name.",
            ]
        steps.append(step)
    return steps


def _visible(questions: int) -> int:
    """Return the 95 % interval of a difference of two shares near one half, in points."""
    return round(196 * math.sqrt(2 * 0.25 / questions))


def _json(begun: Started) -> dict[str, object]:
    fields = begun.proposal.fields if begun.proposal else ()
    return {
        "recipe": str(begun.recipe),
        "files": [str(path) for path in begun.files],
        "fields": {each.column.name: each.why for each in fields},
        "unused": dict(begun.proposal.unused) if begun.proposal else {},
        "rows": dict(begun.rows),
        "to_fill_in": {
            str(path): rows for path, rows in begun.sheets.items() if path not in begun.kept
        },
    }
