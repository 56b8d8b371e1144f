"""Plan a field before its first text is sent: distinct texts, the fence, shots that fit (4.4).

Planning reads all rows and keeps what it must know of each distinct text, never the text, and that
in a temporary file: its digest and the length of the longest field it stands in.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING

from selftranslate.engines import Completion, Engine, Request
from selftranslate.errors import DataError
from selftranslate.example import Provenance
from selftranslate.languages import Language
from selftranslate.tasks import Translate
from selftranslate.translate import fence, marks, prompt, shots
from selftranslate.translate.memory import Asked, Limits, Memory, is_text
from selftranslate.translate.numbers import Numbers
from selftranslate.translate.pieces import Plan
from selftranslate.translate.prompt import Shot
from selftranslate.translate.schema import digest
from selftranslate.translate.texts import LATELY, Texts, size

if TYPE_CHECKING:
    from selftranslate.translate import Translator

Plans = Callable[[], Iterator[Plan]]
"""Reads a field's plans, row by row, anew at each call."""

TORN = 4
"""Characters that an engine may take from the end of a cut text, as half of one."""


class Survey:
    """One field of all rows, read once: what there is, before anything is decided."""

    def __init__(self, name: str, how: Translate, answers: Sequence[str]) -> None:
        self.name = name
        self.how = how
        self.answers = answers
        self.lost = 0
        self.texts = {True: Texts(), False: Texts()}

    def add(self, plan: Plan) -> None:
        """Count one row's field."""
        self.lost += plan.lost
        for piece in plan.pieces:
            self.texts[piece.marked].add(piece.text, len(plan.text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Texts of a field that have the same shots: those with the answer's marks, or the others."""

    asked: Asked
    prefix: str
    source: Language
    target: Language
    max_new_tokens: int
    longest: Mapping[int, int]
    limit: float | None
    names: Sequence[str]
    """The marks that an answer may have."""

    @property
    def slack(self) -> int:
        """Return how many characters of an answer may be marks, and so do not count."""
        return 2 * marks.width(self.names)

    def request(self, texts: Sequence[str], limits: Sequence[Limits]) -> Request:
        """Write the prompts of texts that all have a limit of characters, or all have none."""
        sign, most = self.asked.fence, [each.most_characters for each in limits]
        return Request(
            texts=[prompt.text(text, self.source, self.target, sign) for text in texts],
            max_new_tokens=self.max_new_tokens,
            prefix=self.prefix,
            fence=sign,
            most_characters=most if all(most) else None,
        )

    def limits(self, text: str) -> Limits:
        """Say how long an answer to the text is worth waiting for.

        Raises DataError for a text that was not there when the field was planned.
        """
        try:
            return self.limits_of(digest(text))
        except KeyError:
            msg = f"the rows changed while they were translated: {text[:60]!r} is new; run it again"
            raise DataError(msg) from None

    def all_limits(self, texts: Iterable[str]) -> dict[str, Limits]:
        """Say what `limits` says of texts; of a thousand at once it is several times faster."""
        keys = {text: digest(text) for text in texts}
        known = self.longest
        if isinstance(known, Numbers):
            known = known.some(keys.values())
        made = {length: self._limits(length) for length in set(known.values())}
        return {
            text: made[known[key]] if key in known else self.limits(text)  # which says why not
            for text, key in keys.items()
        }

    def limits_of(self, key: int) -> Limits:
        """Say the same of a text's digest."""
        return self._limits(self.longest[key])

    def _limits(self, length: int) -> Limits:
        """Say the same of a text that stands in a field of this length."""
        kept = self._kept(length)
        return Limits(self.max_new_tokens, 0 if kept is None else kept + 1 + self.slack)

    def doubtful(self, text: str, completion: Completion) -> bool:
        """Say whether an answer was stopped for its length and might yet have been kept.

        Marks are taken out of an answer and spaces off its ends, so that its text is shorter.
        """
        if completion.ended != "length" or self.limit is None:
            return False
        kept = self._kept(self.longest[digest(text)])
        assert kept is not None
        written = completion.text
        if len(written) + TORN <= kept + 1 + self.slack:
            return False  # stopped at the limit of tokens
        if self.slack:  # the last mark may be cut in two
            written, _ = marks.extract(written[: -marks.width(self.names)], self.names)
        return len(written.strip()) <= kept

    def _kept(self, length: int) -> int | None:
        """Return the most characters of target text that the filter would let through (A.3)."""
        if self.limit is None:
            return None
        return longest_kept(length, self.source, self.target, self.limit)


@dataclass(frozen=True, slots=True)
class Field:
    """How one field of all rows is translated."""

    name: str
    how: Translate
    answers: Sequence[str]
    """The fields that are read off its marks."""
    groups: Mapping[bool, Group]
    """By whether the texts have the answer's marks."""
    surveyed: Mapping[bool, Texts]
    """What is known of the texts, in the same way."""
    texts: int
    """Distinct texts."""
    known: int
    """Of these, how many the memory holds."""

    def provenance(self, marked: frozenset[bool]) -> Provenance | None:
        """Say which model and which shots wrote a field with and without marks; None if nothing."""
        used = [self.groups[each].asked for each in sorted(marked)]
        if not used:
            return None
        return Provenance(engine=used[0].engine, prefixes=tuple(one.prefix for one in used))


def longest_kept(length: int, source: Language, target: Language, limit: float) -> int:
    """Return the longest translation that the filter `length_ratio` lets through, in characters.

    >>> from selftranslate.languages import get
    >>> longest_kept(10, get("en"), get("zh"), 3.0)
    10
    """
    most = length * source.letters_per_character * limit
    each = target.letters_per_character
    kept = max(0, math.floor(most / each))
    # The filter multiplies where this divides: the last digit may differ.
    while (kept + 1) * each <= most:
        kept += 1
    while kept and kept * each > most:
        kept -= 1
    return kept


def decide(translator: Translator, survey: Survey, plans: Plans, memory: Memory) -> Field:
    """Choose the fence and the shots of a field, and say what there is to do (4.4).

    Raises DataError if a shot does not suit, or every sign that could be a fence is in a text.
    """
    name, progress = survey.name, translator.progress
    if survey.lost:
        answer = " or ".join(survey.answers)
        progress.note(
            f"{name}: {survey.lost:,} examples have no {answer} span, or <answer> in their text: "
            f"their {answer} is lost"
        )
    shown = {
        marked: [
            shots.shown(
                translator.task, name, pair, translator.source, translator.target, marked=marked
            )
            for pair in translator.shots
        ]
        for marked, texts in survey.texts.items()
        if texts
    }
    signs = survey.texts[True].signs + survey.texts[False].signs
    for text in {text for pairs in shown.values() for shot in pairs for text in shot}:
        signs.update(fence.inside(text))
    sign = fence.choose(signs, name, progress)
    groups = {
        marked: _group(translator, survey, marked, sign, pairs, plans)
        for marked, pairs in shown.items()
    }
    texts = sum(len(survey.texts[marked]) for marked in groups)
    damaged = len(memory.damaged)
    held = sum(known(memory, group) for group in groups.values())
    if found := memory.damaged[damaged:]:
        progress.say(
            f"{name}: {len(found):,} damaged entries in {memory.path}, the first of {found[0]!r}; "
            "they are not used, and their texts are sent again"
        )
    tokens = sum(
        prompt_tokens(translator.engine, survey.texts[marked], group)
        for marked, group in groups.items()
    )
    progress.say(
        f"{name}: {texts:,} texts to translate, about {tokens:,} tokens"
        + (f"; {held:,} of them are in the memory" if held else "")
    )
    return Field(name, survey.how, survey.answers, groups, survey.texts, texts, held)


def _group(
    translator: Translator,
    survey: Survey,
    marked: bool,
    sign: str,
    pairs: Sequence[Shot],
    plans: Plans,
) -> Group:
    engine, source, target = translator.engine, translator.source, translator.target
    texts = survey.texts[marked]

    def tokens_of(least: int) -> Sequence[int]:
        around = prompt.text("", source, target, sign)
        least -= size(around)
        if max(texts.sizes) < least:
            return ()
        long = (
            piece.text
            for plan in plans()
            for piece in plan.pieces
            if piece.marked == marked and size(piece.text) >= least and is_text(piece.text)
        )
        return _tokens(
            long, lambda text: engine.count_tokens(prompt.text(text, source, target, sign))
        )

    prefix = shots.fit(
        engine,
        pairs,
        lambda some: prompt.prefix(some, source, target, sign),
        shots.Load(len(texts), survey.how.max_new_tokens, tokens_of),
        f"translate {survey.name} into {target.name}",
        translator.progress,
    )
    limit = translator.length_limit
    return Group(
        asked=Asked(engine.identity, hash_of(prefix), sign, source.code, target.code),
        prefix=prefix,
        source=source,
        target=target,
        max_new_tokens=survey.how.max_new_tokens,
        longest=texts.longest,
        limit=limit if limit is not None and math.isfinite(limit) else None,
        names=marks.names(len(survey.answers)),
    )


def _tokens(texts: Iterator[str], count: Callable[[str], int]) -> Sequence[int]:
    """Count each distinct text's tokens."""
    tokens = Numbers()
    while some := list(islice(texts, LATELY)):
        tokens.raise_to({digest(text): count(text) for text in some})
    return array("q", tokens.values())


def hash_of(prefix: str) -> str:
    """Name the shots as they are written before the texts."""
    return sha256(f"{prompt.VERSION}\n{prefix}".encode("utf-8", "surrogatepass")).hexdigest()[:16]


def known(memory: Memory, group: Group) -> int:
    """Count the texts of a group that the memory holds."""
    keys, held = iter(group.longest), 0
    while some := list(islice(keys, LATELY)):
        held += len(
            {
                found.key
                for found in memory.entries(group.asked, some)
                if group.limits_of(found.key).hold(found.completion, found.under)
            }
        )
    return held


def prompt_tokens(engine: Engine, texts: Texts, group: Group) -> int:
    """Estimate the prompts' tokens, beside the shots, from the first texts'."""
    sample = group.request(texts.sample, [Limits(1)] * len(texts.sample)).texts
    each = sum(map(engine.count_tokens, sample)) / max(1, sum(map(size, texts.sample)))
    return round(each * sum(each_size * count for each_size, count in texts.sizes.items()))
