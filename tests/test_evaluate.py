"""What is kept of each prediction."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest

from selftranslate import evaluate, languages, plugins, progress
from selftranslate.engines import Completion, Request
from selftranslate.errors import DataError, PluginError
from selftranslate.example import Prediction
from selftranslate.tasks import Task

GERMAN = languages.get("de")


class Echo:
    """An engine that answers every question with its last word, in another order."""

    identity = "echo"

    def __init__(self, context_length: int = 2048) -> None:
        self.context_length = context_length

    def count_tokens(self, text: str) -> int:
        return len(text)

    def generate(self, request: Request) -> Iterator[Completion]:
        for index, text in reversed(list(enumerate(request.texts))):
            yield Completion(index=index, text=f" {text.split()[-1]}", ended="eos")


def test_a_prediction_holds_the_hash_of_its_prompt() -> None:
    task: Task = plugins.build("tasks", "mini", {"test": 3})
    examples = list(task.load("test", "de"))
    asked = evaluate.Asked(task, examples)
    predictions = evaluate.predict(Echo(), asked, "ask", progress.Silent())
    for example, prediction in zip(examples, predictions, strict=True):
        prompt = example.fields["question"] + "\n"
        assert prediction.prompt_hash == hashlib.sha256(prompt.encode()).hexdigest()[:16]
        assert prediction.text == prompt.split()[-1]


def test_few_shot_shows_answered_examples_first_and_stops_where_they_end() -> None:
    task: Task = plugins.build("tasks", "mini", {"test": 3})
    one, *shots = task.load("test", "de")
    asked = evaluate.Asked(task, [one], shots)
    solved = [f"{s.fields['question']}\n{s.fields['answer']}\n\n" for s in shots]
    assert asked.request.prefix == "".join(solved)
    assert asked.request.texts == [one.fields["question"] + "\n"]
    assert asked.request.fence == "\n\n"
    assert evaluate.Asked(task, [one]).request.fence is None
    evaluate.check_room(Echo(), asked)
    with pytest.raises(
        DataError, match=r"2 shots and an answer are \d+ tokens, the model's context"
    ):
        evaluate.check_room(Echo(len(asked.request.prefix)), asked)


def test_what_was_read_and_whether_it_is_right_stands_beside_each_prediction() -> None:
    task: Task = plugins.build("tasks", "mini")
    rows = [
        Prediction(id=str(i), text=text, ended="eos", references=("1319",))
        for i, text in enumerate(["Es sind 1.319.", "5", "nichts"])
    ]
    (score,) = evaluate.score(task, rows, GERMAN)
    marked = evaluate.marked(rows, score)
    assert [p.answer for p in marked] == ["1.319 or 1319", "5", ""]
    assert [p.correct for p in marked] == [1, 0, 0]
    assert [p.text for p in marked] == [p.text for p in rows]
    for prediction in marked:
        row = prediction.to_json()
        assert {"id", "prompt_hash", "text", "ended", "answer", "references", "correct"} == set(row)
        assert Prediction.from_json(row) == prediction


def test_a_score_of_the_whole_set_marks_no_prediction() -> None:
    (score,) = plugins.build("metrics", "chrf")([], GERMAN)
    row = Prediction(id="1", text="ja", ended="eos", references=("ja",))
    assert evaluate.marked([row], score) == [row]


def test_the_tasks_parameters_reach_its_metric() -> None:
    from dataclasses import replace

    task: Task = plugins.build("tasks", "mini_nli")
    row = Prediction(id="1", text="kaufen", ended="eos", references=("buy",))
    words = {"labels": ["buy", "sell"], "words": {"de": {"buy": "kaufen"}}}
    own = replace(task, metric_params=words)
    assert evaluate.score(own, [row], GERMAN)[0].value == 1
    assert evaluate.score(own, [row], languages.get("ru"))[0].value == 0
    with pytest.raises(PluginError, match="parameter of metrics/label"):
        evaluate.score(replace(task, metric_params={"lables": []}), [row], GERMAN)
