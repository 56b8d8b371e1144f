"""The notebook runs from top to bottom, and what it shows came from such a run."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

EXAMPLES = Path(__file__).parents[1] / "examples"
NOTEBOOK = EXAMPLES / "first_steps.ipynb"
SMALLER = """
STORE = "store"
CHANGES = [
    "task={name: mini_nli, train: 4, validation: 1, test: 2}", "limits.quality=1",
    "training.batch_size=2", "protocol={learning_rates: [2e-3], seeds: [0], steps: 2, keep: 1}",
]
"""


def cells() -> list[Any]:
    return [c for c in nbformat.read(NOTEBOOK, as_version=4).cells if c.cell_type == "code"]


def test_every_cell_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("PYTHONWARNINGS", "ignore")
    shutil.copy(EXAMPLES / "first_steps.yaml", tmp_path)
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    (first,) = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", ())]
    assert {"STORE", "CHANGES"} <= {line.split(" = ")[0] for line in first.source.splitlines()}
    first.source = SMALLER
    client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}})
    client.execute()  # raises where a cell fails
    assert (tmp_path / "store" / "reports").is_dir()
    last = notebook.cells[-1].outputs[0].text
    assert last.split() == ["report.html", "True"], "it opens again, with the same table"


def test_its_outputs_are_of_one_run_from_top_to_bottom() -> None:
    assert [c.execution_count for c in cells()] == list(range(1, len(cells()) + 1))
    outputs = [output for cell in cells() for output in cell.outputs]
    assert not [o for o in outputs if o.output_type == "error" or o.get("name") == "stderr"]
    shown = {kind for output in outputs for kind in output.get("data", {})}
    assert {"text/html", "image/png"} <= shown


def test_it_names_nobodys_folders() -> None:
    text = NOTEBOOK.read_text(encoding="utf-8")
    for place in ("/ro" + "ot/", "/ho" + "me/", "/tm" + "p/", "site-packages", "/wo" + "rk/"):
        assert place not in text, place
