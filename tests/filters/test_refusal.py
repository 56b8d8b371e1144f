"""A translation is not a remark about translating."""

from __future__ import annotations

from typing import Any

import pytest

NINE = "Tom had nine marbles."
PREAMBLE, REFUSES, NOTE = "begins with a preamble", "refuses", "adds a note"


@pytest.mark.parametrize(
    ("code", "target", "reason"),
    [
        ("de", "Sure, here is the translation:\nTom hatte neun Murmeln.", PREAMBLE),
        ("ru", "Here's the Russian translation: У Тома было девять шариков.", PREAMBLE),
        ("zh", "Translation: 汤姆有九颗弹珠。", PREAMBLE),
        ("de", "Hier ist die Übersetzung: Tom hatte neun Murmeln.", PREAMBLE),
        ("ru", "Вот перевод: У Тома было девять шариков.", PREAMBLE),
        ("zh", "以下是翻译：汤姆有九颗弹珠。", PREAMBLE),
        ("th", "นี่คือคำแปล: ทอมมีลูกแก้วเก้าลูก", PREAMBLE),
        ("de", "German: Tom hatte neun Murmeln.", PREAMBLE),
        ("fr", "fr: Tom avait neuf billes.", PREAMBLE),
        ("th", "ไทย: ทอมมีลูกแก้วเก้าลูก", PREAMBLE),
        ("de", "I'm sorry, but I cannot translate this text.", REFUSES),
        ("th", "As an AI language model, I do not know Thai.", REFUSES),
        ("de", "Es tut mir leid, ich kann diesen Text nicht übersetzen.", REFUSES),
        ("ru", "К сожалению, я не могу перевести этот текст.", REFUSES),
        ("zh", "抱歉，我无法翻译这段文字。", REFUSES),
        ("th", "ขออภัย ฉันไม่สามารถแปลข้อความนี้ได้", REFUSES),
        ("ja", "申し訳ありませんが、翻訳できません。", REFUSES),
        ("de", "Tom hatte neun Murmeln.\n\n(Note: marbles are toys.)", NOTE),
        ("zh", "汤姆有九颗弹珠。\n注：弹珠是玩具。", NOTE),
    ],
)
def test_remarks_are_found(judge: Any, code: str, target: str, reason: str) -> None:
    assert judge("refusal", code, NINE, target) == reason


@pytest.mark.parametrize(
    ("code", "source", "target"),
    [
        ("de", "I'm sorry, I'm late.", "Es tut mir leid, ich bin spät dran."),
        ("zh", "Excuse me, what time is it?", "对不起，现在几点？"),
        ("de", "The translation reads: nine.", "Die Übersetzung lautet: neun."),
        ("de", "Sure, here you are.", "Klar, hier, bitte."),
        ("de", "Answer: nine", "Antwort: neun"),
        ("de", "Text.\nNote: old.", "Text.\nHinweis: alt."),
        ("de", NINE, "Tom hatte neun Murmeln."),
    ],
)
def test_what_the_source_says_too_is_no_remark(
    judge: Any, code: str, source: str, target: str
) -> None:
    assert judge("refusal", code, source, target) is None
