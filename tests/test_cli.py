"""The command: exit codes, one-line errors, data on stdout, everything else on stderr."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from selftranslate import __version__
from selftranslate.cli import app, main

RECIPE = """
task: {name: mini, train: 10, validation: 4, test: 6}
model: mini
languages: [de]
limits: {quality: 3}
settings: [{name: D_src, train_on: [source]}, {name: +D_tgt, train_on: [source, target]}]
training: {name: lora, r: 4, batch_size: 4}
protocol: {learning_rates: [1e-3], seeds: [0, 1], steps: 1, keep: 2}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "recipe.yaml"
    path.write_text(RECIPE, encoding="utf-8")
    return path


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"selftranslate {__version__}\n"


@pytest.mark.parametrize(
    ("kind", "member"),
    [("tasks", "gsm8k"), ("languages", "th"), ("engines", "transformers"), ("filters", "complete")],
)
def test_list(kind: str, member: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", kind]) == 0
    rows = dict(line.split("\t", 1) for line in capsys.readouterr().out.splitlines())
    assert rows[member]


def test_run_prints_json_on_stdout_and_the_second_time_says_that_nothing_was_done(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["run", str(file), "--store", str(tmp_path / "store"), "--json"]
    assert main(arguments) == 0
    first = capsys.readouterr()
    found = json.loads(first.out)
    german = found["languages"]["de"]
    assert german["kept"] + sum(german["dropped"].values()) == 10
    assert german["bleu"] > 0 and german["bleu_name"] == "bleu"
    source, target = german["settings"]["D_src"], german["settings"]["+D_tgt"]
    assert len(source["scores"]) == 2 and all(0 <= s <= 1 for s in source["scores"])
    assert "p_value" not in source and 0 <= target["p_value"] <= 1
    assert isinstance(target["significant"], bool)
    assert Path(found["report"]).is_file()
    assert main(arguments) == 0
    second = capsys.readouterr()
    assert json.loads(second.out) == found
    assert "nothing to do" in second.err and "nothing to do" not in first.err


def test_the_table_is_readable(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", str(file), "--store", str(tmp_path / "store")]) == 0
    shown = capsys.readouterr().out
    for expected in ("D_src", "+D_tgt", "German", "BLEU", "of 10", "report.html"):
        assert expected in shown


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        (["model=/no/such/model"], 4, "no such folder"),
        (["langauges=[de]"], 2, "Did you mean"),
        (["task=minni"], 2, "Did you mean 'mini'"),
        (["task=gsm8k"], 3, "no file is named"),
        (["task=gsm8k", "data={train: no.jsonl, test: no.tsv, shots: no.jsonl}"], 3, "no.jsonl"),
    ],
)
def test_errors_are_one_line_with_their_exit_code(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    changes: list[str], code: int, said: str,
) -> None:  # fmt: skip
    sets = [part for change in changes for part in ("--set", change)]
    assert main(["run", str(file), "--store", str(tmp_path / "s"), *sets]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = [x for x in captured.err.splitlines() if x.startswith("selftranslate:")]
    assert said in line


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            b'{"question": "1?", "answer": "1\\n#### 1"}\n{"question": "2?"}\n',
            "train.jsonl:2: answer",
        ),
        (b'{"question": "1?", "answer": "\xff"}\n', "train.jsonl:1"),
        (b"", "train.jsonl"),
        (b'{"question": "1?", "answer": 3}\n', "train.jsonl:1: answer"),
    ],
)
def test_a_bad_row_is_named_by_file_row_and_field(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, said: str
) -> None:
    (tmp_path / "train.jsonl").write_bytes(content)
    file = tmp_path / "recipe.yaml"
    file.write_text(
        "task: gsm8k\nmodel: mini\nlanguages: [de]\n"
        "data: {train: train.jsonl, test: t.tsv, shots: s.jsonl}\n"
    )
    assert main(["run", str(file), "--store", str(tmp_path / "s")]) == 3
    assert said in capsys.readouterr().err


def test_wrong_usage_is_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "taks"]) == 2
    assert main(["no-such-verb"]) == 2
    assert main(["run"]) == 2
    assert all(line for line in capsys.readouterr().err.splitlines())


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from selftranslate.cli import main; main(['--help']);"
        "sys.exit(bool({'torch', 'transformers', 'pydantic', 'numpy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0


def test_ctrl_c_is_said_and_the_same_command_goes_on(file: Path, tmp_path: Path) -> None:
    arguments = ["run", str(file), "--store", str(tmp_path / "store"), "--json"]
    command = [sys.executable, "-m", "selftranslate", *arguments]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stderr is not None
        for line in running.stderr:
            if line.startswith("train D_src"):
                running.send_signal(signal.SIGINT)
                break
        said = running.stderr.read()
        assert running.wait() == 130
    assert "selftranslate: interrupted" in said
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert again.returncode == 0 and json.loads(again.stdout)["languages"]["de"]
    assert "translate into German: in the store already" in again.stderr


def leaves(command: Any, *path: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, inner in getattr(command, "commands", {}).items():
        yield from leaves(inner, *path, name)
    if not hasattr(command, "commands"):
        yield path, command


ALWAYS_JSON = {("schema",), ("memory", "export")}


@pytest.mark.parametrize(
    ("path", "verb"), [pytest.param(p, v, id=" ".join(p)) for p, v in leaves(get_command(app))]
)
def test_every_verb_has_an_example_and_the_options_of_all(path: tuple[str, ...], verb: Any) -> None:
    said = " ".join((verb.help or "").split())
    assert f"Example: selftranslate {' '.join(path)} " in f"{said} "
    options = {name for option in verb.params for name in option.opts}
    assert options >= {"-q", "--quiet", "-v", "--verbose"}
    assert "--json" in options or path in ALWAYS_JSON
