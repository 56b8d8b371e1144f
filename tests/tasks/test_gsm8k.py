"""GSM8k and MGSM: one style of answer in all languages, references as they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from selftranslate import plugins
from selftranslate.errors import DataError
from selftranslate.tasks import Sources, Task

LANGUAGES = ["en", "de", "ru", "th", "zh"]
TRAIN = [
    {
        "question": "Tom has 3 bags of 4 nuts. How many nuts is that?",
        "answer": "He has 3*4 = <<3*4=12>>12 nuts.\nThat is all.\n#### 12",
    },
    {"question": " Ann owes $5. What has she? ", "answer": "She has -$<<-5=-5>>5.\n#### -5"},
    {
        "question": "How many is 600 twice?",
        "answer": "It is 600*2 = <<600*2=1200>>1,200.\n#### 1,200",
    },
]
EXEMPLARS = [
    {
        "language": "en",
        "question": "Question: Tom has 2 and 3 nuts. How many?",
        "answer": "Step-by-Step Answer: 2 + 3 = 5 nuts. The answer is 5.",
        "answer_number": 5,
    },
    {
        "language": "de",
        "question": "Frage: Tom hat 2 und 3 Nüsse. Wie viele?",
        "answer": "Schritt-für-Schritt-Antwort: Es sind 2 + 3 = 5 Nüsse. Die Antwort lautet 5.",
        "answer_number": 5,
    },
    {
        "language": "ru",
        "question": "Задача: у Тома 2 и 3 ореха. Сколько всего?",
        "answer": "Пошаговое решение: у Тома 2 + 3 = 5 орехов. Ответ — 5.",
        "answer_number": 5,
    },
    {
        "language": "th",
        "question": "โจทย์: ทอมมีถั่ว 2 และ 3 เม็ด รวมกี่เม็ด",
        "answer": "คำตอบทีละขั้นตอน: ทอมมี 2 + 3 = 5 เม็ด คำตอบคือ 5",
        "answer_number": 5,
    },
    {
        "language": "zh",
        "question": "问题：汤姆有 2 个和 3 个坚果。一共几个？",
        "answer": "逐步解答：他有 2 + 3 = 5 个。答案是 5。",
        "answer_number": 5,
    },
]


def lines(rows: list[dict[str, object]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def task(folder: Path, held: int = 1, /, **files: str) -> Task:
    data = Sources(folder=str(folder), files=files)
    built: Task = plugins.build("tasks", "gsm8k", {"data": data, "validation": held})
    return built


@pytest.fixture
def small(tmp_path: Path) -> Task:
    (tmp_path / "train.jsonl").write_text(lines(TRAIN))
    (tmp_path / "shots.jsonl").write_text(lines(EXEMPLARS))
    (tmp_path / "mgsm_de.tsv").write_text('Er sagt "2.125.\t2,125\nWie viel ist 1 + 1?\t2\n')
    return task(tmp_path, train="train.jsonl", test="mgsm_{language}.tsv", shots="shots.jsonl")


def test_a_training_answer_ends_in_its_number_without_annotations(small: Task) -> None:
    first, second = small.load("train", "en")
    assert first.fields["answer"] == "He has 3*4 = 12 nuts.\nThat is all.\n12"
    assert second.fields == {"question": "Ann owes $5. What has she?", "answer": "She has -$5.\n-5"}
    assert [first.id, second.id] == ["gsm8k/train/1", "gsm8k/train/2"]


def test_the_last_training_rows_are_held_out(small: Task) -> None:
    assert [e.id for e in small.load("validation", "en")] == ["gsm8k/train/3"]
    assert next(iter(small.load("validation", "en"))).fields["answer"].endswith("\n1,200")


def test_nothing_is_held_out_if_there_is_a_validation_file(tmp_path: Path, small: Task) -> None:
    named = task(tmp_path, train="train.jsonl", validation="mgsm_{language}.tsv")
    assert len(list(named.load("train", "en"))) == 3
    assert len(list(named.load("validation", "de"))) == 2


def test_holding_out_everything_is_refused(tmp_path: Path, small: Task) -> None:
    with pytest.raises(DataError, match="3 of 3 training rows held out; lower it"):
        task(tmp_path, 3, train="train.jsonl").load("train", "en")


def test_a_test_reference_is_the_number_as_mgsm_writes_it(small: Task) -> None:
    first, second = small.load("test", "de")
    assert first.fields == {"question": 'Er sagt "2.125.', "answer": "2,125"}
    assert [first.id, second.id] == ["mgsm/test/1", "mgsm/test/2"]


@pytest.mark.parametrize(
    ("language", "question", "answer"),
    [
        ("en", "Tom has 2 and 3 nuts. How many?", "2 + 3 = 5 nuts.\n5"),
        ("de", "Tom hat 2 und 3 Nüsse. Wie viele?", "Es sind 2 + 3 = 5 Nüsse.\n5"),
        ("ru", "У Тома 2 и 3 ореха. Сколько всего?", "У Тома 2 + 3 = 5 орехов.\n5"),
        ("th", "ทอมมีถั่ว 2 และ 3 เม็ด รวมกี่เม็ด", "ทอมมี 2 + 3 = 5 เม็ด\n5"),
        ("zh", "汤姆有 2 个和 3 个坚果。一共几个？", "他有 2 + 3 = 5 个。\n5"),
    ],
)
def test_exemplars_get_the_training_style(
    small: Task, language: str, question: str, answer: str
) -> None:
    (shot,) = small.load("shots", language)
    assert shot.fields == {"question": question, "answer": answer}
    assert (shot.id, shot.language) == ("mgsm/shots/1", language)


def test_exemplars_may_lie_in_one_file_per_language(tmp_path: Path) -> None:
    row = {key: value for key, value in EXEMPLARS[1].items() if key != "language"}
    (tmp_path / "shots_de.jsonl").write_text(lines([row]))
    (shot,) = task(tmp_path, shots="shots_{language}.jsonl").load("shots", "de")
    assert shot.fields["answer"] == "Es sind 2 + 3 = 5 Nüsse.\n5"


def test_an_exemplar_keeps_a_sentence_with_another_number(tmp_path: Path) -> None:
    row = {**EXEMPLARS[0], "answer": "2 + 3 = 5. The answer is 15."}
    (tmp_path / "shots.jsonl").write_text(lines([row]))
    (shot,) = task(tmp_path, shots="shots.jsonl").load("shots", "en")
    assert shot.fields["answer"] == "2 + 3 = 5. The answer is 15.\n5"


def test_english_rows_are_not_passed_off_as_german(small: Task) -> None:
    with pytest.raises(DataError, match=r"train\.jsonl:1: language: the rows are in 'en'"):
        small.load("train", "de")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", r":1: the file is empty"),
        (b'{"question": "Q?"}\n', r":1: answer: no such field"),
        (
            b'{"question": "Q?", "answer": "It is 7."}\n',
            r":1: answer: neither ends in a line `####",
        ),
        (b'{"question": "Q?", "answer": "7\\n#### x"}\n', r":1: answer: neither ends in a line"),
        (b'{"question": "\xe9"}\n', r":1: not UTF-8"),
    ],
)
def test_bad_rows_are_named(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "train.jsonl").write_bytes(content)
    with pytest.raises(DataError, match=r"train\.jsonl" + said):
        task(tmp_path, 0, train="train.jsonl").load("train", "en")


def test_a_split_without_a_file_is_named() -> None:
    with pytest.raises(DataError, match=r"data: test: no file is named"):
        plugins.build("tasks", "gsm8k").load("test", "de")


@pytest.fixture
def whole(paper_data: Path) -> Task:
    return task(
        paper_data,
        200,
        train="gsm8k/train.jsonl",
        test="mgsm/mgsm_{language}.tsv",
        shots="mgsm/exemplars.jsonl",
    )


def test_all_of_gsm8k(whole: Task, paper_data: Path) -> None:
    train, held = list(whole.load("train", "en")), list(whole.load("validation", "en"))
    assert (len(train), len(held)) == (7_273, 200)
    assert len({e.id for e in train + held}) == 7_473
    answers = [e.fields["answer"] for e in train + held]
    assert not any("<<" in a or ">>" in a or "####" in a for a in answers)
    assert sum("," in a.rpartition("\n")[2] for a in answers) == 79
    assert sum(a.rpartition("\n")[2].startswith("-") for a in answers) == 3
    test = task(paper_data, test="gsm8k/test.jsonl")
    assert len(list(test.load("test", "en"))) == 1_319


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_of_mgsm(whole: Task, language: str) -> None:
    test = list(whole.load("test", language))
    assert [e.id for e in test] == [f"mgsm/test/{n}" for n in range(1, 251)]
    commas = [e.fields["answer"] for e in test if "," in e.fields["answer"]]
    assert commas == ["2,125", "114,200", "276,000", "5,600"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_exemplars_end_in_their_number(whole: Task, language: str) -> None:
    shots = list(whole.load("shots", language))
    assert [e.id for e in shots] == [f"mgsm/shots/{n}" for n in range(1, 9)]
    numbers = [e.fields["answer"].split("\n")[1] for e in shots]
    assert numbers == ["11", "29", "39", "9", "33", "8", "8", "5"]
    for shot in shots:
        assert ":" not in shot.fields["question"] + shot.fields["answer"]
        assert "：" not in shot.fields["question"] + shot.fields["answer"]
        assert shot.fields["question"][0].upper() == shot.fields["question"][0]


def test_mgsm_rows_are_gsm8ks_first_test_rows(whole: Task, paper_data: Path) -> None:
    english = list(task(paper_data, test="gsm8k/test.jsonl").load("test", "en"))
    for mgsm, gsm8k in zip(whole.load("test", "en"), english, strict=False):
        assert mgsm.id == gsm8k.id
        number = gsm8k.fields["answer"].rpartition("\n")[2]
        assert mgsm.fields["answer"].replace(",", "") == number.replace(",", "")


@pytest.mark.parametrize(
    ("answer", "solution"),
    [
        ("ステップごとの答え：5+6=11。答えは11です。", "5+6=11。\n11"),
        ("ステップごとの答え：残っている。答えは11個。", "残っている。\n11"),
        ("ステップごとの答え：あります。答えは11個です。", "あります。\n11"),
    ],
)
def test_exemplars_that_end_in_more_than_a_number(
    tmp_path: Path, answer: str, solution: str
) -> None:
    row = {"question": "問題：いくつ？", "answer": answer, "answer_number": 11, "language": "ja"}
    (tmp_path / "shots.jsonl").write_text(json.dumps(row), encoding="utf-8")
    sources = Sources(folder=str(tmp_path), files={"shots": "shots.jsonl"})
    task: Task = plugins.build("tasks", "gsm8k", {"data": sources})
    (example,) = task.load("shots", "ja")
    assert example.fields == {"question": "いくつ？", "answer": solution}
