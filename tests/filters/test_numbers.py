"""Numbers stay the same, whatever a language's format; words and clocks excuse."""

from __future__ import annotations

from typing import Any

import pytest

SHELF = "A shelf holds 3 boxes of 24 books, 1,319 pages each, for $2.50."


@pytest.mark.parametrize(
    ("code", "target", "reason"),
    [
        ("de", "Ein Regal fasst 3 Kisten mit 42 Büchern zu je 1.319 Seiten, für 2,50 $.", "changed a number"),
        ("de", "Ein Regal fasst 3 Kisten mit 24 Büchern zu je 1.319 Seiten, für 25,0 $.", "changed a number"),
        ("de", "Ein Regal fasst Kisten mit 24 Büchern zu je 1.319 Seiten, für 2,50 $.", "lost a number"),
        ("de", "Ein Regal fasst 3 Kisten mit 24 Büchern zu je 1.319 Seiten, für 2,50 $. Also 72.", "has a number too many"),
        ("de", "Ein Regal fasst vier Kisten mit 24 Büchern zu je 1.319 Seiten, für 2,50 $.", "lost a number"),
        ("ru", "На полке 3 коробки по 24 книги, по 1 391 странице, за 2,50 доллара.", "changed a number"),
        ("ru", "На полке 3 коробки по 24 книги, за 2,50 доллара.", "lost a number"),
        ("zh", "一个书架放3箱书，每箱24本，每本1319页，共250美元。", "changed a number"),
        ("zh", "一个书架放三箱书，每箱二十四本，每本1319页，共2.50美元，打8折。", "has a number too many"),
        ("th", "ชั้นวางมี ๓ กล่อง กล่องละ ๒๔ เล่ม เล่มละ ๑,๓๙๑ หน้า ราคา ๒.๕๐ ดอลลาร์", "changed a number"),
        ("hi", "एक शेल्फ़ में 3 डिब्बे, हर एक में २५ किताबें, 1,319 पन्ने, $2.50 में।", "changed a number"),
        ("ar", "رف فيه ٣ صناديق في كل منها ٢٤ كتابا من ١٬٣٩١ صفحة بسعر ٢٫٥٠ دولار", "changed a number"),
        ("ja", "棚には24冊入りの箱が3つ、各1,319ページ、2.50ドル、合計72冊。", "has a number too many"),
        ("sw", "Rafu lina masanduku 3 ya vitabu 24, kurasa 1,319 kila kimoja, kwa $25.0.", "changed a number"),
    ],
)  # fmt: skip
def test_a_changed_lost_or_new_number_is_found(
    judge: Any, code: str, target: str, reason: str
) -> None:
    assert judge("numbers", code, SHELF, target) == reason


@pytest.mark.parametrize(
    ("code", "target"),
    [
        ("de", "Ein Regal fasst drei Kisten mit 24 Büchern zu je 1.319 Seiten, für 2,50 $."),
        ("ru", "На полке три коробки по 24 книги, по 1 319 страниц, за 2,50 доллара."),
        ("zh", "一个书架放三箱书，每箱二十四本，每本1319页，共2.50美元。"),
        ("th", "ชั้นวางมี ๓ กล่อง กล่องละ ๒๔ เล่ม เล่มละ ๑,๓๑๙ หน้า ราคา ๒.๕๐ ดอลลาร์"),
        ("ar", "رف فيه ٣ صناديق في كل منها ٢٤ كتابا من ١٬٣١٩ صفحة بسعر ٢٫٥٠ دولار"),
    ],
)
def test_every_script_and_format_is_read_and_words_excuse(
    judge: Any, code: str, target: str
) -> None:
    assert judge("numbers", code, SHELF, target) is None


@pytest.mark.parametrize(
    ("code", "source", "target"),
    [
        ("de", "From 1:00 PM to 4:30 p.m.", "Von 13 Uhr bis 16.30 Uhr"),
        ("th", "He sails from 1 to 4 PM.", "เขาแล่นเรือตั้งแต่ 13.00 น. ถึง 16.00 น."),
        ("zh", "Since the 1970s", "自20世纪70年代以来"),
        ("de", "by the 1700s", "bis zum 18. Jahrhundert"),
        ("ru", "in the 15th century", "в XV веке"),
        ("zh", "Super Bowl XXXIII", "第33届超级碗"),
        ("zh", "born on July 1, 1910", "出生于1910年7月1日"),
        ("ru", "after 9/11", "после 11 сентября"),
        ("ru", "the U2", "самолёт У-2"),
        ("zh", "fifty billion dollars, five hundred pages", "500亿美元，500页"),
        ("ru", "It has 2 wings.", "Он обладает двумя крыльями."),
        ("th", "oxygen 18", "ออกซิเจน-18"),
        ("zh", "more than 600'000 entries", "60多万词条"),
        ("ru", "1.5 million and $37.6 billion", "1,5 млн и 37,6 млрд долларов"),
        ("zh", "He was the only one.", "他是唯一的一个人。"),
        ("zh", "She plays blackjack.", "她玩二十一点。"),
        ("th", "We saw the U2.", "เราเห็นยูทู"),
        ("de", "No number here.", "Hier ist eine von keinen."),
    ],
)  # fmt: skip
def test_the_same_number_in_another_manner_is_no_fault(
    judge: Any, code: str, source: str, target: str
) -> None:
    assert judge("numbers", code, source, target) is None


def test_one_number_of_a_paragraph_may_be_missing_but_none_of_a_sentence(judge: Any) -> None:
    words = "and so it went on and on, " * 20
    assert judge("numbers", "de", f"{words} 11, 12, 13", f"{words} 11, 12") is None
    assert judge("numbers", "de", f"{words} 11, 12, 13", f"{words} 11") == "lost a number"
    assert judge("numbers", "de", "11, 12, 13", "11, 12") == "lost a number"


def test_a_part_of_a_word_is_no_number_in_words(judge: Any) -> None:
    assert judge("numbers", "de", "They tend to win.", "Sie siegen 10.") == "has a number too many"
    assert judge("numbers", "de", "He did it 2 times.", "Er tat es zweimal.") is None


def test_a_minus_counts_where_the_source_has_one(judge: Any) -> None:
    assert judge("numbers", "zh", "The answer is -5.", "答案是-5。") is None
    assert judge("numbers", "zh", "The answer is -5.", "答案是5。") == "changed a number"
