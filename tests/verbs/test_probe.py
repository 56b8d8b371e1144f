"""`probe` says go for German and no-go for Thai, and writes nothing but the memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from selftranslate.cli import main
from selftranslate.engines import Completion, Request
from selftranslate.engines.transformers import TransformersEngine
from selftranslate.probe import Rule, Seen, judge
from selftranslate.verbs.demo import DEMO

ROWS = 10


def probe(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    assert main(["probe", *map(str, arguments), "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Write down each text that the model is asked to translate."""
    texts: list[str] = []
    generate = TransformersEngine.generate

    def counting(self: TransformersEngine, request: Request) -> Iterator[Completion]:
        texts.extend(request.texts if request.fence == "`" else ())
        return generate(self, request)

    monkeypatch.setattr(TransformersEngine, "generate", counting)
    return texts


def test_the_miniature_is_to_learn_german_and_not_thai(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], asked: list[str]
) -> None:
    smaller = ["--set", "shots=3", "--set", "limits.test=4"]
    arguments = [DEMO, "--rows", ROWS, "--store", tmp_path / "runs", *smaller]
    found = probe(capsys, *arguments)["languages"]
    german, thai = found["de"], found["th"]
    assert (german["verdict"], thai["verdict"]) == ("go", "no-go")
    assert german["complete"] == 1 and german["with_numbers"] == ROWS
    assert german["numbers"] >= 0.8 and german["shots"] > 0.8
    assert thai["numbers"] < 0.3 and thai["shots"] < 0.4
    assert thai["log_probability"] < german["log_probability"] < 0
    assert german["questions"] == 4 and german["few_shot"] is not None
    assert any("numbers are kept" in reason for reason in thai["reasons"])
    assert {path.name for path in (tmp_path / "runs").rglob("*")} == {"memory.sqlite"}

    # Nothing is paid twice: not by another probe, nor by a run, which sends the same prompts.
    before = len(asked)
    assert probe(capsys, *arguments)["languages"] == found and len(asked) == before
    plan = ["plan", str(DEMO), *smaller, "--store", str(tmp_path / "runs"), "--no-probe", "--json"]
    assert main(plan) == 0
    stages = json.loads(capsys.readouterr().out)["stages"]
    known = [row["distinct"] - row["left"] for row in stages if row["stage"] == "translate"]
    assert known == [2 * ROWS, 2 * ROWS]

    assert main(["probe", *map(str, arguments), "--languages", "th"]) == 0
    shown = capsys.readouterr().out
    assert "no-go" in shown and "Thai" in shown and "German" not in shown


@pytest.mark.slow
def test_a_hundred_rows_say_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = probe(capsys, DEMO, "--store", tmp_path)["languages"]
    assert {code: one["verdict"] for code, one in found.items()} == {"de": "go", "th": "no-go"}
    assert found["de"]["rows"] == 100


GOOD = Seen(
    language="German", rows=100, complete=1.0, with_numbers=100, numbers=0.9, shots=0.8,
    log_probability=-0.1, copied=0.0, few_shot=0.2, questions=100, metric="final_number",
)  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "word", "reason"),
    [
        ({}, "go", "numbers are kept in 90 of 100 rows"),
        ({"numbers": 0.8, "shots": 0.4}, "go", "chrF is 40"),
        ({"numbers": 0.79}, "check", "fewer than 80%"),
        ({"numbers": 0.29}, "no-go", "fewer than 30%"),
        ({"shots": 0.39}, "no-go", "below 40"),
        ({"numbers": 0.5, "shots": 0.3}, "no-go", "fewer than 80%"),
        ({"complete": 0.7}, "check", "only 70% of the rows are complete"),
        ({"copied": 0.3}, "check", "30% of the rows are copies"),
        ({"with_numbers": 0, "numbers": None}, "go", "numbers say nothing: 0 of 100 rows"),
        ({"with_numbers": 9, "numbers": 0.0}, "go", "numbers say nothing: 9 of 100 rows"),
        ({"with_numbers": 9, "numbers": 0.0, "shots": 0.3}, "no-go", "numbers say nothing"),
        ({"shots": None}, "check", "one shot alone"),
    ],
)
def test_the_rule(changes: dict[str, Any], word: str, reason: str) -> None:
    verdict = judge(replace(GOOD, **changes))
    assert verdict.word == word
    assert any(reason in said for said in verdict.reasons), verdict.reasons


def test_another_rule_gives_another_verdict() -> None:
    assert judge(GOOD, Rule(numbers_go=0.95)).word == "check"


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (["--languages", "rus"], 2, "unknown language 'rus'"),
        (["--set", "model=./nowhere"], 4, "nowhere"),
        (["--set", "task=gsm8k"], 3, "data"),
        (["--set", "shotz=3"], 2, "shots"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], code: int, says: str
) -> None:
    store = tmp_path / "runs"
    assert main(["probe", str(DEMO), "--store", str(store), *options]) == code
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1 and says in said[0]
    assert not store.exists()
