"""A task says which fields an example has, how each is translated, and how to ask it.

One file per task; `build(data=None)` returns the `Task`. `data` is what the recipe says under
`data:` (a `Sources`): paths, or "hub".
"""

from __future__ import annotations

import glob
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from selftranslate.errors import DataError
from selftranslate.example import Example, Sample
from selftranslate.rows import Row

Split = Literal["train", "validation", "test", "shots"]


@dataclass(frozen=True, slots=True)
class Translate:
    """Translate this field's text with the engine."""

    max_new_tokens: int = 256
    by_sentence: bool = False


@dataclass(frozen=True, slots=True)
class Copy:
    """Keep this field as it is (a label, a number)."""


@dataclass(frozen=True, slots=True)
class Project:
    """Read this field off the marked span in another, translated, field."""

    inside: str


How = Translate | Copy | Project

Write = Callable[[Example], str]
"""Writes a text out of an example's fields."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """The one description all stages read."""

    name: str
    fields: Mapping[str, How]
    prompt: str | Write
    """A str.format template over the input fields, or what writes such a text; whole with its
    last newline."""
    output: str | Write
    """The field that is the answer, or what writes it out of several."""
    max_new_tokens: int
    """The longest answer, in tokens."""
    metric: str
    metric_params: Mapping[str, Any] = field(default_factory=dict)
    """What the metric's `build` takes, e.g. the label words of each language."""
    natural_output: bool
    """Whether the answer is natural language; then code-switching asks for one (section 3)."""
    quality: str
    """The field whose translation is scored with BLEU against the test set (A.4)."""
    load: Callable[[Split, str], Iterable[Example]]
    """load(split, language). "shots" yields candidates, best first: parallel in all languages,
    of which translation takes the first eight that suit (4.4). "train" may exist in the source
    language only. An example's id is the same in every language.
    Raises DataError with file, row and field."""
    left_out: Callable[[Split, str], Mapping[str, int]] = lambda split, language: {}
    """left_out(split, language): how many rows `load` leaves out because the data set itself
    calls them unusable, by reason; any other bad row is a DataError."""
    languages: Callable[[], Sequence[str]] = tuple
    """The codes of all languages with shots and a test set; none where the task cannot say."""
    chance: float | None = None
    """What guessing scores, e.g. 1/3 for three labels; None where answers cannot be guessed."""
    licences: tuple[str, ...] = ()
    """Of the data sets, one sentence each; none where the data is the user's own."""
    data_sets: tuple[str, ...] = ()
    """What `data: hub` reads, by its names there: to train on, to test on."""
    gold: bool = False
    """Whether "train" exists in every language, as in the miniature's world."""

    @property
    def translated(self) -> tuple[str, ...]:
        """Name the fields that the engine translates."""
        return tuple(name for name, how in self.fields.items() if isinstance(how, Translate))

    def question(self, example: Example) -> str:
        """Write what the model reads of an example."""
        if isinstance(self.prompt, str):
            return self.prompt.format(**example.fields)
        return self.prompt(example)

    def answer(self, example: Example) -> str:
        """Write what the model is to answer to an example."""
        return example.fields[self.output] if isinstance(self.output, str) else self.output(example)

    def render(self, question: Example, answer: Example, ask: str = "") -> Sample:
        """Make a training sample; two languages give a code-switched one (section 3).

        `ask` is a sentence added to the input on a line of its own, e.g. in which language to
        answer. Raises DataError if a field is missing.
        """
        wanted = self.fields.keys()
        if not (wanted <= question.fields.keys() and wanted <= answer.fields.keys()):
            missing = [f for f in wanted if f not in question.fields or f not in answer.fields]
            msg = f"{self.name} {question.id}: no field {', '.join(missing)}"
            raise DataError(msg)
        prompt = self.question(question)
        return Sample(
            id=question.id,
            prompt=f"{prompt}{ask}\n" if ask else prompt,
            completion=self.answer(answer),
            languages=f"{question.language}>{answer.language}",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where a task's files lie: `hub` alone, or one path per split.

    A path may hold `{language}`; relative paths are relative to `folder`.
    """

    hub: bool = False
    folder: str = "."
    files: Mapping[str, str] = field(default_factory=dict)
    """{"train": "gsm8k/train.jsonl", "test": "mgsm/mgsm_{language}.tsv", ...}"""

    def path(self, split: Split, language: str) -> Path:
        """Return where a split lies. Raises DataError if the recipe names no file for it."""
        if split not in self.files:
            msg = f"data: {split}: no file is named; name one, or say `hub: true`"
            raise DataError(msg)
        return Path(self.folder, self.files[split].replace("{language}", language))

    def language(self, split: Split, language: str) -> str:
        """Return the language of rows that name none: the path's `{language}`, else English."""
        return language if "{language}" in self.files[split] else "en"

    def languages(
        self, splits: Iterable[Split], read: Callable[[Path], Iterable[Row]]
    ) -> tuple[str, ...]:
        """Return which languages all these splits have: by their files' names, or their rows.

        Raises DataError for a file that cannot be read.
        """
        found = [self._languages(split, read) for split in splits]
        return tuple(sorted(set.intersection(*found)))

    def _languages(self, split: Split, read: Callable[[Path], Iterable[Row]]) -> set[str]:
        if split not in self.files:
            return set()
        first, *rest = self.files[split].split("{language}")
        if not rest:
            rows = read(self.path(split, "en"))
            return {str(row.values.get("language", "en")) for row in rows}
        there = glob.glob("*".join(map(glob.escape, (first, *rest))), root_dir=self.folder)
        after = r"\1".join(map(re.escape, rest))
        named = re.compile(rf"{re.escape(first)}([\w-]+){after}")
        return {match[1] for path in there if (match := named.fullmatch(path))}
