"""The presets, and that no filter contradicts the shots."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from selftranslate import filters, plugins, recipe
from selftranslate.cli import main
from selftranslate.errors import RecipeError
from selftranslate.example import Example, Pair
from selftranslate.filters import PRESETS, Dropped, EachText, Filter
from selftranslate.pipeline import Pipeline
from selftranslate.recipe import Recipe
from selftranslate.runtime import Runtime
from selftranslate.store import Artifact


def wanted(**changes: Any) -> Recipe:
    return recipe.parse({"task": "mini", "model": "mini", "languages": ["de"], **changes}, "test")


def both(question: tuple[str, str], answer: tuple[str, str], name: str = "1") -> Pair:
    rows = [
        Example(id=name, language=code, fields={"question": q, "answer": a, "result": "3"})
        for code, q, a in zip(("en", "de"), question, answer, strict=True)
    ]
    return Pair(
        source=rows[0], target=rows[1], ended={"question": ("fence",), "answer": ("fence",)}
    )


def shot(*texts: tuple[str, str]) -> Pair:
    return dataclasses.replace(both(*texts), ended={})


RIGHT = both(("Is it 3?", "Ist es 3?"), ("It is 3.", "Es ist 3."))
DOZEN = shot(("One of them is 3.", "Eins ist 3."), ("It is 12.", "Es ist ein Dutzend."))
WRONG = both(("Is it 3?", "Ist es 4?"), ("It is 3.", "Es ist 3."), "2")
OTHER = both(("Is it 3?", "Ist es 3?"), ("It is 3.", "Es ist 4."), "3")


def built(*names: str) -> dict[str, Filter]:
    return {name: plugins.build("filters", name) for name in names}


def test_every_filter_is_in_strict_and_the_papers_two_come_first() -> None:
    assert set(PRESETS["strict"]) == set(plugins.names("filters"))
    assert PRESETS["strict"][:2] == PRESETS["paper"] == ("complete", "length_ratio")
    assert wanted() == wanted(filters="paper")
    assert [each.name for each in wanted(filters="strict").filters] == list(PRESETS["strict"])


def test_an_unknown_preset_is_named() -> None:
    with pytest.raises(RecipeError, match=r"unknown preset of filters 'strikt'. Did you mean 'str"):
        wanted(filters="strikt")


def test_a_filter_drops_nothing_for_a_field_where_a_shot_would_not_pass() -> None:
    made = filters.fitted(built("complete", "numbers"), [DOZEN], ("question", "answer"))
    assert made["numbers"](RIGHT) is None and made["numbers"](OTHER) is None
    drop = made["numbers"](WRONG)
    assert drop and (drop.field, drop.reason) == ("question", "changed a number")
    assert list(filters.reported(OTHER, made)) == ["numbers: answer changed a number"]
    (note,) = filters.notes(made)
    assert "numbers" in note and "answer" in note and "question" not in note
    silent = filters.fitted(built("numbers"), [RIGHT], ("question", "answer"))
    assert not filters.notes(silent) and silent["numbers"](OTHER)


def test_the_key_of_the_papers_filters_holds_nothing_new() -> None:
    assert filters.basis(built("complete", "length_ratio")) == {}


def test_the_key_of_others_holds_rules_data_and_where_they_only_report() -> None:
    fitted = filters.fitted(built("numbers", "language"), [DOZEN], ("question", "answer"))
    found = filters.basis(fitted)["basis"]
    assert found["numbers"]["reports"] == ["answer"] and "reports" not in found["language"]
    assert {"rules", "babel", "unicode-rbnf"} <= found["numbers"].keys()
    assert {"rules", "py3langid"} == found["language"].keys()
    newer = {"numbers": dataclasses.replace(built("numbers")["numbers"], basis={"rules": 2})}  # type: ignore[type-var]
    assert filters.basis(newer) != filters.basis(built("numbers"))


@pytest.mark.parametrize("name", [n for n in PRESETS["strict"] if n not in PRESETS["paper"]])
def test_every_new_filter_names_its_rules(name: str) -> None:
    check = plugins.build("filters", name)
    assert isinstance(check, EachText) and check.basis["rules"]


def test_the_pipeline_filters_by_the_shots_and_keeps_what_it_only_reports(tmp_path: Path) -> None:
    def filtered(shots: list[Pair], names: Any) -> tuple[Artifact, list[str]]:
        pipeline = Pipeline(wanted(filters=names), Runtime(store=tmp_path))
        pairs = pipeline.store.keep("pairs", [RIGHT, WRONG, OTHER])
        made = pipeline.filter(pairs, pipeline.store.keep("shots", shots), "de")
        return made, pipeline.notes.notes

    kind, said = filtered([DOZEN], "strict")
    assert [row.pair.source.id for row in kind.read(Dropped, "dropped.jsonl")] == ["2"]
    assert kind.json("reported.json") == {"numbers: answer changed a number": 1}
    assert any("German: the filter numbers drops nothing for answer" in note for note in said)
    hard, quiet = filtered([RIGHT], "strict")
    assert hard.key != kind.key and hard.json("reasons.json") == {
        "numbers: question changed a number": 1,
        "numbers: answer changed a number": 1,
    }
    assert not quiet and not (hard.path / "reported.json").exists()
    assert (
        filtered([DOZEN], "paper")[0].key == filtered([RIGHT], ["complete", "length_ratio"])[0].key
    )


def test_a_missing_shot_file_is_found_after_the_preset_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in.jsonl").write_text('{"q": "a"}\n', encoding="utf-8")
    asked = ["translate", str(tmp_path / "in.jsonl"), "-o", str(tmp_path / "out.jsonl")]
    asked += ["--from", "en", "--to", "de", "--fields", "q", "--shots", str(tmp_path / "none")]
    asked += ["--model", "mini"]
    assert main([*asked, "--filters", "strict"]) == 3
    assert "no such file" in capsys.readouterr().err
    (tmp_path / "none").write_text("{}\n", encoding="utf-8")
    assert main([*asked, "--filters", "strikt"]) == 2
    assert "unknown filter 'strikt'" in capsys.readouterr().err
