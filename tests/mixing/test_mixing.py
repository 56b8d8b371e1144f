"""What each setting trains on (section 3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count

import pytest

from selftranslate import languages, plugins
from selftranslate.errors import DataError
from selftranslate.example import Example, Pair
from selftranslate.mixing import Corpus, mix, source_only
from selftranslate.tasks import Task, Translate


def example(code: str, number: int, label: str = "") -> Example:
    fields = {"q": f"{code} question {number}", "a": label or f"{code} answer {number}"}
    return Example(id=str(number), language=code, fields=fields)


def task(*, natural: bool = True) -> Task:
    return Task(
        name="t", fields={"q": Translate(), "a": Translate()}, prompt="Q: {q}\n", output="a",
        max_new_tokens=9, metric="exact", natural_output=natural, quality="q",
        load=lambda split, code: [],
    )  # fmt: skip


@pytest.fixture
def corpus() -> Corpus:
    return Corpus(
        task=task(),
        source=[example("en", n) for n in range(3)],
        shots=[Pair(source=example("en", 8), target=example("de", 8))],
        pairs=[Pair(source=example("en", n), target=example("de", n)) for n in range(2)],
        gold=[example("de", n) for n in range(3)],
    )


def kinds(corpus: Corpus, *parts: str) -> list[str]:
    return [s.languages for s in mix([plugins.build("mixing", part) for part in parts], corpus)]


def test_the_source_setting_has_the_shots_in_the_target_language(corpus: Corpus) -> None:
    assert kinds(corpus, "source") == ["en>en"] * 3 + ["de>de"]


def test_the_target_setting_adds_the_kept_pairs_only(corpus: Corpus) -> None:
    assert kinds(corpus, "source", "target") == ["en>en"] * 3 + ["de>de"] * 3
    assert kinds(corpus, "gold") == ["de>de"] * 3


def test_code_switching_goes_both_ways_and_asks_in_the_answers_own_language(corpus: Corpus) -> None:
    into_german, into_english, *_ = mix([plugins.build("mixing", "codeswitch")], corpus)
    assert into_german.prompt == "Q: en question 0\nBitte antworte auf Deutsch.\n"
    assert into_german.completion == "de answer 0" and into_german.languages == "en>de"
    assert into_english.prompt == "Q: de question 0\nPlease answer in English.\n"
    assert into_english.completion == "en answer 0" and into_english.languages == "de>en"


def test_the_request_to_answer_is_the_language_files_own(corpus: Corpus) -> None:
    for code in ("ru", "zh", "th"):
        pairs = [Pair(source=example("en", 1), target=example(code, 1))]
        first, _ = mix([plugins.build("mixing", "codeswitch")], replace(corpus, pairs=pairs))
        assert languages.get(code).answer_in in first.prompt


def test_equal_labels_make_code_switching_nothing_new(corpus: Corpus) -> None:
    pairs = [Pair(source=example("en", 1, "Neutral"), target=example("de", 1, "Neutral"))]
    assert kinds(replace(corpus, task=task(natural=False), pairs=pairs), "codeswitch") == []


def test_labels_in_two_languages_are_switched_without_a_request(corpus: Corpus) -> None:
    pairs = [Pair(source=example("en", 1, "yes"), target=example("de", 1, "ja"))]
    first, second = mix(
        [plugins.build("mixing", "codeswitch")],
        replace(corpus, task=task(natural=False), pairs=pairs),
    )
    assert first.prompt == "Q: en question 1\n" and (first.completion, second.completion) == (
        "ja",
        "yes",
    )


def test_only_settings_without_translations_may_be_shared(corpus: Corpus) -> None:
    for parts, alone in ((["source"], True), (["source", "target"], False), (["gold"], False)):
        assert source_only([plugins.build("mixing", p) for p in parts], corpus) is alone


def test_samples_are_made_while_rows_are_read(corpus: Corpus) -> None:
    class Endless:
        def __iter__(self) -> Iterator[Example]:
            return (example("en", n) for n in count())

    endless = replace(corpus, source=Endless())
    parts = [plugins.build("mixing", "source")]
    assert next(iter(mix(parts, endless))).prompt == "Q: en question 0\n"
    assert not source_only([plugins.build("mixing", "target"), *parts], endless)


def test_data_is_never_a_template_and_a_missing_field_is_named() -> None:
    odd = Example(id="1", language="en", fields={"q": "{a} {{x}}", "a": "1"})
    assert task().render(odd, odd).prompt == "Q: {a} {{x}}\n"
    with pytest.raises(DataError, match="no field a"):
        task().render(Example(id="1", language="en", fields={"q": "?"}), odd)
