"""The verbs of `selftranslate export`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from selftranslate import console
from selftranslate.errors import RecipeError
from selftranslate.options import STORE, AsJson

if TYPE_CHECKING:
    from selftranslate.export import Source, Wanted
    from selftranslate.export.hub import Kind, Repository

app = typer.Typer(
    help="Write a run's adapter, the whole model or the training rows into a folder, with a card.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Out = Annotated[Path, typer.Argument(help="A new folder.")]
Where = Annotated[
    Path, typer.Option("--store", help="The folder or URL that `run` filled.", **STORE)
]
Key = Annotated[str, typer.Option(help="The beginning of a result's key; else the newest.")]
Language = Annotated[str, typer.Option(help="Trained for which language, if there are several.")]
Setting = Annotated[str, typer.Option(help="Else the one with the highest mean.")]
Run = Annotated[str, typer.Option(help="`best` by validation, or the beginning of a run's key.")]
Adapter = Annotated[
    Path | None, typer.Option(help="A folder that training left, STORE/train/KEY, in their place.")
]
Model = Annotated[
    str | None, typer.Option(help="The model it was trained on, if it lies elsewhere now.")
]
Push = Annotated[str, typer.Option(metavar="REPO", help="Upload it, too: OWNER/NAME.")]
Private = Annotated[
    bool, typer.Option("--private", help="Only into a private repository; --push makes one.")
]
Form = Annotated[Literal["completion", "messages"], typer.Option("--format", help="What a row is.")]


@app.command()
def hf(  # noqa: PLR0913 - a parameter is an option
    out: Out,
    store: Where = Path("runs"),
    key: Key = "",
    language: Language = "",
    setting: Setting = "",
    run: Run = "best",
    adapter: Adapter = None,
    push: Push = "",
    private: Private = False,
    as_json: AsJson = False,
) -> None:
    """Write the adapter, as PEFT reads it; of full fine-tuning, the model.

    Example: selftranslate export hf my-adapter --language de
    """
    repository = _ready(out, push, "model", private)
    source = _source(_wanted(store, key, language, setting, run), adapter)
    from selftranslate.export import weights

    weights.save(source, out)
    _card(source, out, repository, merged=False)
    what = "the adapter" if weights.is_adapter(out) else "the whole model"
    _finish({"folder": str(out), "what": what}, source, repository, as_json)


@app.command()
def merged(  # noqa: PLR0913 - a parameter is an option
    out: Out,
    store: Where = Path("runs"),
    key: Key = "",
    language: Language = "",
    setting: Setting = "",
    run: Run = "best",
    adapter: Adapter = None,
    model: Model = None,
    push: Push = "",
    private: Private = False,
    as_json: AsJson = False,
) -> None:
    """Write the whole model, the adapter merged into it and checked by its logits.

    Example: selftranslate export merged my-model --language de
    """
    repository = _ready(out, push, "model", private)
    source = _source(_wanted(store, key, language, setting, run), adapter)
    from selftranslate.export import weights

    gap = weights.merge(source, out, model)
    _card(source, out, repository, merged=True)
    moved = "" if gap is None else f"; merging moved its logits by {gap:.2g} of the largest"
    made = {"folder": str(out), "what": f"the whole model{moved}", "logits_moved_by": gap}
    _finish(made, source, repository, as_json)


@app.command()
def trl(  # noqa: PLR0913 - a parameter is an option
    out: Out,
    store: Where = Path("runs"),
    key: Key = "",
    language: Language = "",
    setting: Setting = "",
    form: Form = "completion",
    push: Push = "",
    private: Private = False,
    as_json: AsJson = False,
) -> None:
    """Write the rows that a setting was trained on as JSON Lines, as TRL reads them.

    Example: selftranslate export trl my-rows --language de --setting +D_tgt
    """
    repository = _ready(out, push, "dataset", private)
    from selftranslate import export
    from selftranslate.export import data_card, rows

    chosen = export.choose(_wanted(store, key, language, setting, "best"))
    saved = rows.save(chosen, out, form)
    name = repository.name if repository else out.name
    text = data_card.write(chosen, saved, name=name, online=repository is not None)
    export.explain(out, text)
    what = f"{saved.rows:,} rows" + (f", {saved.dropped:,} dropped" if saved.dropped else "")
    made = {"folder": str(out), "what": what, "rows": saved.rows, "dropped": saved.dropped}
    source = export.Source(folder=chosen.samples.path, chosen=chosen)
    _finish(made, source, repository, as_json)


def _ready(out: Path, push: str, kind: Kind, private: bool) -> Repository | None:
    """Refuse now what would be refused in the end."""
    console.quiet_libraries()
    from selftranslate import export
    from selftranslate.export import hub

    export.fresh(out)
    return hub.repository(push, kind, private=private) if push else None


def _wanted(store: Path, key: str, language: str, setting: str, run: str) -> Wanted:
    from selftranslate.export import Wanted

    return Wanted(store=store, key=key, language=language, setting=setting, run=run)


def _source(wanted: Wanted, adapter: Path | None) -> Source:
    from selftranslate import export

    if adapter is not None:
        return export.find(adapter)
    chosen = export.choose(wanted)
    return export.Source(folder=chosen.weights.path, chosen=chosen)


def _card(source: Source, out: Path, repository: Repository | None, *, merged: bool) -> None:
    """Write the README.md; a run that is part of no finished experiment gets none."""
    from selftranslate import export
    from selftranslate.export import model_card

    if source.chosen is None:
        if repository is not None:
            msg = f"{source.folder}: in no finished experiment: {out} has no card; not uploaded"
            raise RecipeError(msg)
        return
    name = repository.name if repository else out.name
    online = repository is not None
    export.explain(out, model_card.write(source.chosen, name=name, merged=merged, online=online))


def _finish(
    made: dict[str, Any], source: Source, repository: Repository | None, as_json: bool
) -> None:
    """Upload what was written if that was wanted, and say what it is."""
    url = repository.push(Path(made["folder"])) if repository else None
    chosen = source.chosen
    if chosen is not None:
        made |= {
            "language": chosen.column.code,
            "setting": chosen.ran.setting,
            "run": chosen.ran.trained,
        }
    if as_json:
        print(json.dumps({**made, "url": url}, ensure_ascii=False))
        return
    of = f"{chosen.ran.setting}, {chosen.column.code}" if chosen else "without a card"
    print(f"{made['folder']} ({of}): {made['what']}")
    if url:
        print(url)
