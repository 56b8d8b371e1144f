"""Drawings: matplotlib's figures as SVG whose colours and fonts are the page's.

The page forbids styles of its elements' own, and it has a light and a dark dress. So what
matplotlib writes as style becomes attributes, and each colour a class of the style sheet.
"""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from selftranslate.visible import visible

INK, SOFT, PAPER = "#010101", "#020202", "#030303"
"""Stand for the colours of text, of lines in the background, and of the page itself."""
NAMES = {INK: "ink", SOFT: "soft", PAPER: "paper"}
WIDTH = 380
"""Of a drawing that stands alone, in points; a phone shows it a bit smaller."""
SMALL = 240
"""Of one among several."""
TEXT = 11

SPACE = "http://www.w3.org/2000/svg"
LINK = "{http://www.w3.org/1999/xlink}href"
DROPPED = {"font", "font-family", "font-size", "font-style", "font-weight", "font-stretch"}


def paint(name: str) -> str:
    """Return what stands for a colour of the page in a figure: "c0" is "#0c0000"."""
    return f"#0c00{int(name[1:]):02x}"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A figure with one pair of axes."""

    figure: Any
    axes: Any
    width: int
    height: int

    def svg(self, name: str, alt: str) -> str:
        """Return it for the page, where `name` is its own and `alt` says what it shows."""
        written = io.BytesIO()
        with _settings():
            self.figure.savefig(written, format="svg", metadata={"Date": None})
        return _clean(written.getvalue().decode(), name, alt)


def sheet(height: int, *, width: int = WIDTH, left: int = 48, below: int = 40) -> Sheet:
    """Return empty axes; the margins are in points."""
    from matplotlib.figure import Figure

    with _settings():
        figure = Figure(figsize=(width / 72, height / 72))
        inner = (left / width, below / height, 1 - (left + 12) / width, 1 - (below + 10) / height)
        axes = figure.add_axes(inner)
        axes.set_axisbelow(True)
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
        axes.spines["bottom"].set_color(SOFT)
        axes.tick_params(length=0, pad=5)
        axes.grid(axis="y", linewidth=0.7)
    return Sheet(figure, axes, width, height)


@contextmanager
def _settings() -> Iterator[None]:
    """Let matplotlib write text as text, and the same bytes each time."""
    import matplotlib

    told = {
        "svg.fonttype": "none",
        "svg.hashsalt": "selftranslate",
        "font.size": TEXT,
        "text.parse_math": False,
        "text.color": INK,
        "axes.labelcolor": INK,
        "axes.facecolor": "none",
        "figure.facecolor": "none",
        "xtick.color": INK,
        "ytick.color": INK,
        "grid.color": SOFT,
        "axes.unicode_minus": True,
    }
    with matplotlib.rc_context(told):
        yield


def _clean(text: str, name: str, alt: str) -> str:
    """Take out what the page forbids or does not need."""
    root = ET.fromstring(text)
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in {f"{{{SPACE}}}metadata", f"{{{SPACE}}}style"}:
                parent.remove(child)
    pairs = re.findall(r"url\(#([^)]+)\)|href=\"#([^\"]+)\"", text)
    named = {one for pair in pairs for one in pair}
    for element in root.iter():
        _dress(element)
        _name(element, name, named)
        element.tag = element.tag.rpartition("}")[2]
    box = root.get("viewBox", "")
    root.attrib.clear()
    root.attrib.update({"viewBox": box, "role": "img", "aria-label": visible(alt)})
    _unwrap(root)
    made = ET.tostring(root, encoding="unicode")
    return re.sub(r"\s*\n\s*", "\n", re.sub(r"(\d+\.\d{2})\d+", r"\1", made))


def _name(element: ET.Element, name: str, named: set[str]) -> None:
    """Keep the ids that something refers to, under names that no other drawing has."""
    if element.get("id") not in named:
        element.attrib.pop("id", None)
    for key, value in list(element.attrib.items()):
        if key == "id":
            element.set(key, f"{name}-{value}")
        elif key == LINK:
            element.set("href", f"#{name}-{value[1:]}")
            del element.attrib[key]
        elif "url(#" in value:
            element.set(key, value.replace("url(#", f"url(#{name}-"))


def _dress(element: ET.Element) -> None:
    """Make classes and attributes of an element's style."""
    style = element.attrib.pop("style", "")
    classes = []
    for rule in filter(None, (part.strip() for part in style.split(";"))):
        key, _, value = (part.strip() for part in rule.partition(":"))
        colour = value.lower()
        if key in {"fill", "stroke"} and colour.startswith("#"):
            name = NAMES.get(colour) or f"c{int(colour[5:], 16)}"
            classes.append(f"{key[0]}-{name}")
        elif key not in DROPPED:
            element.set(key, value)
    if classes:
        element.set("class", " ".join(classes))


def _unwrap(element: ET.Element) -> None:
    """Replace groups that say nothing by what is in them; they are half of the file."""
    for child in list(element):
        _unwrap(child)
        if child.tag == "g" and not child.attrib:
            at = list(element).index(child)
            element.remove(child)
            for inner in reversed(list(child)):
                element.insert(at, inner)
