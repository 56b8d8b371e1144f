"""`--push` with the hub's own client: what it uploads, and when it says no."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from selftranslate.cli import main

from .hub_server import TOKEN, Hub


def push(hub: Hub, *arguments: str, token: str = TOKEN) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "selftranslate", "export", *arguments],
        env={**os.environ, "HF_ENDPOINT": hub.url, "HF_TOKEN": token, "HF_HUB_OFFLINE": "0"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_a_folder_is_uploaded_whole_into_the_repository(
    hub: Hub, store: Path, tmp_path: Path
) -> None:
    out = tmp_path / "rows"
    said = push(
        hub, "trl", str(out), "--store", str(store), "--language", "th", "--setting", "+D_tgt",
        "--push", "me/rows", "--private",
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    assert said.stdout.splitlines()[-1] == f"{hub.url}/datasets/me/rows"
    assert hub.uploaded == {path.name: path.read_bytes() for path in out.iterdir()}
    assert set(hub.uploaded) == {"README.md", "train.jsonl", "dropped.jsonl"}
    (made,) = hub.created
    assert (made["name"], made["type"], made["visibility"]) == ("rows", "dataset", "private")
    assert TOKEN not in said.stdout + said.stderr


def test_what_the_hub_refuses_stays_written(hub: Hub, store: Path, tmp_path: Path) -> None:
    hub.refuse = "/commit/"
    out = tmp_path / "adapter"
    arguments = ("hf", str(out), "--store", str(store), "--language", "de", "--push", "me/x")
    said = push(hub, *arguments)
    assert said.returncode == 1 and len(said.stderr.splitlines()) == 1, said.stderr
    assert f"hf upload me/x {out} --repo-type model" in said.stderr
    assert (out / "README.md").is_file()
    other = push(hub, *arguments[:1], str(tmp_path / "b"), *arguments[2:], token="hf_" + "x" * 30)
    assert other.returncode == 2 and "does not take the token" in other.stderr
    assert not (tmp_path / "b").exists() and "x" * 30 not in other.stderr


def test_without_network_or_token_nothing_is_begun(
    store: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    import huggingface_hub.constants as constants

    out = tmp_path / "adapter"
    arguments = ["export", "merged", str(out), "--store", str(store), "--language", "de", "--push"]
    assert main([*arguments, "me/x"]) == 2
    assert "HF_HUB_OFFLINE is set" in capsys.readouterr().err
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "none"))
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    assert main([*arguments, "me/x"]) == 2
    assert "no token; log in with `hf auth login`" in capsys.readouterr().err
    assert main([*arguments, "me/x/y z"]) == 2
    assert "write OWNER/NAME" in capsys.readouterr().err
    assert not out.exists()
