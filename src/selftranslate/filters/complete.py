"""Drop pairs the engine did not finish, and pairs that lost their answer span (A.3, A.2)."""

from __future__ import annotations

from typing import Literal, get_args

from selftranslate.errors import PluginError, unknown
from selftranslate.example import Pair
from selftranslate.filters import Drop, Filter

Unverified = Literal["keep", "drop"]


def build(unverified: Unverified = "keep") -> Filter:
    """Keep a pair whose every text ended with the closing mark.

    `unverified` is for servers that cannot tell the mark from the model's own end, and so cannot
    prove that a text is complete: "keep" trusts them, and the report counts such pairs.
    """
    if unverified not in get_args(Unverified):
        known = get_args(Unverified)
        raise PluginError(unknown("value of filters/complete: unverified", str(unverified), known))
    accepted = {"fence", "unverified"} if unverified == "keep" else {"fence"}

    def complete(pair: Pair) -> Drop | None:
        for name, endings in pair.ended.items():
            for ended in endings:
                if ended not in accepted:
                    return Drop(
                        name, "unverified" if ended == "unverified" else f"ended by {ended}"
                    )
        if pair.unmarked:
            return Drop(pair.unmarked[0], "lost its marks")
        return None

    return complete
