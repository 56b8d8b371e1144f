"""A training row as the trainer cuts it: which tokens are learned, or why the row is not (4.5)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from selftranslate import model as models
from selftranslate.errors import RecipeError
from selftranslate.example import Record, Sample
from selftranslate.finetuning.rows import IGNORED, tokenise
from selftranslate.index import Ran
from selftranslate.showing import Place, pick, tokens
from selftranslate.showing.tokens import Token

State = Literal["trained", "too long", "empty", "unknown"]
"""A row that is too long is left out, never cut; so is one without prompt or completion. "unknown"
where the tokenizer is not here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mask(Record):
    """One training row."""

    id: str
    setting: str
    languages: str
    """Of input and output, "en>de"."""
    prompt: str
    completion: str
    state: State
    longest: int | None
    """The most tokens of a row; None if it is not known."""
    tokens: tuple[Token, ...]
    left_out: bool
    """Whether the run itself left out a row of this id."""


def find(place: Place, wanted: str, setting: str | None = None) -> list[Mask]:
    """Return a setting's rows of an id, or its n-th row; the first that trains unless it is named.

    Raises DataError if there is no such row, RecipeError if the setting trains on nothing.
    """
    trained = [ran for ran in place.runs(setting) if ran.samples and ran.trained]
    if not trained:
        msg = f"{setting or 'every setting'}: is only asked, and trained on nothing"
        raise RecipeError(msg)
    ran = trained[0]
    artifact = place.archive.get("mix", ran.samples or "")
    samples = pick(artifact.read(Sample), lambda one: one.id, wanted, str(artifact.path))
    left_out = place.archive.get("train", ran.trained or "").json("training.json")["left_out"]
    read, longest = tokens.load(place.recipe.model), _longest(place)
    return [_mask(sample, ran, read, longest, sample.id in left_out) for sample in samples]


def _mask(sample: Sample, ran: Ran, read: Any, longest: int | None, left_out: bool) -> Mask:
    """Have the trainer cut one row; write beside each of its ids what it stands for."""
    made = Mask(
        id=sample.id,
        setting=ran.setting,
        languages=sample.languages,
        prompt=sample.prompt,
        completion=sample.completion,
        state="unknown",
        longest=longest,
        tokens=(),
        left_out=left_out,
    )
    if read is None:
        return made
    rows = tokenise([sample], read, longest)
    if rows.empty:
        return replace(made, state="empty")
    # A row that is too long is shown as it would be.
    row = (rows.kept or tokenise([sample], read, None).kept)[0]
    before, after = tokens.asked(read, sample.prompt, sample.completion)
    cut = [*before, *after, *tokens.special(read, row["input_ids"][-1:])]
    shown = tuple(
        Token(id_, token.text, label != IGNORED)
        for token, id_, label in zip(cut, row["input_ids"], row["labels"], strict=True)
    )
    return replace(made, state="too long" if rows.too_long else "trained", tokens=shown)


def _longest(place: Place) -> int | None:
    """Return the most tokens of a row that is trained on."""
    most: int | None = place.recipe.training.params.get("max_length")
    path = tokens.at_hand(place.recipe.model)
    return most or (models.context_length(str(path)) if path else None)
