"""An experiment's numbers come from its artifacts, each from the one of its role."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from selftranslate import report
from selftranslate.archive import Archive
from selftranslate.index import Column, Index, Ran
from selftranslate.store import Store, write, write_json
from selftranslate.training import Run

RULES = {"learning_rates": [1e-3], "seeds": [0, 1], "steps": 5, "keep": 1, "alpha": 0.05}


def answered(store: Store, name: str, value: float) -> str:
    score = {"name": "accuracy", "value": value, "signature": name, "items": [value], "answers": []}

    def work(folder: Path) -> None:
        write_json([score], folder, "metrics.json")

    return store.make("answer", {"name": name}, [], work).key


def columns(store: Store) -> tuple[Column, ...]:
    def kept(folder: Path) -> None:
        write([], folder)
        write_json({"complete: q ended by eos": 3}, folder, "reasons.json")

    def measured(folder: Path) -> None:
        write_json([{"name": "bleu", "value": 0.25, "signature": "BLEU"}], folder, "metrics.json")

    def ran(seed: int, validation: float, test: float, reason: str | None = None) -> Ran:
        return Ran(
            setting="D_src",
            run=Run(learning_rate=1e-3, seed=seed, steps=5),
            validation=answered(store, f"validation {seed}", validation),
            test=answered(store, f"test {seed}", test),
            diverged=reason,
        )

    given: dict[str, Any] = {
        "shots": "1", "translated": "2", "gold": None, "validation": "3", "test": "4",
        "filtered": store.make("filter", {}, [], kept).key,
        "quality": store.make("quality", {}, [], measured).key,
        "trained_for": "de",
    }  # fmt: skip
    chosen = (ran(0, validation=0.9, test=0.2), ran(1, validation=0.1, test=0.8))
    failed = (chosen[0], ran(2, validation=1.0, test=1.0, reason="validation at chance"))
    return (
        Column(code="de", language="de", runs=chosen, **given),
        Column(code="en (de)", language="en", runs=failed, **given),
    )


def test_validation_chooses_the_runs_and_test_is_what_is_reported(tmp_path: Path) -> None:
    store = Store(tmp_path)
    made_of = Index(
        task="t", metric="accuracy", fields=("q",), quality="q", recipe={"protocol": RULES},
        model="m", train="0", columns=columns(store), notes=("a note",),
    )  # fmt: skip
    found = report.assemble(Archive(tmp_path), made_of)
    german, english = found.languages["de"], found.languages["en (de)"]
    (cell,) = german.cells
    assert (cell.kept, cell.mean) == ((0,), 0.2), "the run that is best on the test is not kept"
    assert [o.validation for o in cell.outcomes] == [0.9, 0.1]
    assert [o.items for o in cell.outcomes] == [(0.2,), (0.8,)]
    assert english.cells[0].kept == (0,), "a run that diverged is not kept, however good"
    assert (german.dropped, german.kept) == ({"complete: q ended by eos": 3}, 0)
    assert [score.value for score in german.quality] == [0.25] and not english.translated
    assert english.language == "English (German)" and english.trained_for == "de"
    assert found.notes == ("a note",) and german.signature == "test 1"
