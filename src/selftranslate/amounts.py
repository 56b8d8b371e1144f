"""Bytes and times as people write them."""

from __future__ import annotations


def size(count: float) -> str:
    """Write a number of bytes.

    >>> [size(66), size(13_476_839_424)]
    ['66 B', '13.5 GB']
    """
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}" if unit != "B" else f"{count:.0f} B"
        count /= 1000
    return f"{count:.3g} TB"


def duration(seconds: float) -> str:
    """Write a time.

    >>> [duration(9.2), duration(400), duration(9000)]
    ['9 s', '7 min', '2.5 h']
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:,.1f} h"
