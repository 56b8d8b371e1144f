"""The files of a report: each whole or not there, the page last."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex

from selftranslate.archive import Archive
from selftranslate.elsewhere import at
from selftranslate.errors import disk
from selftranslate.report import Result, csv, dump, latex, markdown, page
from selftranslate.report.evidence import Evidence, gather
from selftranslate.report.provenance import RECIPE, to_yaml
from selftranslate.store import Artifact

PAGE = "report.html"
NAMES = (RECIPE, "report.json", "report.md", "table.tex", "table.csv", PAGE)
HEAD = 2048
"""Bytes of a page that name what wrote it."""


def current(folder: Path) -> bool:
    """Whether every file is there, and this version wrote the page, which is the last."""
    if not all((folder / name).is_file() for name in NAMES):
        return False
    with (folder / PAGE).open("rb") as file:
        return f'name="generator" content="{page.GENERATOR}"'.encode() in file.read(HEAD)


def publish(archive: Archive, made: Artifact, result: Result, folder: Path) -> None:
    """Gather what the page shows and write all files. Raises DiskError."""
    far = at(archive.root)
    way = far.url if far else os.path.relpath(archive.root.resolve(), folder.resolve())
    save(result, folder, gather(archive, made, result, way))


def save(result: Result, folder: Path, evidence: Evidence | None = None) -> None:
    """Write all files into a folder, which is made if it is missing. Raises DiskError."""
    with disk(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in _texts(result, evidence):
            _write(folder / name, text)


def _texts(result: Result, evidence: Evidence | None) -> Iterator[tuple[str, str]]:
    yield RECIPE, to_yaml(result.recipe)
    yield "report.json", dump(result)
    yield "report.md", markdown.write(result)
    yield "table.tex", latex.write(result)
    yield "table.csv", csv.write(result)
    yield PAGE, page.write(result, evidence)


def _write(path: Path, text: str) -> None:
    """Write beside and rename: whoever reads meanwhile, or after Ctrl-C, finds a whole file."""
    draft = path.with_name(f".{path.name}-{token_hex(4)}")
    try:
        draft.write_text(text.rstrip("\n") + "\n", encoding="utf-8", newline="\n")
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
