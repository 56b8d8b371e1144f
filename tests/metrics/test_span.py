"""Exact match and F1 of spans, with and without spaces between words."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selftranslate import languages
from selftranslate.example import Prediction
from selftranslate.metrics.span import build, tokenise

# (language, answer, reference, exact match, F1)
CASES = [
    ("en", "the Denver Broncos.", "Denver Broncos", 1, 1),
    ("en", "Broncos", "Denver Broncos", 0, 2 / 3),
    ("en", "Denver  broncos", "DENVER Broncos", 1, 1),
    ("en", "Carolina", "Denver Broncos", 0, 0),
    ("en", "“Denver” Broncos", "Denver Broncos", 1, 1),
    ("en", "308", "$308", 1, 1),
    ("en", "in in Denver", "in Denver", 0, 0.8),
    ("en", "", "Denver", 0, 0),
    ("en", "", "%", 0, 0),
    ("en", "", "The", 0, 0),
    ("en", "The", "the", 1, 1),
    ("de", "die Denver Broncos", "Denver Broncos", 1, 1),
    ("de", "der Strasse", "die Straße", 1, 1),
    ("de", "the Broncos", "Broncos", 0, 2 / 3),
    ("de", "Du\u0308rer", "Dürer", 1, 1),
    ("es", "los Broncos de Denver", "Broncos de Denver", 1, 1),
    ("es", "¿Denver?", "Denver", 1, 1),
    ("vi", "những con ngựa", "con ngựa", 1, 1),
    ("vi", "một con ngựa", "con ngựa", 0, 0.8),
    ("ar", "القاهرة", "قاهرة", 1, 1),
    ("ar", "بالقاهرة، مصر", "القاهرة", 0, 0.5),
    ("hi", "डेनवर।", "डेनवर", 1, 1),
    ("zh", "丹佛 野马", "丹佛野马", 1, 1),
    ("th", "ปี๒๕๕๘", "ปี ๒๕๕๘", 1, 1),
    ("ru", "«Денвер Бронкос»", "Денвер Бронкос", 1, 1),
    ("zh", "《丹佛野马》。", "丹佛野马", 1, 1),
    ("zh", "丹佛野马队的", "丹佛野马", 0, 0.8),
    ("zh", "ABC公司", "ABC", 0, 0.5),
    ("zh", "2015年", "2016年", 0, 0.5),
    ("th", "ปี ๒๕๕๘", "ปี ๒๕๕๘", 1, 1),
    ("th", "น้ำแข็ง", "น้ำ", 0, 0.4),
]


@pytest.mark.parametrize(("code", "answer", "reference", "match", "f1"), CASES)
def test_an_answer_against_its_reference(
    code: str, answer: str, reference: str, match: float, f1: float
) -> None:
    prediction = Prediction(id="1", text=answer, ended="eos", references=(reference,))
    first, second = build()([prediction], languages.get(code))
    assert (first.name, second.name) == ("exact_match", "f1")
    assert (first.value, second.value) == pytest.approx((match, f1))


@pytest.mark.parametrize(
    ("code", "text", "tokens"),
    [
        ("en", "abc 公司", ["abc", "公司"]),
        ("zh", "abc公司 in 上海 3.5元", ["abc", "公", "司", "in", "上", "海", "3.5", "元"]),
        ("th", "น้ำแข็ง๑๘", ["น้ำ", "แ", "ข็", "ง", "๑๘"]),
    ],
)
def test_tokens_are_words_or_what_a_reader_calls_a_character(
    code: str, text: str, tokens: list[str]
) -> None:
    assert tokenise(text, languages.get(code)) == tokens


def test_the_closest_reference_counts_for_each_measure() -> None:
    references = ("Denver", "the Broncos of Denver", "Denver Broncos")
    row = Prediction(id="1", text="Denver Broncos", ended="eos", references=references)
    assert [score.value for score in build()([row], languages.get("en"))] == [1, 1]


def test_what_was_compared_is_kept() -> None:
    row = Prediction(id="1", text="The “Denver” Broncos.", ended="eos", references=("Denver",))
    for score in build()([row], languages.get("en")):
        assert score.answers == ("denver broncos",)


@pytest.mark.parametrize(
    ("code", "tokens"), [("en", "words"), ("ar", "words"), ("zh", "mixed_graphemes")]
)
def test_the_signature_names_tokens_and_articles(code: str, tokens: str) -> None:
    articles = {"en": "a,an,the", "ar": "ال", "zh": "none"}[code]
    expected = (
        "span|norm:nfc,casefold|punct:unicode,ascii"
        f"|articles:{articles}|tokens:{tokens}|refs:max|n:0|v:2"
    )
    assert {score.signature for score in build()([], languages.get(code))} == {expected}


@settings(deadline=None)
@given(text=st.text(min_size=1), code=st.sampled_from(["en", "de", "zh", "th"]))
def test_an_answer_equals_itself_and_silence_equals_nothing(text: str, code: str) -> None:
    rows = [
        Prediction(id=str(i), text=answer, ended="eos", references=(text,))
        for i, answer in enumerate([text, ""])
    ]
    match, f1 = build()(rows, languages.get(code))
    said_something = float(bool(text.strip()))
    assert match.items == (1, 1 - said_something)
    assert f1.items == (said_something, 0)


def test_squads_own_words_are_kept(paper_data) -> None:  # type: ignore[no-untyped-def]
    import json

    for code in ("en", "de", "ru", "zh", "th"):
        file = paper_data / "xquad" / f"xquad.{code}.json"
        rows = [
            Prediction(id=qa["id"], text=a["text"] + ".", ended="eos", references=(a["text"],))
            for article in json.loads(file.read_text(encoding="utf-8"))["data"]
            for paragraph in article["paragraphs"]
            for qa in paragraph["qas"]
            for a in qa["answers"]
        ]
        match, f1 = build()(rows, languages.get(code))
        assert (len(rows), match.value, f1.value) == (1190, 1, 1)
