"""Planning a field, the early stop, and what the translator remembers."""

from __future__ import annotations

import random
import sqlite3
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from selftranslate import languages, plugins, translate
from selftranslate.engines import Completion, Request
from selftranslate.errors import DataError
from selftranslate.example import Example, Pair
from selftranslate.filters import sieve
from selftranslate.tasks import Task, Translate
from selftranslate.translate import Translator, memory, plan, schema, texts, translate_field

Make = Callable[..., Example]
Build = Callable[..., Translator]


@pytest.fixture
def translator(qa: Task, shot: Pair, dictionary: Any, recorder: Any) -> Build:
    def make(**changes: Any) -> Translator:
        usual = {
            "engine": dictionary(),
            "task": qa,
            "source": languages.get("en"),
            "target": languages.get("de"),
            "shots": [shot],
            "progress": recorder,
        }
        return Translator(**{**usual, **changes})

    return make


def rows(example: Make, count: int) -> list[Example]:
    return [
        example(f"Nr {i} is Bo. It is {i % 5}. Bo, {i % 3}.", "Bo", f"Is {i % 7} ok?", id=str(i))
        for i in range(count)
    ]


def entries(store: Path) -> list[tuple[Any, ...]]:
    database = sqlite3.connect(store / memory.FILE)
    found = database.execute("SELECT text, ended, attempt, seconds FROM completions").fetchall()
    database.close()
    return found


# --- the memory -------------------------------------------------------------------------------


def test_what_was_translated_once_is_never_paid_for_again(
    translator: Build, example: Make, tmp_path: Path, recorder: Any
) -> None:
    texts = rows(example, 20)
    with memory.open_(tmp_path) as kept:
        first = translator(memory=kept)
        pairs = list(first.translate(texts[:15]))
        assert len(first.engine.received()) == len(entries(tmp_path)) > 15
    with memory.open_(tmp_path) as kept:
        again = translator(memory=kept)
        assert list(again.translate(texts[:15])) == pairs
        assert again.engine.requests == []
        assert recorder.said[-1].endswith("7 of them are in the memory")
        more = list(again.translate(texts))
        assert more[:15] == pairs
        assert len(again.engine.received()) == 5  # the first sentences of five rows
        changed = replace(again.shots[0].target, fields=dict(again.shots[0].source.fields))
        for change in (
            {"shots": []},
            {"shots": [replace(again.shots[0], target=changed)]},
            {"target": languages.get("ru")},
            {"engine": replace(again.engine, identity="another", requests=[])},
        ):
            other = translator(memory=kept, **change)
            list(other.translate(texts))
            assert len(other.engine.received()) == len(set(other.engine.received())) > 20


def test_a_measured_field_shares_the_memory(translator: Build, tmp_path: Path) -> None:
    with memory.open_(tmp_path) as kept:
        made = translator(memory=kept, length_limit=3.0)
        first = translate_field(made, "question", ["One?", "", "Two?"])
        assert translate_field(made, "question", ["One?", "", "Two?"]) == first
        assert made.engine.received() == ["One?", "Two?"]
        assert made.engine.requests[0].most_characters is None  # what is measured is never cut


class Interrupted(Exception):
    pass


@pytest.mark.parametrize("error", [Interrupted, KeyboardInterrupt])
def test_an_interrupted_translation_goes_on_where_it_was(
    translator: Build, example: Make, dictionary: Any, tmp_path: Path, error: type[BaseException]
) -> None:
    class Stops(dictionary):  # type: ignore[misc,valid-type]
        def generate(self, request: Request) -> Iterator[Completion]:
            for number, completion in enumerate(super().generate(request)):
                if len(self.requests) == 2 and number == 4:
                    raise error
                yield completion

    texts = rows(example, 20)
    with pytest.raises(error), memory.open_(tmp_path) as kept:
        list(translator(memory=kept, engine=Stops()).translate(texts))
    done = len(entries(tmp_path))
    assert done == 20 + 4  # the marked sentences, and four of the others
    with memory.open_(tmp_path) as kept:
        again = translator(memory=kept)
        assert list(again.translate(texts)) == list(translator().translate(texts))
        assert len(again.engine.received()) + done == len(entries(tmp_path))


def test_a_closed_iterator_has_committed_what_was_answered(
    translator: Build, example: Make, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(translate, "BLOCK", 4)
    with memory.open_(tmp_path) as kept:
        made = translator(memory=kept)
        pairs = made.translate(rows(example, 20))
        next(pairs)
        pairs.close()  # type: ignore[attr-defined]
        assert len(entries(tmp_path)) == len(made.engine.received()) < 20


def test_an_error_is_tried_once_more_and_stays_one(
    translator: Build, example: Make, dictionary: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(translate, "BLOCK", 2)
    asked: list[str] = []

    def end(text: str) -> str:
        asked.append(text)
        never = text == "Is 1 ok?" or (text == "Is 2 ok?" and asked.count(text) == 1)
        return "error" if never else "fence"

    with memory.open_(tmp_path) as kept:
        texts = rows(example, 10)
        pairs = list(translator(memory=kept, engine=dictionary(end=end)).translate(texts))
    assert asked.count("Is 1 ok?") == asked.count("Is 2 ok?") == 2
    assert [p.ended["question"] for p in pairs if "1" in p.source.fields["question"]] == [
        ("error",),
        ("error",),
    ]
    attempts = {text: (ended, attempt) for text, ended, attempt, _ in entries(tmp_path)}
    assert "Is 1 ok?" not in attempts
    assert attempts["Is 2 ok?"] == ("fence", 2)
    assert attempts["Is 3 ok?"] == ("fence", 1)


@pytest.mark.parametrize(
    "question", ["\ud800?", "\ud800 " * 600, "Surrogate?"], ids=["short", "long", "written"]
)
def test_what_is_no_text_is_an_error_and_harms_no_other_row(
    translator: Build, example: Make, dictionary: Any, tmp_path: Path, question: str
) -> None:
    class Strict(dictionary):  # type: ignore[misc,valid-type]
        def count_tokens(self, text: str) -> int:
            return len(text.encode())

    engine = Strict(write=lambda text: text.replace("Surrogate", "\udfff"), context_length=1500)
    texts = [example("I am Bo.", "Bo", question), example("I am Bo.", "Bo", "Plain?")]
    with memory.open_(tmp_path) as kept:
        odd, plain = translator(engine=engine, memory=kept).translate(texts)
    assert odd.ended["question"] == ("error",) and odd.target.fields["question"] == ""
    assert plain.ended["question"] == ("fence",)
    assert {text for text, *_ in entries(tmp_path)} == {"I am <answer>Bo</answer>.", "Plain?"}


def test_pairs_name_model_and_shots_but_not_the_time_they_took(
    translator: Build, example: Make, tmp_path: Path
) -> None:
    with memory.open_(tmp_path) as kept:
        [pair] = translator(memory=kept).translate([example("Al is Bo. Yes.", "Bo")])
        prefixes = {row[0] for row in kept.rows("SELECT prefix FROM asked")}
    assert set(pair.provenance) == {"context", "question"}
    assert {one.engine for one in pair.provenance.values()} == {"dictionary"}
    named = [prefix for one in pair.provenance.values() for prefix in one.prefixes]
    assert len(named) == 3 and set(named) == prefixes  # marked, plain, questions
    assert Pair.from_json(pair.to_json()) == pair
    assert all(seconds >= 0 for *_, seconds in entries(tmp_path))


# --- streaming --------------------------------------------------------------------------------


@pytest.mark.parametrize("block", [1, 3, 7])
def test_the_pairs_do_not_depend_on_the_block(
    translator: Build, example: Make, block: int, monkeypatch: Any, dictionary: Any
) -> None:
    texts = [*rows(example, 20), example("One `is` Bo. Nr 3 is Bo.", "Bo", " ")]
    ends = {"Is 1 ok?": "error", "It is 2.": "length", "Is 2 ok?": "eos"}
    engine = dictionary(end=lambda text: ends.get(text, "fence"), context_length=70)
    whole = translator(engine=engine, length_limit=1.1)
    pairs = list(whole.translate(texts))
    assert {why for p in pairs for e in p.ended.values() for why in e} == {"fence", *ends.values()}
    monkeypatch.setattr(translate, "BLOCK", block)
    piecewise = translator(engine=replace(engine, requests=[]), length_limit=1.1)
    assert list(piecewise.translate(texts)) == pairs
    assert sorted(piecewise.engine.received()) == sorted(whole.engine.received())


def test_examples_that_can_be_read_only_once_are_refused(translator: Build) -> None:
    with pytest.raises(TypeError, match="several times"):
        translator().translate(iter([]))


def test_rows_that_change_between_two_readings_are_refused(
    translator: Build, example: Make
) -> None:
    class Changing:
        readings = 0

        def __iter__(self) -> Iterator[Example]:
            self.readings += 1
            return iter(rows(example, self.readings))

    with pytest.raises(DataError, match=r"the rows changed .*'Nr 1 is <answer>Bo</answer>\.' is"):
        list(translator().translate(Changing()))


class Many:
    """Rows that exist one at a time."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __iter__(self) -> Iterator[Example]:
        for i in range(self.count):
            text = f"Is {i} so? " * 20
            yield Example(id=str(i), language="en", fields={"question": text})


def test_what_is_held_hardly_grows_with_the_rows(
    translator: Build, qa: Task, shot: Pair, monkeypatch: Any
) -> None:
    """A text has about 200 characters here; its digest and a length lie in a temporary file."""

    class Echo:
        identity, context_length = "echo", 2048

        def count_tokens(self, text: str) -> int:
            return len(text) // 4

        def generate(self, request: Request) -> Iterator[Completion]:
            for i, text in enumerate(request.texts):
                yield Completion(index=i, text=text[5:-7], ended="fence", tokens=9)

    monkeypatch.setattr(translate, "BLOCK", 200)
    monkeypatch.setattr(texts, "LATELY", 200)
    for module in (texts, memory, plan):  # it remembers the latest 2,048
        monkeypatch.setattr(module, "digest", schema.digest.__wrapped__)
    task = replace(qa, fields={"question": Translate(256)})
    made = translator(engine=Echo(), task=task, length_limit=3.0)
    peaks = []
    for count in (500, 2_500):
        tracemalloc.start()
        assert sum(1 for _ in made.translate(Many(count))) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert (peaks[1] - peaks[0]) / 2_000 < 50


# --- planning ---------------------------------------------------------------------------------


def test_hardly_any_text_is_tokenised_to_plan(translator: Build, qa: Task) -> None:
    task = replace(qa, fields={"question": Translate(256)})
    made = translator(task=task)
    made.engine.context_length = 4096
    list(made.translate(Many(1_000)))
    assert made.engine.counted <= texts.SAMPLE + 5


def test_only_long_texts_are_tokenised_to_fit_the_shots(
    translator: Build, qa: Task, shot: Pair, dictionary: Any, recorder: Any
) -> None:
    """Nine of a hundred texts are long: more than 1 %, so that a shot has to go."""
    texts = [f"{i} " + "w " * (150 if i % 11 == 1 else 5) for i in range(100)]
    some = [Example(id=t, language="en", fields={"question": t}) for t in texts]
    engine = dictionary(context_length=320)
    long = replace(shot.source, fields={**shot.source.fields, "question": "long " * 150})
    task = replace(qa, fields={"question": Translate(10)})
    both = [shot, replace(shot, source=long)]
    list(translator(engine=engine, task=task, shots=both).translate(some))
    assert engine.requests[0].prefix == "en: `Where is Ann?`\nde: `Wo ist Anna?`\n"
    assert recorder.notes[0] == (
        "translate question into German: 1 of 2 shots fit the context of 320 tokens"
    )
    assert engine.counted <= 100 + 10 + 5


# --- the early stop (A.3) ---------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1.0, 1.7, 3.0, 3.3])
@pytest.mark.parametrize("weights", [(1.0, 1.0), (1.0, 3.0), (3.0, 1.0), (1.3, 1.3), (1.3, 0.7)])
def test_the_longest_kept_is_the_filters_border(
    limit: float, weights: tuple[float, float], monkeypatch: Any
) -> None:
    source, target = (
        replace(languages.get(code), letters_per_character=weight)
        for code, weight in zip(("en", "de"), weights, strict=True)
    )
    monkeypatch.setattr(languages, "get", {"en": source, "de": target}.__getitem__)
    check = plugins.build("filters", "length_ratio", {"limit": limit})
    for length in range(1, 300):
        before = Example(id="1", language="en", fields={"q": "x" * length})
        kept = plan.longest_kept(length, source, target, limit)
        for more, dropped in ((0, False), (1, True)):
            after = Example(id="1", language="de", fields={"q": "y" * (kept + more)})
            drop = check(Pair(source=before, target=after, ended={"q": ("fence",)}))
            assert (drop is not None and drop.reason == "too long") == dropped


def ramble(text: str) -> str:
    """Mostly a translation; else one of any length, with marks, spaces and rubbish at its ends."""
    rng = random.Random(text)
    if rng.random() < 0.7:
        return text
    words = [text.replace("<answer>Bo</answer>", "Bo"), " ", "\n", "<answer>", "</answer>", "<ans"]
    body = rng.choice(["", "", " " * 90, "<answer>" * 9]) + text * rng.choice([1, 1, 1, 2, 4, 7])
    return body + "".join(rng.choices(words, k=rng.randrange(4))) + rng.choice(["", " " * 90])


@pytest.mark.parametrize("names", [["complete", "length_ratio"], ["length_ratio"]])
@pytest.mark.parametrize(("code", "by_sentence"), [("de", True), ("de", False), ("zh", True)])
def test_the_early_stop_keeps_the_very_same_pairs(
    translator: Build, example: Make, dictionary: Any, qa: Task,
    names: list[str], code: str, by_sentence: bool, tmp_path: Path,
) -> None:  # fmt: skip
    filters = {name: plugins.build("filters", name) for name in names}
    texts = [
        example(
            f"Nr {i % 40} is Bo. It is {i % 9}." + " So." * (i % 4),
            "Bo",
            f"Is number {i} so?",
            id=str(i),
        )
        for i in range(150)
    ]
    fields = {**qa.fields, "context": Translate(512, by_sentence=by_sentence)}
    usual = {"task": replace(qa, fields=fields), "target": languages.get(code)}
    kept: dict[float | None, list[Pair]] = {}
    for limit in (None, 3.0):
        engine = dictionary(write=ramble)
        pairs = list(translator(engine=engine, length_limit=limit, **usual).translate(texts))
        kept[limit] = list(sieve(pairs, filters).kept)
        stopped = sum(why == "length" for p in pairs for e in p.ended.values() for why in e)
        assert bool(stopped) == bool(limit)
    assert kept[3.0] == kept[None]
    assert 10 < len(kept[None]) < 140
    # What was asked without a limit in the end is found again.
    with memory.open_(tmp_path) as one:
        made = translator(engine=engine, length_limit=3.0, memory=one, **usual)
        first, asked = list(made.translate(texts)), len(engine.requests)
        assert list(made.translate(texts)) == first
        assert len(engine.requests) == asked


def test_without_a_filter_nothing_is_stopped_and_no_limit_is_sent(
    translator: Build, example: Make
) -> None:
    for limit in (None, float("inf")):
        made = translator(length_limit=limit)
        list(made.translate(rows(example, 3)))
        assert all(request.most_characters is None for request in made.engine.requests)
    made = translator(length_limit=3.0)
    list(made.translate(rows(example, 3)))
    assert all(request.most_characters for request in made.engine.requests)


def test_a_sentence_may_be_as_long_as_the_longest_field_it_stands_in(
    translator: Build, example: Make
) -> None:
    made = translator(length_limit=2.0)
    list(made.translate([example("I am Bo. Yes.", "Bo"), example("Bo. Yes. Indeed so.", "Bo")]))
    plain = made.engine.requests[1]
    most = dict(zip(made.engine.received()[2:], plain.most_characters, strict=False))
    assert most["Yes."] == 2 * len("Bo. Yes. Indeed so.") + 1 + 2 * len("<answer></answer>")
