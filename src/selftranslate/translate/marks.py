"""Mark-then-translate: carry answer spans through a translation (A.2)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from selftranslate.example import Span
from selftranslate.tasks import Project, Task


def projected(task: Task, field: str) -> tuple[str, ...]:
    """Name the fields that are read off this one's marks."""
    return tuple(
        name
        for name, how in task.fields.items()
        if isinstance(how, Project) and how.inside == field
    )


def names(count: int) -> list[str]:
    """Name the marks of one text: the paper's <answer>, then <answer2> and so on.

    >>> names(2)
    ['answer', 'answer2']
    """
    return [f"answer{number}" if number > 1 else "answer" for number in range(1, count + 1)]


def numbered(spans: Mapping[str, Span]) -> dict[str, str]:
    """Give each field that lies in a text its mark, in the order in which they begin there."""
    order = sorted(spans, key=lambda field: spans[field])
    return dict(zip(order, names(len(order)), strict=True))


def insert(text: str, spans: Mapping[str, Span]) -> str:
    """Put marks round the spans; always by offset, for an answer may occur several times.

    >>> insert("Berlin is not Berlin.", {"answer": (14, 20)})
    'Berlin is not <answer>Berlin</answer>.'
    """
    # Where one ends and another begins, the end comes first.
    ends = [(end, 0, f"</{name}>") for name, (_, end) in spans.items()]
    starts = [(start, 1, f"<{name}>") for name, (start, _) in spans.items()]
    for at, _, mark in sorted(ends + starts, reverse=True):
        text = text[:at] + mark + text[at:]
    return text


def extract(text: str, names: Collection[str]) -> tuple[str, dict[str, Span]]:
    """Remove all marks; say where those were of which there was exactly one good pair.

    Whitespace just inside the marks stays in the text and out of the span.

    >>> extract("nicht <answer>Berlin</answer>.", ["answer"])
    ('nicht Berlin.', {'answer': (6, 12)})
    """
    if not names:
        return text, {}
    clean, at = "", 0
    opened: dict[str, list[int]] = {name: [] for name in names}
    closed: dict[str, list[int]] = {name: [] for name in names}
    for mark in re.finditer(f"<(/?)({'|'.join(map(re.escape, names))})>", text):
        clean += text[at : mark.start()]
        (closed if mark[1] else opened)[mark[2]].append(len(clean))
        at = mark.end()
    clean += text[at:]
    if holds_mark(clean, names):
        return clean, {}
    spans = {
        name: trim(clean, (opened[name][0], closed[name][0]))
        for name in names
        if len(opened[name]) == len(closed[name]) == 1
    }
    return clean, {name: (start, end) for name, (start, end) in spans.items() if start < end}


def holds_mark(text: str, names: Collection[str]) -> bool:
    """Say whether the text has a mark of its own, so that ours could not be told from it."""
    return any(f"<{name}>" in text or f"</{name}>" in text for name in names)


def width(names: Collection[str]) -> int:
    """Return how many characters one pair of each of these marks has."""
    return sum(len(f"<{name}></{name}>") for name in names)


def trim(text: str, span: Span) -> Span:
    """Shrink a span by the whitespace at its ends."""
    inside = text[slice(*span)]
    start = span[0] + len(inside) - len(inside.lstrip())
    return start, start + len(inside.strip())
