"""A setting's rows, in the forms that TRL and `datasets` read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from selftranslate.example import Sample
from selftranslate.export import Chosen, data_card, explain, rows
from selftranslate.filters import Dropped


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_prompt_and_completion_are_the_bytes_that_training_saw(
    chosen: Chosen, tmp_path: Path
) -> None:
    saved = rows.save(chosen, tmp_path / "out")
    trained = list(chosen.samples.read(Sample))
    written = lines(tmp_path / "out" / "train.jsonl")
    assert written == [{"prompt": s.prompt, "completion": s.completion} for s in trained]
    assert saved.rows == len(trained) == sum(saved.languages.values())
    assert saved.first.languages == "de>de"


def test_messages_hold_the_same_texts(chosen: Chosen, tmp_path: Path) -> None:
    rows.save(chosen, tmp_path / "out", "messages")
    said = [
        [(message["role"], message["content"]) for message in row["messages"]]
        for row in lines(tmp_path / "out" / "train.jsonl")
    ]
    trained = chosen.samples.read(Sample)
    assert said == [[("user", s.prompt), ("assistant", s.completion)] for s in trained]


def test_what_the_filters_dropped_stands_beside_with_its_reason(
    thai: Chosen, tmp_path: Path
) -> None:
    saved = rows.save(thai, tmp_path / "out")
    dropped = list(thai.archive.get("filter", thai.column.filtered).read(Dropped, "dropped.jsonl"))
    written = lines(tmp_path / "out" / "dropped.jsonl")
    assert saved.dropped == len(written) == len(dropped) > 0
    assert [row["id"] for row in written] == [one.pair.source.id for one in dropped]
    assert all(row["reason"] and row["filter"] for row in written)


@pytest.mark.parametrize("form", ["completion", "messages"])
def test_the_datasets_library_loads_the_folder(
    thai: Chosen, form: rows.Form, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import datasets

    out = tmp_path / "rows"
    saved = rows.save(thai, out, form)
    explain(out, data_card.write(thai, saved, name="rows"))
    cache = str(tmp_path / "cache")
    loaded = datasets.load_dataset(str(out), split="train", cache_dir=cache)
    assert [*loaded] == lines(out / "train.jsonl")
    dropped = datasets.load_dataset(str(out), "dropped", split="train", cache_dir=cache)
    assert len(dropped) == saved.dropped


def test_a_setting_without_translations_has_dropped_nothing(
    store: Path, thai: Chosen, tmp_path: Path
) -> None:
    from selftranslate.export import Wanted, choose

    plain = choose(Wanted(store=store, language="th", setting="D_src"))
    assert rows.save(plain, tmp_path / "out").dropped == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["train.jsonl"]
