"""What to do about a translation memory that SQLite cannot read or write."""

from __future__ import annotations

import sqlite3

GO_ON = "what was committed is kept: free or fix the disk and run the same command again"


def code(error: sqlite3.Error) -> int:
    """Return SQLite's own number of an error."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def advice(error: sqlite3.Error, patience: float) -> str:
    """Say what is wrong with a file that was waited for so many seconds, and what to do."""
    found = code(error)
    if found == sqlite3.SQLITE_NOTADB:
        return "no translation memory; move it away to begin a new one"
    if found == sqlite3.SQLITE_CORRUPT:
        return (
            "damaged; move it away to begin a new one (`sqlite3 FILE .recover` may save most of it)"
        )
    if found == sqlite3.SQLITE_BUSY:
        return f"another process has been writing for {patience:.0f} seconds; try again later"
    return f"{error}; {GO_ON}"
