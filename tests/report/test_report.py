"""The report: the paper's form, the same numbers everywhere, and data that stays text."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from selftranslate import report
from selftranslate.example import Example, Pair
from selftranslate.metrics import Score
from selftranslate.protocol import Cell, Outcome, Protocol, cell
from selftranslate.report import Findings, Result, markdown, page, table, terminal
from selftranslate.training import Run

EVIL = "</script><img src=x onerror=alert(1)> | [red]x[/red] \x1b[31m {{ 7*7 }} `\n#"


def made(name: str, scores: list[float], baseline: Cell | None) -> Cell:
    outcomes = [
        Outcome(run=Run(learning_rate=1e-3, seed=n, steps=1), validation=0.5, test=score)
        for n, score in enumerate(scores)
    ]
    return cell(name, outcomes, baseline, Protocol(keep=len(scores)))


def findings(language: str, gain: float, text: str = "Zwei.") -> Findings:
    source = made("D_src", [0.20, 0.22, 0.18], None)
    better = made("+D_tgt", [0.20 + gain, 0.23 + gain, 0.17 + gain], source)
    pair = Pair(
        source=Example(id="1", language="en", fields={"q": text}),
        target=Example(id="1", language="de", fields={"q": text}),
    )
    return Findings(
        language=language,
        quality=(Score(name="bleu_char", value=0.1875, signature="BLEU|tok:char"),),
        kept=7,
        dropped={"complete: q ended by length": 3},
        samples=(pair,),
        cells=(source, better),
        metric="accuracy",
        signature="final_number|n:3",
    )


@pytest.fixture
def result() -> Result:
    return Result(
        task="mini", metric="accuracy", fields=("q",), recipe={"task": "mini"},
        languages={"de": findings("German", 0.5), "th": findings("Thai", 0.0, EVIL)},
        notes=(EVIL,),
    )  # fmt: skip


def test_the_table_has_the_papers_form(result: Result) -> None:
    rows = markdown.main_table(result).splitlines()
    assert rows[0] == "| setting | German | Thai |"
    assert rows[2] == "| D_src | 20.0 ±1.6 | 20.0 ±1.6 |"
    assert rows[3] == "| +D_tgt | **70.0* ±2.4** | 20.0 ±2.4 |"


def test_the_verdict_says_what_the_test_says(result: Result) -> None:
    german, thai = (table.verdict(found) for found in result.languages.values())
    assert german == "German: +50.0 points with +D_tgt (p < 0.001)."
    assert thai.startswith("Thai: no significant gain (")


def test_a_significant_loss_is_called_one() -> None:
    worse = table.verdict(findings("German", -0.15))
    assert worse.startswith("German: a loss: -15.0 points with +D_tgt (p")


def test_json_has_fractions_reasons_and_the_scores_own_name(result: Result) -> None:
    german = json.loads(json.dumps(report.to_json(result)))["languages"]["de"]
    assert german["bleu"] == 18.75 and german["bleu_name"] == "bleu_char"
    assert german["kept"] == 7 and german["dropped"] == {"complete: q ended by length": 3}
    assert german["settings"]["D_src"]["scores"] == [0.20, 0.22, 0.18]
    assert german["settings"]["+D_tgt"]["significant"] is True
    assert german["settings"]["+D_tgt"]["p_value"] < 0.001


def test_what_was_kept_on_trust_is_counted_and_warned_about(result: Result) -> None:
    german = replace(result.languages["de"], unverified=5)
    result = replace(result, languages={**result.languages, "de": german})
    stream = io.StringIO()
    terminal.show(result, Path("report.html"), Console(file=stream, width=300))
    for text in (markdown.write(result), page.write(result), stream.getvalue()):
        assert text.count("5 of 7 kept pairs are unverified") == 1
    counted = report.to_json(result)["languages"]
    assert [counted[code]["unverified"] for code in ("de", "th")] == [5, 0]


def test_character_bleu_is_never_called_bleu(result: Result) -> None:
    for text in (markdown.write(result), page.write(result)):
        assert "character BLEU 18.8" in text


def test_the_page_runs_nothing_and_shows_data_as_text(result: Result) -> None:
    html = page.write(result)
    assert "default-src 'none'" in html and "<script" not in html
    assert "<img" not in html and "&lt;/script&gt;&lt;img" in html and "{{ 7*7 }}" in html


def test_markdown_shows_data_as_text(result: Result) -> None:
    text = markdown.write(result)
    assert "<img" not in text.replace("\\<img", "") and "\\|" in text


def test_the_terminal_shows_data_as_text(result: Result) -> None:
    stream = io.StringIO()
    terminal.show(result, Path("report.html"), Console(file=stream, width=100))
    shown = stream.getvalue()
    assert "\x1b" not in shown and "[red]x[/red]" in shown
    assert "70.0* ±2.4" in shown and "7 of 10" in shown


def test_the_files_are_the_same_bytes_each_time(result: Result, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        report.save(result, tmp_path / name)
    for name in ("report.json", "report.md", "report.html"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
