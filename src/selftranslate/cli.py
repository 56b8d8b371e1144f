"""The command: which verbs it has, how it ends. Data goes to stdout, everything else to stderr."""

from __future__ import annotations

import inspect
import sys
import traceback
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Annotated, Any

import typer

from selftranslate import __version__, console, interrupts
from selftranslate.errors import DiskError, SelfTranslateError

INTERRUPTED = 130

VERBS = (
    "demo", "init", "doctor", "probe", "plan", "run", "status", "report", "show",
    "diff", "export", "translate", "score", "memory", "list", "schema",
)  # fmt: skip
"""In the order of the help: as a user meets them."""

app = typer.Typer(
    help="Self-Translate-Train: fine-tune an open LLM in your language from English task data.",
    epilog="Exit codes: 0 done, 1 failed, 2 recipe or usage, 3 data, 4 model, 5 disk, "
    "130 interrupted. Data goes to stdout, everything else to stderr.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit code (see errors.py, and 130 for Ctrl-C)."""
    try:
        with interrupts.gentle():
            result = app(arguments, standalone_mode=False)
    except SelfTranslateError as error:
        if console.LOUDNESS.get() > 0:
            traceback.print_exc()
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


Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Only notes and errors on stderr.")]
Verbose = Annotated[
    bool, typer.Option("-v", "--verbose", help="The libraries' logs, and where an error arose.")
]


def _loud(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb -q and -v."""

    @wraps(verb)
    def wrapped(*args: Any, quiet: bool = False, verbose: bool = False, **options: Any) -> Any:
        console.LOUDNESS.set(verbose - quiet)
        return verb(*args, **options)

    found = inspect.signature(verb, eval_str=True)
    kind = inspect.Parameter.KEYWORD_ONLY
    added = [
        inspect.Parameter(name, kind, default=False, annotation=annotation)
        for name, annotation in (("quiet", Quiet), ("verbose", Verbose))
    ]
    shown = found.replace(parameters=[*found.parameters.values(), *added])
    wrapped.__annotations__ = {p.name: p.annotation for p in shown.parameters.values()}
    wrapped.__signature__ = shown  # type: ignore[attr-defined]
    return wrapped


def _summary(verb: Callable[..., Any]) -> str:
    """Return what the list of verbs says: whole, where Typer would cut it."""
    return inspect.cleandoc(verb.__doc__ or "").partition("\n\n")[0].replace("\n", " ")


def _add(name: str) -> None:
    """Add a verb, or a group of them."""
    module = import_module(f"selftranslate.verbs.{name}")
    if not hasattr(module, "app"):
        app.command(name, short_help=_summary(module.verb))(_loud(module.verb))
        return
    for command in module.app.registered_commands:
        command.short_help = _summary(command.callback)
        command.callback = _loud(command.callback)
    app.add_typer(module.app, name=name, short_help=module.app.info.help)


for _name in VERBS:
    _add(_name)
