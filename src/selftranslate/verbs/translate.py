"""A data file, translated, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from selftranslate import console
from selftranslate.errors import DataError
from selftranslate.options import AsJson, Where

Data = Annotated[Path, typer.Argument(metavar="IN", help="A .jsonl, .csv or .parquet file.")]
Out = Annotated[Path, typer.Option("-o", "--out", help="The file to write, of the same kind.")]
From = Annotated[str, typer.Option("--from", help="The language of the texts, e.g. en.")]
To = Annotated[str, typer.Option("--to", help="The language to translate into, e.g. de.")]
Fields = Annotated[str, typer.Option(help="What to translate: question,messages.*.content")]
Shots = Annotated[Path, typer.Option(help="JSON Lines with texts in both languages.")]
Model = Annotated[str, typer.Option(help="A folder, or a model of the hub.")]
EngineName = Annotated[str, typer.Option("--engine", help="See `list engines`.")]
Filters = Annotated[str, typer.Option(help="What rejects translations: strict, paper, or some.")]
LimitTokens = Annotated[int, typer.Option(min=1, help="The longest translation of a text.")]
BySentence = Annotated[str, typer.Option(help="Fields to translate sentence by sentence.")]
Marks = Annotated[str, typer.Option(help="Answers to find again: answer:context[:answer_start]")]
Mode = Annotated[
    Literal["replaced", "both"], typer.Option(help="Write the translated row, or both rows.")
]
OnBadRow = Annotated[Literal["fail", "reject"], typer.Option(help="If a row lacks a field.")]
OnlyFailed = Annotated[bool, typer.Option("--only-failed", help="Only the rejects of OUT, again.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace OUT if it is there.")]


def verb(  # noqa: PLR0913 - a parameter is an option
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
    console.quiet_libraries()
    from selftranslate import carrying, recipe, runtime, translate_file
    from selftranslate.filters import PRESETS
    from selftranslate.translate_file import located

    job = translate_file.Job(
        data=data, out=out, source=source, target=target, shots=shots, model=model,
        wanted=located.wanted(fields, marks, by_sentence), max_new_tokens=limit_tokens,
        engine=recipe.one(engine, "--engine"),
        filters=recipe.listed(", ".join(PRESETS.get(filters, [filters])), "--filters"),
        both=output_mode == "both", reject_bad_rows=on_bad_row == "reject",
        only_failed=only_failed, overwrite=overwrite,
    )  # fmt: skip
    shown = console.Shown()
    with carrying.carried(store), shown.showing():
        summary = translate_file.run(job, runtime.Runtime(store=store, progress=shown))
    print(json.dumps(summary.to_json()) if as_json else summary.text())
    if not summary.rows_out:
        msg = f"{out}: every row was rejected"
        raise DataError(msg)
