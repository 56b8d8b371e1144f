"""What the package knows about its languages, held against the data it was taken from."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from selftranslate import languages
from selftranslate.errors import PluginError

CODES = ["de", "en", "ru", "th", "zh"]


def test_the_papers_languages_are_there() -> None:
    assert set(CODES) <= set(languages.codes())


@pytest.mark.parametrize("code", CODES)
def test_every_file_is_whole(code: str) -> None:
    language = languages.get(code)
    assert language.code == code
    assert language.name and language.answer_in and language.answer_markers
    assert set(language.exemplar_prefixes) == {"question", "answer"}


def test_how_languages_are_written() -> None:
    assert {c for c in CODES if not languages.get(c).spaces} == {"th", "zh"}
    assert {c: languages.get(c).sentence_joiner for c in CODES if c != "zh"} == dict.fromkeys(
        ["de", "en", "ru", "th"], " "
    )
    assert languages.get("zh").sentence_joiner == ""


def test_lengths_are_weighted_as_in_the_paper() -> None:
    weights = {code: languages.get(code).letters_per_character for code in CODES}
    assert weights == {"de": 1, "en": 1, "ru": 1, "th": 1, "zh": 3}


def test_bleu_is_tokenised_as_in_the_paper() -> None:
    tokenizers = {code: languages.get(code).bleu_tokenizer for code in CODES}
    assert tokenizers == {"de": "13a", "en": "13a", "ru": "13a", "th": "flores101", "zh": "zh"}


def test_articles_follow_mlqa() -> None:
    assert languages.get("en").articles == ("a", "an", "the")
    assert {"ein", "eine", "einen", "einem", "eines", "einer"} < set(languages.get("de").articles)
    assert {"der", "die", "das", "den", "dem", "des"} < set(languages.get("de").articles)
    assert languages.get("es").articles == ("un", "una", "unos", "unas", "el", "la", "los", "las")
    assert languages.get("vi").articles == ("của", "là", "cái", "chiếc", "những")
    assert languages.get("ar").attached_article == "ال"
    assert all(languages.get(code).articles == () for code in ("ar", "hi", "ru", "th", "zh"))


def test_an_unknown_language_offers_the_closest() -> None:
    with pytest.raises(PluginError, match=r"unknown language 'deu'\. Did you mean 'de'"):
        languages.get("deu")


@pytest.mark.parametrize("code", CODES)
def test_prefixes_and_markers_are_mgsms(code: str, paper_data: Path) -> None:
    lines = (paper_data / "mgsm/exemplars.jsonl").read_text(encoding="utf-8").split("\n")
    exemplars = [row for line in lines if line and (row := json.loads(line))["language"] == code]
    assert len(exemplars) == 8
    language = languages.get(code)
    markers = "|".join(map(re.escape, language.answer_markers))
    for row in exemplars:
        assert row["question"].startswith(language.exemplar_prefixes["question"])
        assert row["answer"].startswith(language.exemplar_prefixes["answer"])
        assert re.search(rf"({markers})\s*{row['answer_number']}[.。]?$", row["answer"])
