"""A QA task like SQuAD's, and a model that translates word by word, in any order it likes."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from selftranslate import languages
from selftranslate.engines import Completion, Request
from selftranslate.example import Ended, Example, Pair
from selftranslate.languages import Language
from selftranslate.progress import Advance
from selftranslate.tasks import Project, Task, Translate


def shout(text: str) -> str:
    """A translation whose length and letters differ from the source's, marks aside."""
    out = text.upper().replace("E", "ËË")
    return out.replace("<ANSWËËR>", "<answer>").replace("</ANSWËËR>", "</answer>")


@dataclass
class Dictionary:
    """A deterministic model with the engine's contract; remembers what it was asked.

    It stops just beyond `most_characters`; a token is a word.
    """

    write: Callable[[str], str] = shout
    end: Callable[[str], Ended] = lambda text: "fence"
    score: Callable[[str], float | None] = lambda text: -0.5
    identity: str = "dictionary"
    context_length: int = 10**9
    requests: list[Request] = field(default_factory=list)
    counted: int = 0

    def count_tokens(self, text: str) -> int:
        self.counted += 1
        return len(text.split())

    def generate(self, request: Request) -> Iterator[Completion]:
        self.requests.append(request)
        order = list(range(len(request.texts)))
        random.Random(7).shuffle(order)
        for i in order:
            text = self.asked(request, i)
            written, ended = self.write(text), self.end(text)
            if request.most_characters and len(written) > request.most_characters[i]:
                written, ended = written[: request.most_characters[i] + 1], "length"
            yield Completion(
                index=i,
                text=written,
                ended=ended,
                log_probability=self.score(text),
                tokens=len(written.split()),
            )

    def asked(self, request: Request, index: int) -> str:
        """What lies between the fences of one prompt."""
        assert request.fence is not None
        return request.texts[index].split(request.fence)[1]

    def received(self) -> list[str]:
        return [self.asked(r, i) for r in self.requests for i in range(len(r.texts))]


@dataclass
class Recorder:
    """Progress that remembers what was said."""

    notes: list[str] = field(default_factory=list)
    stages: list[tuple[str, int, int]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def plan(self, units: Mapping[str, int]) -> None: ...

    def found(self, label: str, total: int, unit: str) -> None: ...

    @contextmanager
    def stage(self, label: str, total: int, unit: str) -> Iterator[Advance]:
        done: list[int] = []
        yield done.append
        self.stages.append((label, total, sum(done)))

    def note(self, text: str) -> None:
        self.notes.append(text)

    def say(self, text: str) -> None:
        self.said.append(text)


@pytest.fixture
def dictionary() -> type[Dictionary]:
    return Dictionary


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def en() -> Language:
    return languages.get("en")


@pytest.fixture
def de() -> Language:
    return languages.get("de")


@pytest.fixture
def qa() -> Task:
    """Contexts by sentence, questions whole, answers read off the context."""
    return Task(
        name="qa",
        fields={
            "context": Translate(512, by_sentence=True),
            "question": Translate(256),
            "answer": Project(inside="context"),
        },
        prompt="Context: {context}\nQuestion: {question}\n",
        output="answer",
        max_new_tokens=32,
        metric="exact",
        natural_output=True,
        quality="question",
        load=lambda split, language: [],
    )


@pytest.fixture
def example() -> Callable[..., Example]:
    """Make a QA example; the answer is the `nth` occurrence of a text in the context."""

    def make(
        context: str, answer: str, question: str = "Who?", nth: int = 0, id: str = "1"
    ) -> Example:
        start = -1
        for _ in range(nth + 1):
            start = context.index(answer, start + 1)
        return Example(
            id=id,
            language="en",
            fields={"context": context, "question": question, "answer": answer},
            spans={"answer": (start, start + len(answer))},
        )

    return make


@pytest.fixture
def shot(example: Callable[..., Example]) -> Pair:
    source = example("Bonn is old. Ann lives in Ulm.", "Ulm", "Where is Ann?")
    target = example("Bonn ist alt. Anna wohnt in Ulm.", "Ulm", "Wo ist Anna?")
    return Pair(source=source, target=target)


@pytest.fixture(scope="session")
def xquad(paper_data: Path) -> Callable[[str], list[Example]]:
    """Read SQuAD-like JSON plainly."""

    def read(name: str, language: str = "en") -> list[Example]:
        rows = json.loads((paper_data / name).read_text(encoding="utf-8"))["data"]
        return [
            Example(
                id=qa["id"],
                language=language,
                fields={"context": p["context"], "question": qa["question"], "answer": a["text"]},
                spans={"answer": (a["answer_start"], a["answer_start"] + len(a["text"]))},
            )
            for article in rows
            for p in article["paragraphs"]
            for qa in p["qas"]
            for a in qa["answers"][:1]
        ]

    return read
