"""Fault 15: texts that want to break out of prompts, marks, terminals and pages stay texts."""

from __future__ import annotations

import html
import importlib
import io
from collections.abc import Callable, Mapping
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from selftranslate import recipe, report
from selftranslate.archive import Archive
from selftranslate.example import Example, Pair, Sample
from selftranslate.filters import Dropped
from selftranslate.pipeline import Pipeline
from selftranslate.report import Result, terminal
from selftranslate.runtime import Runtime
from selftranslate.store import Artifact
from selftranslate.visible import visible

from .fault_plugins.hostile import TEXTS

SETTINGS = [
    {"name": "[/x] [red]<b>D_src", "train_on": ["source"]},
    {"name": "D_tgt", "train_on": ["source", "target"]},
]
FILTERS: dict[str, list[str]] = {"the usual filters": ["complete", "length_ratio"], "no filter": []}


Run = tuple[Result, Mapping[str, list[Artifact]]]


@pytest.fixture(scope="module")
def run(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Run]:
    """Run the whole method on the hostile rows, once with each list of filters."""
    done: dict[str, Run] = {}

    def once(filters: str) -> Run:
        if filters in done:
            return done[filters]
        wanted: dict[str, Any] = {
            "task": "fault_plugins.hostile",
            "model": str(tiny_model),
            "languages": ["de"],
            "shots": 2,
            "filters": FILTERS[filters],
            "settings": SETTINGS,
            "training": {"name": "lora", "r": 2, "batch_size": 2, "max_left_out": 0.5},
            "protocol": {"learning_rates": [1e-3], "seeds": [0], "steps": 1, "keep": 1},
        }
        store = tmp_path_factory.mktemp("store")
        pipeline = Pipeline(recipe.parse(wanted, "test"), Runtime(store=store))
        result, made = pipeline.run()
        report.publish(Archive(store), made, result)
        stages: dict[str, list[Artifact]] = {}
        for artifact in pipeline.store.made:
            stages.setdefault(artifact.stage, []).append(artifact)
        done[filters] = result, stages
        return done[filters]

    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).parent)
        importlib.invalidate_caches()
        yield once


@pytest.fixture(params=FILTERS)
def filters(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_the_counts_balance(run: Callable[[str], Run], filters: str) -> None:
    ran = run(filters)
    names = {f"train/{name}" for name in TEXTS}
    (filtered,) = ran[1]["filter"]
    kept = [pair.source.id for pair in filtered.read(Pair)]
    dropped = [row.pair.source.id for row in filtered.read(Dropped, "dropped.jsonl")]
    assert sorted(kept + dropped) == sorted(names)
    assert sum(ran[0].languages["de"].dropped.values()) == len(dropped)
    by_filter = [row for row in filtered.read(Dropped, "dropped.jsonl") if row.filter]
    assert bool(by_filter) == (filters == "the usual filters")
    # Without any filter still no pair is kept of which a text is missing.
    assert "train/longer than the context" in dropped


@pytest.mark.parametrize("name", TEXTS)
def test_nothing_is_changed_that_is_not_translated(
    run: Callable[[str], Run], filters: str, name: str
) -> None:
    ran, text, id_ = run(filters), TEXTS[name], f"train/{name}"
    (translated,), (loaded,) = ran[1]["translate"], ran[1]["load-train"]
    (example,) = (row for row in loaded.read(Example) if row.id == id_)
    assert example.fields["question"] == example.fields["label"] == text
    (pair,) = (row for row in translated.read(Pair) if row.source.id == id_)
    assert pair.source == example
    target = pair.target
    assert target.fields["label"] == text and target.fields.keys() == example.fields.keys()
    if not text.strip():
        assert target.fields["question"] == text
    for field, (start, end) in target.spans.items():
        assert target.fields["context"][start:end] == target.fields[field]
    assert ("answer" in target.spans) != ("answer" in pair.unmarked)
    assert not any(sign in target.fields["context"] for sign in ("<answer>", "</answer>"))
    assert (pair.ended["question"] == ("error",)) == (name == "longer than the context")
    for mixed in ran[1]["mix"]:
        first = next(row for row in mixed.read(Sample) if row.id == id_)
        assert first.prompt == f"{text}\n{example.fields['context']}\n"
        assert first.completion == "yes"


class Tags(HTMLParser):
    """Collects the names of a page's elements."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.names.append(tag)


@pytest.mark.parametrize("name", TEXTS)
def test_a_terminal_and_a_page_show_them_as_text(run: Callable[[str], Run], name: str) -> None:
    result, stages = run("no filter")
    (pair,) = (p for p in stages["translate"][0].read(Pair) if p.source.id == f"train/{name}")
    mirrored = replace(pair, target=replace(pair.source, language="de"))
    findings = replace(result.languages["de"], samples=(mirrored,))
    shown = replace(result, languages={"de": findings})

    out = io.StringIO()
    terminal.show(shown, Path("report.html"), Console(file=out, width=20_000, color_system=None))
    said = out.getvalue()
    assert "\x1b" not in said and "\u202e" not in said and visible(said) == said
    assert "[/x] [red]<b>D_src" in said
    words = [word for word in TEXTS[name].split() if word.isprintable()]
    assert all(word in said for word in words)

    (made,) = stages["result"]
    page = (made.path.parents[1] / "reports" / made.key / "report.html").read_text("utf-8")
    assert html.unescape(page).count(visible(TEXTS[name])) >= 2
    tags = Tags()
    tags.feed(page)
    assert not set(tags.names) & {"img", "answer", "x"} and tags.names.count("script") == 1
