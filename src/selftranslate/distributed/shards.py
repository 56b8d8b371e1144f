"""Distinct texts in shards: cut for workers, answered by one, read back as if asked here (4.4).

A shard is a content-keyed artifact; so are its completions. Inside a shard every answer is kept
as it comes: a worker that takes over from a killed one asks only what is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from selftranslate import languages
from selftranslate.engines import Completion, Engine, Request
from selftranslate.errors import DiskError, EngineError
from selftranslate.example import Ended, Record
from selftranslate.store import Artifact, Store, unfinished, write
from selftranslate.translate.asking import Asker
from selftranslate.translate.memory import Asked, Effort, Limits, Memory
from selftranslate.translate.numbers import Numbers
from selftranslate.translate.pieces import Plan
from selftranslate.translate.plan import Field, Group, Plans
from selftranslate.translate.schema import digest

SIZE = 1024
"""Texts of a shard: minutes of work for a large model, and names enough for a million."""

ALL = """
SELECT text, max_new_tokens, most_characters, completion, ended, log_probability, tokens
FROM completions ORDER BY digest, max_new_tokens, most_characters
"""

UNTIMED = Effort(0.0, 1)
"""How long an answer took differs from run to run; completions are the same bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header(Record):
    """What the texts of a shard have in common."""

    asked: Asked
    prefix: str
    max_new_tokens: int
    limit: float | None
    names: Sequence[str]

    def group(self, texts: Iterable[Text]) -> Group:
        """Rebuild the group of these texts."""
        return Group(
            asked=Asked(*self.asked),
            prefix=self.prefix,
            source=languages.get(Asked(*self.asked).source),
            target=languages.get(Asked(*self.asked).target),
            max_new_tokens=self.max_new_tokens,
            longest={digest(text.text): text.longest for text in texts},
            limit=self.limit,
            names=self.names,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(Record):
    """A text to translate, and the length of the longest field that it stands in."""

    text: str
    longest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Record):
    """What the engine wrote for a text under these limits; "error" after its last attempt."""

    text: str
    limits: Limits
    completion: str
    ended: Ended
    log_probability: float | None
    tokens: int


@dataclass(frozen=True, slots=True)
class Shard:
    """Names of the texts and of what they have in common, and how many they are."""

    header: str
    texts: str
    count: int


def cut(store: Store, planned: Field, plans: Plans) -> Iterator[Shard]:
    """Put every distinct text of a field into shards, in the order of the rows."""
    for marked, group in planned.groups.items():
        header = store.keep("shard-header", [_header(group)])
        texts = _distinct(group, marked, plans())
        while block := list(islice(texts, SIZE)):
            yield Shard(header.key, store.keep("shard", block).key, len(block))


def known(memory: Memory, header: Artifact, shard: Artifact) -> Iterator[Answer]:
    """Yield what a memory holds of a shard's texts."""
    (common,) = header.read(Header)
    group = common.group(shard.read(Text))
    for each in shard.read(Text):
        limits = group.limits(each.text)
        if completion := memory.find(group.asked, each.text, limits):
            yield _answer(each.text, limits, completion)


def complete(
    store: Store, engine: Engine, header: Artifact, shard: Artifact, before: Artifact | None = None
) -> Artifact:
    """Answer a shard's texts, but for those that were answered `before`."""

    def work(folder: Path) -> None:
        (common,) = header.read(Header)
        kept = unfinished(folder)
        kept.mkdir(exist_ok=True)
        with _kept(kept / "memory.sqlite") as memory:
            if before:
                recall(memory, header, before)
            asker = Asker(engine, memory)
            texts = (each.text for each in shard.read(Text))
            asker.answers(common.group(shard.read(Text)), texts, lambda count: None)
            write(_answers(memory, asker), folder)

    spec = {"engine": engine.identity, "context_length": engine.context_length}
    return store.make("completions", spec, [header, shard], work)


@dataclass(frozen=True, slots=True)
class Recalled:
    """An engine whose answers were given elsewhere: all are in the memory, or failed."""

    engine: Engine
    failed: Set[str]
    """The prompts that failed, with their shots."""

    @property
    def identity(self) -> str:
        """The engine's own."""
        return self.engine.identity

    @property
    def context_length(self) -> int:
        """The engine's own."""
        return self.engine.context_length

    def count_tokens(self, text: str) -> int:
        """Ask the engine's tokenizer."""
        return self.engine.count_tokens(text)

    def generate(self, request: Request) -> Iterator[Completion]:
        """Yield the failures again. Raises EngineError for a text that nobody answered."""
        for index, text in enumerate(request.texts):
            if f"{request.prefix}{text}" not in self.failed:
                msg = f"{self.identity}: no worker answered {text[-60:]!r}; run it again"
                raise EngineError(msg)
            yield Completion(index=index, text="", ended="error")


def recall(memory: Memory, header: Artifact, completions: Artifact) -> set[str]:
    """Put a shard's answers into a memory; return the prompts of those that failed."""
    (common,) = header.read(Header)
    group = common.group(())
    failed: set[str] = set()
    for answer in completions.read(Answer):
        if answer.ended == "error":
            (prompt,) = group.request([answer.text], [Limits(1)]).texts
            failed.add(f"{common.prefix}{prompt}")
            continue
        completion = Completion(
            index=0,
            text=answer.completion,
            ended=answer.ended,
            log_probability=answer.log_probability,
            tokens=answer.tokens,
        )
        memory.add(group.asked, answer.text, Limits(*answer.limits), completion, UNTIMED)
    memory.commit()
    return failed


def _header(group: Group) -> Header:
    return Header(
        asked=group.asked,
        prefix=group.prefix,
        max_new_tokens=group.max_new_tokens,
        limit=group.limit,
        names=tuple(group.names),
    )


def _distinct(group: Group, marked: bool, plans: Iterable[Plan]) -> Iterator[Text]:
    """Yield each text of a group once, where it stands first."""
    met = Numbers()
    texts = (
        (digest(piece.text), piece.text)
        for plan in plans
        for piece in plan.pieces
        if piece.marked == marked
    )
    while block := dict(islice(texts, SIZE)):
        new = met.raise_to(dict.fromkeys(block, 0))
        for key, text in block.items():
            if key in new:
                yield Text(text=text, longest=group.longest[key])


@contextmanager
def _kept(path: Path) -> Iterator[Memory]:
    """Open what a killed worker left; what cannot be used is begun anew."""
    try:
        memory = Memory(path)
    except DiskError:
        for left in path.parent.glob(f"{path.name}*"):
            left.unlink()
        memory = Memory(path)
    with memory:
        yield memory


def _answers(memory: Memory, asker: Asker) -> Iterator[Answer]:
    """Yield what the memory of one shard holds, and what failed, in an order of their own."""
    memory.commit()
    for text, most, characters, written, ended, log_probability, tokens in memory.rows(ALL):
        completion = Completion(
            index=0, text=written, ended=ended, log_probability=log_probability, tokens=tokens
        )
        yield _answer(text, Limits(most, characters), completion)
    for (_, text), failure in sorted(asker.failed.items(), key=lambda item: item[0]):
        yield _answer(text, Limits(0), failure)


def _answer(text: str, limits: Limits, completion: Completion) -> Answer:
    return Answer(
        text=text,
        limits=limits,
        completion=completion.text,
        ended=completion.ended,
        log_probability=completion.log_probability,
        tokens=completion.tokens,
    )
