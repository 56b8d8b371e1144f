"""The number a solution arrives at, in the cases where the field's tools fail."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selftranslate import languages
from selftranslate.example import Prediction
from selftranslate.languages import Language
from selftranslate.metrics.final_number import build, final_number

# (language, solution, reference, right?)
CASES = [
    # measured failures (design/facts.md)
    ("zh", "答案是１８。", "18", True),
    ("th", "คำตอบคือ ๑๘", "18", True),
    ("de", "Die Antwort ist 1.319 Euro.", "1319", True),
    ("de", "Die Antwort ist 1.319 Euro.", "1,319", True),
    ("ru", "Ответ: 1 319 рублей", "1319", True),
    ("ru", "Ответ: 1\u00a0319 рублей", "1319", True),
    ("ru", "Ответ: 1\u202f319 рублей", "1319", True),
    ("de", "2,5 Liter", "2.5", True),
    ("en", "$1,319.00", "1319", True),
    ("de", "48+24 = 72 (siehe Schritt 2).", "72", True),
    ("de", "Die Antwort ist 5.\n\nSchritt 1: Er hat 3 Äpfel.", "5", True),
    ("en", "3.5", "35", False),
    ("en", "", "", False),
    ("en", "I do not know.", "no idea", False),
    ("en", "I do not know.", "18", False),
    # MGSM's references are English in every language
    ("de", "2.125", "2,125", True),
    ("de", "2,125", "2,125", True),
    ("ru", "2 125", "2,125", True),
    ("th", "๒,๑๒๕", "2,125", True),
    ("zh", "2125元", "2,125", True),
    # solutions as references: the last line is the number
    ("en", "48/2 = 24\n48+24 = 72\n72", "48/2 = 24\n72", True),
    ("ru", "…\n1 319", "… = 1 319\n1 319", True),
    ("en", "Natalia sold <<48/2=24>>24 clips.\n#### 24", "24", True),
    ("en", "She sold 48/2 = 24", "24", True),
    ("en", "She sold 48/2 = 24", "2", False),
    # a mark before the last number
    ("en", "#### 18\nThat took 3 steps.", "18", True),
    ("en", "The answer is 3.\n#### 18", "18", True),
    ("en", "#### 18\nThe answer is 3.", "18", True),
    ("en", "The answer is 5. Wait, the answer is 6. (2 tries)", "6", True),
    ("en", "So the answer is $18 for 3 days.", "18", True),
    ("en", "The answer is 48+24 = 72 clips in 2 months.", "72", True),
    ("en", "The answer is: **18**", "18", True),
    ("en", "The answer is\n18\nin 3 steps", "18", True),
    ("en", "The answer is approx. 18. Step 2 shows it.", "18", True),
    ("en", "The answer is -5 degrees, 3 less.", "-5", True),
    ("en", "He has 18.\nThe answer is above.", "18", True),
    ("de", "Die Antwort lautet 1.319,50 Euro für 2 Tage.", "1319.5", True),
    ("ru", "Ответ — 11. Шаг 2", "11", True),
    ("zh", "所以答案是 18，共2步", "18", True),
    ("th", "ดังนั้นคำตอบคือ 18 บาท ใน 2 วัน", "18", True),
    # an exemplar's prefix is no mark
    ("de", "Schritt-für-Schritt-Antwort: 5 + 6 = 11. Danach 13.", "13", True),
    # comments
    ("en", "It costs 72 (48+24).", "72", True),
    ("en", "It costs 72 dollars (for 2 days)", "72", True),
    ("en", "All of them (48+24=72).", "72", True),
    ("en", "seventy-two (72)", "72", True),
    ("en", "48 + 24 = seventy-two (72)", "72", True),
    ("en", "seventy-two (72 clips)", "72", True),
    ("zh", "一共72（见第2步）。", "72", True),
    ("de", "Er hat 72 Äpfel.\n(siehe Schritt 2)", "72", True),
    # sign, fraction, percent, currency
    ("en", "It fell to \u22125°", "-5", True),
    ("en", "It fell to 5°", "-5", False),
    ("en", "He ate 3/4", "0.75", True),
    ("en", "He ate 1 1/2 pizzas", "1.5", True),
    ("en", "That is 50%.", "50", True),
    ("ru", "23 - 15 = 8 $", "8", True),
    ("en", "The area is 18 cm2", "18", True),
    ("en", "18.0", "18", True),
    ("de", "Es sind –5 Grad.", "-5", True),
    ("en", "x = - 5", "-5", True),
    ("en", "He ate ½ of it", "1/2", True),
    ("en", "He ate 2 ¾ pies", "2.75", True),
    ("de", "Die Antwort ist 1,3 Millionen Euro.", "1,300,000", True),
    ("zh", "答案是3万元。", "30000", True),
    ("hi", "उत्तर है १२,३४,५६७ रुपये", "1,234,567", True),
    ("en", "Rs. 12,34,567", "1234567", True),
    ("ar", "الجواب هو ١٬٣١٩٫٥", "1319.5", True),
    ("de", "CHF 1’319.50", "1319.5", True),
    # what LaTeX marks
    ("en", "\\boxed{18} after 3 steps", "18", True),
    ("en", "\\boxed{\\frac{3}{4}}", "0.75", True),
    ("en", "\\boxed{18}\nThe answer is 3.", "18", True),
    # English marks in another language
    ("de", "The answer is 18. Danach 3 Schritte.", "18", True),
    ("zh", "The answer is 18，共3步", "18", True),
    ("zh", "Step-by-Step Answer: 3. 18", "18", True),
    ("th", "18#### 3 ใน 2", "3", True),
    # characters for numbers, where there are no digits
    ("zh", "答案是十八。", "18", True),
    ("zh", "一共有一千三百一十九个。", "1319", True),
    ("zh", "一共72个，和以前一样。", "72", True),
    ("zh", "我不知道，都一样。", "1", False),
]

# (language, solution, what was read)
READ = [
    ("en", "The answer is $1,319.00.", "1319"),
    ("en", "0.50", "0.5"),
    ("en", "-1/8", "-0.125"),
    ("en", "1/3", "1/3"),
    ("de", "1.319", "1.319 or 1319"),
    ("th", "๑๘", "18"),
    ("en", "no idea", ""),
]


def score(language: Language, text: str, *references: str) -> bool:
    prediction = Prediction(id="1", text=text, ended="eos", references=references)
    (result,) = build()([prediction], language)
    return bool(result.value)


@pytest.mark.parametrize(("code", "text", "reference", "right"), CASES)
def test_a_solution_against_its_reference(
    code: str, text: str, reference: str, right: bool
) -> None:
    assert score(languages.get(code), text, reference) is right


@pytest.mark.parametrize(("code", "text", "answer"), READ)
def test_what_was_read_is_kept(code: str, text: str, answer: str) -> None:
    prediction = Prediction(id="1", text=text, ended="eos", references=("1",))
    assert build()([prediction], languages.get(code))[0].answers == (answer,)


def test_one_of_several_references_suffices() -> None:
    assert score(languages.get("en"), "18", "17", "18")


def test_the_score_carries_items_and_signature() -> None:
    rows = [Prediction(id=str(i), text=str(i), ended="eos", references=("1",)) for i in range(4)]
    (result,) = build()(rows, languages.get("de"))
    assert result.name == "accuracy"
    assert (result.value, result.items) == (0.25, (0, 1, 0, 0))
    assert result.answers == ("0", "1", "2", "3")
    assert result.signature == "final_number|locale:de|n:4|v:2"
    assert build()([], languages.get("de"))[0].value == 0


@settings(deadline=None)
@given(text=st.text(), code=st.sampled_from(["en", "de", "ru", "zh", "th"]))
def test_never_fails_and_agrees_with_itself(text: str, code: str) -> None:
    language = languages.get(code)
    assert score(language, text, text) is bool(final_number(text, language))


@pytest.mark.parametrize("code", ["en", "de", "ru", "zh", "th"])
def test_every_answer_of_mgsm_is_right(code: str, paper_data: Path) -> None:
    with (paper_data / "mgsm" / f"mgsm_{code}.tsv").open(encoding="utf-8") as file:
        answers = [row[1] for row in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]
    assert len(answers) == 250
    assert all(score(languages.get(code), answer, answer) for answer in answers)
    lines = (paper_data / "mgsm" / "exemplars.jsonl").read_text(encoding="utf-8").splitlines()
    exemplars = [row for row in map(json.loads, lines) if row["language"] == code]
    assert exemplars
    for row in exemplars:
        assert score(languages.get(code), row["answer"], str(row["answer_number"])), row["answer"]


def test_every_marked_answer_of_gsm8k_is_found(paper_data: Path) -> None:
    english = languages.get("en")
    with (paper_data / "gsm8k" / "train.jsonl").open(encoding="utf-8") as file:
        answers = [json.loads(line)["answer"] for line in file]
    for answer in answers[:300]:
        _, _, final = answer.rpartition("#### ")
        assert score(english, answer, final)
        assert score(english, answer.replace("#### ", ""), final), "the number alone, last line"
