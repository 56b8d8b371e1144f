"""The report: the paper's form, the same numbers everywhere, and data that stays text."""

from __future__ import annotations

import io
import json
import math
import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html import unescape
from pathlib import Path
from statistics import pstdev

import pytest
from rich.console import Console

from selftranslate import report
from selftranslate.example import Example, Pair
from selftranslate.metrics import Score
from selftranslate.protocol import Cell, Outcome, Protocol, cell, cells
from selftranslate.report import Findings, Result, files, markdown, page, table, terminal
from selftranslate.significance import holm
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
    assert rows[3] == r"| +D_tgt | **70.0\*† ±2.4** | 20.0 ±2.4 |"


def test_the_verdict_says_what_the_test_says(result: Result) -> None:
    german, thai = (table.verdict(result, code) for code in result.languages)
    assert german == "German: +50.0 points with +D_tgt (p < 0.001, Holm ✓)."
    assert thai == (
        "Thai: no significant gain (+0.0 points with +D_tgt, p = 1.000); a likely reason: the "
        "model's translations are poor (character BLEU 18.8)."
    )


def test_a_verdict_names_what_may_be_the_reason_only_where_there_was_no_gain(
    result: Result,
) -> None:
    thai = result.languages["th"]

    def said(**changes: object) -> str:
        changed = replace(thai, **changes)  # type: ignore[arg-type]
        return table.verdict(replace(result, languages={"th": changed}), "th")

    good = (
        Score(name="bleu", value=0.4, signature=""),
        Score(name="chrf", value=0.6, signature=""),
    )
    assert "reason" not in said(quality=good)
    assert said(quality=good, kept=2, dropped={"x": 8}).endswith(
        "p = 1.000); a likely reason: only 2 of 10 pairs were kept."
    )
    weak = (good[0], replace(good[1], value=0.186))
    assert "poor (chrF 18.6), and only 2 of 10" in said(quality=weak, kept=2, dropped={"x": 8})
    german = replace(result.languages["de"], quality=weak, kept=2, dropped={"x": 8})
    assert "reason" not in table.verdict(replace(result, languages={"de": german}), "de")


def test_a_significant_loss_is_called_one() -> None:
    result = Result(
        task="mini", metric="accuracy", fields=("q",), recipe={},
        languages={"de": findings("German", -0.15)},
    )  # fmt: skip
    worse = table.verdict(result, "de")
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
        assert "character BLEU 18.8" in text and "BLEU 18.8" not in text.replace(
            "character BLEU", ""
        )


def test_the_page_runs_its_own_script_alone_and_shows_data_as_text(result: Result) -> None:
    html = page.write(result)
    (script,) = re.findall("<script>(.*?)</script>", html, re.S)
    (style,) = re.findall("<style>(.*?)</style>", html, re.S)
    (policy,) = re.findall('Security-Policy" content="([^"]*)"', html)
    rules = dict(rule.strip().split(" ", 1) for rule in unescape(policy).split(";"))
    named = [
        "'sha256-" + b64encode(sha256(t.encode()).digest()).decode() + "'" for t in (style, script)
    ]
    assert rules["default-src"] == "'none'"
    assert [rules["style-src"], rules["script-src"]] == named
    assert html.count("<script") == 1 and not re.search(r"<[^>]*\s(style|on\w+)\s*=", html)
    assert "<img" not in html and "&lt;/script&gt;&lt;img" in html and "{{ 7*7 }}" in html
    assert "\x1b" not in html and "␛[31m" in html


def test_markdown_shows_data_as_text(result: Result) -> None:
    text = markdown.write(result)
    assert "<img" not in text.replace("\\<img", "") and "\\|" in text


def test_the_terminal_shows_data_as_text(result: Result) -> None:
    stream = io.StringIO()
    terminal.show(result, Path("report.html"), Console(file=stream, width=100))
    shown = stream.getvalue()
    assert "\x1b" not in shown and "[red]x[/red]" in shown
    assert "70.0*† ±2.4" in shown and "7 of 10" in shown


def test_the_files_are_the_same_bytes_each_time(result: Result, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        files.save(result, tmp_path / name)
    for name in files.NAMES:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def outcomes(scores: list[float], lost: int = 0) -> list[Outcome]:
    """Runs of 100 questions each, and some that diverged."""
    good = [
        Outcome(
            run=Run(learning_rate=3e-4, seed=seed, steps=1), validation=score, test=score,
            items=(1.0,) * round(100 * score) + (0.0,) * round(100 - 100 * score),
        )
        for seed, score in enumerate(scores)
    ]  # fmt: skip
    bad = [
        Outcome(
            run=Run(learning_rate=3e-4, seed=len(scores) + n, steps=1), validation=math.nan,
            test=math.nan, diverged="the loss is NaN at step 7",
        )
        for n in range(lost)
    ]  # fmt: skip
    return [*good, *bad]


SHOTS = [Outcome(run=None, validation=None, test=0.11, items=(1.0,) * 11 + (0.0,) * 89)]


def column(language: str, more: dict[str, list[Outcome]], trained_for: str = "") -> Findings:
    settings = {"few-shot": SHOTS, "D_src": outcomes([0.30, 0.31, 0.29, 0.30]), **more}
    return Findings(
        language=language,
        trained_for=trained_for,
        cells=cells(settings, Protocol()),
        metric="accuracy",
        signature="final_number|n:100",
    )


@pytest.fixture
def experiment() -> Result:
    """The paper's own experiment: a model that is prompted, runs that failed, English tests."""
    target, strong = [0.33, 0.32, 0.31, 0.34], [0.40, 0.41, 0.42, 0.39]
    return Result(
        task="gsm8k", metric="accuracy", fields=("question",),
        recipe={"task": {"name": "gsm8k"}, "model": "meta-llama/Llama-2-7b-hf"},
        languages={
            "de": column("German", {"+D_tgt": outcomes(strong), "mine": outcomes([*target, 0.20, 0.21])}),
            "th": column("Thai", {
                "+D_tgt": outcomes([0.30, 0.33, 0.28], lost=1), "mine": outcomes([], lost=2)}),
            "en (de)": column(
                "English", {"+D_tgt": outcomes(target), "mine": outcomes(strong)}, "de"),
        },
    )  # fmt: skip


def shown(result: Result, width: int = 300) -> dict[str, str]:
    stream = io.StringIO()
    terminal.show(result, Path("report.html"), Console(file=stream, width=width))
    return {
        "terminal": stream.getvalue(),
        "markdown": markdown.write(result).replace("\\", ""),
        "page": unescape(re.sub("<[^>]+>", "", page.write(result))),
    }


def test_holm_corrects_over_all_languages_and_settings(experiment: Result) -> None:
    tests = [
        (code, found.setting, found.comparison.welch.p_value)
        for code, column in experiment.languages.items()
        for found in column.cells
        if found.comparison and found.comparison.welch
    ]
    assert [(code, setting) for code, setting, _ in tests] == [
        ("de", "+D_tgt"), ("de", "mine"), ("th", "+D_tgt"), ("en (de)", "+D_tgt"), ("en (de)", "mine"),
    ]  # fmt: skip
    assert list(experiment.holm.values()) == holm([p_value for *_, p_value in tests])
    assert "the table's 5 tests" in table.footnote(experiment)


def test_a_star_that_does_not_outlive_holm_has_no_dagger() -> None:
    source = outcomes([0.30, 0.31, 0.29, 0.30])
    just = {"D_src": source, "+D_tgt": outcomes([0.31, 0.32, 0.32, 0.31])}
    rows = {
        name: replace(column("x", {}), language=name, cells=cells(just, Protocol()))
        for name in ("a", "b", "c", "d", "e")
    }
    alone, together = (
        Result(task="mini", metric="accuracy", fields=(), recipe={}, languages=languages)
        for languages in ({"a": rows["a"]}, rows)
    )
    assert table.lines(alone)[1].entries[0].text == "31.5*† ±0.5"
    assert table.lines(together)[1].entries[0].text == "31.5* ±0.5", "still the paper's star"
    assert table.verdict(together, "a").endswith("Holm ✗).")
    made = report.to_json(together)["languages"]["a"]["settings"]["+D_tgt"]
    assert (made["significant"], made["holm_significant"]) == (True, False)
    assert made["holm_p_value"] == pytest.approx(5 * made["p_value"])


def test_a_setting_that_was_not_trained_has_no_spread_no_star_and_is_no_baseline(
    experiment: Result,
) -> None:
    few_shot, source = table.lines(experiment)[:2]
    assert [entry.text for entry in few_shot.entries] == ["11.0", "11.0", "11.0"]
    assert source.entries[0].text == "30.0 ±0.7"
    made = report.to_json(experiment)["languages"]["de"]["settings"]
    assert made["few-shot"]["sd"] is None and made["few-shot"]["baseline"] == "D_src"
    assert "p_value" not in made["few-shot"] and "baseline" not in made["D_src"]
    assert made["few-shot"]["over_questions"]["p_value"] < 0.001
    assert "better than D_src" in table.footnote(experiment)
    strong = [replace(SHOTS[0], test=0.99)]
    settings = {"few-shot": strong, "D_src": outcomes([0.3, 0.3]), "+D_tgt": outcomes([0.4, 0.4])}
    german = replace(experiment.languages["de"], cells=cells(settings, Protocol()))
    verdict = table.verdict(replace(experiment, languages={"de": german}), "de")
    assert "+10.0 points with +D_tgt" in verdict


def test_diverged_runs_are_named_with_their_reason_and_never_averaged(experiment: Result) -> None:
    for text in shown(experiment).values():
        assert (
            "Thai, +D_tgt: 1 of 4 runs diverged and do not count: "
            "the loss is NaN at step 7 (seed 3 with learning rate 0.0003)." in text
        )
        assert "Thai, mine: 2 of 2 runs diverged" in text and "nan" not in text
    runs = page.write(experiment).partition("Every run")[2].partition("</details>")[0]
    assert runs.count("<td>diverged: the loss is NaN at step 7</td>") == 3
    mine = table.lines(experiment)[-1]
    assert mine.name == "mine" and mine.entries[1].text == "diverged"
    made = json.loads(json.dumps(report.to_json(experiment), allow_nan=False))
    thai = made["languages"]["th"]["settings"]
    assert thai["mine"]["mean"] is thai["mine"]["sd"] is None and thai["mine"]["scores"] == []
    assert thai["+D_tgt"]["mean"] == pytest.approx(0.91 / 3) and made["ddof"] == 0
    last = thai["+D_tgt"]["runs"][3]
    assert (last["diverged"], last["kept"], last["test"]) == (
        "the loss is NaN at step 7", False, None,
    )  # fmt: skip


def test_the_papers_number_stands_below_ours(experiment: Result) -> None:
    found = {line.name: line for line in table.lines(experiment) if not line.printed}
    assert list(found) == ["few-shot", "D_src", "+D_tgt", "mine"]
    source, target = (line for line in table.lines(experiment) if line.printed)
    assert [entry.text for entry in source.entries] == ["30.1 ±0.4", "8.1 ±0.7", "37.8 ±0.8"]
    assert [entry.text for entry in target.entries] == ["36.4* ±1.3", "7.7 ±3.4", "42.6* ±1.9"]
    for text in shown(experiment).values():
        assert "42.6* ±1.9" in text
    made = report.to_json(experiment)["languages"]["de"]["settings"]
    assert made["+D_tgt"]["paper"] == {"mean": 36.4, "sd": 1.3, "star": True}
    assert "paper" not in made["mine"]


def test_a_star_the_paper_may_or_may_not_have_is_not_left_out_silently(experiment: Result) -> None:
    settings = {"D_src": outcomes([0.3, 0.3]), "+D_tgt+D_cs": outcomes([0.3, 0.4])}
    german = replace(experiment.languages["de"], cells=cells(settings, Protocol()))
    result = replace(experiment, languages={"de": german})
    assert table.lines(result)[-1].entries[0].text == "35.9(*) ±1.3"
    assert "(*): whether with a star is not known" in table.footnote(result)


def test_the_source_language_has_scores_and_no_translations(experiment: Result) -> None:
    for name, text in shown(experiment).items():
        assert "English: +10.5 points with mine (p < 0.001, Holm ✓)." in text, name
        assert "0 of 0" not in text and "into English" not in text
        assert "No pair was dropped" not in text
    english = table.lines(experiment)[-1].entries[2]
    assert english.text == "40.5*† ±1.1" and english.bold


def test_statistics_say_what_stands_behind_a_star(experiment: Result) -> None:
    rows = {
        (row[0], row[1]): dict(zip(table.STATISTICS, row, strict=True))
        for row in table.statistics(experiment)
    }
    made = report.to_json(experiment)["languages"]["de"]["settings"]["mine"]
    mine = rows["German", "mine"]
    low, high = (100 * value for value in made["difference_interval"])
    assert mine["difference [95 %]"] == f"+2.5 [{low:+.1f}, {high:+.1f}]" and low > 0
    assert mine["p"] == f"{made['p_value']:.3f}" and mine["runs to see it"] == ""
    assert mine["Holm's p"] == f"{made['holm_p_value']:.3f}"
    assert mine["p, all runs"] == f"{made['all_runs_p_value']:.3f}" != mine["p"]
    assert mine["runs kept"] == "4 of 6"
    assert mine["p, questions"] == f"{made['over_questions']['p_value']:.3f}"
    low, high = (100 * value for value in made["interval"])
    assert mine["mean [95 %]"] == f"32.5 [{low:.1f}, {high:.1f}]"
    thai = report.to_json(experiment)["languages"]["th"]["settings"]["+D_tgt"]
    assert rows["Thai", "+D_tgt"]["runs to see it"] == str(thai["runs_needed"])
    assert f"about {thai['runs_needed']} runs a setting" in table.verdict(experiment, "th")
    assert rows["Thai", "+D_tgt"]["runs kept"] == "3 of 4"
    for name in ("markdown", "page"):
        text = shown(experiment)[name]
        assert all(value in text for value in mine.values()), name


def test_every_form_shows_the_jsons_numbers(experiment: Result) -> None:
    texts = shown(experiment)
    for code, found in report.to_json(experiment)["languages"].items():
        for setting, made in found["settings"].items():
            if made["mean"] is None or made["sd"] is None:
                continue
            assert made["sd"] == pytest.approx(pstdev(made["scores"])), "ddof 0"
            stars = "*" * made.get("significant", False) + "†" * made.get("holm_significant", False)
            score = f"{100 * made['mean']:.1f}{stars} ±{100 * made['sd']:.1f}"
            for name, text in texts.items():
                assert score in text, (name, code, setting)


def test_a_single_run_is_not_tested() -> None:
    one = {"D_src": outcomes([0.3]), "+D_tgt": outcomes([0.4])}
    single = replace(column("German", {}), cells=cells(one, Protocol()))
    result = Result(task="mini", metric="accuracy", fields=(), recipe={}, languages={"de": single})
    assert [entry.text for line in table.lines(result) for entry in line.entries] == [
        "30.0",
        "40.0",
    ]
    assert table.verdict(result, "de") == (
        "German: +10.0 points with +D_tgt; not tested, a test needs two runs or more."
    )
    assert "Welch" not in table.footnote(result)


def test_without_training_the_verdict_is_the_score() -> None:
    prompted = replace(column("German", {}), cells=cells({"few-shot": SHOTS}, Protocol()))
    result = Result(
        task="mini", metric="accuracy", fields=(), recipe={}, languages={"de": prompted}
    )
    assert table.verdict(result, "de") == "German: 11.0 with few-shot."


def test_bold_marks_and_stars_survive_markdown(result: Result) -> None:
    from markdown_it import MarkdownIt

    html = MarkdownIt("commonmark").enable("table").render(markdown.write(result))
    assert "<strong>70.0*† ±2.4</strong>" in html
