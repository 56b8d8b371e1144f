"""The parallel examples of a shots file, which translation learns from (4.4).

{"en": {"question": "Why?", "answer": "…"}, "de": {"question": "Warum?", "answer": "…"}}
"""

from __future__ import annotations

from pathlib import Path

from selftranslate import rows
from selftranslate.errors import DataError
from selftranslate.example import Example, Pair
from selftranslate.fieldpath import FieldPath
from selftranslate.translate_file.located import Mark, Wanted


def read(path: Path, source: str, target: str, wanted: Wanted) -> list[Pair]:
    """Read the pairs of two languages; fields have the names they have in `--fields`.

    Raises DataError with row and field.
    """
    if not path.is_file():
        raise DataError.at(path, None, None, "no such file; name one with --shots")
    return [
        Pair(source=_example(row, source, wanted), target=_example(row, target, wanted))
        for row in rows.json_lines(path)
    ]


def _example(row: rows.Row, language: str, wanted: Wanted) -> Example:
    inner = row.inside(language)
    texts = {name: inner.text(name) for name in wanted.names}
    spans = {}
    for mark in wanted.marks:
        name, start = mark.answer.name, None
        texts[name] = inner.text(name)
        if mark.start and mark.start.name in inner.values:
            start = FieldPath(mark.start.name, (mark.start.name,))
        spans[name] = Mark(mark.answer, mark.inside, start).span(inner, texts)
    return Example(id=str(row.number), language=language, fields=texts, spans=spans)
