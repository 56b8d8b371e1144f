"""What the page shows beyond the tables, out of the store's artifacts.

A store may have lost some of it: whoever is short of disk removes trained adapters. What cannot
be read is named in the page, and the rest is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from selftranslate.archive import Archive
from selftranslate.elsewhere import named
from selftranslate.errors import DataError
from selftranslate.index import Column, Ran
from selftranslate.report import Result, answers, sampled, table, translations
from selftranslate.report.answers import Answers
from selftranslate.report.provenance import Provenance, trace
from selftranslate.report.translations import Translations
from selftranslate.store import Artifact

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Curve:
    """The loss of every step of one run."""

    setting: str
    run: str
    losses: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that was found; the keys are those of the result's columns."""

    translations: Mapping[str, Translations] = field(default_factory=dict)
    answers: Mapping[str, Answers] = field(default_factory=dict)
    curves: Mapping[str, tuple[Curve, ...]] = field(default_factory=dict)
    tokens: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Tokens per character of the test texts: of the source language's, of the target's."""
    counts_bytes: bool = False
    """Whether a token is a byte here: the tokenizer's own way, or it is not known."""
    provenance: Provenance | None = None
    missing: tuple[str, ...] = ()
    """What could not be read, and why."""


@dataclass(frozen=True, slots=True)
class _Reader:
    archive: Archive
    missing: list[str]

    def try_(self, read: Callable[[], T]) -> T | None:
        """Read something, or write down what is missing; without the store's own place."""
        try:
            return read()
        except (DataError, OSError, ValueError, KeyError, TypeError) as error:
            said = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) else error
            self.missing.append(str(said).replace(f"{named(self.archive.root)}/", ""))
            return None


def gather(archive: Archive, made: Artifact, result: Result, store: str) -> Evidence:
    """Read everything that is there; `store` is the way from the page to the store."""
    made_of = archive.index(made)
    reader = _Reader(archive, [])
    most = sampled.rows(len(made_of.columns))
    own = [column for column in made_of.columns if column.translates]
    read = {
        column.code: reader.try_(lambda c=column: translations.read(archive, made_of, c))  # type: ignore[misc]
        for column in own
    }
    said = {
        column.code: reader.try_(
            lambda c=column: answers.read(archive, c, result.languages[c.code], most)  # type: ignore[misc]
        )
        for column in made_of.columns
    }
    counted = {column.code: reader.try_(lambda c=column: _tokens(archive, c)) for column in own}  # type: ignore[misc]
    return Evidence(
        translations={code: one for code, one in read.items() if one},
        answers={code: one for code, one in said.items() if one and one.questions},
        curves={column.code: _curves(reader, column) for column in own},
        tokens={code: (one[0], one[1]) for code, one in counted.items() if one},
        counts_bytes=any(one[2] for one in counted.values() if one),
        provenance=trace(archive, made, made_of, store),
        missing=tuple(dict.fromkeys(reader.missing)),
    )


def _curves(reader: _Reader, column: Column) -> tuple[Curve, ...]:
    made = []
    for ran in column.runs:
        losses = reader.try_(lambda r=ran: _losses(reader.archive, r))  # type: ignore[misc]
        if ran.run is not None and losses:
            made.append(Curve(ran.setting, table.named(ran.run), losses))
    return tuple(made)


def _losses(archive: Archive, ran: Ran) -> tuple[float, ...]:
    if ran.trained is None:
        return ()
    return tuple(archive.get("train", ran.trained).json("training.json").get("losses", ()))


def _tokens(archive: Archive, column: Column) -> tuple[float, float, bool] | None:
    """Read how many tokens a character costs, where that was counted."""
    path = archive.get("quality", column.quality)
    if not (path.path / "tokens.json").is_file():
        return None
    counted = path.json("tokens.json")
    each = [counted[side]["tokens"] / counted[side]["characters"] for side in ("source", "target")]
    same = all(counted[side]["tokens"] == counted[side]["bytes"] for side in ("source", "target"))
    return each[0], each[1], same
