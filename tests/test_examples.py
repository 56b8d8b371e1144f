"""The three examples of tasks without code run to their ends, with tiny steps."""

from __future__ import annotations

from pathlib import Path

import pytest

from selftranslate import recipe, report
from selftranslate.archive import Archive
from selftranslate.example import Example, Pair, Sample
from selftranslate.pipeline import Pipeline
from selftranslate.runtime import Runtime
from selftranslate.store import Artifact

EXAMPLES = Path(__file__).parents[1] / "examples"
TINY = [
    "protocol.steps=1", "protocol.seeds=[0]", "protocol.keep=1", "training.batch_size=2",
    "limit=8", "limits.validation=2", "limits.test=3", "limits.quality=2",
]  # fmt: skip


class Ran:
    """One example's run, and what it left."""

    def __init__(self, name: str, store: Path) -> None:
        self.pipeline = Pipeline(
            recipe.load(EXAMPLES / name / "recipe.yaml", TINY), Runtime(store=store)
        )
        result, self.report = self.pipeline.run()
        report.publish(Archive(store), self.report, result)
        self.german = self.report.json("report.json")["languages"]["de"]

    def stage(self, name: str) -> list[Artifact]:
        store = self.pipeline.store
        return list({a.key: a for a in (*store.made, *store.found) if a.stage == name}.values())

    def pairs(self) -> list[Pair]:
        (translated,) = self.stage("translate")
        return list(translated.read(Pair))

    def samples(self) -> list[Sample]:
        largest = max(self.stage("mix"), key=lambda a: sum(1 for _ in a.read(Sample)))
        return list(largest.read(Sample))


@pytest.fixture(scope="module", params=["intents", "slots", "instructions"])
def ran(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return Ran(request.param, tmp_path_factory.mktemp(request.param))


def test_every_row_is_kept_or_dropped_and_the_report_is_there(ran: Ran) -> None:
    assert ran.german["kept"] + sum(ran.german["dropped"].values()) == len(ran.pairs()) == 8
    assert ran.german["kept"] >= 4, "the miniature can translate these"
    folder = ran.pipeline.store.root / "reports" / ran.report.key
    files = {path.name for path in folder.iterdir()}
    assert files >= {"report.md", "report.json", "report.html"}
    assert list(ran.german["settings"]) == [s.name for s in ran.pipeline.recipe.settings]


def test_what_belongs_to_the_task_arrives(ran: Ran) -> None:
    CHECKS[ran.pipeline.task.name](ran)


def intents(ran: Ran) -> None:
    by_languages = {(s.languages, s.completion) for s in ran.samples()}
    german = {"Wohnort", "Beruf", "Musik", "Getränk", "Anzahl"}
    assert {answer for spoken, answer in by_languages if spoken.endswith(">de")} <= german
    english = {answer for spoken, answer in by_languages if spoken.endswith(">en")}
    assert english <= {"home", "work", "music", "drink", "number"}
    assert {spoken for spoken, _ in by_languages} == {"en>en", "de>de", "en>de", "de>en"}
    assert all(s.prompt.endswith("\nWhat is asked for?\n") for s in ran.samples())


def slots(ran: Ran) -> None:
    found = 0
    for pair in ran.pairs():
        there = {name for name in ran.pipeline.task.fields if pair.source.fields[name]} - {"text"}
        assert set(pair.target.spans) | set(pair.unmarked) == there
        for name, (start, end) in pair.target.spans.items():
            found += 1
            assert pair.target.fields["text"][start:end] == pair.target.fields[name] != ""
        assert "<" not in pair.target.fields["text"]
    assert found >= 8, "spans come through"
    assert max(len(pair.target.spans) for pair in ran.pairs()) >= 2, "several in one text"
    for sample in ran.samples():
        assert all(
            line.partition(": ")[2] in sample.prompt for line in sample.completion.split("\n")
        )


def instructions(ran: Ran) -> None:
    pairs = {pair.source.id: pair for pair in ran.pairs()}
    for sample in ran.samples():
        if sample.languages == "de>de" and sample.id in pairs:
            target: Example = pairs[sample.id].target
            assert sample.prompt == target.fields["instruction"] + "\n"
            assert sample.completion == target.fields["response"].strip()


CHECKS = {"intents": intents, "slots": slots, "instructions": instructions}
