"""Fault 1: a run that dies anywhere goes on with the same command, to the same bytes."""

from __future__ import annotations

from pathlib import Path

from .conftest import Server, artifacts

STAGES = ["translate", "filter", "quality", "mix", "train", "answer", "result"]
"""In the order of the run."""

UNFORESEEN = 70
"""What the server says of an exception that the command lets through."""


def finished(store: Path) -> dict[str, str]:
    """Leave out the drafts and locks of who was killed."""
    return {name: hash_ for name, hash_ in artifacts(store).items() if "/." not in name}


def test_a_run_that_fails_at_every_place_ends_with_the_same_bytes(
    server: Server, recipe: Path, whole: Path, tmp_path: Path
) -> None:
    """Each attempt goes on from the one before, and is ended a little further on."""
    expected, before = artifacts(whole), 0
    places = [("memory.commit:1:kill", -9), ("memory.committed:1:kill", -9)]
    places += [("store.row:3:torn", -9)]
    for stage in STAGES:
        places += [
            (f"{stage}.work:1:raise", UNFORESEEN),
            (f"{stage}.seal:1:enospc", 5) if stage == "train" else (f"{stage}.seal:1:kill", -9),
            (f"{stage}.publish:1:kill", -9),
            (f"{stage}.published:1:kill", -9),
        ]
    for failpoint, code in places:
        ended = server.run("run", recipe, "--store", tmp_path, failpoint=failpoint)
        assert ended.code == code, f"{failpoint}: {ended.said}"
        there = finished(tmp_path)
        assert there.items() <= expected.items(), failpoint
        assert len(there) >= before + ("published" in failpoint), failpoint
        before = len(there)
    assert server.run("run", recipe, "--store", tmp_path).code == 0
    assert artifacts(tmp_path) == expected, "and no draft or lock is left"
