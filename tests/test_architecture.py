"""The rules of the house, as tests."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from selftranslate import languages, plugins

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "selftranslate"
KINDS = ["engines", "tasks", "metrics", "filters", "mixing", "training"]
FILES = sorted(SOURCE.rglob("*.py"))
HEAVY = {"torch", "transformers", "peft", "datasets", "numpy", "scipy", "sacrebleu", "matplotlib"}


@pytest.mark.parametrize("kind", KINDS)
def test_every_plugin_has_build_and_a_docstring(kind: str) -> None:
    assert plugins.names(kind)
    for name in plugins.names(kind):
        tree = ast.parse((SOURCE / kind / f"{name}.py").read_text(encoding="utf-8"))
        assert ast.get_docstring(tree), name
        functions = {n.name for n in tree.body if isinstance(n, ast.FunctionDef)}
        assigned = {
            t.id
            for n in tree.body
            if isinstance(n, ast.Assign)
            for t in n.targets
            if isinstance(t, ast.Name)
        }
        assert "build" in functions | assigned, name


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.relative_to(SOURCE).as_posix())
def test_files_and_functions_stay_small(file: Path) -> None:
    source = file.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 360
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno < 48, f"{file}:{node.name}"
    assert file.stem not in {"utils", "util", "helpers", "common", "misc"}


LIGHT = [f for f in FILES if f.parent.name != "decoding" and f.name != "lora_linear.py"]
"""The others are made of torch throughout, and imported where there is something to compute."""


@pytest.mark.parametrize("file", LIGHT, ids=lambda f: f.relative_to(SOURCE).as_posix())
def test_importing_any_file_imports_no_heavy_library(file: Path) -> None:
    """Heavy libraries are imported at the top of no file of ours."""
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
        assert not HEAVY & {name.split(".")[0] for name in names}, f"{file}: {names}"


def test_importing_the_pipeline_imports_no_heavy_library() -> None:
    code = "import sys, selftranslate.cli, selftranslate.pipeline; print(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not HEAVY & set(out.stdout.split())


@pytest.mark.parametrize("code", languages.codes())
def test_every_language_file_says_how_to_ask_for_an_answer(code: str) -> None:
    language = languages.get(code)
    assert language.name and language.answer_in.strip()


def test_the_repository_names_no_machine() -> None:
    """No absolute path of a developer's machine in anything that is tracked."""
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    for name in tracked:
        path = ROOT / name
        if (
            path.suffix in {".py", ".md", ".yaml", ".toml", ".lock", ".json", ".j2", ""}
            and path.is_file()
        ):
            text = path.read_text(encoding="utf-8")
            assert "/ro" + "ot/" not in text and "/ho" + "me/" not in text, name
