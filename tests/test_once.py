"""Names that may come once."""

from __future__ import annotations

from selftranslate.once import once


def test_a_name_comes_for_the_first_time_once() -> None:
    with once() as first, once() as another:
        names = ["a", "b", "A", "a ", "", "ä", "a\u0308"]
        assert all(first(name) for name in names)
        assert not any(first(name) for name in names)
        assert another("a")
