"""Pictures of what a run prints and of its report, out of a store that a real run left.

    selftranslate demo --store selftranslate-demo
    python docs/pictures/make.py selftranslate-demo

It needs Chromium and Playwright (extra `dev`). Writes demo.png and report.png beside itself.
"""

from __future__ import annotations

import re
import shutil
import sys
from io import StringIO
from pathlib import Path

from playwright.sync_api import sync_playwright
from rich.console import Console

from selftranslate import report
from selftranslate.archive import Archive
from selftranslate.report import files, terminal

HERE = Path(__file__).parent
WIDTH = 104
"""Columns of the terminal."""
TITLE = "selftranslate demo"


def printed(store: Path, page: Path) -> str:
    """Return as SVG what the command prints at its end; fonts of this machine, not of a host."""
    archive = Archive(store)
    result = report.assemble(archive, archive.index(archive.result()))
    console = Console(record=True, width=WIDTH, file=StringIO(), force_terminal=True)
    console.print(f"$ {TITLE}", style="bold")
    terminal.show(result, page, console)
    drawn = console.export_svg(title=TITLE)
    return re.sub(r"@font-face \{.*?\}", "", drawn, flags=re.DOTALL)


def main(store: Path) -> None:
    """Write both pictures."""
    archive = Archive(store)
    report_page = store / report.FOLDER / archive.result().key / files.PAGE
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1180, "height": 1500}, device_scale_factor=1.5)
        page.goto(report_page.resolve().as_uri())
        page.screenshot(path=HERE / "report.png")
        page = browser.new_page(viewport={"width": 1400, "height": 900}, device_scale_factor=1.5)
        page.set_content(printed(store, report_page))
        page.locator("svg").first.screenshot(path=HERE / "demo.png", omit_background=True)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
