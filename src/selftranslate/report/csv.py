"""table.csv: a row per language and setting; numbers are not rounded."""

from __future__ import annotations

import csv
import io
from typing import Any

from selftranslate.report import Result, to_json

COLUMNS = (
    "language", "code", "setting", "mean", "sd", "significant", "holm_significant", "difference",
    "p_value", "holm_p_value", "runs_kept", "runs", "paper_mean", "paper_sd", "paper_star",
    "family", "script",
)  # fmt: skip


def write(result: Result) -> str:
    """Return the table; scores are fractions, as in report.json, the paper's in percent."""
    written = io.StringIO()
    rows = csv.writer(written, lineterminator="\n")
    rows.writerow(COLUMNS)
    for code, found in to_json(result)["languages"].items():
        for setting, cell in found["settings"].items():
            paper = cell.get("paper", {})
            values = {
                **cell,
                "family": found["family"],
                "script": found["script"],
                "language": result.languages[code].language,
                "code": code,
                "setting": setting,
                "runs_kept": len(cell["scores"]),
                "runs": len(cell["runs"]),
                **{f"paper_{name}": value for name, value in paper.items()},
            }
            rows.writerow([_text(values.get(name)) for name in COLUMNS])
    return written.getvalue()


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
