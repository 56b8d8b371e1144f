"""What the package knows about its languages, held against the data it was taken from."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from pathlib import Path

import pytest
import regex
import sentencex
from babel import Locale
from babel.core import get_global
from babel.numbers import format_decimal, get_decimal_symbol, get_group_symbol
from sacrebleu.metrics import BLEU

from selftranslate import languages, numerals
from selftranslate.errors import PluginError
from selftranslate.metrics import bleu
from selftranslate.tasks import gsm8k, mnli, squad
from selftranslate.translate import sentences

CODES = ["de", "en", "ru", "th", "zh"]
ALL = languages.codes()

MASSIVE = """
af am ar az bn ca cy da de el en es fa fi fr he hi hu hy id is it ja jv ka km kn ko lv ml mn ms my
nb nl pl pt ro ru sl sq sv sw ta te th tl tr ur vi zh zh-TW
"""
SPELT_ALIKE = {"Hans": "Han", "Hant": "Han", "Jpan": "Hiragana", "Kore": "Hangul"}
"""ISO 15924's scripts that are several of Unicode's."""
ZERO = {
    "Arab": 0x660, "Beng": 0x9E6, "Deva": 0x966, "Gujr": 0xAE6, "Guru": 0xA66, "Khmr": 0x17E0,
    "Knda": 0xCE6, "Laoo": 0xED0, "Mlym": 0xD66, "Mymr": 0x1040, "Orya": 0xB66, "Taml": 0xBE6,
    "Telu": 0xC66, "Thai": 0xE50,
}  # fmt: skip
"""Scripts with digits of their own, by their 0."""


def locale(code: str) -> Locale:
    return Locale.parse(code.replace("-", "_"))


def test_the_languages_of_the_well_known_test_sets_are_there() -> None:
    assert set(CODES) <= set(ALL) and len(ALL) >= 100
    known = {*gsm8k.LANGUAGES, *squad.LANGUAGES, *mnli.LANGUAGES, *MASSIVE.split()}
    assert known <= set(ALL)


@pytest.mark.parametrize("code", CODES)
def test_every_file_of_the_papers_languages_is_whole(code: str) -> None:
    language = languages.get(code)
    assert language.code == code
    assert language.name and language.answer_in and language.answer_markers
    assert set(language.exemplar_prefixes) == {"question", "answer"}


@pytest.mark.parametrize("code", ALL)
def test_names_script_and_direction_are_cldrs(code: str) -> None:
    language, own, english = languages.get(code), locale(code), Locale("en")
    _, *subtags = code.split("-")
    if subtags:
        names = own.english_name, own.display_name
    else:
        # CLDR knows Tagalog as Filipino: its own locale has no name for itself.
        names = english.languages[code], own.languages.get(code, language.native)
    assert (language.name, language.native) == names
    script = own.script or get_global("likely_subtags")[code].split("_")[1]
    assert (language.script, language.direction) == (script, own.text_direction)


@pytest.mark.parametrize("code", ALL)
def test_every_file_says_all_it_should(code: str) -> None:
    assert re.fullmatch(r"[a-z]{2,3}(-[A-Z]{2})?", code), "it names files and folders"
    language = languages.get(code)
    assert language.family[0].isupper() and language.answer_in_by and language.letters_from
    assert 0.5 < language.letters_per_character <= 3
    written = SPELT_ALIKE.get(language.script, language.script)
    assert regex.search(rf"\p{{Script={written}}}", language.answer_in + language.native)
    for words in (language.answer_markers, language.negations, *language.nli_labels.values()):
        assert all(word and word == word.strip() for word in words)


@pytest.mark.parametrize("code", ALL)
def test_numbers_are_read_as_cldr_writes_them(code: str) -> None:
    """With CLDR's marks, and with the language's own digits where its script has some."""
    known = locale(code)
    assert get_decimal_symbol(known) != get_group_symbol(known)
    own = known.default_numbering_system, ZERO.get(languages.get(code).script, 0x30)
    for marks, zero in (("latn", 0x30), own):
        for value in (1234567.5, -1234567.5, 1234, -12.5, 98765):
            text = format_decimal(value, locale=known, numbering_system=marks)
            text = text.translate({0x30 + digit: zero + digit for digit in range(10)})
            (reading,) = numerals.find(text, code)
            assert Fraction(str(value)) in reading, text


# Thai marks no end of a sentence; "e." at the end of Scottish Gaelic's looks like an initial.
@pytest.mark.parametrize("code", [code for code in ALL if code not in {"th", "gd"}])
def test_sentences_end_at_the_languages_own_full_stop(code: str) -> None:
    language = languages.get(code)
    twice = language.sentence_joiner.join([language.answer_in] * 2)
    length = len(language.answer_in)
    assert sentences.split(twice, language) == [(0, length), (len(twice) - length, len(twice))]


@pytest.mark.parametrize("code", ALL)
def test_sentencex_has_the_rules_that_the_file_names(code: str) -> None:
    """Left to itself it cuts in the same way, whoever's abbreviations stand there."""
    named = languages.get(code).sentences
    for word in ABBREVIATIONS.split():
        text = f"Xy {word} Zz wv. Zz {word} wv."
        assert sentencex.segment(named, text) == sentencex.segment(code, text), word


ABBREVIATIONS = """
bzw. Hr. M. Mme. Sr. Dña. Sig. Dott. Exmo. mevr. tzn. prof. г. ул. стр. napr. tzv. f.eks. bl.a.
esim. κ. π.χ. ডঃ. डॉ. د. ડૉ. ಡಾ. ഡോ. திரு. డా. ਡਾ. ім. вул. ж. Mr. Dr. e.g. Núm. ዶ. проф. мај.
"""


def test_bleu_is_there_for_every_language() -> None:
    for tokenizer in {languages.get(code).bleu_tokenizer for code in ALL}:
        assert tokenizer in BLEU.TOKENIZERS
        assert bleu.missing(tokenizer) is None or tokenizer not in {"13a", "zh"}


@pytest.mark.parametrize("code", sorted({*gsm8k.LANGUAGES} - {"en"}))
def test_the_languages_of_mgsm_mark_their_answers(code: str) -> None:
    language = languages.get(code)
    assert language.answer_markers and set(language.exemplar_prefixes) == {"question", "answer"}


def test_a_folder_of_ones_own_adds_languages_and_changes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "fy.yaml").write_text("name: West Frisian\nanswer_in: Frysk.\nsentences: nl\n")
    (tmp_path / "fo.yaml").write_text("name: Faroese\nanswer-in: Svara á føroyskum.\n")
    monkeypatch.setenv("SELFTRANSLATE_LANGUAGES", str(tmp_path))
    frisian = languages.get("fy")
    assert frisian.name == "West Frisian" and {"fy", "de"} <= set(languages.codes())
    assert len(sentences.split("By dhr. Zz stean.", frisian)) == 1
    assert len(sentences.split("By dhr. Zz stean.", languages.get("af"))) == 2
    with pytest.raises(PluginError, match=r"fo.yaml: unknown key 'answer-in'. .*'answer_in'"):
        languages.get("fo")


def test_how_languages_are_written() -> None:
    assert {c for c in CODES if not languages.get(c).spaces} == {"th", "zh"}
    assert {c: languages.get(c).sentence_joiner for c in CODES if c != "zh"} == dict.fromkeys(
        ["de", "en", "ru", "th"], " "
    )
    assert languages.get("zh").sentence_joiner == ""


def test_lengths_are_weighted_as_in_the_paper() -> None:
    weights = {code: languages.get(code).letters_per_character for code in CODES}
    assert weights == {"de": 1, "en": 1, "ru": 1, "th": 1, "zh": 3}


def test_what_is_not_the_papers_weight_is_part_of_keys() -> None:
    assert languages.letters(*map(languages.get, CODES)) == {}
    assert languages.letters(languages.get("en"), languages.get("ar")) == {"ar": 1.4}
    assert languages.letters(languages.get("zh-TW")) == {"zh-TW": 3.0}


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


@pytest.mark.parametrize(
    ("said", "meant"),
    {"deu": "de", "German": "de", "zh_TW": "zh-TW", "DE": "de", "no": "nb", "dee": "de"}.items(),
)
def test_an_unknown_language_offers_the_closest(said: str, meant: str) -> None:
    with pytest.raises(PluginError, match=rf"unknown language '{said}'\. Did you mean '{meant}'"):
        languages.get(said)


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
