"""Docs say what is true: every place they name is there, and the site is whole by itself."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import typer

from selftranslate import cli

ROOT = Path(__file__).parents[1]
ROWS = re.findall(r"\| `([\w/.]+)` \| `([\w.]+)` \|$", (ROOT / "docs/where.md").read_text(), re.M)
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "examples").rglob("*.md")),
]


def defined(tree: ast.Module) -> set[str]:
    """Every name of a module, and of its classes as Class.name."""
    found: set[str] = set()
    for node in tree.body:
        for name in names(node):
            found.add(name)
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{inner}" for child in node.body for inner in names(child)}
    return found


def names(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def test_the_table_has_rows() -> None:
    text = (ROOT / "docs/where.md").read_text()
    assert len(ROWS) == len(re.findall(r"^\| .*\.py` \|", text, re.M)) > 30


@pytest.mark.parametrize(("file", "symbol"), ROWS, ids=lambda value: str(value))
def test_every_row_of_where_is_there(file: str, symbol: str) -> None:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    assert symbol in defined(tree)


def test_the_readme_names_every_command() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `selftranslate (\w+)` \|", text, re.M)) == set(cli.VERBS)


def anchors(document: Path) -> set[str]:
    """Return what its headings are called in links."""
    text = re.sub(r"^```.*?^```$", "", document.read_text(encoding="utf-8"), flags=re.M | re.S)
    headings = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", document.read_text(encoding="utf-8"), flags=re.M | re.S)
    for target, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)", text):
        if target.startswith(("http:", "https:")):
            continue
        place = document.parent / target if target else document
        assert place.exists(), target
        if anchor:
            assert anchor in anchors(place), f"{target}#{anchor}"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages as `make docs` builds them; a warning is an error."""
    pytest.importorskip(
        "mkdocs", reason="the documentation's tools are not installed (extra: docs)"
    )
    folder = tmp_path_factory.mktemp("docs") / "site"
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


class Loads(HTMLParser):
    """What a page fetches: not what it links to."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag != "a":
            self.found += [told[name] for name in ("src", "srcset", "href", "data") if name in told]
        self.found += re.findall(r"url\(([^)]*)\)", told.get("style", ""))


def test_the_built_pages_load_nothing_from_another_host(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 20
    for page in pages:
        loaded = Loads(page).found
        assert loaded
        assert not [one for one in loaded if re.match(r"(\w+:)?//", one)], page.name
    for style in site.rglob("*.css"):
        text = style.read_text(encoding="utf-8")
        assert not re.search(r"""(@import|url\()\s*["']?(https?:)?//""", text), style.name


def test_the_page_of_commands_has_every_verb_and_every_option(site: Path) -> None:
    shown = unescape((site / "commands.html").read_text(encoding="utf-8"))
    program: Any = typer.main.get_command(cli.app)
    assert set(program.commands) == set(cli.VERBS)
    for name, command in program.commands.items():
        section = shown.split(f'<h2 id="{name}">')[1].split("<h2 ")[0]
        below = getattr(command, "commands", {}).values() or [command]
        for param in (param for one in below for param in one.params):
            if param.name not in {"quiet", "verbose"}:
                assert max(param.opts, key=len).lower() in section.lower(), (name, param.name)


def test_files_outside_of_docs_are_pages_of_the_site_where_a_page_links_to_them(site: Path) -> None:
    assert "Adding things" in (site / "repository" / "CONTRIBUTING.html").read_text("utf-8")
    recipe = (site / "repository/recipes/paper/table6.yaml.html").read_text("utf-8")
    assert "Llama-2-7b-hf" in recipe
    page = (site / "reproduce.html").read_text("utf-8")
    assert 'href="repository/recipes/paper/table6.yaml.html"' in page


def test_pictures_are_in_the_page_and_say_what_they_show(site: Path) -> None:
    page = (site / "method.html").read_text(encoding="utf-8")
    drawn = re.findall(r'<svg role="img" aria-label="([^"]+)" class="picture"', page)
    assert len(drawn) == page.count('<figure class="picture"') == 5
    assert all(len(label) > 40 for label in drawn)
