"""Where both languages share a script, a translation reads as its own."""

from __future__ import annotations

from typing import Any

import pytest

MARBLES = "Tom had nine marbles and gave four of them to his sister. How many does he have left?"
REWORDED = "There were nine marbles in the bag that Tom owned, and his sister received four."


@pytest.mark.parametrize("code", ["de", "fr", "es", "it", "nl", "sv", "pl", "tr", "vi", "id", "sw", "nb", "fi"])  # fmt: skip
def test_another_english_sentence_is_no_translation(judge: Any, code: str) -> None:
    assert judge("language", code, MARBLES, REWORDED) == "reads as English"


@pytest.mark.parametrize(
    ("code", "target"),
    [
        ("de", "Tom hatte neun Murmeln und gab seiner Schwester vier davon. Wie viele hat er noch?"),
        ("fr", "Tom avait neuf billes et en a donné quatre à sa sœur. Combien lui en reste-t-il ?"),
        ("sw", "Tom alikuwa na gololi tisa na akampa dada yake nne. Amebakiwa na ngapi?"),
        ("nb", "Tom hadde ni klinkekuler og ga fire av dem til søsteren sin. Hvor mange har han igjen?"),
        ("vi", "Tom có chín viên bi và cho em gái bốn viên. Cậu ấy còn lại bao nhiêu viên?"),
    ],
)  # fmt: skip
def test_a_translation_is_kept(judge: Any, code: str, target: str) -> None:
    assert judge("language", code, MARBLES, target) is None


def test_other_sources_than_english_are_compared_too(judge: Any) -> None:
    german = "Tom hatte neun Murmeln und gab seiner Schwester vier davon."
    assert judge("language", "fr", german, german, source_code="de") == "reads as German"
    ukrainian = "Том мав дев'ять кульок і віддав чотири з них своїй сестрі."
    assert judge("language", "ru", ukrainian, ukrainian, source_code="uk") == "reads as Ukrainian"


def test_it_abstains_on_short_texts_other_scripts_and_unknown_languages(judge: Any) -> None:
    assert judge("language", "de", "What is the time?", "What is the time?") is None
    assert judge("language", "de", MARBLES, f"What is the time? {REWORDED}") == "reads as English"
    assert judge("language", "th", MARBLES, REWORDED) is None
    assert judge("language", "mi", MARBLES, REWORDED) is None
