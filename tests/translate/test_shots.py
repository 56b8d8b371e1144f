from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from selftranslate import languages
from selftranslate.errors import DataError
from selftranslate.example import Example, Pair
from selftranslate.languages import Language
from selftranslate.tasks import Copy, Task, Translate
from selftranslate.translate import prompt, shots
from selftranslate.translate.prompt import Shot

Make = Callable[..., Example]


def test_the_sentence_with_the_answer_is_shown_with_and_without_marks(
    qa: Task, shot: Pair, en: Language, de: Language
) -> None:
    assert shots.shown(qa, "context", shot, en, de, marked=True) == (
        "Ann lives in <answer>Ulm</answer>.",
        "Anna wohnt in <answer>Ulm</answer>.",
    )
    assert shots.shown(qa, "context", shot, en, de, marked=False) == (
        "Ann lives in Ulm.",
        "Anna wohnt in Ulm.",
    )
    assert shots.shown(qa, "question", shot, en, de, marked=False) == (
        "Where is Ann?",
        "Wo ist Anna?",
    )


def test_whole_contexts_are_shown_whole(qa: Task, shot: Pair, en: Language, de: Language) -> None:
    task = replace(qa, fields={**qa.fields, "context": Translate(512)})
    marked = shots.shown(task, "context", shot, en, de, marked=True)
    assert marked[0] == "Bonn is old. Ann lives in <answer>Ulm</answer>."


def test_only_corresponding_sentences_suit(
    qa: Task, shot: Pair, example: Make, en: Language, de: Language
) -> None:
    fewer = replace(shot, target=example("Anna wohnt in Ulm.", "Ulm"))
    elsewhere = replace(shot, target=example("Anna wohnt in Ulm. Bonn ist alt.", "Ulm"))
    across = replace(
        shot,
        source=example("Bonn is old. Ann lives in Ulm.", "old. Ann"),
        target=example("Bonn ist alt. Anna wohnt in Ulm.", "alt. Anna"),
    )
    own = replace(shot, source=example("<answer> is old. Ann lives in Ulm.", "Ulm"))
    empty = replace(shot, target=example(shot.target.fields["context"], "Ulm", question=" "))
    unspanned = replace(shot, target=replace(shot.target, spans={}))
    for bad in (fewer, elsewhere, across, own, empty, unspanned):
        assert shots.choose(qa, [bad, shot], 1, en, de) == [shot]
        with pytest.raises(DataError, match="0 different shots for German among 1 candidates"):
            shots.choose(qa, [bad], 8, en, de)
    with pytest.raises(DataError, match="qa 1: cannot be a en-de shot: context is empty, or"):
        shots.shown(qa, "context", fewer, en, de, marked=False)


def test_candidates_that_show_a_text_again_come_last_and_are_noted(
    qa: Task, shot: Pair, example: Make, en: Language, de: Language, recorder: Any
) -> None:
    again = replace(shot, source=example(shot.source.fields["context"], "lives", "What?"))
    again = replace(again, target=example(shot.target.fields["context"], "wohnt", "Was?"))
    other = Pair(source=example("Bo ran.", "Bo", "A?"), target=example("Bo lief.", "Bo", "B?"))
    assert shots.choose(qa, [shot, again, other], 2, en, de, recorder) == [shot, other]
    assert recorder.notes == []
    assert shots.choose(qa, [shot, again, other], 4, en, de, recorder) == [shot, other, again]
    [note] = recorder.notes
    assert note.startswith(
        "qa: 2 different shots for German among 3 candidates, 4 are wanted, 3 taken"
    )


def test_a_task_without_sentences_takes_the_first(qa: Task, shot: Pair, en: Language) -> None:
    task = replace(qa, fields={"question": Translate(), "label": Copy()})
    many = [
        replace(shot, source=replace(shot.source, fields={"question": f"{i}?"})) for i in range(9)
    ]
    assert shots.choose(task, many, 8, en, en) == many[:8]


@pytest.mark.parametrize(
    ("code", "questions", "paragraphs"),
    [("de", 743, 153), ("ru", 942, 191), ("zh", 861, 174), ("th", 35, 7)],
)
def test_shots_of_xquad_correspond(
    xquad: Callable[..., list[Example]],
    qa: Task,
    en: Language,
    code: str,
    questions: int,
    paragraphs: int,
) -> None:
    """In Thai, whose sentences have no ends, seven paragraphs of one sentence are left."""
    target = languages.get(code)
    there = xquad(f"xquad/xquad.{code}.json", code)
    pairs = [
        Pair(source=a, target=b) for a, b in zip(xquad("xquad/xquad.en.json"), there, strict=True)
    ]
    suiting = shots.choose(qa, pairs, len(pairs), en, target)
    assert len(suiting) == questions
    assert len({p.source.fields["context"] for p in suiting}) == paragraphs
    chosen = shots.choose(qa, pairs, 8, en, target)
    assert len(chosen) == 8
    assert len({p.source.fields["question"] for p in chosen}) == 8
    for pair in chosen:
        for text, answer in zip(
            shots.shown(qa, "context", pair, en, target, marked=True),
            (pair.source.fields["answer"], pair.target.fields["answer"]),
            strict=True,
        ):
            assert f"<answer>{answer}</answer>" in text


def _words(count: int) -> str:
    return " ".join(["w"] * count)


PAIRS = [(_words(n), _words(n)) for n in (10, 30, 20)]
"""With "en:" and "de:", 22, 62 and 42 tokens."""


def _load(engine: Any, texts: Sequence[str], new: int) -> shots.Load:
    return shots.Load(
        len(texts), new, lambda size: [engine.count_tokens(t) for t in texts if len(t) >= size]
    )


@pytest.fixture
def prefix(en: Language, de: Language) -> Callable[[Sequence[Shot]], str]:
    return lambda pairs: prompt.prefix(pairs, en, de, "`")


@pytest.mark.parametrize(
    ("context", "kept"),
    [(157, [0, 1, 2]), (156, [0, 2]), (95, [0, 2]), (94, [0]), (53, [0]), (40, [0])],
)
def test_the_longest_shots_go_first(
    dictionary: Any, recorder: Any, prefix: Any, context: int, kept: list[int]
) -> None:
    engine = dictionary(context_length=context)
    load = _load(engine, [_words(20)] * 3, 10)
    made = shots.fit(engine, PAIRS, prefix, load, "translate", recorder)
    assert made == prefix([PAIRS[i] for i in kept])
    said = [f"translate: {len(kept)} of 3 shots fit the context of {context} tokens"]
    assert recorder.notes[:1] == (said if len(kept) < 3 else [])


def test_one_giant_text_costs_no_shot_and_is_counted(
    dictionary: Any, recorder: Any, prefix: Any
) -> None:
    engine = dictionary(context_length=400)
    load = _load(engine, [_words(20)] * 150 + [_words(10_000)], 10)
    assert shots.fit(engine, PAIRS, prefix, load, "translate", recorder).count("\n") == 6
    assert recorder.notes == [
        "translate: 1 of 151 texts leave no 10 tokens for an answer in the context of 400 tokens"
    ]


def test_a_short_context_keeps_a_quarter_for_the_answer(
    dictionary: Any, recorder: Any, prefix: Any
) -> None:
    engine = dictionary(context_length=160)
    load = _load(engine, [_words(20)], 512)
    assert shots.fit(engine, PAIRS, prefix, load, "translate", recorder).count("\n") == 4


def test_no_shots_are_no_trouble(dictionary: Any, recorder: Any, prefix: Any) -> None:
    engine = dictionary()
    assert shots.fit(engine, [], prefix, _load(engine, ["a"], 5), "translate", recorder) == ""
    assert recorder.notes == []
