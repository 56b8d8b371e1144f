"""Look into a translation memory, take its entries out, make it smaller."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from selftranslate.elsewhere import named
from selftranslate.errors import RecipeError
from selftranslate.sealed import flush
from selftranslate.translate import shared
from selftranslate.translate.memory import FILE, Memory
from selftranslate.translate.schema import PROVED, checksum

ALL = "completions JOIN asked ON asked.id = completions.asked"
COLUMNS = (
    "engine", "prefix", "fence", "source", "target", "text", "completion", "ended",
    "log_probability", "tokens", "max_new_tokens", "most_characters", "seconds", "attempt",
    "written",
)  # fmt: skip
DAY = 86400


def existing(store: Path) -> Memory:
    """Open a store's memory. Raises RecipeError if it has none, DiskError if it is damaged."""
    shared.fetch(store / FILE)
    if not (store / FILE).is_file():
        where = named(store / FILE)
        msg = f"{where}: no such translation memory; name the store of a run with --store"
        raise RecipeError(msg)
    return Memory(store / FILE)


def stats(memory: Memory) -> dict[str, Any]:
    """Count entries, tokens and seconds: of all, and by engine, languages and ending.

    Reads every entry, and so finds the damaged ones, which are counted too.
    """
    names = ("engine", "source", "target", "ended", "entries", "tokens", "seconds")
    groups = [
        dict(zip(names, row, strict=True))
        for row in memory.rows(
            "SELECT engine, source, target, ended, count(*), sum(tokens), round(sum(seconds), 3) "
            f"FROM {ALL} GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 5 DESC"
        )
    ]
    files = [Path(f"{memory.path}{ending}") for ending in ("", "-wal")]
    return {
        "memory": named(memory.path) if memory.path else "",
        "bytes": sum(file.stat().st_size for file in files if file.exists()),
        "entries": sum(group["entries"] for group in groups),
        "damaged": sum(
            proof != checksum(*proved)
            for *proved, proof in memory.rows(f"SELECT {PROVED}, checksum FROM completions")
        ),
        "tokens": sum(group["tokens"] for group in groups),
        "seconds": round(sum(group["seconds"] for group in groups), 3),
        "groups": groups,
    }


def describe(found: dict[str, Any]) -> str:
    """Say in a few lines what `stats` found."""
    lines = [
        f"{found['memory']}: {found['entries']:,} texts, {found['tokens']:,} tokens written, "
        f"{found['seconds']:,.0f} s of work, {found['bytes'] / 1e6:,.1f} MB"
    ]
    if found["damaged"]:
        lines.append(f"{found['damaged']:,} entries are damaged: they are not used")
    last = ""
    for group in found["groups"]:
        if group["engine"] != last:
            lines.append(last := group["engine"])
        lines.append(
            f"  {group['source']} > {group['target']}  {group['ended']:<10} "
            f"{group['entries']:>9,} texts {group['tokens']:>11,} tokens"
        )
    return "\n".join(lines)


def export(memory: Memory) -> Iterator[dict[str, Any]]:
    """Yield every entry as JSON values, oldest first; `written` is a time in UTC.

    `seconds` is the time since the completion before it came, so that they add up;
    `most_characters` null is any length.
    """
    query = f"SELECT {', '.join(COLUMNS)} FROM {ALL} ORDER BY written, completions.rowid"
    for row in memory.rows(query):
        entry = dict(zip(COLUMNS, row, strict=True))
        written = datetime.fromtimestamp(entry["written"], UTC)
        entry["written"] = written.isoformat(timespec="milliseconds")
        entry["most_characters"] = entry["most_characters"] or None
        yield entry


def save(lines: Iterable[str], path: Path) -> None:
    """Write lines to a file that is whole or not there."""
    draft = path.with_name(f".{path.name}.draft")
    try:
        with draft.open("w", encoding="utf-8", newline="\n") as file:
            for line in lines:
                file.write(line + "\n")
        flush(draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def prune(
    memory: Memory, model: str | None, older_than: float | None, *, dry_run: bool = False
) -> int:
    """Remove entries, all that both conditions hold for; return how many.

    `model` is a fingerprint, or a whole engine as `stats` shows it; `older_than` is in days.
    Raises RecipeError if no entry was written by the model.
    """
    before = time.time() - (older_than or 0) * DAY if older_than is not None else float("inf")
    engines = list(_engines(memory, model))
    marks = ", ".join("?" * len(engines))
    which = f"written < ? AND asked IN (SELECT id FROM asked WHERE engine IN ({marks}))"
    values: Sequence[object] = (before, *engines)
    count = int(next(memory.rows(f"SELECT count(*) FROM completions WHERE {which}", values))[0])
    if count and not dry_run:
        unused = "DELETE FROM asked WHERE id NOT IN (SELECT asked FROM completions)"
        memory.change([f"DELETE FROM completions WHERE {which}", unused], values)
        memory.shrink()
    return count


def _engines(memory: Memory, model: str | None) -> Iterator[str]:
    """Yield the engines whose identity is or names the model; all if there is none to look for."""
    found = False
    for (engine,) in list(memory.rows("SELECT DISTINCT engine FROM asked")):
        if model is None or model == engine or f"model={model}" in engine.split():
            found = True
            yield engine
    if model is not None and not found:
        msg = f"{memory.path}: nothing was written by {model!r}; `memory stats` names the models"
        raise RecipeError(msg)
