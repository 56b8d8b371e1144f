"""Artifacts as data frames: a row for each thing that people look at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from selftranslate.archive import Archive
from selftranslate.example import Example, Pair, Prediction, Sample
from selftranslate.filters import Dropped
from selftranslate.index import Ran
from selftranslate.report import table
from selftranslate.store import Artifact

if TYPE_CHECKING:
    from pandas import DataFrame

TRANSLATIONS = ("id", "field", "source", "translation", "ended", "log_probability")
PREDICTIONS = (
    "learning_rate", "seed", "id", "question", "gold", "answer", "read", "correct", "ended",
)  # fmt: skip


def examples(artifact: Artifact) -> DataFrame:
    """A row for each example, its fields as columns."""
    return _frame({"id": row.id, **row.fields} for row in artifact.read(Example))


def shots(artifact: Artifact) -> DataFrame:
    """A row for each field of the examples that show how to translate."""
    return _frame(
        {"id": pair.source.id, "field": name, "source": text, "translation": other}
        for pair in artifact.read(Pair)
        for name, text in pair.source.fields.items()
        if (other := pair.target.fields.get(name)) is not None
    )


def translations(pairs: Artifact, filtered: Artifact | None = None) -> DataFrame:
    """A row for each field that was translated; `filtered` says which pairs were kept."""
    reasons = None
    if filtered is not None:
        lost = filtered.read(Dropped, "dropped.jsonl")
        reasons = {dropped.pair.source.id: dropped.reason for dropped in lost}
    columns = [*TRANSLATIONS, *(["kept", "reason"] if reasons is not None else [])]
    return _frame(_translations(pairs.read(Pair), reasons), columns)


def samples(artifact: Artifact) -> DataFrame:
    """A row for each training row, in the order of the mixture."""
    return _frame(row.to_json() for row in artifact.read(Sample))


def trained(archive: Archive, rans: Iterable[Ran]) -> DataFrame:
    """A row for each run that was trained."""
    return _frame(_trained(archive, ran) for ran in rans if ran.trained and ran.run)


def losses(archive: Archive, rans: Iterable[Ran]) -> DataFrame:
    """A column for each run, a row for each step: the training loss."""
    import pandas

    found = {
        f"{ran.setting}, {table.named(ran.run)}": _training(archive, ran)["losses"]
        for ran in rans
        if ran.trained and ran.run
    }
    made = pandas.DataFrame({name: pandas.Series(row) for name, row in found.items()})
    made.index = made.index + 1
    return made.rename_axis("step")


def predictions(archive: Archive, rans: Iterable[Ran], test: Artifact) -> DataFrame:
    """A row for each answer of each run that was asked."""
    asked = {example.id: example.fields for example in test.read(Example)}
    rows = (row for ran in rans if ran.test for row in _predictions(archive, ran, asked))
    return _frame(rows, PREDICTIONS)


def _frame(rows: Iterable[Mapping[str, Any]], columns: Iterable[str] | None = None) -> DataFrame:
    import pandas

    return pandas.DataFrame(list(rows), columns=list(columns) if columns else None)


def _translations(
    pairs: Iterable[Pair], reasons: Mapping[str, str] | None
) -> Iterator[dict[str, Any]]:
    for pair in pairs:
        for name, endings in pair.ended.items():
            row = {
                "id": pair.source.id,
                "field": name,
                "source": pair.source.fields[name],
                "translation": pair.target.fields.get(name, ""),
                "ended": ", ".join(dict.fromkeys(endings)),
                "log_probability": pair.log_probability.get(name),
            }
            if reasons is not None:
                reason = reasons.get(pair.source.id, "")
                row |= {"kept": not reason, "reason": reason}
            yield row


def _training(archive: Archive, ran: Ran) -> dict[str, Any]:
    found: dict[str, Any] = archive.get("train", str(ran.trained)).json("training.json")
    return found


def _trained(archive: Archive, ran: Ran) -> dict[str, Any]:
    told = _training(archive, ran)
    return {
        "setting": ran.setting,
        **_run(ran),
        "steps": told["steps"],
        "rows": told["examples"],
        "trained_tokens": told["trained_tokens"],
        "first_loss": told["losses"][0] if told["losses"] else None,
        "final_loss": told["final_loss"],
        "diverged": told["diverged"],
        "key": ran.trained,
    }


def _run(ran: Ran) -> dict[str, Any]:
    run = ran.run
    return {
        "learning_rate": run.learning_rate if run else None,
        "seed": run.seed if run else None,
    }


def _predictions(
    archive: Archive, ran: Ran, asked: Mapping[str, Mapping[str, str]]
) -> Iterator[dict[str, Any]]:
    for said in archive.get("answer", str(ran.test)).read(Prediction, "outputs.jsonl"):
        fields = asked.get(said.id, {})
        yield {
            **_run(ran),
            "id": said.id,
            "question": "\n".join(v for v in fields.values() if v.strip() not in said.references),
            "gold": said.references[0] if said.references else "",
            "answer": said.text,
            "read": said.answer,
            "correct": said.correct,
            "ended": said.ended,
        }
