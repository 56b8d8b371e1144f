"""A translation is in its language's script."""

from __future__ import annotations

from typing import Any

import pytest

APPLES = "How many apples does Anna Petrova have left?"
OTHER, THIRD = "is in another script", "mixes in a third script"


@pytest.mark.parametrize(
    ("code", "target", "reason"),
    [
        ("ru", "Skolko yablok ostalos u Anny?", OTHER),
        ("th", "Anna mi aeppoen luea ki luk", OTHER),
        ("zh", "Anna hai sheng duoshao ge pingguo?", OTHER),
        ("hi", "Anna ke paas kitne seb bache hain?", OTHER),
        ("ar", "Kam tuffaha baqiyat ladayha?", OTHER),
        ("ja", "Anna wa ringo wo ikutsu nokoshimashita ka?", OTHER),
        ("el", "Posa mila emeinan stin Anna?", OTHER),
        ("ko", "Anna ege namgyeojin sagwaneun?", OTHER),
        ("th", "Anna เหลือแอปเปิล多少กี่ลูก", THIRD),
        ("ru", "Сколько 苹果 осталось у Анны?", THIRD),
        ("de", "Wie viele яблок hat Anna noch?", THIRD),
        ("zh", "安娜还剩几个яблоко？", THIRD),
        ("sw", "Anna amebakiwa na 苹果 mangapi?", THIRD),
        ("he", "כמה яблок נשארו לאנה?", THIRD),
    ],
)
def test_another_script_and_a_third_one_are_found(
    judge: Any, code: str, target: str, reason: str
) -> None:
    assert judge("script", code, APPLES, target) == reason


@pytest.mark.parametrize(
    ("code", "source", "target"),
    [
        ("zh", "What is the NASUWT?", "NASUWT是什么？"),
        ("th", APPLES, "Anna Petrova เหลือแอปเปิลกี่ผล"),
        ("ja", APPLES, "アンナにはりんごがいくつ残っていますか？"),
        ("ko", APPLES, "안나에게 남은 사과는 몇 개입니까?"),
        ("de", "The letter Ω means ohm, ἀρχή origin.", "Der Buchstabe Ω heißt Ohm, ἀρχή Ursprung."),
        ("ru", "NASA", "NASA"),
        ("th", "1 + 1 = 2", "1 + 1 = 2"),
    ],
)  # fmt: skip
def test_names_and_what_the_source_shows_are_no_fault(
    judge: Any, code: str, source: str, target: str
) -> None:
    assert judge("script", code, source, target) is None
