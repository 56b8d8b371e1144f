"""Which run of a store is exported."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from selftranslate import export
from selftranslate.errors import DataError, RecipeError
from selftranslate.export import Chosen, Wanted, choose, find


def test_the_best_setting_and_its_best_run_are_chosen(store: Path) -> None:
    chosen = choose(Wanted(store=store, language="de"))
    cells = [cell for cell in chosen.result.languages["de"].cells if cell.trained]
    assert chosen.cell.mean == max(cell.mean for cell in cells)
    kept = [chosen.cell.outcomes[i] for i in chosen.cell.kept]
    assert chosen.outcome.validation == max(outcome.validation or 0 for outcome in kept)
    assert chosen.ran.run == chosen.outcome.run


@pytest.mark.parametrize("better", ["D_src", "+D_tgt"])
def test_the_highest_mean_is_the_best_setting(chosen: Chosen, better: str) -> None:
    found = chosen.result.languages["de"]
    cells = tuple(replace(c, mean=0.9 if c.setting == better else 0.5) for c in found.cells)
    languages = {"de": replace(found, cells=cells)}
    result = replace(chosen.result, languages=languages)
    assert export._cell(result, chosen.column, "").setting == better


def test_a_run_that_diverged_has_nothing_to_export(chosen: Chosen) -> None:
    lost = replace(chosen.ran, test=None, validation=None, diverged="the loss became NaN")
    with pytest.raises(DataError, match="left no weights: the loss became NaN"):
        _ = replace(chosen, ran=lost).weights


def test_a_run_can_be_named_by_its_key_or_its_folder(store: Path, chosen: Chosen) -> None:
    runs = [ran for ran in chosen.column.runs if ran.setting == "+D_tgt"]
    assert len({ran.trained for ran in runs}) == 2
    for ran in runs:
        assert ran.trained is not None
        wanted = Wanted(store=store, language="de", setting="+D_tgt", run=ran.trained[:9])
        assert choose(wanted).ran == ran
        found = find(store / "train" / ran.trained).chosen
        assert found is not None and found.ran == ran and found.column.code == "de"


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ({}, r"several languages; name one: --language de\|th$"),
        ({"language": "xx"}, "unknown language of this experiment 'xx'.*Known: de, th"),
        ({"language": "de", "setting": "D_tgt"}, r"Did you mean '\+D_tgt'\?"),
        ({"language": "de", "setting": "zero-shot"}, "unknown trained setting 'zero-shot'"),
        ({"language": "de", "run": "ffff"}, "unknown run 'ffff'.*Known: .*best"),
        ({"language": "de", "key": "ffff"}, "no finished experiment ffff"),
    ],
)
def test_what_is_not_there_or_not_clear_is_one_line(
    store: Path, named: dict[str, str], said: str
) -> None:
    with pytest.raises((RecipeError, DataError), match=said):
        choose(Wanted(store=store, **named))


def test_what_training_left_outside_of_an_experiment_is_found_too(
    chosen: Chosen, tmp_path: Path
) -> None:
    shutil.copytree(chosen.weights.path, tmp_path / "train" / chosen.weights.key)
    found = find(tmp_path / "train" / chosen.weights.key)
    assert found.chosen is None
    with pytest.raises(DataError, match="neither an adapter nor a model"):
        find(tmp_path)
