"""Translate examples field by field with few-shot prompting (4.4 and A.2).

All fields are planned first: every distinct text of a field is sent to the engine once. A field
that has projected answers is sent in two groups with their own shots: texts with the answer's
marks, and texts without. Then rows come and go in blocks, so that memory does not grow with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import cache, partial
from importlib.metadata import version
from itertools import islice
from typing import assert_never

from selftranslate import languages
from selftranslate.engines import Completion, Engine
from selftranslate.example import Example, Pair, Span
from selftranslate.languages import Language
from selftranslate.progress import Advance, Progress, Silent
from selftranslate.tasks import Copy, Project, Task, Translate
from selftranslate.translate import marks, pieces, plan, prompt
from selftranslate.translate.asking import Asker
from selftranslate.translate.memory import Memory
from selftranslate.translate.pieces import Piece, Plan, Written

BLOCK = 2048
"""Rows that are held at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Translator:
    """An engine, the parallel examples it learns from, and the two languages."""

    engine: Engine
    task: Task
    source: Language
    target: Language
    shots: Sequence[Pair]
    progress: Progress = field(default_factory=Silent)
    memory: Memory | None = None
    """What was translated before; None keeps nothing beyond one call."""
    length_limit: float | None = None
    """The limit of the filter `length_ratio`, if it will be applied: an answer that it would drop
    is not waited for. It never changes which pairs are kept."""

    def translate(
        self, examples: Iterable[Example], among: Iterable[Example] | None = None
    ) -> Iterator[Pair]:
        """Yield one pair per example, in order; field by field inside (4.4).

        The examples are read several times: a list, or anything whose `__iter__` starts anew.
        Where they are only some of all, `among` is all: some are then translated as among all.
        What the engine has answered is in the memory whenever a pair is yielded or an exception
        goes through. Raises DataError if a shot does not suit, EngineError if the engine leaves
        a text out, DiskError if the memory cannot be written.
        """
        if isinstance(examples, Iterator):
            msg = "examples are read several times: give a list, or an iterable that starts anew"
            raise TypeError(msg)
        return self._translate(examples, among)

    def _translate(
        self, examples: Iterable[Example], among: Iterable[Example] | None
    ) -> Iterator[Pair]:
        with _memory(self) as memory:
            fields = survey(self, examples if among is None else among, memory)
            asker = Asker(self.engine, memory)
            label = f"translate into {self.target.name}"
            left = sum(one.texts - one.known for one in fields.values())
            if among is not None:  # how many of these are known nobody counted
                left = min(left, len(fields) * sum(1 for _ in examples))
            with self.progress.stage(label, left, "texts") as advance:
                rows = iter(examples)
                while block := list(islice(rows, BLOCK)):
                    columns = {
                        name: self._column(one, block, asker, advance)
                        for name, one in fields.items()
                    }
                    for i, row in enumerate(block):
                        yield _pair(
                            self, row, {name: column[i] for name, column in columns.items()}
                        )

    def _column(
        self, planned: plan.Field, rows: Sequence[Example], asker: Asker, advance: Advance
    ) -> list[Written]:
        plans = [
            pieces.plan(row, planned.name, planned.how, planned.answers, self.source)
            for row in rows
        ]
        answers = _answers(asker, planned, plans, advance)
        joiner = self.target.sentence_joiner
        provenance = cache(planned.provenance)
        return [pieces.assemble(one, answers, joiner, provenance(one.marked)) for one in plans]


def translate_field(translator: Translator, field: str, texts: Sequence[str]) -> list[Completion]:
    """Translate texts as if they were this field of examples, each whole and unmarked (A.4).

    An empty text is its own translation. No answer is too long to be measured.
    """
    how = _translated(translator.task, field)
    translator = replace(translator, length_limit=None)
    plans = [pieces.whole(text) for text in texts]
    with _memory(translator) as memory:
        planned = _whole(translator, field, how, plans, memory)
        label = f"translate {field} into {translator.target.name}"
        with translator.progress.stage(label, planned.texts - planned.known, "texts") as advance:
            answers = _answers(Asker(translator.engine, memory), planned, plans, advance)
    return [
        replace(answers[one.pieces[0]], index=i)
        if one.pieces
        else Completion(index=i, text=one.text, ended="fence")
        for i, one in enumerate(plans)
    ]


def survey_field(
    translator: Translator, field: str, texts: Sequence[str], memory: Memory
) -> plan.Field:
    """Decide how `translate_field` would send these texts, and send none."""
    translator = replace(translator, length_limit=None)
    plans = [pieces.whole(text) for text in texts]
    return _whole(translator, field, _translated(translator.task, field), plans, memory)


def spec(translator: Translator) -> Mapping[str, object]:
    """Say what decides the translator's output beside examples and shots, for the cache key."""
    treated = {
        name: {"how": type(how).__name__, **asdict(how)}
        for name, how in translator.task.fields.items()
    }
    by_sentence = any(how.get("by_sentence") for how in treated.values())
    letters = languages.letters(translator.source, translator.target)
    return {
        **({"letters": letters} if letters else {}),  # with the limit, how long is too long
        "engine": translator.engine.identity,
        "context_length": translator.engine.context_length,  # decides how many shots fit
        "prompt": prompt.VERSION,
        "languages": [translator.source.code, translator.target.code],
        "task": translator.task.name,
        "fields": treated,
        "length_limit": translator.length_limit,  # decides how much of a lost answer there is
        "sentences": [version("sentencex"), translator.target.sentence_joiner]
        if by_sentence
        else None,
    }


def survey(
    translator: Translator, examples: Iterable[Example], memory: Memory
) -> dict[str, plan.Field]:
    """Read all rows, then decide how each field is sent; send nothing (4.4)."""
    task = translator.task
    surveys = {
        name: plan.Survey(name, how, marks.projected(task, name))
        for name, how in task.fields.items()
        if isinstance(how, Translate)
    }

    def planned(name: str, row: Example) -> Plan:
        survey = surveys[name]
        return pieces.plan(row, name, survey.how, survey.answers, translator.source)

    for row in examples:
        for name, survey in surveys.items():
            survey.add(planned(name, row))
    return {
        name: plan.decide(
            translator, survey, partial(map, partial(planned, name), examples), memory
        )
        for name, survey in surveys.items()
    }


def _whole(
    translator: Translator, field: str, how: Translate, plans: Sequence[Plan], memory: Memory
) -> plan.Field:
    """Decide how whole texts are sent as one field."""
    found = plan.Survey(field, how, ())
    for one in plans:
        found.add(one)
    return plan.decide(translator, found, lambda: iter(plans), memory)


def _translated(task: Task, field: str) -> Translate:
    """Return how a field is translated. Raises TypeError if it is not."""
    how = task.fields[field]
    if not isinstance(how, Translate):
        msg = f"{task.name}: {field} is not translated"
        raise TypeError(msg)
    return how


def _answers(
    asker: Asker, planned: plan.Field, plans: Iterable[Plan], advance: Advance
) -> dict[Piece, Completion]:
    """Answer every distinct piece; the marked ones and the others each with shots like them."""
    sent = dict.fromkeys(piece for one in plans for piece in one.pieces)
    return {
        Piece(text, marked): completion
        for marked, group in planned.groups.items()
        for text, completion in asker.answers(
            group, (piece.text for piece in sent if piece.marked == marked), advance
        ).items()
    }


@contextmanager
def _memory(translator: Translator) -> Iterator[Memory]:
    """Use the translator's memory, else one for as long as this is open."""
    if translator.memory is not None:
        yield translator.memory
        return
    with Memory(None) as memory:
        yield memory


def _pair(translator: Translator, row: Example, written: Mapping[str, Written]) -> Pair:
    """Put the target example together; a field whose marks were lost is "" and said to be so.

    A field that is "" and has no span in the source is not there in the target either.
    """
    fields: dict[str, str] = {}
    spans: dict[str, Span] = {}
    unmarked: list[str] = []
    for name, how in translator.task.fields.items():
        match how:
            case Translate():
                fields[name] = written[name].text
            case Copy():
                fields[name] = row.fields[name]
            case Project(inside=inside):
                text, span = written[inside].text, written[inside].spans.get(name)
                fields[name] = text[span[0] : span[1]] if span else ""
                if span:
                    spans[name] = span
                elif name in row.spans or row.fields.get(name, name):
                    unmarked.append(name)
            case _:
                assert_never(how)
    return Pair(
        source=row,
        target=Example(id=row.id, language=translator.target.code, fields=fields, spans=spans),
        ended={name: one.ended for name, one in written.items()},
        log_probability={
            name: one.log_probability
            for name, one in written.items()
            if one.log_probability is not None
        },
        unmarked=tuple(unmarked),
        provenance={
            name: one.provenance for name, one in written.items() if one.provenance is not None
        },
    )
