"""Two experiments: what was asked for, what differs because of it, and what does not."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from selftranslate import differences
from selftranslate.cli import main
from selftranslate.differences import Compared, Differences, changed, side

from .conftest import RECIPE, Experiment, run


@pytest.fixture(scope="module")
def experiment(experiment: Experiment, tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    """Use a copy: another experiment in the store would be the newest for other tests."""
    store = tmp_path_factory.mktemp("diff") / "store"
    shutil.copytree(experiment.store, store)
    return replace(experiment, store=store)


@pytest.fixture(scope="module")
def other(experiment: Experiment) -> str:
    """The same with fewer shots, another rank and one setting less, in the same store."""
    return run(
        {
            **RECIPE,
            "model": str(experiment.model),
            "shots": 3,
            "settings": RECIPE["settings"][1:],
            "training": {**RECIPE["training"], "r": 8},
        },
        experiment.store,
    )


@pytest.fixture(scope="module")
def found(experiment: Experiment, other: str) -> Differences:
    return differences.compare(
        side(experiment.key, experiment.store), side(other, experiment.store)
    )


def by_role(found: Differences) -> dict[str, Compared]:
    return {one.role: one for one in found.artifacts}


def test_the_recipes_fields_are_named_with_old_and_new(found: Differences) -> None:
    said = {one.name: (one.a, one.b) for one in found.recipe}
    assert said.pop("settings.as it is")[1] is None
    assert said == {"shots": (8, 3), "training.r": (4, 8)}


def test_what_differs_is_traced_to_the_first_that_does(found: Differences) -> None:
    roles = by_role(found)
    assert roles["training data"].state == "equal"
    run_ = "de: +D_tgt, rate 0.001, seed 0"
    for name in ("translations", "filtered", "quality", "shots"):
        assert roles[f"de: {name}"].state == "different", name
    for name in ("de: translations", f"{run_}, trained", f"{run_}, test answers"):
        assert roles[name].because == "de: shots", name
    own = {(one.name, one.a, one.b) for one in roles[f"{run_}, trained"].spec}
    assert own == {("trainer.r", 4, 8)}
    assert roles["de: as it is, test answers"].state == "only in A"


def test_scores_stand_side_by_side(found: Differences) -> None:
    cells = {(one.language, one.setting): (one.a, one.b) for one in found.scores}
    assert cells.keys() == {("de", "as it is"), ("de", "+D_tgt")}
    assert cells["de", "as it is"][1] is None and None not in cells["de", "+D_tgt"]


def test_the_same_experiment_differs_in_nothing(
    experiment: Experiment, other: str, capsys: pytest.CaptureFixture[str]
) -> None:
    key = f"{experiment.store}:{other[:6]}"
    assert main(["diff", str(experiment.store), key, "--json"]) == 0  # the other is the newest
    (line,) = capsys.readouterr().out.splitlines()
    made = json.loads(line)
    assert made["recipe"] == made["machine"] == []
    assert {one["state"] for one in made["artifacts"]} == {"equal"}


def test_people_read_what_changed_first_and_what_followed(
    experiment: Experiment, other: str, capsys: pytest.CaptureFixture[str]
) -> None:
    store = str(experiment.store)
    assert main(["diff", experiment.key[:8], other[:8], "--store", store]) == 0
    out = capsys.readouterr().out
    assert "shots: 8 → 3" in out and "only in A: " in out
    assert "and so translate, filter, quality" in out
    assert "train, by itself too: trainer.r: 4 → 8" in out
    assert "+D_tgt" in out.partition("scores")[2]


def test_machines_and_versions_that_differ_are_named(experiment: Experiment) -> None:
    one = side(str(experiment.store), experiment.store)
    assert differences.compare(one, one).machine == ()
    journal = one.archive.journal
    sessions = {
        id_: replace(session, machine={**session.machine, "versions": {"torch": "0.1"}})
        for id_, session in journal.sessions.items()
    }
    newer = side(str(experiment.store), experiment.store)
    newer.archive.__dict__["journal"] = replace(journal, sessions=sessions)
    (named,) = differences.compare(one, newer).machine
    assert (named.name, named.b) == ("versions.torch", "0.1")


def test_lists_of_named_things_are_compared_by_name_and_order() -> None:
    both = [{"name": "x", "p": 1}, {"name": "y"}]
    assert [(c.name, c.a, c.b) for c in changed(both, [{"name": "x", "p": 2}, {"name": "y"}])] == [
        ("x.p", 1, 2)
    ]
    assert [(c.name, c.a, c.b) for c in changed({"s": both}, {"s": both[::-1]})] == [
        ("s (their order)", ["x", "y"], ["y", "x"])
    ]


def test_an_experiment_that_is_not_there_is_an_error(
    experiment: Experiment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diff", str(experiment.store), str(tmp_path)]) == 3
    assert main(["diff", "no-such", str(tmp_path), "--store", str(tmp_path / "no")]) == 3
    first, second = capsys.readouterr().err.splitlines()
    assert "no finished experiment" in first and "no-such: no such store" in second
