"""What an experiment gives to GPUs, and how long they take by the roofline model of `plan`.

Lengths and repetitions of GSM8k, SQuAD and MultiNLI were counted with the tasks' own loaders.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from train import SHAPES

from selftranslate.engines import Request
from selftranslate.finetuning.rows import order
from selftranslate.forecast.roofline import ADAPTER, START, Roofline
from selftranslate.forecast.step import Asking, Training
from selftranslate.store import Artifact
from selftranslate.training import Run

CHARACTERS = 4
"""Of English for a token."""
LONGER = 2.0
"""Tokens of a translation for a token of English; Llama 2 needs 2.8 in Thai."""
RUNS_ON = 0.2
"""Share of translations that do not end by themselves: the paper's filters drop about a tenth, half
of Thai."""
TOO_LONG = 3
"""Times its source's characters: where the filter drops a translation, decoding stops."""
SHOTS, AROUND = 8, 10
"""Parallel examples, and tokens around each: the languages' names, the marks."""
BATCH, STEPS, RUNS, RANK = 64, 1000, 6, 16
HELD_OUT = 200


@dataclass(frozen=True, slots=True)
class Text:
    """A field that is translated."""

    total: int
    distinct: int
    characters: float
    shot: float
    """Characters of a shot's English side."""
    limit: int
    """Tokens, by table 5."""


@dataclass(frozen=True, slots=True)
class Task:
    """English rows, as the task puts them to a model; lengths are means, in characters."""

    name: str
    texts: Sequence[Text]
    prompt: float
    completion: float
    test: int
    answers_translated: bool
    """Whether the answer is in the language, else a label or a span."""
    same_mixtures: bool = False
    """Whether D_cs adds nothing to +D_tgt."""


MATH = Task(
    "gsm8k",
    (
        Text(7_273, 7_273, 235, 121, 512),
        Text(7_273, 7_273, 243, 133, 512),
        Text(250, 250, 235, 121, 512),
    ),
    235, 243, 250, True,
)  # fmt: skip
SPANS = Task(
    "squad",
    (
        # Sentences. Drawn at random from all of SQuAD, a context serves 1.2 questions.
        Text(46_060, 38_383, 161, 150, 512),
        Text(10_000, 9_951, 61, 53, 256),
        Text(1_182, 1_177, 61, 53, 256),
    ),
    785, 17, 1_182, False,
)  # fmt: skip
LABELS = Task(
    "mnli",
    (
        Text(10_000, 9_724, 113, 119, 256),
        Text(10_000, 9_998, 56, 51, 256),
        Text(5_010, 5_009, 56, 51, 256),
    ),
    263, 10, 5_010, False, True,
)  # fmt: skip
MILLION = replace(
    MATH, texts=tuple(replace(one, total=10**6, distinct=10**6) for one in MATH.texts[:2])
)


@dataclass(frozen=True, slots=True)
class Experiment:
    """Tasks, languages, settings: each setting has six runs of 1,000 steps."""

    tasks: Sequence[Task]
    languages: int
    settings: Sequence[str]


PAPER = Experiment((MATH, SPANS, LABELS), 4, ("D_src", "+D_tgt", "+D_tgt+D_cs"))
LARGE = Experiment((MILLION,), 100, ("D_src", "+D_tgt"))


@dataclass(frozen=True, slots=True)
class Savings:
    """What is done for less time; as it is in the product."""

    dedupe: bool = True
    prefix: str = "shared"
    """Or "cached", or "repeated"."""
    early_stop: bool = True
    shared_source: bool = True
    """One set of D_src runs for all languages."""
    same_mixtures: bool = True
    """One set of runs for mixtures that are equal."""
    rows: str = "packed"
    """Or "like", padded beside rows of like length, or "random", padded, eight at once."""
    one_engine: bool = True


@dataclass(slots=True)
class Cost:
    """Seconds on one copy of the model."""

    translate: float = 0.0
    train: float = 0.0
    evaluate: float = 0.0
    starts: float = 0.0
    written: float = 0.0
    """Tokens of translations."""
    runs: int = 0

    @property
    def total(self) -> float:
        """All seconds."""
        return self.translate + self.train + self.evaluate + self.starts

    def spread(self, copies: int) -> float:
        """Return the seconds on so many copies of the model: a run is not divided."""
        rounds = math.ceil(self.runs / copies) / self.runs
        return (self.translate + self.evaluate) / copies + self.train * rounds + self.starts


def cost(experiment: Experiment, on: Roofline, saved: Savings = Savings()) -> Cost:
    """Add up what an experiment takes, language by language."""
    made = Cost()
    on = replace(on, rereads=on.rereads or saved.prefix == "cached")
    for task in experiment.tasks:
        for text in task.texts:
            job = translation(text, saved)
            made.translate += experiment.languages * known(on, job)
            made.written += experiment.languages * job.texts * job.answer
        for setting, sets in sets_of_runs(experiment, task, saved):
            made.runs += RUNS * sets
            made.train += sets * known(on, training(task, setting, saved))
        asked = list(evaluations(experiment, task, saved))
        made.evaluate += sum(known(on, job) for job in asked)
        made.starts += on.start(2)  # to translate, and to ask
        if not saved.one_engine:
            made.evaluate += sum(job.tuned for job in asked) * (START - ADAPTER)
    return made


def known(on: Roofline, job: Asking | Training) -> float:
    """Return a job's seconds."""
    seconds = on.seconds(job)
    assert seconds is not None
    return seconds


def translation(text: Text, saved: Savings) -> Asking:
    """Return what is to translate of a field, into one language."""
    source = text.characters / CHARACTERS
    target = LONGER * source
    endless = min(text.limit, TOO_LONG * target) if saved.early_stop else text.limit
    prefix = round(SHOTS * ((1 + LONGER) * text.shot / CHARACTERS + AROUND))
    prompt = source + AROUND
    if saved.prefix == "repeated":
        prefix, prompt = 0, prefix + prompt
    return asking(
        texts=text.distinct if saved.dedupe else text.total,
        prefix=prefix,
        prompt=prompt,
        answer=1 + (1 - RUNS_ON) * target + RUNS_ON * endless,
        translates=True,
    )


def sets_of_runs(experiment: Experiment, task: Task, saved: Savings) -> Iterator[tuple[str, int]]:
    """Yield settings, and how many sets of six runs each of them is."""
    for setting in experiment.settings:
        if setting == "D_src":
            yield setting, 1 if saved.shared_source else experiment.languages
        elif setting == "+D_tgt" or not (task.same_mixtures and saved.same_mixtures):
            yield setting, experiment.languages


def training(task: Task, setting: str, saved: Savings) -> Training:
    """Return a set of six runs; of mixtures, half of the tokens are in the language."""
    longer = 1.0 if setting == "D_src" else (1 + LONGER) / 2
    learned = task.completion * (longer if task.answers_translated else 1) / CHARACTERS + 1
    tokens = task.prompt * longer / CHARACTERS + learned
    return Training(
        samples=Artifact("mix", "", Path()),
        runs=RUNS,
        steps=STEPS,
        batch_size=BATCH,
        tokens=tokens / filled(task.name, saved.rows),
        learned=learned,
        run=Run(learning_rate=1e-4, seed=0, steps=STEPS),
    )


def evaluations(experiment: Experiment, task: Task, saved: Savings) -> Iterator[Asking]:
    """Yield the test questions, for each run in its language, and the validation questions."""
    for setting, sets in sets_of_runs(experiment, task, saved):
        asked = experiment.languages if setting == "D_src" else sets
        for texts, times, longer in ((task.test, asked, LONGER), (HELD_OUT, sets, 1.0)):
            answer = task.completion * (longer if task.answers_translated else 1) / CHARACTERS
            yield asking(
                texts=texts,
                tuned=RUNS * times,
                prompt=task.prompt * longer / CHARACTERS,
                answer=answer + 1,
            )


def asking(
    *, texts: int, prompt: float, answer: float, prefix: int = 0, tuned: int = 0,
    translates: bool = False,
) -> Asking:  # fmt: skip
    """Return texts that a model goes on from; what they say does not matter here."""
    return Asking(
        translates=translates, tuned=tuned, texts=texts, longer=1.0, prefix=prefix, prompt=prompt,
        answer=answer, sample=Request(texts=[], max_new_tokens=1),
    )  # fmt: skip


@cache
def filled(task: str, rows: str) -> float:
    """Return the share of a training batch that is tokens, not padding."""
    if rows == "packed":
        return 1.0
    (asked, spread), (told, wide), together = SHAPES[task]
    draw = random.Random(5)
    lengths = []
    for _ in range(BATCH * 160):
        first, second = draw.gauss(0, 1), draw.gauss(0, 1)
        second = together * first + math.sqrt(1 - together**2) * second
        lengths.append(math.exp(asked + spread * first) + math.exp(told + wide * second))
    at_once = 8 if rows == "random" else BATCH
    if rows == "like":
        lengths = [lengths[at] for at in order([round(n) for n in lengths], 160, BATCH, 0)]
    batches = [lengths[at : at + at_once] for at in range(0, len(lengths), at_once)]
    return sum(lengths) / sum(max(batch) * len(batch) for batch in batches)
