"""Brings files that lie outside of docs/ into the site, wherever a page links to them.

So the same links work where the repository is read as files, and the site needs no other host.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from posixpath import dirname, join, normpath, relpath
from typing import Any

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"(?<=\]\()(?!https?:|mailto:|data:|#)([^)#\s]+)(?=[)#])")
FENCED = re.compile(r"(^````.*?^````$|^```.*?^```$)", re.M | re.S)
LEXERS = {".py": "python", ".yaml": "yaml", ".toml": "toml", ".jsonl": "json", ".csv": "text"}


def on_files(files: Any, config: Any) -> Any:
    """Add every file that a page links to, and those that these link to."""
    from mkdocs.structure.files import File

    waiting = [(f"docs/{f.src_uri}", f.content_string) for f in files.documentation_pages()]
    while waiting:
        for target in targets(*waiting.pop()):
            uri = in_site(target)
            if not uri.startswith("repository/") or files.get_file_from_path(uri) is not None:
                continue
            if not (ROOT / target).exists():
                continue  # MkDocs says so of the link
            text = content(ROOT / target)
            files.append(File.generated(config, uri, content=text))
            waiting.append((page_of(target), text))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Lead the links of a page to where the site has their files."""
    uri = page.file.src_uri
    own = uri.removeprefix("repository/") if uri.startswith("repository/") else f"docs/{uri}"

    def turned(found: re.Match[str]) -> str:
        return relpath(in_site(normpath(join(dirname(own), found[1]))), dirname(uri) or ".")

    parts = FENCED.split(markdown)
    return "".join(LINK.sub(turned, p) if not i % 2 else p for i, p in enumerate(parts))


def targets(own: str, markdown: str) -> set[str]:
    """Return what a file of the repository links to, as paths in the repository."""
    text = "".join(FENCED.split(markdown)[::2])
    return {normpath(join(dirname(own), link)) for link in LINK.findall(text)}


def page_of(target: str) -> str:
    """Name the Markdown that shows a file of the repository; a folder shows its README."""
    if (ROOT / target).is_dir():
        return f"{target}/README.md"
    return target if target.endswith(".md") else f"{target}.md"


def in_site(target: str) -> str:
    """Return the place in the site of a file of the repository."""
    if target == "README.md":
        return "index.md"
    return (
        target.removeprefix("docs/")
        if target.startswith("docs/")
        else f"repository/{page_of(target)}"
    )


def content(path: Path) -> str:
    """Return a file or folder of the repository as Markdown."""
    if path.is_dir() and not (path / "README.md").exists():
        names = sorted(one.name for one in path.iterdir() if not one.name.startswith("."))
        return f"# {path.name}\n\n" + "\n".join(f"- [{name}]({name})" for name in names) + "\n"
    if path.is_dir():
        path /= "README.md"
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        return text
    if path.suffix == ".ipynb":
        return "\n\n".join(part for cell in json.loads(text)["cells"] for part in notebook(cell))
    return f"# {path.name}\n\n````{LEXERS.get(path.suffix, 'text')}\n{text.rstrip()}\n````\n"


def notebook(cell: Mapping[str, Any]) -> Iterator[str]:
    """Yield a notebook's cell and what it printed or drew, as Markdown."""
    text = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        yield text
        return
    yield f"````python\n{text}\n````"
    for output in cell.get("outputs", ()):
        data = output.get("data", {})
        if "image/png" in data:
            drawn = "".join(data["image/png"]).replace("\n", "")
            yield f"![What the cell draws](data:image/png;base64,{drawn})"
        elif "text/html" in data:  # a data frame: as a table of the page, with the page's style
            table = re.sub(r"<style.*?</style>|\n\s*", "", "".join(data["text/html"]), flags=re.S)
            yield re.sub(r"<table[^>]*>", "<table>", table)
        elif printed := "".join(output.get("text", data.get("text/plain", ""))).rstrip():
            yield f"````text\n{printed}\n````"
