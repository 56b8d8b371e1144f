"""What the paper printed, to stand beside our own numbers: tables 3, 6 and 8 to 11."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

SHORT = {"+D_tgt+D_cs": "+D_cs"}
"""Tables 8, 9 and 11 name a setting by what it adds to the row above."""


@dataclass(frozen=True, slots=True)
class Printed:
    """One cell of the paper, in percent."""

    mean: float
    sd: float
    star: bool | None
    """Significantly better than D_src; None where our copy of the paper has lost the stars."""


def printed(
    task: str,
    model: str,
    language: str,
    setting: str,
    *,
    translator: str | None = None,
    tested_in_source: bool = False,
) -> Printed | None:
    """Return the paper's cell for an experiment, or None if it has none.

    `model` and `translator` are known by the last part of their paths, whatever the case;
    `tested_in_source` asks for the English test sets (C.1).
    """
    tested_in = "source" if tested_in_source else "target"
    for table in tables()["tables"].values():
        wanted = [(model, table["model"]), (translator or "", table["translator"] or "")]
        if tested_in == table["tested_in"] and all(_family(a) == _family(b) for a, b in wanted):
            row = table["rows"].get(setting) or table["rows"].get(SHORT.get(setting), {})
            text = row.get(tables()["tasks"].get(task), {}).get(language)
            if text is not None:
                mean, sd = text.rstrip("*").split("±")
                star = text.endswith("*") if table.get("stars", True) else None
                return Printed(float(mean), float(sd), star)
    return None


def bleu(model: str, language: str) -> float | None:
    """Return the paper's BLEU of a model's translations of MGSM's questions (tables 2 and 6)."""
    for name, row in tables()["bleu"].items():
        if _family(name) == _family(model):
            value: float | None = row.get(language)
            return value
    return None


@cache
def tables() -> dict[str, Any]:
    """Return the paper's numbers as they lie in paper.json."""
    text = files("selftranslate").joinpath("paper.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def _family(model: str) -> str:
    return model.rstrip("/").rpartition("/")[2].casefold()
