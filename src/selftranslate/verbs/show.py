"""One row of an experiment, from close by."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from selftranslate import console
from selftranslate.options import STORE, AsJson
from selftranslate.visible import visible

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

    from selftranslate.showing import Place
    from selftranslate.showing.mask import Mask
    from selftranslate.showing.prediction import Answered, Said
    from selftranslate.showing.prompt import Prompt
    from selftranslate.showing.tokens import Token
    from selftranslate.showing.translation import Translation

Kind = Literal["translation", "prompt", "mask", "prediction"]

FITTING = {
    "translation": {"--field"}, "prompt": {"--field"}, "mask": {"--setting"},
    "prediction": {"--setting", "--run"},
}  # fmt: skip
"""Which options say something about what is shown."""

SHOTS = ("grey58 on grey11", "grey58 on grey19")
ASKED = ("grey93 on grey19", "grey93 on grey30")
TRAINED = ("white on dark_green", "white on green4")
"""Neighbouring tokens differ."""

Store = Annotated[Path, typer.Argument(help="The folder or URL of a run.", **STORE)]
What = Annotated[Kind, typer.Argument(metavar="KIND", help="translation|prompt|mask|prediction")]
Id = Annotated[str, typer.Argument(metavar="ID", help="An example's id, or n for the n-th row.")]
Language = Annotated[str | None, typer.Option(help="Default: the recipe's first.")]
Field = Annotated[str | None, typer.Option(help="Of a translation or prompt.")]
Setting = Annotated[str | None, typer.Option(help="Of a mask or prediction: +D_tgt.")]
Run = Annotated[int | None, typer.Option(min=1, help="Of a prediction: a setting's n-th run.")]
Key = Annotated[str, typer.Option(help="Which experiment; default: the newest.")]


def verb(  # noqa: PLR0913 - a parameter is an option
    store: Store,
    kind: What,
    id: Id,
    language: Language = None,
    field: Field = None,
    setting: Setting = None,
    run: Run = None,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """Show one row: its translation, the exact prompt, which tokens are trained, or its answers.

    Example: selftranslate show runs prompt 1 --language de --field question
    """
    _check(kind, {"--field": field, "--setting": setting, "--run": run})
    console.quiet_libraries()
    from rich.console import Console

    from selftranslate import showing
    from selftranslate.showing import mask, prediction, prompt, translation

    shown = Console(highlight=False)
    place = showing.place(store, key, language)
    found: Any
    match kind:
        case "translation":
            found = translation.find(place, id)
            lines = _translation(found, _names(place, found, field), shown.is_terminal)
        case "prompt":
            found = prompt.find(place, id, field)
            lines = _prompts(found, place, _coloured(shown))
        case "mask":
            found = mask.find(place, id, setting)
            lines = _masks(found, _coloured(shown))
        case "prediction":
            found = prediction.find(place, id, setting, run)
            lines = _prediction(found)
    if as_json:
        rows = [one.to_json() for one in found] if isinstance(found, list) else found.to_json()
        made = {"result": place.key, "language": place.column.code, kind: rows}
        print(json.dumps(made, ensure_ascii=False))
        return
    for line in lines:
        shown.print(line, soft_wrap=not shown.is_terminal)


def _check(kind: Kind, given: Mapping[str, object]) -> None:
    """Refuse an option that says nothing about what is shown."""
    for name in (name for name, value in given.items() if value is not None):
        if name not in FITTING[kind]:
            msg = f"{name} says nothing about a {kind}; it goes with " + " or ".join(
                other for other, names in FITTING.items() if name in names
            )
            raise typer.BadParameter(msg)


def _names(place: Place, found: Translation, field: str | None) -> list[str]:
    """Return the fields to show, the translated ones first. Raises RecipeError."""
    from selftranslate.errors import RecipeError, unknown

    names = [*dict.fromkeys([*place.index.fields, *found.source.fields])]
    if field is not None and field not in names:
        raise RecipeError(unknown("field", field, names))
    return [field] if field else names


def _translation(
    found: Translation, names: Sequence[str], beside: bool
) -> Iterator[RenderableType]:
    """Show source and translation, and what is known of how it came about."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    source, target = found.source, found.target
    fate = ("kept", "green") if found.kept else (visible(f"dropped: {found.reason}"), "red")
    yield Text.assemble((visible(source.id), "bold"), "  ", fate)
    for engine in dict.fromkeys(wrote.engine for wrote in found.provenance.values()):
        yield Text(visible(f"written by {engine}"), style="dim")
    made = Table("", source.language, target.language, box=box.SIMPLE_HEAD, header_style="cyan")
    for name in names:
        texts = [visible(example.fields.get(name, "")) for example in (source, target)]
        how = Text(_made(found, name), style="dim")
        if beside:
            made.add_row(Text(visible(name), style="bold"), Text(texts[0]), Text(texts[1]))
            made.add_row("", "", how)
            continue
        yield Text(f"\n{visible(name)}", style="bold")
        for example, text in zip((source, target), texts, strict=True):
            indented = text.replace("\n", "\n" + " " * (4 + len(example.language)))
            yield Text(f"  {example.language}  {indented}")
        yield Text.assemble("      ", how)
    if beside:
        yield made


def _made(found: Translation, field: str) -> str:
    """Say why a field's pieces ended, how sure the model was, who wrote it after which shots."""
    if field in found.unmarked:
        return "its marks were lost in translation"
    if field not in found.ended:
        return ""
    said = [f"ended by {', '.join(found.ended[field]) or 'nothing: it is empty'}"]
    if field in found.log_probability:
        said.append(f"mean log-probability {found.log_probability[field]:.4f}")
    if wrote := found.provenance.get(field):
        said.append(f"shots {', '.join(wrote.prefixes)}")
    return visible("; ".join(said))


def _prompts(found: Sequence[Prompt], place: Place, coloured: bool) -> Iterator[RenderableType]:
    """Show what was sent, token by token where there are colours, and what came back."""
    from rich.text import Text

    from selftranslate.showing import tokens

    read = tokens.load(place.recipe.translator or place.recipe.model)
    for number, one in enumerate(found, 1):
        which = f", piece {number} of {len(found)}" if len(found) > 1 else ""
        before, after = ([], []) if read is None else tokens.asked(read, one.prefix, one.text)
        head = f"  {one.field}{which}: {one.shots} of {one.of_shots} shots"
        if read is not None:
            head += (
                f"; {len(before) + len(after):,} tokens, {len(before):,} of them before the text"
            )
        yield Text.assemble((visible(one.id), "bold"), visible(head))
        yield Text(f"the shots' hash is {one.prefix_hash}, as beside the translation", style="dim")
        if read is None or not coloured:
            yield Text.assemble((visible(one.prefix), "dim"), visible(one.text))
        else:
            yield _cut(before, SHOTS) + _cut(after, ASKED)
        if one.answer is None:
            yield Text("the translation memory no more has what came back", style="dim")
        else:
            yield Text.assemble(("→ ", "green"), (visible(one.answer), "green"))
            yield Text(f"  ended by {one.ended}, {one.tokens} tokens", style="dim")


def _masks(found: Sequence[Mask], coloured: bool) -> Iterator[RenderableType]:
    """Show a training row's tokens, the learned ones in colour or in brackets."""
    from rich.text import Text

    for one in found:
        learned = sum(token.trained for token in one.tokens)
        head = Text.assemble(
            (visible(one.id), "bold"), visible(f"  {one.setting}, {one.languages}")
        )
        if one.tokens:
            head.append(f": {learned:,} of {len(one.tokens):,} tokens are ")
            head.append("learned", style=TRAINED[0] if coloured else "")
        yield head
        if said := _fate(one):
            yield Text(visible(said), style="yellow")
        if not one.tokens:
            yield Text.assemble((visible(one.prompt), "dim"), (visible(one.completion), "green"))
        elif coloured:
            made = Text()
            for token, at in zip(one.tokens, cycle((0, 1)), strict=False):
                made.append(_seen(token), style=(TRAINED if token.trained else ASKED)[at])
            yield made
        else:
            yield Text(
                "".join(f"[{_seen(t)}]" if t.trained else f"{_seen(t)}|" for t in one.tokens)
            )
        if one.tokens and not coloured:
            yield Text("learned tokens are in [ ], the others end with |")


def _fate(one: Mask) -> str:
    longest = "" if one.longest is None else f" than {one.longest:,} tokens"
    match one.state:
        case "too long":
            said = f"left out of training: longer{longest}; nothing is ever cut"
        case "empty":
            said = "left out of training: no prompt, or nothing to learn"
        case "unknown":
            return "the model's tokenizer is not on this machine: the completion is what is learned"
        case _:
            return ""
    if not one.left_out:
        said += "; but the run left out no row of this id: model or tokenizer have changed"
    return said


def _prediction(found: Answered) -> Iterator[RenderableType]:
    """Show a question and its answers, a row per run."""
    from rich.text import Text

    yield Text.assemble((visible(found.id), "bold"), f"  {found.language}")
    yield Text(visible(found.prompt.rstrip("\n")))
    yield Text.assemble(("gold  ", "cyan"), visible("\n      ".join(found.gold)))
    last = ""
    for one in found.said:
        if one.setting != last:
            yield Text(f"\n{visible(one.setting)}", style="bold")
        last = one.setting
        yield _said(one)


def _said(one: Said) -> Text:
    from rich.text import Text

    how = "" if one.seed is None else f"run {one.run}, seed {one.seed}, rate {one.learning_rate:g}"
    line = Text.assemble("  ", _right(one.correct), f"  {how}")
    if one.prompt_hash:
        read = f"read {visible(one.read)!r}" if one.read else "nothing was read out of it"
        line.append(f"  {read}, ended by {one.ended}, prompt {one.prompt_hash}", style="dim")
        line.append("\n     " + visible(one.text).replace("\n", "\n     "))
    if one.diverged:
        line.append(f"\n     does not count: {visible(one.diverged)}", style="yellow")
    return line


def _right(correct: float | None) -> tuple[str, str]:
    if correct is None:
        return "–", "dim"
    if correct in {0, 1}:
        return ("✓", "green") if correct else ("✗", "red")
    return f"{correct:.0%}", "yellow"


def _cut(tokens: Sequence[Token], styles: tuple[str, str]) -> Text:
    from rich.text import Text

    made = Text()
    for token, style in zip(tokens, cycle(styles), strict=False):
        made.append(_seen(token), style=style)
    return made


def _seen(token: Token) -> str:
    """Show a token's text; line ends as a sign too, and later parts of a character as a dot."""
    return visible(token.text).replace("\n", "↵\n") or "·"


def _coloured(shown: Console) -> bool:
    return shown.is_terminal and not shown.no_color
