"""A store is read by role and by key, and by whoever did not write it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from selftranslate import index
from selftranslate.archive import RESULT, Archive
from selftranslate.errors import DataError
from selftranslate.index import Column, Index, Ran
from selftranslate.store import Artifact, Store, write_json
from selftranslate.training import Run

INDEX = Index(
    task="mini",
    metric="final_number",
    fields=("question", "answer"),
    quality="question",
    recipe={"model": "mini"},
    model="f" * 16,
    train="0" * 16,
    columns=(
        Column(
            code="en (de)", language="en", trained_for="de", shots="1" * 16, translated="2" * 16,
            filtered="3" * 16, quality="4" * 16, gold=None, validation="5" * 16, test="6" * 16,
            runs=(
                Ran(setting="zero-shot", test="7" * 16),
                Ran(
                    setting="D_src", run=Run(learning_rate=1e-4, seed=2, steps=3),
                    samples="8" * 16, trained="9" * 16, diverged="the loss was nan at step 2",
                ),
            ),
        ),
    ),
    notes=("7 of 8 shots fit",),
)  # fmt: skip


def made(store: Store, name: str, age: float) -> Artifact:
    artifact = store.make(
        RESULT, {"name": name}, [], lambda f: write_json(INDEX.to_json(), f, index.FILE)
    )
    manifest = artifact.path / "manifest.json"
    os.utime(manifest, (manifest.stat().st_mtime - age,) * 2)
    return artifact


def test_an_index_comes_back_as_it_was(tmp_path: Path) -> None:
    artifact = made(Store(tmp_path), "a", 0)
    assert Archive(tmp_path).index(artifact) == INDEX


def test_the_newest_experiment_comes_first_and_a_key_may_be_cut_short(tmp_path: Path) -> None:
    store = Store(tmp_path)
    old, new, between = (made(store, name, age) for name, age in (("a", 9), ("b", 0), ("c", 5)))
    archive = Archive(tmp_path)
    assert [a.key for a in archive.results()] == [new.key, between.key, old.key]
    assert archive.result().key == new.key
    assert archive.result(old.key[:6]).key == old.key
    assert archive.find(between.key[:6]).path == between.path
    with pytest.raises(DataError, match=r"beginning of several: result/\w{16}, result/"):
        archive.find("")


def test_what_is_missing_is_named_with_what_to_do(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    with pytest.raises(DataError, match=r"no finished experiment here; .*status"):
        archive.result()
    with pytest.raises(DataError, match="translate/0123: missing; run the recipe again"):
        archive.get("translate", "0123")
    with pytest.raises(DataError, match="no artifact's key begins with 'beef'"):
        archive.find("beef")
    artifact = made(Store(tmp_path), "a", 0)
    (artifact.path / index.FILE).write_text("{}")
    with pytest.raises(DataError, match=r"index\.json: cannot be read"):
        archive.index(artifact)


def test_a_draft_is_no_artifact(tmp_path: Path) -> None:
    (tmp_path / RESULT / ("a" * 16)).mkdir(parents=True)
    assert Archive(tmp_path).results() == []
