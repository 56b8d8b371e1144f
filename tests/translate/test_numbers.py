"""A number for each text, however many."""

from __future__ import annotations

import random

import pytest

from selftranslate.translate.numbers import Numbers


def test_numbers_only_become_larger_and_new_keys_are_named() -> None:
    rng, kept, expected = random.Random(0), Numbers(), dict[int, int]()
    for _ in range(20):
        more = {rng.randint(-(2**63), 2**63 - 1): rng.randint(0, 9) for _ in range(50)}
        again = {key: rng.randint(0, 9) for key in rng.sample(sorted(expected), len(expected) // 2)}
        assert kept.raise_to({**again, **more}) == more.keys()
        for key, number in {**again, **more}.items():
            expected[key] = max(number, expected.get(key, 0))
    assert dict(kept) == expected and len(kept) == len(expected) == 1_000
    assert kept.some([*list(expected)[:3], 7]) == dict(list(expected.items())[:3])
    assert 7 not in kept
    with pytest.raises(KeyError):
        kept[7]


def test_none_are_none() -> None:
    kept = Numbers()
    assert kept.raise_to({}) == set() and not kept and list(kept) == []
