"""Every block of code in the documents is run, as a reader would: page by page, top to bottom.

A page is a story in a folder of its own, with copies of recipes/ and examples/ and a store `runs`
in which examples/intents was run. Its blocks, by the word behind the backticks:

- sh: each line is run. After `<!-- run: with OPTIONS -->` its commands get these options too; after
  `<!-- not run: REASON -->` they are only checked against the command's own parser.
- yaml, with title="languages/CODE.yaml": is a language from there on.
- any, with title="FILE": is written there, or, if an earlier command names the file, is what that
  command has written.
- any, with title="output": is what the commands above printed.
- python: is executed, with the names of the page's earlier blocks.
- yaml: is a recipe, or a part of one that fits into it; json, jsonl and csv: can be read.
- text: is for people.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import typer
from ruamel.yaml import YAML

from selftranslate import cli, languages, recipe

ROOT = Path(__file__).parents[1]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "examples").rglob("*.md")),
]
BLOCK = re.compile(
    r"^(?:<!-- (?P<marker>.*?) -->\n+)?"
    r'```(?P<kind>\w*)(?: title="(?P<title>[^"]+)")?\n(?P<text>.*?)^```$',
    re.M | re.S,
)
INLINE = re.compile(r"`selftranslate ([^`]+)`")
PACKAGE = ROOT / "src" / "selftranslate"
TINY = (
    "--set limit=4 --set protocol.steps=1 --set protocol.seeds=[0] --set protocol.keep=1 "
    "--set training.batch_size=2"
)
SMALLEST = {"task": "mini", "model": "mini", "languages": ["de"]}
PROGRAM: Any = typer.main.get_command(cli.app)


@dataclass(frozen=True)
class Block:
    kind: str
    title: str
    text: str
    marker: str
    line: int

    @property
    def runs(self) -> bool:
        return not self.marker.startswith("not run: ")

    @property
    def options(self) -> list[str]:
        return shlex.split(self.marker.removeprefix("run: with ")) if self.marker else []

    def commands(self) -> Iterator[list[str]]:
        """Yield the words of each line; a backslash joins lines, # begins a comment."""
        for line in self.text.replace("\\\n", " ").splitlines():
            if words := shlex.split(line, comments=True):
                yield words


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    found = [
        Block(
            kind=one["kind"],
            title=one["title"] or "",
            text=one["text"],
            marker=one["marker"] or "",
            line=text.count("\n", 0, one.start("kind")) + 1,
        )
        for one in BLOCK.finditer(text)
    ]
    assert len(re.findall("^ *```", text, re.M)) == 2 * len(found), f"{page}: a block is not seen"
    return found


@dataclass
class Story:
    """One page, as far as it is run."""

    folder: Path
    capsys: pytest.CaptureFixture[str]
    output: str = ""
    said: set[str] = field(default_factory=set)
    """The words of the commands so far."""
    names: dict[str, Any] = field(default_factory=dict)
    whole: Mapping[str, Any] = field(default_factory=lambda: SMALLEST)
    """The page's last whole recipe: parts of a recipe are tried in it."""

    def tell(self, block: Block) -> None:
        if block.title == "output":
            read = json.loads if block.kind == "json" else str.split
            assert read(block.text) == read(self.output)
        elif block.title in self.said:
            assert (self.folder / block.title).read_text(encoding="utf-8") == block.text
        elif block.title:
            (self.folder / block.title).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / block.title).write_text(block.text, encoding="utf-8")
        getattr(self, block.kind)(block)

    def sh(self, block: Block) -> None:
        self.capsys.readouterr()
        for words in block.commands():
            self.said |= {*words}
            if block.runs:
                assert words[0] == "selftranslate", f"{words}: how is this run?"
                assert cli.main([*words[1:], *block.options]) == 0, self.capsys.readouterr().err
            else:
                check(words, self.folder)
        self.output = self.capsys.readouterr().out

    def python(self, block: Block) -> None:
        exec(compile(block.text, f"line {block.line}", "exec"), self.names)
        self.output = self.capsys.readouterr().out

    def yaml(self, block: Block) -> None:
        rows = YAML(typ="safe", pure=True).load(block.text)
        if rows.keys() >= {"task", "languages", "model"}:
            self.whole = rows
        if not block.title.startswith("languages/"):
            recipe.parse(merged(self.whole, rows), f"line {block.line}")
        else:
            assert languages.get(Path(block.title).stem).name == rows["name"]

    def json(self, block: Block) -> None:
        json.loads(block.text)

    def jsonl(self, block: Block) -> None:
        assert all(isinstance(json.loads(row), dict) for row in block.text.splitlines())

    def csv(self, block: Block) -> None:
        commas = {row.count(",") for row in block.text.splitlines()}
        assert min(commas) > 0

    def text(self, block: Block) -> None:
        """People read it."""


def merged(whole: Mapping[str, Any], part: Mapping[str, Any]) -> dict[str, Any]:
    """Put a part of a recipe into a whole one; plug-ins with a name are replaced."""
    made = dict(whole)
    for key, value in part.items():
        old = made.get(key)
        inside = isinstance(old, dict) and isinstance(value, dict) and "name" not in value
        made[key] = merged(old, value) if inside else value
    return made


def check(words: list[str], folder: Path) -> None:
    """Check a line that is not run: the command takes it, the recipe and its changes are right."""
    if words[0] == "make":
        for target in words[1:]:
            assert f"\n{target}:" in (ROOT / "Makefile").read_text(), target
    for word in words:
        if word.startswith(("examples/", "containers/")):
            assert (ROOT / word).exists(), word
    if words[0] == "sbatch":  # what the script makes of it
        at = next(i for i, word in enumerate(words) if word.endswith(".sbatch"))
        recipe_, store, *more = words[at + 1 :]
        words = ["selftranslate", "run", recipe_, "--runtime", "ray", "--store", store, *more]
    names = [Path(word).name for word in words]
    if "selftranslate" not in names:
        return
    arguments = words[names.index("selftranslate") + 1 :]
    context = parsed(arguments)
    if "recipe" in context.params:
        named: Path = context.params["recipe"]
        if named.parts[0] in {"recipes", "examples"} or (folder / named).exists():
            recipe.load(folder / named, context.params["change"] or [])


def parsed(arguments: list[str]) -> Any:
    """Let the command's own parser read a line, down to the last verb of it."""
    context = PROGRAM.make_context("selftranslate", list(arguments), resilient_parsing=True)
    command, rest = PROGRAM, list(arguments)
    while hasattr(command, "commands"):
        name, command, rest = command.resolve_command(context, rest)
        context = command.make_context(
            name, list(rest), parent=context, resilient_parsing=hasattr(command, "commands")
        )
    return context


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which an example was run, with tiny steps."""
    store = tmp_path_factory.mktemp("docs") / "runs"
    intents = str(ROOT / "examples" / "intents" / "recipe.yaml")
    assert cli.main(["run", intents, "--store", str(store), *shlex.split(TINY), "-q"]) == 0
    return store


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_block_of_a_page_runs(
    page: Path,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    there = blocks(page)
    if not there:
        return
    for name, place in {"recipes": ROOT, "examples": ROOT, "languages": PACKAGE}.items():
        shutil.copytree(place / name, tmp_path / name)
    monkeypatch.setattr(languages, "FOLDER", tmp_path / "languages")
    if any("runs" in w for b in there if b.kind == "sh" and b.runs for w in b.commands()):
        shutil.copytree(request.getfixturevalue("ran"), tmp_path / "runs")
    monkeypatch.chdir(tmp_path)
    story = Story(tmp_path, capsys)
    for block in there:
        try:
            story.tell(block)
        except (Exception, typer.Exit) as error:
            pytest.fail(f"{page.relative_to(ROOT)}:{block.line}: {type(error).__name__}: {error}")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_blocks_say_what_they_are_and_why_they_are_not_run(page: Path) -> None:
    for block in blocks(page):
        place = f"{page.relative_to(ROOT)}:{block.line}"
        assert hasattr(Story, block.kind), f"{place}: what is {block.kind!r}?"
        if block.marker and block.kind == "sh":
            assert re.fullmatch(r"run: with -.+|not run: .{10,}", block.marker), place


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_inside_of_sentences_exist(page: Path) -> None:
    text = BLOCK.sub("", page.read_text(encoding="utf-8"))
    for line in INLINE.findall(text):
        command: Any = PROGRAM
        for word in re.split(r"[\s=]+", " ".join(line.split())):
            if hasattr(command, "commands") and not word.startswith("-"):
                assert word in command.commands, f"selftranslate {line}"
                command = command.commands[word]
            elif word.startswith("-"):
                known = {name for param in command.params for name in param.opts}
                assert word in {*known, "--help"}, f"selftranslate {line}"
