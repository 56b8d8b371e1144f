"""Tasks without code: what a recipe may say, what rows may hold, what is written out of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from selftranslate import languages, plugins
from selftranslate.errors import DataError, RecipeError
from selftranslate.example import Example
from selftranslate.tasks import Copy, Project, Sources, Task, Translate

SLOTS: dict[str, Any] = {
    "fields": {
        "text": {"translate": 60, "by_sentence": True},
        "city": {"path": "slots.city.value?", "inside": "text", "start": "slots.city.start?"},
        "drink": {"path": "drink?", "inside": "text"},
        "intent": "copy",
    },
    "prompt": "Text: {{ text }}",
    "output": "{{ intent }}{% if city %} in {{ city }}{% endif %}{% if drink %}, {{ drink }}{% endif %}",
    "metric": "span",
}
ROW = {
    "text": "Ulm? Ann left Ulm for tea.",
    "slots": {"city": {"value": "Ulm", "start": 14}},
    "drink": "tea",
    "intent": "travel",
}


def task(
    folder: Path, rows: list[Any], name: str = "test.{language}.jsonl", **changes: Any
) -> Task:
    path = folder / name.replace("{language}", "en")
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    sources = Sources(folder=str(folder), files={"test": name})
    made: Task = plugins.build("tasks", "jsonl", {"data": sources, **SLOTS, **changes})
    return made


def load(made: Task) -> list[Example]:
    return list(made.load("test", "en"))


def test_a_row_becomes_an_example_with_its_spans(tmp_path: Path) -> None:
    made = task(tmp_path, [ROW, {"text": "Nothing.", "intent": "none", "slots": {}}], title="mine")
    first, second = load(made)
    assert made.fields == {
        "text": Translate(60, by_sentence=True), "city": Project("text"),
        "drink": Project("text"), "intent": Copy(),
    }  # fmt: skip
    assert first.spans == {"city": (14, 17), "drink": (22, 25)}
    assert (second.spans, second.fields["city"]) == ({}, "")
    assert [first.id, second.id] == ["mine/test/1", "mine/test/2"]
    sample = made.render(first, first)
    assert sample.prompt == "Text: Ulm? Ann left Ulm for tea.\n"
    assert sample.completion == "travel in Ulm, tea"
    assert made.answer(second) == "none"


def test_the_data_are_never_a_template(tmp_path: Path) -> None:
    evil = "{{ 7*7 }} {% if x %} {text} ${0}"
    (one,) = load(made := task(tmp_path, [{"text": evil, "intent": "{{ text }}"}]))
    sample = made.render(one, one)
    assert (sample.prompt, sample.completion) == (f"Text: {evil}\n", "{{ text }}")


def test_the_sandbox_keeps_templates_inside(tmp_path: Path) -> None:
    made = task(tmp_path, [ROW], output="{{ text.__class__.__mro__ }}")
    with pytest.raises(DataError, match=r"test\.en\.jsonl:1: .*task\.output: .*unsafe"):
        load(made)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"prompt": "{{ txt }}"}, r"task\.prompt: unknown field 'txt'. Did you mean 'text'\?"),
        ({"output": "{% if %}"}, r"task\.output: line 1: "),
        ({"metric": None}, r"task\.metric: name one, or give the task's `labels`"),
        ({"metric": "labl"}, r"Did you mean 'label'\?"),
        ({"metric": {"name": "span", "x": 1}}, "unknown parameter of metrics/span 'x'"),
        ({"labels": ["a"], "words": {"de": {"b": "c"}}, "metric": None}, "unknown label 'b'"),
        ({"quality": "intent"}, r"task\.quality: unknown translated field 'intent'"),
        ({"fields": {"intent": "copy"}, "prompt": "x", "output": "y"}, "none is translated"),
        ({"fields": {"text": "kopy"}}, r"task\.fields\.text: unknown key 'kopy'. Did you mean 'copy'"),
        ({"fields": {"text": {"path": "a"}}}, "say one of translate, copy, inside; got none"),
        ({"fields": {"text": {"copy": True, "translate": 9}}}, "got translate and copy"),
        ({"fields": {"text": {"translate": "many"}}}, "'many' is no number of tokens"),
        ({"fields": {"text": {"copy": True, "by_sentence": True}}}, "goes with translate, not with copy"),
        ({"fields": {"text": 3}}, "write copy, translate, or a mapping"),
        ({"fields": {"my text": "copy"}}, "letters, digits and _"),
        ({"fields": {"language": "copy"}}, "other than language"),
        ({"fields": {"text": {"translate": 9, "path": "messages.*.content"}}}, "name one: messages.0"),
        (
            {"fields": {"text": "translate", "city": {"inside": "txt"}}},
            r"fields\.city\.inside: unknown translated field 'txt'. Did you mean 'text'",
        ),
    ],
)  # fmt: skip
def test_a_wrong_key_is_named(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        task(tmp_path, [ROW], **changes)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"intent": None}, r"test\.en\.jsonl:1: intent: null, not a text"),
        ({"text": 3}, r":1: text: 3, not a text"),
        ({"text": None}, r":1: text: null, not a text"),
        ({"slots": {"city": {"value": "Ulm", "start": 2}}}, r":1: slots\.city\.start: does not lead to 'Ulm'"),
        ({"slots": {"city": {"value": "Ulm"}}}, r":1: slots\.city\.start: does not lead to 'Ulm'"),
        ({"drink": "milk"}, r":1: drink: 'milk' stands 0 times in text, once is needed"),
        ({"drink": "Ulm"}, r":1: drink: 'Ulm' stands 2 times in text"),
        ({"intent": " ", "slots": {}, "drink": ""}, r":1: city, drink, intent: task\.output is empty"),
    ],
)  # fmt: skip
def test_a_wrong_row_is_named(tmp_path: Path, row: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        load(task(tmp_path, [{**ROW, **row}]))


def test_an_empty_text_is_an_oversight_unless_it_may_be_missing(tmp_path: Path) -> None:
    rows = [{**ROW, "note": "So?"}, {**ROW, "note": " "}]
    fields = {**SLOTS["fields"], "note": "translate"}
    with pytest.raises(DataError, match=r'\.jsonl:2: note: empty; fill it in, or write "\?"'):
        load(task(tmp_path, rows, fields=fields))
    fields["note"] = {"path": "note?", "translate": True}
    assert [e.fields["note"] for e in load(task(tmp_path, rows, fields=fields))] == ["So?", " "]


def test_a_missing_field_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"jsonl:2: intent: no such field; there are text, drink"):
        load(task(tmp_path, [ROW, {"text": "x", "drink": None}]))
    with pytest.raises(DataError, match="holds no rows"):
        load(task(tmp_path, []))
    with pytest.raises(DataError, match=r"\.jsonl:2: not JSON"):
        made = task(tmp_path, [ROW])
        (tmp_path / "test.en.jsonl").write_text(json.dumps(ROW) + "\n{,\n")
        load(made)


LABELLED: dict[str, Any] = {
    "fields": {"text": "translate", "intent": "copy"},
    "prompt": "{{ text }}",
    "output": "{{ intent | word }}",
    "labels": ["home", "work"],
    "words": {"de": {"home": ["Zuhause", "Heim"]}},
    "metric": None,
}


def test_label_words_are_of_the_answers_language(tmp_path: Path) -> None:
    made = task(tmp_path, [{"text": "Hm?", "intent": "home"}], **LABELLED)
    (one,) = load(made)
    german = Example(id="1", language="de", fields=one.fields)
    assert (made.answer(one), made.answer(german)) == ("home", "Zuhause")
    assert (made.metric, made.metric_params["labels"], made.natural_output, made.chance) == (
        "label", ("home", "work"), False, 0.5,
    )  # fmt: skip
    metric = plugins.build("metrics", made.metric, made.metric_params)
    from selftranslate.example import Prediction

    right = [
        Prediction(id="1", text=said, ended="eos", references=("Zuhause",))
        for said in ("Heim", "home", "work")
    ]
    assert metric(right, languages.get("de"))[0].items == (1.0, 1.0, 0.0)
    with pytest.raises(DataError, match=r":1: .*unknown label 'hme'. Did you mean 'home'"):
        load(task(tmp_path, [{"text": "Hm?", "intent": "hme"}], **LABELLED))


def test_whether_answers_are_language_is_seen_or_said(tmp_path: Path) -> None:
    assert task(tmp_path, [ROW]).natural_output is True
    assert task(tmp_path, [ROW], output="{{ intent }}").natural_output is False
    assert task(tmp_path, [ROW], natural_output=False).natural_output is False


def test_ids_are_numbers_or_a_field_and_unique(tmp_path: Path) -> None:
    rows = [{**ROW, "meta": {"key": key}} for key in (7, "x")]
    made = task(tmp_path, rows, id="meta.key")
    assert [example.id for example in load(made)] == ["jsonl/test/7", "jsonl/test/x"]
    with pytest.raises(DataError, match=r":2: meta\.key: '7' stands there twice"):
        load(task(tmp_path, [rows[0], rows[0]], id="meta.key"))


def test_splits_of_one_file_share_their_ids(tmp_path: Path) -> None:
    made = task(tmp_path, [ROW])
    sources = Sources(
        folder=str(tmp_path),
        files={"test": "test.{language}.jsonl", "shots": "test.{language}.jsonl"},
    )
    made = plugins.build("tasks", "jsonl", {"data": sources, **SLOTS})
    assert list(made.load("shots", "en")) == list(made.load("test", "en"))
    assert made.gold is False


def test_the_end_of_train_validates_unless_a_file_does(tmp_path: Path) -> None:
    rows = [{"text": f"{n}?", "intent": "x"} for n in range(10)]
    (tmp_path / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    sources = Sources(folder=str(tmp_path), files={"train": "train.jsonl"})
    made = plugins.build("tasks", "jsonl", {"data": sources, **SLOTS, "validation": 3})
    assert [e.id for e in made.load("validation", "en")] == [f"jsonl/train/{n}" for n in (8, 9, 10)]
    assert len(list(made.load("train", "en"))) == 7
    made = plugins.build("tasks", "jsonl", {"data": sources, **SLOTS, "validation": 10})
    with pytest.raises(DataError, match=r"task\.validation: 10 of 10 training rows held out"):
        made.load("train", "en")
    made = plugins.build("tasks", "jsonl", {"data": sources, **SLOTS, "validation": 0})
    assert len(list(made.load("train", "en"))) == 10 and not list(made.load("validation", "en"))


def test_rows_are_read_one_by_one(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text(json.dumps({"text": "a", "intent": "x"}) + "\n" * 2)
    sources = Sources(folder=str(tmp_path), files={"train": "train.jsonl", "test": "train.jsonl"})
    made = plugins.build("tasks", "jsonl", {"data": sources, **SLOTS})
    rows = iter(made.load("test", "en"))
    assert next(rows).fields["text"] == "a"
    with pytest.raises(DataError, match=r"train\.jsonl:2: an empty line"):
        next(rows)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_csv_and_parquet_are_read_too(tmp_path: Path, kind: str) -> None:
    rows = [{"text": "Where, Ann?", "intent": "home"}, {"text": 'Say "no".', "intent": "work"}]
    path = tmp_path / f"test.en.{kind}"
    if kind == "csv":
        path.write_text('text,intent\n"Where, Ann?",home\n"Say ""no"".",work\n', encoding="utf-8")
    else:
        import pyarrow
        import pyarrow.parquet

        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    sources = Sources(folder=str(tmp_path), files={"test": f"test.{{language}}.{kind}"})
    made = plugins.build("tasks", "jsonl", {"data": sources, **LABELLED})
    assert [dict(e.fields) for e in made.load("test", "en")] == rows
