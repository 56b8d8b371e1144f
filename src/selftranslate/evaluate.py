"""Ask a model the test questions and score the answers (4.1, A.1)."""

from __future__ import annotations

from collections.abc import Sequence

from selftranslate import interrupts, plugins
from selftranslate.engines import Completion, Engine, Request
from selftranslate.errors import EngineError
from selftranslate.example import Example, Prediction
from selftranslate.languages import Language
from selftranslate.metrics import Metric, Score
from selftranslate.progress import Progress
from selftranslate.tasks import Task


def predict(
    engine: Engine, task: Task, examples: Sequence[Example], label: str, progress: Progress
) -> list[Prediction]:
    """Generate one answer per example, in order, with the prompt training saw."""
    samples = [task.render(example, example) for example in examples]
    request = Request(texts=[s.prompt for s in samples], max_new_tokens=task.max_new_tokens)
    answers: dict[int, Completion] = {}
    with progress.stage(label, len(samples), "answers") as advance:
        for answer in engine.generate(request):
            answers[answer.index] = answer
            advance(1)
            interrupts.check()
    if len(answers) != len(samples):
        msg = f"{engine.identity}: {len(samples)} questions, {len(answers)} answers"
        raise EngineError(msg)
    return [
        Prediction(
            id=sample.id,
            text=answers[index].text.strip(),
            ended=answers[index].ended,
            references=(sample.completion,),
        )
        for index, sample in enumerate(samples)
    ]


def score(task: Task, predictions: Sequence[Prediction], language: Language) -> Sequence[Score]:
    """Score with the task's own metric; the first score is the one the tables show."""
    metric: Metric = plugins.build("metrics", task.metric)
    return metric(predictions, language)
