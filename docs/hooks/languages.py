"""Writes the tables of all languages while the site is built, from their files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

PAGE = "languages.md"
MARKS = {"the paper, A.3": "&nbsp;¶", "script": "&nbsp;°"}
"""Where a number is from, if not from the Declaration."""


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Put the tables where the page wants them."""
    if page.file.src_uri != PAGE:
        return markdown
    for name, rows in {"facts": facts(), "sentences": sentences()}.items():
        markdown = markdown.replace(f"<!-- every language: {name} -->", _table(rows))
    return markdown


def facts() -> list[Sequence[str]]:
    """Return a row for each language, under a head."""
    from babel import Locale
    from babel.numbers import format_decimal

    rows = []
    for one in _by_name():
        known = Locale.parse(one.code.replace("-", "_"))
        number = format_decimal(1234567.5, locale=known, numbering_system="default")
        rows.append(
            (
                f"`{one.code}`",
                f"{escape(one.name)}<br>{_own(one, one.native)}",
                one.family,
                one.script if one.direction == "ltr" else f"{one.script}&nbsp;←",
                _own(one, number),
                f"{one.letters_per_character:g}{MARKS.get(one.letters_from, '')}",
                "own" if one.sentences == one.code else one.sentences,
            )
        )
    return [("code", "language", "family", "script", "number", "letters", "sentences"), *rows]


def sentences() -> list[Sequence[str]]:
    """Return for each language how it is asked for, and who wrote or checked that."""
    rows = []
    for one in _by_name():
        by = "" if one.answer_in_by.startswith("a machine") else escape(one.answer_in_by)
        rows.append((f"`{one.code}`", _own(one, one.answer_in), by))
    return [("code", "sentence", "written or checked by"), *rows]


def _by_name() -> Iterable[Any]:
    from selftranslate import languages

    return sorted(map(languages.get, languages.codes()), key=lambda one: one.name)


def _own(one: Any, text: str) -> str:
    return f'<bdi lang="{one.code}">{escape(text)}</bdi>'


def _table(rows: Sequence[Sequence[str]]) -> str:
    head, *others = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join([head, "|---" * len(rows[0]) + "|", *others])
