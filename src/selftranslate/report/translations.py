"""What became of one language's translations: counted over all of them, and a sample to read."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from selftranslate import languages, plugins
from selftranslate.archive import Archive
from selftranslate.example import Pair
from selftranslate.filters import Dropped
from selftranslate.index import Column, Index
from selftranslate.report.sampled import Sample, rank, rows, shares
from selftranslate.store import Artifact

KEPT, DROPPED = "rows.jsonl", "dropped.jsonl"
BINS = 16
"""Of the histogram, on each side of equal length; the cut is in the middle of a side."""
UNCUT = 3.0
"""The scale of the histogram where no filter cuts."""


@dataclass(frozen=True, slots=True)
class Row:
    """A pair to show, and why it was dropped, if it was."""

    pair: Pair
    reason: str = ""
    """"complete: answer ended by length"; "" if the pair was kept."""

    @property
    def verdict(self) -> str:
        """What became of it, in a word."""
        return "dropped" if self.reason else "unverified" if self.pair.unverified else "kept"


@dataclass(frozen=True, slots=True)
class Ratios:
    """How long translations are against their sources, counted in English letters (A.3)."""

    limit: float | None
    """Where the filter cuts; None if there is none."""
    kept: tuple[int, ...]
    dropped: tuple[int, ...]
    """Texts in each bin, the bins as wide on a logarithmic scale; the outer ones hold the rest."""

    @property
    def scale(self) -> float:
        """How often longer the middle of a side is."""
        return self.limit or UNCUT

    def edge(self, index: float) -> float:
        """Return the ratio at which a bin begins."""
        return float(self.scale ** (2 * index / BINS - 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Translations:
    """One language's."""

    rows: tuple[Row, ...]
    """A sample, kept and dropped mixed."""
    kept: int
    dropped: int
    """How many there are of both."""
    endings: Mapping[str, int]
    """Why generations ended -> how many texts or sentences did so."""
    ratios: Ratios
    files: tuple[str, str]
    """Where all kept and all dropped pairs lie in the store."""


@dataclass(slots=True)
class _Counted:
    limit: float | None
    endings: Counter[str] = field(default_factory=Counter)
    bins: dict[bool, list[int]] = field(
        default_factory=lambda: {True: [0] * 2 * BINS, False: [0] * 2 * BINS}
    )

    def add(self, pair: Pair, kept: bool) -> None:
        scale = self.limit or UNCUT
        for name, endings in pair.ended.items():
            self.endings.update(endings)
            ratio = length_ratio(pair, name)
            if ratio is not None:
                place = BINS * (1 + math.log(ratio, scale) / 2) if ratio else 0
                self.bins[kept][min(max(math.floor(place), 0), 2 * BINS - 1)] += 1


def read(archive: Archive, made_of: Index, column: Column) -> Translations:
    """Read every pair of a language once. Raises DataError if they are not there."""
    artifact = archive.get("filter", column.filtered)
    counted = _Counted(cut(made_of))
    kept: Sample[Row] = Sample()
    dropped: dict[str, Sample[Row]] = {}
    for row in _rows(artifact):
        counted.add(row.pair, not row.reason)
        sample = dropped.setdefault(row.reason, Sample()) if row.reason else kept
        sample.add(row.pair.source.id, row)
    lost = sum(sample.seen for sample in dropped.values())
    good, bad = shares(kept.seen, lost, rows(len(made_of.columns)))
    drawn = [*kept.rows(good), *_evenly(dropped, bad)]
    return Translations(
        rows=tuple(sorted(drawn, key=lambda row: rank(row.pair.source.id))),
        kept=kept.seen,
        dropped=lost,
        endings=dict(counted.endings.most_common()),
        ratios=Ratios(counted.limit, tuple(counted.bins[True]), tuple(counted.bins[False])),
        files=(f"filter/{artifact.key}/{KEPT}", f"filter/{artifact.key}/{DROPPED}"),
    )


def cut(made_of: Index) -> float | None:
    """Return where the filter of length ratios cuts; None if the recipe has none (A.3)."""
    for wanted in made_of.recipe["filters"]:
        if wanted["name"] == "length_ratio":
            params = {key: value for key, value in wanted.items() if key != "name"}
            return float(plugins.parameter("filters", "length_ratio", params, "limit"))
    return None


def length_ratio(pair: Pair, name: str) -> float | None:
    """Return how often longer a field's translation is, in English letters; None if unknown."""
    before, after = (
        len(one.fields[name]) * languages.get(one.language).letters_per_character
        for one in (pair.source, pair.target)
    )
    return after / before if before else None


def _rows(artifact: Artifact) -> Iterator[Row]:
    for pair in artifact.read(Pair):
        yield Row(pair)
    for lost in artifact.read(Dropped, DROPPED):
        yield Row(lost.pair, lost.reason)


def _evenly(samples: Mapping[str, Sample[Row]], most: int) -> list[Row]:
    """Draw as many rows of each reason as of the others, as far as they go."""
    drawn = [sample.rows() for sample in samples.values()]
    turns = (rows[turn] for turn in range(most) for rows in drawn if turn < len(rows))
    return [row for row, _ in zip(turns, range(most), strict=False)]
