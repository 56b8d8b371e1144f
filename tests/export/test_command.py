"""`selftranslate export`, as a user types it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from selftranslate.cli import main
from selftranslate.export import Chosen


@pytest.mark.parametrize("kind", ["hf", "merged", "trl"])
def test_each_kind_leaves_a_folder_with_a_card(
    kind: str, store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    arguments = ["export", kind, str(out), "--store", str(store), "--language", "de"]
    assert main([*arguments, "--setting", "+D_tgt", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["folder"], said["language"], said["setting"]) == (str(out), "de", "+D_tgt")
    assert (out / "README.md").read_text(encoding="utf-8").startswith("---\n")
    assert main(arguments) == 3
    assert "there is something already" in capsys.readouterr().err


def test_a_folder_of_training_is_exported_by_its_name(
    chosen: Chosen, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trained = chosen.weights.path
    assert main(["export", "hf", str(tmp_path / "a"), "--adapter", str(trained)]) == 0
    assert (tmp_path / "a" / "README.md").is_file()
    copied = shutil.copytree(trained, tmp_path / "elsewhere" / "train" / trained.name)
    assert main(["export", "hf", str(tmp_path / "b"), "--adapter", str(copied)]) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith("(without a card): the adapter")
    assert not (tmp_path / "b" / "README.md").exists()


@pytest.mark.parametrize("kind", ["hf", "merged"])
def test_what_was_trained_as_a_whole_is_exported_as_a_whole(
    kind: str, tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = shutil.copytree(tiny_model, tmp_path / "train" / "0123456789abcdef")
    assert main(["export", kind, str(tmp_path / "a"), "--adapter", str(whole)]) == 0
    assert capsys.readouterr().out.endswith("(without a card): the whole model\n")
    assert (tmp_path / "a" / "model.safetensors").is_file()
