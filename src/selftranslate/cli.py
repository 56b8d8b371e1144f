"""The command and its verbs. Data goes to stdout, everything else to stderr."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from selftranslate import __version__, interrupts, memory_verbs
from selftranslate.errors import DataError, DiskError, SelfTranslateError
from selftranslate.options import AsJson, Where

INTERRUPTED = 130
DEMO = Path(__file__).parent / "mini" / "demo.yaml"

app = typer.Typer(
    help="Self-Translate-Train: fine-tune an open LLM in your language from English task data.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

app.add_typer(memory_verbs.app, name="memory")


@app.command()
def demo(
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
    _run(DEMO, changes, store, as_json)


FULL_SETTINGS = [
    {"name": "D_src", "train_on": ["source"]},
    {"name": "+D_tgt", "train_on": ["source", "target"]},
    {"name": "+D_tgt+D_cs", "train_on": ["source", "target", "codeswitch"]},
]


@app.command()
def run(
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
    _run(recipe, change or [], store, as_json, checkpoint_minutes)


Data = Annotated[Path, typer.Argument(metavar="IN", help="A .jsonl, .csv or .parquet file.")]
Out = Annotated[Path, typer.Option("-o", "--out", help="The file to write, of the same kind.")]
From = Annotated[str, typer.Option("--from", help="The language of the texts, e.g. en.")]
To = Annotated[str, typer.Option("--to", help="The language to translate into, e.g. de.")]
Fields = Annotated[str, typer.Option(help="What to translate: question,messages.*.content")]
Shots = Annotated[Path, typer.Option(help="JSON Lines with texts in both languages.")]
Model = Annotated[str, typer.Option(help="A folder, or a model of the hub.")]
EngineName = Annotated[str, typer.Option("--engine", help="See `list engines`.")]
Filters = Annotated[str, typer.Option(help="What rejects translations; see `list filters`.")]
LimitTokens = Annotated[int, typer.Option(min=1, help="The longest translation of a text.")]
BySentence = Annotated[str, typer.Option(help="Fields to translate sentence by sentence.")]
Marks = Annotated[str, typer.Option(help="Answers to find again: answer:context[:answer_start]")]
Mode = Annotated[
    Literal["replaced", "both"], typer.Option(help="Write the translated row, or both rows.")
]
OnBadRow = Annotated[Literal["fail", "reject"], typer.Option(help="If a row lacks a field.")]
OnlyFailed = Annotated[bool, typer.Option("--only-failed", help="Only the rejects of OUT, again.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace OUT if it is there.")]


@app.command()
def translate(  # noqa: PLR0913 - a parameter is an option
    data: Data,
    out: Out,
    source: From,
    target: To,
    fields: Fields,
    shots: Shots,
    model: Model,
    engine: EngineName = "transformers",
    filters: Filters = "complete,length_ratio",
    limit_tokens: LimitTokens = 256,
    by_sentence: BySentence = "",
    marks: Marks = "",
    output_mode: Mode = "replaced",
    on_bad_row: OnBadRow = "fail",
    only_failed: OnlyFailed = False,
    overwrite: Overwrite = False,
    store: Where = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Translate the texts of a data file and touch nothing else of it; see docs/translate.md.

    Rows without a good translation go to OUT.rejects.jsonl. A stopped run goes on if it is
    started again.

    Example: selftranslate translate in.jsonl -o out.jsonl --from en --to de --fields question
    --shots shots.jsonl --model mini
    """
    _quiet_libraries()
    from selftranslate import console, recipe, runtime, translate_file
    from selftranslate.translate_file import located

    job = translate_file.Job(
        data=data, out=out, source=source, target=target, shots=shots, model=model,
        wanted=located.wanted(fields, marks, by_sentence), max_new_tokens=limit_tokens,
        engine=recipe.one(engine, "--engine"), filters=recipe.listed(filters, "--filters"),
        both=output_mode == "both", reject_bad_rows=on_bad_row == "reject",
        only_failed=only_failed, overwrite=overwrite,
    )  # fmt: skip
    shown = console.Shown()
    with shown.showing():
        summary = translate_file.run(job, runtime.Runtime(store=store, progress=shown))
    print(json.dumps(summary.to_json()) if as_json else summary.text())
    if not summary.rows_out:
        raise typer.Exit(_fail(f"{out}: every row was rejected", DataError.exit_code))


@app.command()
def score(
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
    _quiet_libraries()
    from selftranslate import languages, plugins, recipe, scoring

    in_recipe = Path(task).suffix in {".yaml", ".yml"}
    wanted = recipe.load(Path(task)).task if in_recipe else recipe.one(task, "--task")
    found = scoring.score(
        plugins.build("tasks", wanted.name, wanted.params), languages.get(language), answers
    )
    for note in found.notes:
        print(note, file=sys.stderr)
    print(json.dumps(found.to_json(), ensure_ascii=False, indent=None if as_json else 2))


@app.command()
def export(
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
    _quiet_libraries()
    from selftranslate import export as exporting

    gap = exporting.export(adapter, out, merge=merge, model=model)
    if as_json:
        print(json.dumps({"folder": str(out), "merged": merge, "logits_moved_by": gap}))
    elif gap is None:
        print(f"{out}: the adapter")
    else:
        print(f"{out}: the merged model; its logits moved by {gap:.2g} of the largest")


@app.command("list")
def list_(
    kind: Annotated[
        Literal["tasks", "languages", "engines", "filters"], typer.Argument(help="What to list.")
    ],
) -> None:
    """List what can stand in a recipe.

    Example: selftranslate list tasks
    """
    from selftranslate import languages, plugins

    if kind == "languages":
        for code in languages.codes():
            print(f"{code}\t{languages.get(code).name}")
        return
    for name in plugins.names(kind):
        print(f"{name}\t{plugins.summary(kind, name)}")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit code (see errors.py, and 130 for Ctrl-C)."""
    try:
        with interrupts.gentle():
            result = app(arguments, standalone_mode=False)
    except SelfTranslateError as error:
        return _fail(str(error), error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        result = INTERRUPTED
    except typer.TyperException as error:
        return _fail(error.format_message(), 2)
    except OSError as error:
        return _fail(f"{error.filename or ''}: {error.strerror or error}", DiskError.exit_code)
    if result == INTERRUPTED:  # Typer's own answer to Ctrl-C, too
        return _fail("interrupted; the same command goes on from what is finished", INTERRUPTED)
    return result if isinstance(result, int) else 0


def _run(
    path: Path, changes: list[str], store: Path, as_json: bool, checkpoint_minutes: float = 5
) -> None:
    _quiet_libraries()
    from rich.console import Console

    from selftranslate import console, progress, recipe, report, runtime
    from selftranslate.finetuning import processes
    from selftranslate.report import terminal

    wanted = recipe.load(path, changes)
    shown = console.Shown()
    machine = runtime.Runtime(
        store=store,
        checkpoint_seconds=60 * checkpoint_minutes,
        progress=shown if processes.leading() else progress.Silent(),
    )
    with processes.joined(machine), shown.showing():
        from selftranslate.pipeline import Pipeline

        pipeline = Pipeline(wanted, machine)
        if not processes.leading():
            return pipeline.follow()
        result, made = pipeline.run()
    if not pipeline.store.made:
        shown.note("nothing to do: everything this recipe asks for is in the store already")
    if as_json:
        print(json.dumps({**report.to_json(result), "report": str(made.path / "report.html")}))
    else:
        terminal.show(result, made.path / "report.html", Console())


def _quiet_libraries() -> None:
    """Keep the libraries' own bars and advice out of ours; a user's own setting wins."""
    for name, value in (
        ("TRANSFORMERS_VERBOSITY", "error"),
        ("HF_HUB_DISABLE_PROGRESS_BARS", "1"),
        ("TOKENIZERS_PARALLELISM", "false"),
        ("HF_HUB_DISABLE_TELEMETRY", "1"),
    ):
        os.environ.setdefault(name, value)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"selftranslate {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    del version


def _fail(text: str, code: int) -> int:
    print(f"selftranslate: {text}", file=sys.stderr)
    return code
