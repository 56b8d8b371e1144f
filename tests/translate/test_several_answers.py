"""Several fields that are read off one translated text: slots (A.2, with more than one answer)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from selftranslate.errors import DataError
from selftranslate.example import Example, Pair
from selftranslate.languages import Language
from selftranslate.tasks import Project, Task, Translate
from selftranslate.translate import Translator, shots


def slots(text: str, **found: str) -> Example:
    spans = {name: (text.index(word), text.index(word) + len(word)) for name, word in found.items()}
    fields = {"text": text, "city": "", "drink": "", **found}
    return Example(id=text, language="en", fields=fields, spans=spans)


@pytest.fixture
def task(qa: Task) -> Task:
    fields = {"text": Translate(60), "city": Project("text"), "drink": Project("text")}
    return replace(qa, fields=fields, output="city", prompt="{text}\n", quality="text")


@pytest.fixture
def by_sentence(task: Task) -> Task:
    return replace(task, fields={**task.fields, "text": Translate(60, by_sentence=True)})


SHOT = Pair(
    source=slots("Bo has tea in Ulm. Ann is in Bonn.", city="Ulm", drink="tea"),
    target=slots("In Ulm hat Bo Tee. Anna ist in Bonn.", city="Ulm", drink="Tee"),
)
WORDS = {
    "<answer>tea</answer> in <answer2>Rome</answer2>": "in <answer2>Rom</answer2> <answer>Tee</answer>",
    "only <answer>milk</answer>": "nur <answer>Milch</answer>",
    "tea": "Tee",
    "<answer>ale</answer> in <answer2>Bath</answer2>": "<answer>Bier</answer> in Bath",
    "no mark": "<answer>keine</answer> Marke",
}


def translator(task: Task, engine: Any, en: Language, de: Language) -> Translator:
    return Translator(engine=engine, task=task, source=en, target=de, shots=[SHOT])


def test_answers_keep_their_fields_when_the_translation_turns_them_round(
    task: Task, dictionary: Any, en: Language, de: Language
) -> None:
    engine = dictionary(write=WORDS.__getitem__)
    both, one, none = translator(task, engine, en, de).translate(
        [
            slots("tea in Rome", drink="tea", city="Rome"),
            slots("only milk", drink="milk"),
            slots("no mark"),
        ]
    )
    assert both.target.fields == {"text": "in Rom Tee", "city": "Rom", "drink": "Tee"}
    assert both.target.spans == {"city": (3, 6), "drink": (7, 10)}
    assert one.target.fields == {"text": "nur Milch", "city": "", "drink": "Milch"}
    assert none.target.fields == {"text": "keine Marke", "city": "", "drink": ""}
    assert not (both.unmarked or one.unmarked or none.unmarked)


def test_an_answer_whose_marks_are_lost_is_said_to_be_and_costs_no_other(
    task: Task, dictionary: Any, en: Language, de: Language, recorder: Any
) -> None:
    engine = dictionary(write=WORDS.__getitem__)
    unspanned = replace(slots("tea", drink="tea"), spans={})
    made = replace(translator(task, engine, en, de), progress=recorder)
    lost, never = made.translate([slots("ale in Bath", drink="ale", city="Bath"), unspanned])
    assert (lost.unmarked, lost.target.fields["drink"]) == (("city",), "Bier")
    assert never.unmarked == ("drink",)
    assert "1 examples have no city or drink span" in recorder.notes[0]


def test_a_sentence_with_one_answer_has_the_papers_marks(
    by_sentence: Task, dictionary: Any, en: Language, de: Language
) -> None:
    engine = dictionary()
    text = "I like tea. I am in Rome."
    (pair,) = translator(by_sentence, engine, en, de).translate(
        [slots(text, city="Rome", drink="tea")]
    )
    assert sorted(engine.received()) == [
        "I am in <answer>Rome</answer>.",
        "I like <answer>tea</answer>.",
    ]
    assert pair.target.fields["city"] == "ROMËË" and pair.target.fields["drink"] == "TËËA"
    for name, (start, end) in pair.target.spans.items():
        assert pair.target.fields["text"][start:end] == pair.target.fields[name]


def test_a_shot_shows_the_marks_of_its_source_in_both_languages(
    task: Task, by_sentence: Task, en: Language, de: Language
) -> None:
    assert shots.shown(by_sentence, "text", SHOT, en, de, marked=True) == (
        "Bo has <answer>tea</answer> in <answer2>Ulm</answer2>.",
        "In <answer2>Ulm</answer2> hat Bo <answer>Tee</answer>.",
    )
    whole = shots.shown(task, "text", SHOT, en, de, marked=True)
    assert whole[0].endswith("</answer2>. Ann is in Bonn.")
    fewer = replace(SHOT, target=slots(SHOT.target.fields["text"], city="Ulm"))
    with pytest.raises(DataError, match="0 different shots"):
        shots.choose(task, [fewer], 8, en, de)
