"""`--push` with the hub's own client: what it uploads, and when it says no."""

from __future__ import annotations

from pathlib import Path

import huggingface_hub.constants as constants
import pytest

from selftranslate.cli import main

from .hub_server import TOKEN, Hub


@pytest.fixture
def online(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """The client's own settings, as HF_ENDPOINT and HF_TOKEN would make them."""
    monkeypatch.setattr(constants, "ENDPOINT", hub.url)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "none"))
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    return hub


@pytest.fixture
def german(store: Path) -> list[str]:
    """The options that choose a run."""
    return ["--store", str(store), "--language", "de", "--push", "me/x"]


def test_a_folder_is_uploaded_whole_into_the_repository(
    online: Hub, store: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "rows"
    arguments = ["--store", str(store), "--language", "th", "--setting", "+D_tgt"]
    command = ["export", "trl", str(out), *arguments, "--push", "me/rows", "--private"]
    assert main(command) == 0
    said = capfd.readouterr()
    assert said.out.splitlines()[-1] == f"{online.url}/datasets/me/rows"
    assert online.uploaded == {path.name: path.read_bytes() for path in out.iterdir()}
    assert set(online.uploaded) == {"README.md", "train.jsonl", "dropped.jsonl"}
    (made,) = online.created
    assert (made["name"], made["type"], made["visibility"]) == ("rows", "dataset", "private")
    assert TOKEN not in said.out + said.err


def test_what_the_hub_refuses_stays_written(
    online: Hub, german: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    online.refuse = "/commit/"
    out = tmp_path / "adapter"
    assert main(["export", "hf", str(out), *german]) == 1
    (said,) = capsys.readouterr().err.splitlines()
    assert f"hf upload me/x {out} --repo-type model" in said and TOKEN not in said
    assert (out / "README.md").is_file()


def test_what_is_private_is_not_put_where_all_can_read_it(
    online: Hub, german: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    online.public = True
    assert main(["export", "hf", str(tmp_path / "a"), *german, "--private"]) == 2
    assert "it is there and public; nothing was uploaded" in capsys.readouterr().err
    assert not online.uploaded


def test_without_network_or_a_good_token_nothing_is_begun(
    online: Hub,
    german: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "model"
    command = ["export", "merged", str(out), *german]

    def refused() -> str:
        assert main(command) == 2
        return capsys.readouterr().err

    monkeypatch.setenv("HF_TOKEN", "hf_" + "x" * 30)
    said = refused()
    assert "the hub does not take the token" in said and "x" * 30 not in said
    monkeypatch.delenv("HF_TOKEN")
    assert "no token; log in with `hf auth login`, or set HF_TOKEN" in refused()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert "HF_HUB_OFFLINE is set" in refused()
    command[-1] = "me/x/y z"
    assert "write OWNER/NAME" in refused()
    assert not out.exists() and not online.created
