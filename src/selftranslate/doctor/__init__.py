"""Whether a machine and a model are fit for a run: a line for each thing that was looked at.

`here` looks at the machine, `models` at a model without its weights, `spoken` at how its tokenizer
writes languages. Each yields lines; nothing is changed, and no secret is in a line.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "do"]


@dataclass(frozen=True, slots=True)
class Line:
    """What was found about one thing."""

    about: str
    state: State
    """"do" stops a run, "warning" may cost time or quality."""
    found: str
    advice: str = ""
    """What to do, where something can be done."""

    def to_json(self) -> dict[str, str]:
        """Return the line for programs."""
        return {
            "about": self.about,
            "state": self.state,
            "found": self.found,
            "advice": self.advice,
        }


def fit(lines: Iterable[Line]) -> bool:
    """Say whether no line has something that must be done."""
    return all(line.state != "do" for line in lines)


def number(count: float) -> str:
    """Write a large number for people.

    >>> number(4_300_000), number(6_738_415_616)
    ('4.3 M', '6.74 B')
    """
    for unit in ("", " k", " M"):
        if count < 1000:
            return f"{count:.3g}{unit}"
        count /= 1000
    return f"{count:.3g} B"
