"""The container files pass the linter, and an image gets only what it is made of."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "containers").iterdir())
LINTER = Path(sys.executable).with_name("hadolint")


def test_there_is_one_for_cpus_and_one_for_gpus() -> None:
    assert [file.name for file in FILES] == ["Dockerfile.cpu", "Dockerfile.gpu"]


@pytest.mark.skipif(not LINTER.exists(), reason="hadolint is not installed")
def test_the_linter_finds_nothing_and_would_find_something(tmp_path: Path) -> None:
    done = subprocess.run([LINTER, *FILES], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("", 0)
    wrong = tmp_path / "Dockerfile"
    wrong.write_text(FILES[0].read_text("utf-8").replace("# hadolint ignore", "#"), "utf-8")
    done = subprocess.run([LINTER, wrong], capture_output=True, text=True, check=False)
    assert "DL3008" in done.stdout and done.returncode


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_an_image_is_pinned_and_nobody_in_it_is_root(file: Path) -> None:
    text = file.read_text("utf-8")
    assert set(re.findall(r"^FROM \S+?:(\S+)", text, re.M)) == {"3.11.13-slim-bookworm"}
    assert text.count("\nUSER 1000\n") == 1 and "\nVOLUME /cache\n" in text
    (extras,) = re.findall(r"'\.\[([\w,]+)\]'", text)
    known = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert set(extras.split(",")) <= known["optional-dependencies"].keys()
    assert ("vllm" in extras) == file.name.endswith("gpu")


def test_an_image_gets_the_package_and_nothing_else() -> None:
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert lines[1] == "*", "all is left out that is not named"
    named = {line[1:] for line in lines if line.startswith("!")}
    assert named == {"LICENSE", "README.md", "pyproject.toml", "requirements.lock", "src"}
    assert all((ROOT / name).exists() for name in named)
