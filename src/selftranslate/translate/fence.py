"""What encloses the texts of a prompt: the backtick, or another sign if a text has one (4.4)."""

from __future__ import annotations

from collections.abc import Mapping

from selftranslate.errors import DataError
from selftranslate.progress import Progress

FENCES = ("`", "|", "~", "^", "¦", "§", "¶")
"""The paper's first. All are one character long, so that no text's end can become part of one."""


def inside(text: str) -> list[str]:
    """Return the signs that a text contains."""
    return [fence for fence in FENCES if fence in text]


def choose(seen: Mapping[str, int], field: str, progress: Progress) -> str:
    """Return the first sign that is in no text of the field, given in how many each one is.

    A text that holds the fence would rewrite the prompt. One sign serves the whole field, because
    the shots do. Raises DataError if every sign occurs.
    """
    for fence in FENCES:
        if not seen.get(fence):
            if fence != FENCES[0]:
                progress.note(
                    f"{field}: {seen[FENCES[0]]:,} texts hold a backtick, "
                    f"so all are put between {fence} signs instead of the paper's backticks"
                )
            return fence
    signs = " ".join(FENCES)
    msg = f"{field}: its texts hold every sign that could enclose them; remove one of {signs}"
    raise DataError(msg)
