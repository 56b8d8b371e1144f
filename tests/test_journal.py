"""The journal says when, how fast and where, of every artifact that was made."""

from __future__ import annotations

from pathlib import Path

from selftranslate import journal, recipe
from selftranslate.pipeline import Pipeline
from selftranslate.runtime import Runtime
from selftranslate.store import Store

RECIPE = {
    "task": {"name": "mini", "train": 4, "validation": 2, "test": 2},
    "model": "mini",
    "languages": ["de"],
    "limits": {"quality": 1},
    "settings": [{"name": "zero-shot"}],
}


def test_a_run_writes_down_what_it_made_with_the_engines_tokens(tmp_path: Path) -> None:
    for _ in range(2):
        pipeline = Pipeline(recipe.parse(RECIPE, "test"), Runtime(store=tmp_path))
        pipeline.run()
    found = journal.read(tmp_path)
    there = {(p.parent.parent.name, p.parent.name) for p in tmp_path.glob("*/*/manifest.json")}
    assert found.entries.keys() == there
    tokens = {stage: entry.tokens for (stage, _), entry in found.entries.items()}
    assert tokens["translate"] > 4 * 10 and tokens["answer"] > 0 and tokens["filter"] == 0
    (session,) = found.sessions.values()
    assert session.machine["versions"].keys() >= {"selftranslate", "torch", "transformers"}
    assert all(e.session == session.id and e.seconds >= 0 for e in found.entries.values())


def test_a_torn_line_costs_that_line_alone(tmp_path: Path) -> None:
    store = Store(tmp_path, journal=journal.Writer(tmp_path))
    first = store.make("a", {}, [], lambda folder: None)
    (file_,) = (tmp_path / journal.FOLDER).iterdir()
    with file_.open("a") as file:
        file.write('{"made": 3}\n[]\n{"made": {"stage": "b", "ke')
    last = store.make("c", {}, [], lambda folder: None)
    found = journal.read(tmp_path)
    assert [*found.entries] == [("a", first.key), ("c", last.key)]


def test_there_may_be_no_journal(tmp_path: Path) -> None:
    assert journal.read(tmp_path).entries == {}
    assert journal.read(tmp_path).entry("translate", "0" * 16) is None


def test_the_file_of_older_versions_is_read_and_the_last_word_counts(tmp_path: Path) -> None:
    first = Store(tmp_path, journal=journal.Writer(tmp_path)).make("a", {}, [], lambda folder: None)
    (own,) = (tmp_path / journal.FOLDER).iterdir()
    earlier = (
        own.read_text().replace('"began": "2', '"began": "1').replace('"seconds": ', '"seconds": 7')
    )
    (tmp_path / journal.BEFORE).write_text(earlier + earlier.replace(first.key, "f" * 16))
    found = journal.read(tmp_path).entries
    assert found.keys() == {("a", first.key), ("a", "f" * 16)}
    assert found["a", first.key].began.startswith("2"), "made again since"
    assert found["a", "f" * 16].seconds >= 7


def test_two_processes_write_two_files(tmp_path: Path) -> None:
    """On a network disk appends from two machines tear each other."""
    for stage in "ab":
        Store(tmp_path, journal=journal.Writer(tmp_path)).make(stage, {}, [], lambda folder: None)
    assert len(list((tmp_path / journal.FOLDER).iterdir())) == 2
    assert {stage for stage, _ in journal.read(tmp_path).entries} == {"a", "b"}
