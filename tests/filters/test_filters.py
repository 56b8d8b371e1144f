"""The paper's two filters (A.3), and how filters are applied."""

from __future__ import annotations

from typing import Any

import pytest

from selftranslate import plugins
from selftranslate.errors import PluginError
from selftranslate.example import Ended, Example, Pair
from selftranslate.filters import Drop, Dropped, sieve


def pair(target: str = "Zwei.", *, ended: Ended = "fence", code: str = "de", **more: Any) -> Pair:
    return Pair(
        source=Example(id="1", language="en", fields={"q": "x" * 30, "label": "yes"}),
        target=Example(id="1", language=code, fields={"q": target, "label": "yes"}),
        ended={"q": ("fence", ended)},
        **more,
    )


@pytest.mark.parametrize("ended", ["eos", "length", "repetition", "error"])
def test_only_the_closing_mark_is_complete(ended: Ended) -> None:
    complete = plugins.build("filters", "complete")
    assert complete(pair()) is None
    assert complete(pair(ended=ended)) == Drop("q", f"ended by {ended}")


def test_what_a_server_cannot_prove_is_kept_unless_the_recipe_says_drop() -> None:
    doubtful = pair(ended="unverified")
    assert doubtful.unverified and not pair().unverified
    assert plugins.build("filters", "complete")(doubtful) is None
    strict = plugins.build("filters", "complete", {"unverified": "drop"})
    assert strict(doubtful) == Drop("q", "unverified")
    assert strict(pair()) is None and strict(pair(ended="eos")) == Drop("q", "ended by eos")
    with pytest.raises(PluginError, match="Did you mean 'keep'"):
        plugins.build("filters", "complete", {"unverified": "keeps"})


def test_a_lost_answer_span_is_incomplete() -> None:
    complete = plugins.build("filters", "complete")
    assert complete(pair(unmarked=("answer",))) == Drop("answer", "lost its marks")


@pytest.mark.parametrize(
    ("code", "length", "reason"),
    [
        ("de", 10, None), ("de", 9, "too short"), ("de", 90, None), ("de", 91, "too long"),
        ("th", 10, None), ("th", 9, "too short"), ("de", 0, "too short"),
        # A Chinese character counts as three letters.
        ("zh", 10, None), ("zh", 30, None), ("zh", 31, "too long"), ("zh", 3, "too short"),
    ],
)  # fmt: skip
def test_the_length_ratio_is_a_third_to_three(code: str, length: int, reason: str | None) -> None:
    length_ratio = plugins.build("filters", "length_ratio")
    drop = length_ratio(pair("y" * length, code=code))
    assert drop == (Drop("q", reason) if reason else None)


def test_the_length_ratio_leaves_copied_and_projected_fields_alone() -> None:
    length_ratio = plugins.build("filters", "length_ratio")
    short = pair("y" * 30)
    target = Example(id="1", language="de", fields={**short.target.fields, "label": "x" * 99})
    assert length_ratio(Pair(source=short.source, target=target, ended=short.ended)) is None


@pytest.mark.parametrize(
    ("lost", "reason"),
    [
        (pair(unmarked=("label",)), "label lost its marks"),
        (pair(ended="error"), "q has no translation"),
        (pair(" \n"), "q has no translation"),
    ],
)
def test_what_can_be_no_training_row_is_dropped_without_any_filter(lost: Pair, reason: str) -> None:
    result = sieve([pair(), lost, pair(ended="length")], {})
    assert len(result.kept) == 2 and result.reasons == {reason: 1}
    assert Dropped.from_json(result.dropped[0].to_json()) == result.dropped[0]


def test_no_pair_gets_lost_and_the_first_objection_counts() -> None:
    filters = {name: plugins.build("filters", name) for name in ("complete", "length_ratio")}
    good, cut, both = pair("y" * 30), pair("y"), pair("y", ended="length")
    result = sieve([good, cut, both, cut], filters)
    assert result.kept == (good,)
    assert len(result.kept) + len(result.dropped) == 4
    assert result.reasons == {"length_ratio: q too short": 2, "complete: q ended by length": 1}
