"""Puts the SVG pictures into the pages, so that they follow the page's light and dark."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[1]
PICTURE = re.compile(r"^!\[([^\]]+)\]\((pictures/[\w-]+\.svg)\)$", re.M)


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace each picture that stands on a line of its own by its drawing."""
    return PICTURE.sub(_drawn, markdown)


def _drawn(found: re.Match[str]) -> str:
    text = (DOCS / found[2]).read_text(encoding="utf-8")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    label = escape(found[1], quote=True)
    drawing = "\n".join(lines).replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)
    return f'<figure class="picture" markdown="0">\n{drawing}\n</figure>'
