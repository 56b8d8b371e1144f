"""What a run found, and the files people read: report.json, report.md, report.html.

All three are written from one `Result`, so that their numbers are the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selftranslate.example import Pair
from selftranslate.metrics import Score
from selftranslate.protocol import Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Everything about one target language."""

    language: str
    """Its English name."""
    quality: tuple[Score, ...]
    """BLEU (or what could be computed offline) and chrF of the model's translations (A.4)."""
    kept: int
    dropped: Mapping[str, int]
    """Reason -> number of pairs."""
    unverified: int = 0
    """Kept pairs of which the engine could not prove that they are complete."""
    samples: tuple[Pair, ...]
    """The first translations that were kept, or the first at all."""
    cells: tuple[Cell, ...]
    """One per setting, the baseline first."""
    metric: str
    """What the cells count: "accuracy", "exact_match" ..."""
    signature: str
    """How exactly it was counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a whole run found."""

    task: str
    metric: str
    fields: tuple[str, ...]
    """The translated fields, in the order to show them."""
    recipe: Mapping[str, Any]
    languages: Mapping[str, Findings]
    notes: tuple[str, ...] = ()


def save(result: Result, folder: Path) -> None:
    """Write the report's files."""
    from selftranslate.report import markdown, page

    _write(folder / "report.json", json.dumps(to_json(result), ensure_ascii=False, indent=2))
    _write(folder / "report.md", markdown.write(result))
    _write(folder / "report.html", page.write(result))


def to_json(result: Result) -> dict[str, Any]:
    """Return the result as plain values; scores are fractions, BLEU is sacreBLEU's 0 to 100."""
    return {
        "task": result.task,
        "metric": result.metric,
        "languages": {code: _findings(found) for code, found in result.languages.items()},
        "notes": list(result.notes),
        "recipe": result.recipe,
    }


def _findings(found: Findings) -> dict[str, Any]:
    first = found.quality[0] if found.quality else None
    return {
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
        "settings": {cell.setting: _cell(cell) for cell in found.cells},
    }


def _cell(cell: Cell) -> dict[str, Any]:
    made: dict[str, Any] = {
        "scores": cell.scores,
        "mean": cell.mean,
        "sd": cell.sd,
        "runs": [
            {
                "learning_rate": outcome.run.learning_rate,
                "seed": outcome.run.seed,
                "steps": outcome.run.steps,
                "validation": outcome.validation,
                "test": outcome.test,
                "kept": index in cell.kept,
            }
            for index, outcome in enumerate(cell.outcomes)
        ],
    }
    if cell.welch is not None:
        made |= {"p_value": cell.welch.p_value, "significant": cell.significant}
    return made


def _write(path: Path, text: str) -> None:
    path.write_text(text.rstrip("\n") + "\n", encoding="utf-8", newline="\n")
