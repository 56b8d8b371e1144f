"""What a run found, and the files people read: a page, tables, the recipe.

All are written from one `Result`, so that their numbers are the same; and that comes from the
store's artifacts alone, so that a report can be written anew without the model or the data.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from selftranslate import languages, paper
from selftranslate.archive import Archive
from selftranslate.elsewhere import named
from selftranslate.errors import DataError
from selftranslate.example import Pair
from selftranslate.index import Column, Index
from selftranslate.metrics import Score
from selftranslate.paper import Printed
from selftranslate.protocol import Cell, Comparison, Outcome, Protocol, cells
from selftranslate.report.provenance import STAGES, ordered
from selftranslate.significance import CONFIDENCE, Interval, holm
from selftranslate.store import Artifact

FOLDER = "reports"
"""Where in a store the files for people lie, a folder per experiment, by the result's key."""

SAMPLES = 3
"""Translations shown for each language on a terminal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Everything about one column of the table: a target language, or the source language."""

    language: str
    """Its English name."""
    native: str = ""
    """Its name in itself."""
    family: str = ""
    script: str = ""
    """ISO 15924."""
    trained_for: str = ""
    """In the source language: the target language whose runs were asked (C.1)."""
    quality: tuple[Score, ...] = ()
    """BLEU (or what could be computed offline) and chrF of the model's translations (A.4)."""
    kept: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    """Reason -> number of pairs."""
    unverified: int = 0
    """Kept pairs of which the engine could not prove that they are complete."""
    samples: tuple[Pair, ...] = ()
    """The first translations that were kept, or the first at all."""
    cells: tuple[Cell, ...]
    """One per setting; the first that was trained is the baseline."""
    metric: str
    """What the cells count: "accuracy", "exact_match" ..."""
    signature: str
    """How exactly it was counted."""

    @property
    def translated(self) -> bool:
        """Whether anything was translated into this language."""
        return bool(self.quality or self.kept or self.dropped)


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a whole run found."""

    task: str
    metric: str
    fields: tuple[str, ...]
    """The translated fields, in the order to show them."""
    recipe: Mapping[str, Any]
    languages: Mapping[str, Findings]
    notes: tuple[str, ...] = ()

    @cached_property
    def holm(self) -> Mapping[tuple[str, str], float]:
        """Language and setting -> the p-value after Holm's correction over the whole table."""
        tests = {
            (code, cell.setting): cell.comparison.welch.p_value
            for code, found in self.languages.items()
            for cell in found.cells
            if cell.comparison is not None and cell.comparison.welch is not None
        }
        return dict(zip(tests, holm([*tests.values()]), strict=True))

    def printed(self, code: str, setting: str) -> Printed | None:
        """Return the number the paper printed for this experiment, if it did."""
        trained_for = self.languages[code].trained_for
        return paper.printed(
            self.task,
            str(self.recipe.get("model", "")),
            trained_for or code,
            setting,
            translator=self.recipe.get("translator"),
            tested_in_source=bool(trained_for),
        )


def assemble(archive: Archive, made_of: Index) -> Result:
    """Read a finished experiment's numbers. Raises DataError if an artifact is missing."""
    rules = Protocol(**made_of.recipe["protocol"])
    found = {column.code: _column(archive, column, made_of, rules) for column in made_of.columns}
    return Result(
        task=made_of.task,
        metric=next(iter(found.values())).metric,
        fields=made_of.fields,
        recipe=made_of.recipe,
        languages=found,
        notes=made_of.notes,
    )


def _column(archive: Archive, column: Column, made_of: Index, rules: Protocol) -> Findings:
    """Compare the settings in one language, the first that was trained against the others."""
    outcomes: dict[str, list[Outcome]] = {}
    counted: dict[str, Any] = {}
    for ran in column.runs:
        test = _score(archive, ran.test)
        chosen = _score(archive, ran.validation)
        outcome = Outcome(
            run=ran.run,
            validation=None if ran.run is None else chosen.get("value", math.nan),
            test=test.get("value", math.nan),
            items=tuple(test.get("items", ())),
            diverged=ran.diverged,
        )
        outcomes.setdefault(ran.setting, []).append(outcome)
        counted = test or counted
    spoken = languages.get(column.language)
    trained_for = "" if column.translates else f" ({languages.get(column.trained_for).name})"
    translation = {} if not column.translates else _translation(archive, column)
    return Findings(
        language=spoken.name + trained_for,
        native=spoken.native,
        family=spoken.family,
        script=spoken.script,
        trained_for="" if column.translates else column.trained_for,
        cells=cells(outcomes, rules),
        metric=counted.get("name", made_of.metric),
        signature=counted.get("signature", "no run got as far as the test"),
        **translation,
    )


def _translation(archive: Archive, column: Column) -> dict[str, Any]:
    """Read how well the model translates, and what the filters made of it."""
    pairs = archive.get("filter", column.filtered)
    measured = archive.get("quality", column.quality).json("metrics.json")
    kept = unverified = 0
    samples: list[Pair] = []
    for pair in pairs.read(Pair):
        kept, unverified = kept + 1, unverified + pair.unverified
        samples += [pair] if kept <= SAMPLES else []
    return {
        "quality": tuple(Score(**row) for row in measured),
        "kept": kept,
        "dropped": pairs.json("reasons.json"),
        "unverified": unverified,
        "samples": tuple(samples),
    }


def _score(archive: Archive, key: str | None) -> dict[str, Any]:
    """Read the score that the tables show; {} for a run that was not asked."""
    if key is None:
        return {}
    first: dict[str, Any] = archive.get("answer", key).json("metrics.json")[0]
    return first


def publish(archive: Archive, made: Artifact, result: Result) -> Path:
    """Write what people read into the store's folder `reports`; return the folder.

    What this version has written there before stays. Raises DiskError.
    """
    from selftranslate.report import files

    folder = archive.root / FOLDER / made.key
    if not files.current(folder):
        files.publish(archive, made, result, folder)
    return folder


def again(root: Path, key: str = "", out: Path | None = None) -> tuple[Result, Path]:
    """Write the report of a store's newest result, or of that with this key; return the folder.

    Raises DataError if there is none, or the tables' artifacts are not there, and DiskError.
    """
    from selftranslate.report import files

    archive = Archive(root)
    if not archive.results():
        raise DataError(unfinished(archive))
    made = archive.result(key)
    result = assemble(archive, archive.index(made))
    folder = out or root / FOLDER / made.key
    files.publish(archive, made, result, folder)
    return result, folder


def unfinished(archive: Archive) -> str:
    """Say what a store without a finished experiment has, and what it lacks."""
    root = named(archive.root)
    there = Counter(artifact.stage for artifact, _ in archive.all())
    if not there:
        return f"{root}: no store of a run; name the folder that a run kept everything in"
    made = ", ".join(f"{there[stage]} {stage}" for stage in STAGES if there[stage])
    wanted = ("shots", "translate", "quality", "filter", "answer")
    lacking = [stage for stage in wanted if not there[stage]]
    missing = f"; nothing yet of {', '.join(lacking)}" if lacking else ""
    return (
        f"{root}: no finished experiment; there are {made}{missing}. Run the recipe again, "
        "it goes on from there"
    )


def save_json(result: Result, folder: Path) -> None:
    """Write report.json."""
    (folder / "report.json").write_text(dump(result) + "\n", encoding="utf-8", newline="\n")


def dump(result: Result) -> str:
    """Return report.json, its keys in the order of the tables."""
    return json.dumps(to_json(result), ensure_ascii=False, indent=2, allow_nan=False)


def to_json(result: Result) -> dict[str, Any]:
    """Return the result as plain values; scores are fractions, BLEU is sacreBLEU's 0 to 100.

    The paper's numbers are in percent, as it prints them.
    """
    return {
        "task": result.task,
        "metric": result.metric,
        "ddof": 0,
        "confidence": CONFIDENCE,
        "languages": {code: _findings(result, code) for code in result.languages},
        "notes": list(result.notes),
        "recipe": ordered(result.recipe),
    }


def _findings(result: Result, code: str) -> dict[str, Any]:
    found = result.languages[code]
    first = found.quality[0] if found.quality else None
    return {
        "trained_for": found.trained_for or code,
        "family": found.family,
        "script": found.script,
        "bleu": None if first is None else round(100 * first.value, 2),
        "bleu_name": None if first is None else first.name,
        "quality": {
            score.name: {"value": round(100 * score.value, 2), "signature": score.signature}
            for score in found.quality
        },
        "kept": found.kept,
        "dropped": dict(found.dropped),
        "unverified": found.unverified,
        "signature": found.signature,
        "settings": {cell.setting: _cell(result, code, cell) for cell in found.cells},
    }


def _cell(result: Result, code: str, cell: Cell) -> dict[str, Any]:
    printed = result.printed(code, cell.setting)
    made: dict[str, Any] = {
        "scores": cell.scores,
        "mean": _number(cell.mean),
        "sd": cell.sd,
        "interval": _interval(cell.interval),
        "runs": [
            {
                "learning_rate": outcome.run.learning_rate if outcome.run else None,
                "seed": outcome.run.seed if outcome.run else None,
                "steps": outcome.run.steps if outcome.run else 0,
                "validation": _number(outcome.validation),
                "test": _number(outcome.test),
                "kept": index in cell.kept,
                "diverged": outcome.diverged,
            }
            for index, outcome in enumerate(cell.outcomes)
        ],
    }
    if cell.comparison is not None:
        made |= _comparison(cell.comparison, result.holm.get((code, cell.setting)))
    if printed is not None:
        made["paper"] = {"mean": printed.mean, "sd": printed.sd, "star": printed.star}
    return made


def _comparison(found: Comparison, corrected: float | None) -> dict[str, Any]:
    made: dict[str, Any] = {"baseline": found.baseline, "difference": found.difference}
    if found.welch is not None:
        made |= {
            "difference_interval": _interval(found.welch.interval),
            "t": _number(found.welch.t),
            "degrees_of_freedom": found.welch.degrees_of_freedom,
            "p_value": found.welch.p_value,
            "significant": found.better,
            "harmful": found.worse,
            "runs_needed": found.runs_needed,
        }
    if corrected is not None:
        made |= {"holm_p_value": corrected, "holm_significant": holds(found, corrected)}
    if found.all_runs is not None:
        made["all_runs_p_value"] = found.all_runs.p_value
    if found.questions is not None:
        made["over_questions"] = {
            "questions": found.questions.questions,
            "difference": found.questions.difference,
            "interval": _interval(found.questions.interval),
            "p_value": found.questions.p_value,
        }
    return made


def holds(found: Comparison, corrected: float | None) -> bool:
    """Say whether a star stays after Holm's correction."""
    return found.better and corrected is not None and corrected < found.alpha


def _interval(found: Interval | None) -> list[float] | None:
    return None if found is None else [found.low, found.high]


def _number(value: float | None) -> float | None:
    """Return what JSON can hold: a run that diverged has NaN for a score."""
    return value if value is not None and math.isfinite(value) else None
