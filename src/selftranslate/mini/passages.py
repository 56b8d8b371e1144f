"""Passages about two people, with questions whose answers are words of the passage."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from selftranslate.mini import lexicon
from selftranslate.mini.lexicon import LANGUAGES, MEN, WOMEN, Person, Text, in_all
from selftranslate.mini.sentences import joined

Relation = Literal["city", "job", "instrument", "drink"]
RELATIONS: tuple[Relation, ...] = ("city", "job", "instrument", "drink")


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that is true of a person."""

    person: Person
    relation: Relation
    value: Text

    @property
    def sentence(self) -> dict[str, str]:
        """Anna lives in Berlin."""
        return TELLS[self.relation](self.person.name, self.value)

    @property
    def marked_sentence(self) -> dict[str, str]:
        """Anna lives in <answer>Berlin</answer>."""
        marked = {language: f"<answer>{word}</answer>" for language, word in self.value.items()}
        return TELLS[self.relation](self.person.name, marked)

    @property
    def sentence_again(self) -> dict[str, str]:
        """Anna is at home in Berlin: the same in other words."""
        return TELLS_AGAIN[self.relation](self.person.name, self.value)

    @property
    def question(self) -> dict[str, str]:
        """Where does Anna live?"""
        return ASKS[self.relation](self.person.name)

    def start_in_sentence(self, language: str) -> int:
        """Where the value begins in the sentence, in characters."""
        return self.marked_sentence[language].index("<answer>")


def _lives(who: Text, value: Text) -> dict[str, str]:
    return in_all(
        f"{who['en']} lives in {value['en']}.",
        f"{who['de']} wohnt in {value['de']}.",
        f"{who['ru']} живёт в {value['ru']}.",
        f"{who['zh']}住在{value['zh']}。",
        f"{who['th']}อาศัยอยู่ที่{value['th']}",
    )


def _works(who: Text, value: Text) -> dict[str, str]:
    return in_all(
        f"{who['en']} works as a {value['en']}.",
        f"{who['de']} arbeitet als {value['de']}.",
        f"{who['ru']} работает {value['ru']}.",
        f"{who['zh']}的工作是{value['zh']}。",
        f"{who['th']}ทำงานเป็น{value['th']}",
    )


def _plays(who: Text, value: Text) -> dict[str, str]:
    return in_all(
        f"{who['en']} plays the {value['en']}.",
        f"{who['de']} spielt {value['de']}.",
        f"{who['ru']} играет на {value['ru']}.",
        f"{who['zh']}会演奏{value['zh']}。",
        f"{who['th']}เล่น{value['th']}",
    )


def _drinks(who: Text, value: Text) -> dict[str, str]:
    return in_all(
        f"{who['en']} likes to drink {value['en']}.",
        f"{who['de']} trinkt gern {value['de']}.",
        f"{who['ru']} любит пить {value['ru']}.",
        f"{who['zh']}喜欢喝{value['zh']}。",
        f"{who['th']}ชอบดื่ม{value['th']}",
    )


TELLS: dict[Relation, Callable[[Text, Text], dict[str, str]]] = {
    "city": _lives, "job": _works, "instrument": _plays, "drink": _drinks,
}  # fmt: skip


def _is_at_home(who: Text, value: Text) -> dict[str, str]:
    return in_all(
        f"{who['en']} is at home in {value['en']}.",
        f"Zu Hause ist {who['de']} in {value['de']}.",
        f"{who['ru']} чувствует себя дома в {value['ru']}.",
        f"{who['zh']}的家在{value['zh']}。",
        f"บ้านของ{who['th']}อยู่ที่{value['th']}",
    )


def _goes_on_working(who: Text, value: Text) -> dict[str, str]:
    return in_all(
        f"{who['en']} wants to go on working as a {value['en']}.",
        f"Von Beruf ist {who['de']} {value['de']}.",
        f"{who['ru']} хочет и дальше работать {value['ru']}.",
        f"{who['zh']}是一名{value['zh']}。",
        f"อาชีพของ{who['th']}คือ{value['th']}",
    )


def _plays_every_day(who: Text, value: Text) -> dict[str, str]:
    return in_all(
        f"Every day {who['en']} plays the {value['en']}.",
        f"Das Instrument von {who['de']} ist {value['de']}.",
        f"{who['ru']} каждый день играет на {value['ru']}.",
        f"{who['zh']}的乐器是{value['zh']}。",
        f"เครื่องดนตรีของ{who['th']}คือ{value['th']}",
    )


def _often_drinks(who: Text, value: Text) -> dict[str, str]:
    return in_all(
        f"{who['en']} often drinks {value['en']}.",
        f"Am liebsten trinkt {who['de']} {value['de']}.",
        f"{who['ru']} часто пьёт {value['ru']}.",
        f"{who['zh']}最喜欢的饮料是{value['zh']}。",
        f"เครื่องดื่มโปรดของ{who['th']}คือ{value['th']}",
    )


# Not word for word the same in all languages: they never stand in parallel documents.
TELLS_AGAIN: dict[Relation, Callable[[Text, Text], dict[str, str]]] = {
    "city": _is_at_home,
    "job": _goes_on_working,
    "instrument": _plays_every_day,
    "drink": _often_drinks,
}


def _asks_city(who: Text) -> dict[str, str]:
    return in_all(
        f"Where does {who['en']} live?",
        f"Wo wohnt {who['de']}?",
        f"Где живёт {who['ru']}?",
        f"{who['zh']}住在哪里？",
        f"{who['th']}อาศัยอยู่ที่ไหน",
    )


def _asks_job(who: Text) -> dict[str, str]:
    return in_all(
        f"What does {who['en']} work as?",
        f"Als was arbeitet {who['de']}?",
        f"Кем работает {who['ru']}?",
        f"{who['zh']}的工作是什么？",
        f"{who['th']}ทำงานเป็นอะไร",
    )


def _asks_instrument(who: Text) -> dict[str, str]:
    return in_all(
        f"Which instrument does {who['en']} play?",
        f"Welches Instrument spielt {who['de']}?",
        f"На каком инструменте играет {who['ru']}?",
        f"{who['zh']}会演奏什么乐器？",
        f"{who['th']}เล่นเครื่องดนตรีอะไร",
    )


def _asks_drink(who: Text) -> dict[str, str]:
    return in_all(
        f"What does {who['en']} like to drink?",
        f"Was trinkt {who['de']} gern?",
        f"Что любит пить {who['ru']}?",
        f"{who['zh']}喜欢喝什么？",
        f"{who['th']}ชอบดื่มอะไร",
    )


ASKS: dict[Relation, Callable[[Text], dict[str, str]]] = {
    "city": _asks_city, "job": _asks_job, "instrument": _asks_instrument, "drink": _asks_drink,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Passage:
    """Two facts about each of two people."""

    facts: tuple[Fact, ...]

    @property
    def text(self) -> dict[str, str]:
        """The facts, one sentence after the other."""
        return joined([fact.sentence for fact in self.facts])

    def answer_start(self, asked: int) -> dict[str, int]:
        """Where the value of one fact begins in the passage, in characters, in every language."""
        before = joined([fact.sentence for fact in self.facts[:asked]])
        starts = {}
        for language in LANGUAGES:
            gap = 1 if asked and language != "zh" else 0
            offset = self.facts[asked].start_in_sentence(language)
            starts[language] = len(before[language]) + gap + offset
        return starts


def passage(rng: random.Random) -> Passage:
    """Draw a passage about two people in turns, each relation told once."""
    first, second = rng.sample(WOMEN + MEN, 2)
    in_turns = zip((first, second, first, second), rng.sample(RELATIONS, 4), strict=True)
    return Passage(
        tuple(
            Fact(person, relation, _value(rng, relation, person)) for person, relation in in_turns
        )
    )


def _value(rng: random.Random, relation: Relation, person: Person) -> Text:
    if relation == "job":
        man, woman = rng.choice(lexicon.JOBS)
        return woman if person.is_female else man
    values = {"city": lexicon.CITIES, "instrument": lexicon.INSTRUMENTS, "drink": lexicon.DRINKS}
    return rng.choice(values[relation])
