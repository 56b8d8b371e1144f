"""A setting's training rows as JSON Lines, in the forms TRL reads."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from selftranslate.example import Sample
from selftranslate.export import Chosen, write
from selftranslate.filters import Dropped

Form = Literal["completion", "messages"]
TRAIN, DROPPED = "train.jsonl", "dropped.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What was written."""

    form: Form
    first: Sample
    """The first row in another language than the source's, if there is one."""
    rows: int
    languages: Mapping[str, int]
    """Input and output language -> how many rows, e.g. {"en>en": 508, "de>de": 508}."""
    dropped: int
    """Translations that the filters took out, in a file beside."""


def save(chosen: Chosen, out: Path, form: Form = "completion") -> Saved:
    """Write the rows into a new folder, and beside them the translations that were dropped.

    Prompt and completion, one behind the other, are byte for byte the text that training saw; the
    end-of-sequence token stood behind it as an id and is in no text. Raises DataError if `out`
    holds something or the setting trains on nothing.
    """
    samples = list(chosen.samples.read(Sample))
    kept_out = list(_dropped(chosen)) if {"target", "codeswitch"} & {*chosen.parts} else []

    def fill(out: Path) -> None:
        _write(out / TRAIN, map(FORMS[form], samples))
        if kept_out:
            _write(out / DROPPED, kept_out)

    write(out, fill)
    languages = Counter(sample.languages for sample in samples)
    source = chosen.index.recipe["source"]
    foreign = (sample for sample in samples if sample.languages != f"{source}>{source}")
    return Saved(
        form=form,
        first=next(foreign, samples[0]),
        rows=len(samples),
        languages=dict(languages.most_common()),
        dropped=len(kept_out),
    )


def _completion(sample: Sample) -> dict[str, Any]:
    return {"prompt": sample.prompt, "completion": sample.completion}


def _messages(sample: Sample) -> dict[str, Any]:
    said = {"user": sample.prompt, "assistant": sample.completion}
    return {"messages": [{"role": role, "content": text} for role, text in said.items()]}


FORMS: Mapping[Form, Callable[[Sample], dict[str, Any]]] = {
    "completion": _completion,
    "messages": _messages,
}


def _dropped(chosen: Chosen) -> Iterable[dict[str, Any]]:
    filtered = chosen.archive.get("filter", chosen.column.filtered)
    for row in filtered.read(Dropped, DROPPED):
        yield {
            "id": row.pair.source.id,
            "filter": row.filter,
            "field": row.drop.field,
            "reason": row.drop.reason,
            "source": dict(row.pair.source.fields),
            "translation": dict(row.pair.target.fields),
        }


def _write(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
