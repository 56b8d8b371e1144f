"""`selftranslate report`: the page anew from the store alone; what is missing is said."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from selftranslate import cli
from selftranslate.report import files

from .conftest import Experiment


def test_the_report_of_a_real_run_is_written_anew_elsewhere(
    experiment: Experiment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert cli.main(["report", str(experiment.store), "-o", str(out)]) == 0
    printed = capsys.readouterr()
    assert printed.out == f"{out / files.PAGE}\n" and printed.err == ""
    assert {path.name for path in out.iterdir()} == set(files.NAMES)
    published = experiment.store / "reports" / experiment.key
    for name in files.NAMES[:-1]:
        assert (out / name).read_bytes() == (published / name).read_bytes(), name
    page = (out / files.PAGE).read_text()
    assert "<mark>" in page and "Tokens per character: not shown" not in page
    assert "Missing" not in page and str(tmp_path) not in page


def test_json_says_where_the_page_is(
    experiment: Experiment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = [
        "report",
        str(experiment.store),
        "--key",
        experiment.key[:6],
        "-o",
        str(tmp_path),
        "--json",
    ]
    assert cli.main(told) == 0
    (line,) = capsys.readouterr().out.splitlines()
    made = json.loads(line)
    assert made["report"] == str(tmp_path / files.PAGE) and "de" in made["languages"]
    assert {k: v for k, v in made.items() if k != "report"} == json.loads(
        (tmp_path / "report.json").read_text()
    )


def test_a_run_that_crashed_has_no_report_and_it_says_what_there_is(
    experiment: Experiment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = tmp_path / "store"
    shutil.copytree(experiment.store, store)
    shutil.rmtree(store / "result")
    shutil.rmtree(store / "answer")
    assert cli.main(["report", str(store)]) == 3
    said = capsys.readouterr().err
    assert f"{store}: no finished experiment; there are " in said and "1 translate" in said
    assert "; nothing yet of answer. Run the recipe again" in said and said.count("\n") == 1
    assert cli.main(["report", str(tmp_path / "nowhere")]) == 3
    assert "nowhere: no store of a run" in capsys.readouterr().err


def test_an_unknown_key_is_refused(
    experiment: Experiment, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["report", str(experiment.store), "--key", "ffff"]) == 3
    assert "no finished experiment ffff here" in capsys.readouterr().err
