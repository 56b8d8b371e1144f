"""The parallel examples a model learns to translate from: which, how shown, how many fit (4.4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from selftranslate.engines import Engine
from selftranslate.errors import DataError
from selftranslate.example import Example, Pair, Span
from selftranslate.languages import Language
from selftranslate.progress import Progress, Silent
from selftranslate.tasks import Task, Translate
from selftranslate.translate import marks, sentences
from selftranslate.translate.prompt import Shot

MAY_NOT_FIT = 0.01
"""The share of a field's texts that may be too long beside the shots before a shot is dropped."""

ANSWER_SHARE = 4
"""One over the most of the context that is kept free for an answer: models with a short context
get shots even where the paper's limit of new tokens would leave no room for any."""


def choose(
    task: Task,
    candidates: Iterable[Pair],
    count: int,
    source: Language,
    target: Language,
    progress: Progress | None = None,
) -> list[Pair]:
    """Take the first `count` candidates that can be shown in every field (4.4).

    Where a field is translated by sentence, both languages must have equally many sentences,
    and each answer in the same one. A candidate that shows a text once more comes last.
    Raises DataError if no candidate suits.
    """
    chosen: list[Pair] = []
    repeats: list[Pair] = []
    said: set[tuple[str, str]] = set()
    rows = list(candidates)
    for pair in rows:
        if len(chosen) == count:
            break
        texts = _texts(task, pair, source, target)
        if texts is None:
            continue
        (repeats if texts & said else chosen).append(pair)
        said |= texts
    different = len(chosen)
    chosen += repeats[: count - different]
    if different < count:
        msg = (
            f"{task.name}: {different} different shots for {target.name} among {len(rows):,} "
            f"candidates, {count} are wanted, {len(chosen)} taken; a shot needs as many sentences "
            "in both languages, and its answer in the same one"
        )
        if not chosen:
            raise DataError(msg)
        (progress or Silent()).note(msg)
    return chosen


def shown(
    task: Task, field: str, pair: Pair, source: Language, target: Language, *, marked: bool
) -> Shot:
    """Return what a field's prompt shows of a pair: the text, or the sentence with most answers.

    With marks for texts that have them; without for the others, lest the model invent some.
    Raises DataError if the pair's sentences do not correspond.
    """
    both = _pieces(task, field, pair, source, target)
    if both is None:
        msg = (
            f"{task.name} {pair.source.id}: cannot be a {source.code}-{target.code} shot: "
            f"{field} is empty, or its sentences or answers do not correspond"
        )
        raise DataError(msg)
    texts: list[str] = []
    answers = marks.projected(task, field) if marked else ()
    # Both have the source's order of marks.
    before, (first, last) = pair.source, both[0]
    spans = {f: _answer(before, field, f) for f in answers if f in before.spans}
    inside = marks.numbered({f: s for f, s in spans.items() if first <= s[0] and s[1] <= last})
    for example, (start, end) in zip((pair.source, pair.target), both, strict=True):
        here = {mark: _answer(example, field, f) for f, mark in inside.items()}
        moved = {mark: (a - start, b - start) for mark, (a, b) in here.items()}
        texts.append(marks.insert(example.fields[field][start:end], moved))
    return texts[0], texts[1]


@dataclass(frozen=True, slots=True)
class Load:
    """What has to fit beside the shots: texts, and room for an answer."""

    texts: int
    max_new_tokens: int
    tokens_of: Callable[[int], Sequence[int]]
    """tokens_of(n) counts the tokens of each text that has at least n bytes: a token is at least
    one byte, so that most texts need not be tokenised at all."""


def fit(
    engine: Engine,
    shots: Sequence[Shot],
    prefix: Callable[[Sequence[Shot]], str],
    load: Load,
    label: str,
    progress: Progress,
) -> str:
    """Return the prefix with as many shots as leave room for 99 % of the texts (4.4).

    The longest go first, the last one stays: a text that is too long even so has less room for
    its translation, or comes back from the engine as "error".
    """
    left = list(shots)
    lengths = {shot: engine.count_tokens(prefix([shot])) for shot in set(shots)}
    answer = min(load.max_new_tokens, engine.context_length // ANSWER_SHARE)
    tokens: Sequence[int] | None = None
    while True:
        made = prefix(left)
        room = engine.context_length - answer - 1 - engine.count_tokens(made)
        if tokens is None:  # the room only grows
            tokens = load.tokens_of(room)
        too_long = sum(count > room for count in tokens)
        if too_long <= MAY_NOT_FIT * load.texts or len(left) <= 1:
            break
        left.remove(max(left, key=lengths.__getitem__))
    limit = f"the context of {engine.context_length:,} tokens"
    if len(left) < len(shots):
        progress.note(f"{label}: {len(left)} of {len(shots)} shots fit {limit}")
    if too_long:
        many = f"{too_long:,} of {load.texts:,} texts"
        progress.note(f"{label}: {many} leave no {answer:,} tokens for an answer in {limit}")
    return made


def _texts(
    task: Task, pair: Pair, source: Language, target: Language
) -> set[tuple[str, str]] | None:
    """Return what prompts would show of each field, or None if one cannot be shown."""
    said: set[tuple[str, str]] = set()
    for field, how in task.fields.items():
        if isinstance(how, Translate):
            pieces = _pieces(task, field, pair, source, target)
            if pieces is None:
                return None
            said.add((field, pair.source.fields[field][slice(*pieces[0])]))
    return said


def _pieces(
    task: Task, field: str, pair: Pair, source: Language, target: Language
) -> tuple[Span, Span] | None:
    """Find what of the field can be shown in both languages, or None if they do not correspond."""
    how, answers = task.fields[field], marks.projected(task, field)
    texts = [pair.source.fields[field], pair.target.fields[field]]
    if not all(text.strip() for text in texts):
        return None
    there = [f for f in answers if f in pair.source.spans]
    if (answers and not there) or there != [f for f in answers if f in pair.target.spans]:
        return None
    if any(marks.holds_mark(text, marks.names(len(answers))) for text in texts):
        return None
    if not (isinstance(how, Translate) and how.by_sentence):
        return (0, len(texts[0])), (0, len(texts[1]))
    cut = [sentences.split(t, lang) for t, lang in zip(texts, (source, target), strict=True)]
    where, elsewhere = (
        [sentences.holding(c, _answer(e, field, f)) for f in there]
        for c, e in zip(cut, (pair.source, pair.target), strict=True)
    )
    if len(cut[0]) != len(cut[1]) or where != elsewhere or None in where:
        return None
    # The sentence with the most answers; the first of these, and of a text without any.
    held = Counter(index for index in where if index is not None)
    shown = max(sorted(held), key=held.__getitem__, default=0)
    return cut[0][shown], cut[1][shown]


def _answer(example: Example, field: str, answer: str) -> Span:
    return marks.trim(example.fields[field], example.spans[answer])
