"""What the model saw when it translated a row, byte for byte, and what it answered (4.4).

The shots that were shown are found again by the hash that the run left beside each translation:
what is shown has that hash, so it is what was sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from typing import Any

from selftranslate import languages
from selftranslate.errors import DataError, DiskError, RecipeError, unknown
from selftranslate.example import Pair, Provenance, Record
from selftranslate.languages import Language
from selftranslate.showing import Place, pick
from selftranslate.store import Artifact
from selftranslate.tasks import Translate
from selftranslate.translate import fence, marks, memory, pieces, plan, prompt, shots
from selftranslate.translate.memory import Asked
from selftranslate.translate.prompt import Shot
from selftranslate.translate.schema import digest

FEW = 12
"""Of up to so many shots every selection is tried; of more, those without the longest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt(Record):
    """What was sent for one piece of a field: a text, or a sentence of it."""

    id: str
    field: str
    prefix: str
    """The shots."""
    text: str
    """The piece, and the open fence of its translation."""
    prefix_hash: str
    """As it stands in the translation's provenance."""
    shots: int
    """How many of the shots were shown; the others left no room."""
    of_shots: int
    fence: str
    engine: str
    answer: str | None = None
    """What the model went on with; None if the translation memory has it no more."""
    ended: str | None = None
    tokens: int | None = None
    """Of the answer."""

    @property
    def whole(self) -> str:
        """All of it, after the beginning-of-sequence token if the model has one."""
        return self.prefix + self.text


def find(place: Place, wanted: str, field: str | None = None) -> list[Prompt]:
    """Return the prompts of a row's field, the first translated one unless it is named.

    Raises DataError if there is no such row, or its prompt cannot be what is in the store;
    RecipeError if the field is not translated.
    """
    task, index = place.task, place.index
    field = field or index.fields[0]
    how = task.fields.get(field)
    if not isinstance(how, Translate):
        raise RecipeError(unknown("translated field", field, index.fields))
    artifact = place.archive.get("translate", place.column.translated)
    pair = pick(artifact.read(Pair), lambda one: one.source.id, wanted, str(artifact.path))[0]
    source, target = _languages(place)
    planned = pieces.plan(pair.source, field, how, marks.projected(task, field), source)
    wrote = _provenance(pair, field, len(planned.pieces), artifact)
    shown = _shown(place, field, wrote, sorted({piece.marked for piece in planned.pieces}))
    made = []
    with memory.look(place.archive.root) as kept:
        for piece in planned.pieces:
            some, sign, hash_ = shown[piece.marked]
            answer = _answer(
                kept, Asked(wrote.engine, hash_, sign, source.code, target.code), piece.text
            )
            one = Prompt(
                id=pair.source.id,
                field=field,
                prefix=prompt.prefix(some, source, target, sign),
                text=prompt.text(piece.text, source, target, sign),
                prefix_hash=hash_,
                shots=len(some),
                of_shots=place.recipe.shots,
                fence=sign,
                engine=wrote.engine,
            )
            made.append(replace(one, **answer))
    return made


def _provenance(pair: Pair, field: str, count: int, artifact: Artifact) -> Provenance:
    """Say who wrote a field. Raises DataError if nobody did, or not in so many pieces."""
    wrote = pair.provenance.get(field)
    if wrote is None:
        msg = f"{artifact.path}: {pair.source.id}: {field}: empty, so nothing was sent for it"
        raise DataError(msg)
    if count != len(pair.ended[field]):
        msg = (
            f"{artifact.path}: {pair.source.id}: {field}: {len(pair.ended[field])} sentences were "
            f"sent, here it has {count}: install the run's version of sentencex"
        )
        raise DataError(msg)
    return wrote


def _shown(
    place: Place, field: str, wrote: Provenance, groups: Sequence[bool]
) -> Mapping[bool, tuple[Sequence[Shot], str, str]]:
    """Return the shots, the fence and their hash, for pieces with the answer's marks or without."""
    source, target = _languages(place)
    artifact = place.archive.get("shots", place.column.shots)
    found = {}
    for marked, hash_ in zip(groups, wrote.prefixes, strict=True):
        pairs = [
            shots.shown(place.task, field, pair, source, target, marked=marked)
            for pair in artifact.read(Pair)
        ]
        for some, sign in product(_selections(pairs), fence.FENCES):
            if plan.hash_of(prompt.prefix(some, source, target, sign)) == hash_:
                found[marked] = (some, sign, hash_)
                break
        else:
            msg = (
                f"{artifact.path}: no selection of these shots has the hash {hash_} that the "
                f"translations of {field} name; they come from another version or were changed"
            )
            raise DataError(msg)
    return found


def _selections(pairs: Sequence[Shot]) -> Iterator[Sequence[Shot]]:
    """Yield what may have been shown, the most shots first (see `shots.fit`)."""
    for count in range(len(pairs), 0, -1):
        if len(pairs) <= FEW:
            yield from combinations(pairs, count)
        else:
            shortest = sorted(range(len(pairs)), key=lambda at: len("".join(pairs[at])))[:count]
            yield [pairs[at] for at in sorted(shortest)]


def _answer(kept: memory.Memory, asked: Asked, text: str) -> dict[str, Any]:
    """Return what the model wrote, the last time it was asked; {} if that is not known."""
    query = "SELECT completion, ended, tokens FROM completions WHERE asked = ? AND digest = ?"
    values = (asked.id, digest(text), text)
    try:
        rows = list(kept.rows(f"{query} AND text = ? ORDER BY written", values))
    except DiskError:
        return {}
    return dict(zip(("answer", "ended", "tokens"), rows[-1], strict=True)) if rows else {}


def _languages(place: Place) -> tuple[Language, Language]:
    return languages.get(place.recipe.source), languages.get(place.column.trained_for)
