"""Fault 9 with a real kill: a run that dies while it saves a checkpoint ends with the same bytes."""

from __future__ import annotations

from pathlib import Path

from .conftest import Server, artifacts


def test_a_run_killed_anywhere_in_a_save_goes_on_to_the_same_weights(
    server: Server, recipe: Path, whole: Path, tmp_path: Path
) -> None:
    command = ("run", recipe, "--store", tmp_path, "--checkpoint-minutes", "0")
    places = ["work:1:kill", "tensors:1:torn", "seal:1:kill", "publish:1:kill", "published:1:kill"]
    for place in places:
        ended = server.run(*command, failpoint=f"checkpoint.{place}")
        assert ended.code == -9, f"{place}: {ended.said}"
        sealed = sorted(path.name for path in tmp_path.glob("train/.*.unfinished/step-*"))
        assert sealed == (["step-00000001"] if place.startswith("published") else [])
    ended = server.run(*command)
    assert ended.code == 0, ended.said
    assert "goes on from the checkpoint of step 1" in " ".join(ended.said.split())
    assert artifacts(tmp_path) == artifacts(whole), "and no checkpoint is left"
