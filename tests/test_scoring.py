"""`selftranslate score`: rows from anywhere, scores with signatures, bad rows named."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from selftranslate.cli import main

Capture = pytest.CaptureFixture[str]
Score = Callable[..., tuple[int, str, str]]


@pytest.fixture
def score(tmp_path: Path, capsys: Capture) -> Score:
    """Score rows; return the exit code, stdout and stderr."""

    def run(
        rows: list[Any], task: str = "gsm8k", language: str = "en", *options: str
    ) -> tuple[int, str, str]:
        text = "".join(r if isinstance(r, str) else json.dumps(r) + "\n" for r in rows)
        path = tmp_path / "rows.jsonl"
        path.write_text(text, encoding="utf-8")
        code = main(["score", "--task", task, "--language", language, str(path), *options])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def row(prediction: Any, reference: Any, **more: Any) -> dict[str, Any]:
    return {"prediction": prediction, "reference": reference, **more}


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_scores_are_fractions_with_signatures(score: Score, options: tuple[str, ...]) -> None:
    rows = [row("Die Antwort ist 1.319 Euro.", "1319", id=7), row("", ["3", "4"]), row("3", "4")]
    code, out, err = score(rows, "gsm8k", "de", *options)
    signature = "final_number|locale:de|n:3|v:2"
    expected = {"n": 3, "metrics": {"accuracy": {"value": 1 / 3, "signature": signature}}}
    assert (code, json.loads(out), err) == (0, expected, "")
    assert (out.count("\n") == 1) is bool(options)


@pytest.mark.parametrize(
    ("task", "language", "prediction", "reference", "expected"),
    [
        ("mini", "th", "คำตอบคือ ๑๘", "18", {"accuracy": 1}),
        ("mnli", "de", "Widerspruch!", "Contradiction", {"accuracy": 1}),
        ("mnli", "de", "Widerspruch oder neutral", ["Contradiction"], {"accuracy": 0}),
        ("mini_nli", "ru", "neutral", "Neutral", {"accuracy": 1}),
        ("squad", "en", "Broncos", ["Denver", "Denver Broncos"], {"exact_match": 0, "f1": 2 / 3}),
        ("mini_qa", "zh", "丹佛野马队的", "丹佛野马", {"exact_match": 0, "f1": 0.8}),
    ],
)
def test_every_task_is_scored_without_its_data(
    score: Score, task: str, language: str, prediction: str, reference: Any, expected: Any
) -> None:
    code, out, _ = score([row(prediction, reference)], task, language)
    found = json.loads(out)
    assert (code, found["n"]) == (0, 1)
    assert {name: each["value"] for name, each in found["metrics"].items()} == pytest.approx(
        expected
    )
    assert all("|n:1|" in each["signature"] for each in found["metrics"].values())


def test_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    def given(text: bytes) -> int:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
        return main(["score", "--task", "gsm8k", "--language", "en", "-"])

    assert given(json.dumps(row("18", "18")).encode()) == 0
    assert json.loads(capsys.readouterr().out)["metrics"]["accuracy"]["value"] == 1
    assert (
        given(b'{"prediction": "18", "reference": "18"}\n{"prediction": 3, "reference": "3"}') == 3
    )
    assert "stdin:2: prediction" in capsys.readouterr().err
    assert given(b"") == 3
    assert "no rows" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"prediction": "3"}, "rows.jsonl:2: reference: no such field"),
        ({"reference": "3"}, "rows.jsonl:2: prediction: no such field"),
        (row(3, "3"), "rows.jsonl:2: prediction: 3, not a text"),
        (row(None, "3"), "rows.jsonl:2: prediction: null, not a text"),
        (row("3", 3), "rows.jsonl:2: reference: 3, not a text"),
        (row("3", []), "rows.jsonl:2: reference: an empty list"),
        (row("3", ["3", None]), "rows.jsonl:2: reference[1]: null, not a text"),
        (row("3", " "), "rows.jsonl:2: reference: empty"),
        ("\n", "rows.jsonl:2: an empty line"),
        ("3 = 3\n", "rows.jsonl:2: not JSON"),
    ],
)
def test_a_bad_row_is_named_by_file_row_and_field(score: Score, bad: Any, said: str) -> None:
    code, out, err = score([row("1", "1"), bad, row("1", "1")])
    assert (code, out) == (3, "")
    assert said in err and err.count("\n") == 1


@pytest.mark.parametrize(
    ("task", "language", "said"),
    [
        ("gsm9k", "en", "Did you mean 'gsm8k'"),
        ("gsm8k", "deu", "Did you mean 'de'"),
        ("jsonl", "en", "no fields, prompt, output"),
    ],
)
def test_wrong_usage_is_one_line(score: Score, task: str, language: str, said: str) -> None:
    code, out, err = score([row("1", "1")], task, language)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert said in err


def test_references_that_can_never_be_right_are_pointed_out(score: Score) -> None:
    code, out, err = score([row("1", "1"), row("maybe", "maybe"), row("2", ["2", "two"])])
    assert (code, json.loads(out)["metrics"]["accuracy"]["value"]) == (0, pytest.approx(2 / 3))
    assert err == (
        f"{err.partition('rows.jsonl')[0]}rows.jsonl:2: reference: 'maybe' can never be right by "
        "the metric final_number; 2 such\n"
    )


OWN = """
task: {name: jsonl, fields: {text: translate}, prompt: "{{ text }}", output: "{{ text }}", metric: bleu}
model: mini
languages: [th]
"""


def test_a_task_of_ones_own_is_described_by_its_recipe(
    score: Score, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sacrebleu.utils.SACREBLEU_DIR", str(tmp_path))
    recipe = tmp_path / "own.yaml"
    recipe.write_text(OWN, encoding="utf-8")
    code, out, err = score([row("แมวนั่งบนเสื่อ", "แมวนั่งบนเสื่อ")], str(recipe), "th")
    assert (code, list(json.loads(out)["metrics"])) == (0, ["bleu_char", "chrf"])
    assert err.count("\n") == 1 and "'flores101'" in err and "shown instead" in err
