"""Ask a model the test questions and score the answers (4.1, A.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from selftranslate import interrupts, plugins
from selftranslate.engines import Completion, Engine, Request
from selftranslate.errors import DataError, EngineError
from selftranslate.example import Example, Prediction
from selftranslate.languages import Language
from selftranslate.metrics import Metric, Score
from selftranslate.progress import Progress
from selftranslate.tasks import Task

BETWEEN = "\n\n"
"""What ends an answered example of a few-shot prompt, and so the answer."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Test questions, and answered examples to show before each of them (few-shot)."""

    task: Task
    examples: Sequence[Example]
    shots: Sequence[Example] = ()

    @property
    def request(self) -> Request:
        """The questions in the prompt that training saw, the answered ones in front."""
        solved = [self.task.render(shot, shot) for shot in self.shots]
        return Request(
            prefix="".join(s.prompt + s.completion + BETWEEN for s in solved),
            texts=[self.task.render(e, e).prompt for e in self.examples],
            max_new_tokens=self.task.max_new_tokens,
            fence=BETWEEN if solved else None,
        )


def check_room(engine: Engine, asked: Asked) -> None:
    """Raise DataError if the answered examples leave no room in the model's context."""
    length = engine.count_tokens(asked.request.prefix) + asked.task.max_new_tokens
    if asked.shots and length >= engine.context_length:
        msg = (
            f"{asked.task.name}: {len(asked.shots)} shots and an answer are {length} tokens, the "
            f"model's context {engine.context_length}: ask with fewer (`shots`), or not few-shot"
        )
        raise DataError(msg)


def predict(engine: Engine, asked: Asked, label: str, progress: Progress) -> list[Prediction]:
    """Generate one answer per example, in order."""
    request = asked.request
    samples = [asked.task.render(example, example) for example in asked.examples]
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
            prompt_hash=prompt_hash(request.prefix + sample.prompt),
        )
        for index, sample in enumerate(samples)
    ]


def prompt_hash(prompt: str) -> str:
    """Name a prompt as the model saw it, few shots included: the same text, the same hash."""
    return sha256(prompt.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def score(task: Task, predictions: Sequence[Prediction], language: Language) -> Sequence[Score]:
    """Score with the task's own metric; the first score is the one the tables show."""
    return _metric(task)(predictions, language)


def note(task: Task, language: Language) -> str | None:
    """Say why the scores of a language have other names than the metric's; None if they do not."""
    explain = getattr(_metric(task), "note", None)
    said: str | None = explain(language) if explain else None
    return said


def marked(predictions: Sequence[Prediction], score: Score) -> list[Prediction]:
    """Write beside each prediction what a metric read out of it, and whether that is right."""
    missing = [None] * len(predictions)
    return [
        replace(prediction, answer=answer or "", correct=correct)
        for prediction, answer, correct in zip(
            predictions, score.answers or missing, score.items or missing, strict=True
        )
    ]


def _metric(task: Task) -> Metric:
    metric: Metric = plugins.build("metrics", task.metric, task.metric_params)
    return metric
