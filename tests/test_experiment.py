"""An experiment from Python: stage by stage, as a whole, and opened again from its store."""

from __future__ import annotations

import json
import subprocess
import sys

import pandas
import pytest

from selftranslate import Experiment
from selftranslate.errors import DataError, RecipeError
from selftranslate.experiment.finished import Finished
from selftranslate.store import Store

RECIPE = """
task: {name: mini_nli, train: 5, validation: 1, test: 2}
model: mini
languages: [th]
limits: {quality: 1}
filters: [complete, {name: length_ratio, limit: 1.9}]
settings:
  - {name: D_src, train_on: [source]}
  - {name: +D_tgt, train_on: [source, target]}
training: {name: lora, r: 2, batch_size: 2}
protocol: {learning_rates: [1e-3], seeds: [0, 1], steps: 3, keep: 1}
"""


@pytest.fixture(scope="module")
def experiment(tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    folder = tmp_path_factory.mktemp("experiment")
    (folder / "recipe.yaml").write_text(RECIPE)
    return Experiment.from_yaml(folder / "recipe.yaml", "seed=3", store=folder / "runs")


@pytest.fixture(scope="module")
def finished(experiment: Experiment) -> Finished:
    return experiment.run()


def test_changes_are_those_of_the_command(experiment: Experiment) -> None:
    assert experiment.recipe.seed == 3
    with pytest.raises(RecipeError, match="Did you mean 'seed'"):
        Experiment.from_yaml(experiment.runtime.store.parent / "recipe.yaml", "sed=3")


def test_the_stages_make_what_run_makes(
    experiment: Experiment, finished: Finished, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing_new(*_: object, **__: object) -> None:
        pytest.fail("a stage made something that the run had not made")

    monkeypatch.setattr(Store, "_make", nothing_new)
    again = Experiment(experiment.recipe, experiment.runtime)
    assert len(again.load("train")) == 5 and len(again.load("test", "th")) == 2
    assert again.shots("th").id.nunique() == 8
    checked = again.filter("th")
    assert again.translate("th").equals(checked[list(again.translate("th").columns)])
    assert checked.equals(finished.translations("th"))
    kept = checked[checked.kept].id.nunique()
    assert len(again.mix("D_src", "th")) == 5 + 8
    assert len(again.mix("+D_tgt", "th")) == 5 + 8 + kept
    trained = again.train("+D_tgt", "th")
    assert list(trained.seed) == [0, 1] and set(trained.steps) == {3}
    assert again.ask("+D_tgt", "th").equals(finished.predictions("th", "+D_tgt"))


def test_frames_hold_the_reports_numbers(finished: Finished) -> None:
    whole = json.loads((finished.report.parent / "report.json").read_text())["languages"]["th"]
    statistics = finished.statistics().set_index("setting")
    for name, cell in whole["settings"].items():
        assert statistics.loc[name, "mean"] == cell["mean"]
        runs = finished.runs().query("setting == @name")
        assert list(runs.test) == [run["test"] for run in cell["runs"]]
        asked = finished.predictions("th", name)
        assert list(asked.groupby("seed").correct.mean()) == list(runs.test)
    assert list(finished.table().index) == list(whole["settings"])
    assert list(finished.table().columns) == ["Thai"]
    checked = finished.translations("th").drop_duplicates("id")
    assert checked.kept.sum() == whole["kept"]
    dropped = checked.reason[~checked.kept].value_counts().to_dict()
    assert dropped == whole["dropped"] and dropped
    assert finished.quality().kept.tolist() == [whole["kept"]]
    assert finished.verdict("th") == str(finished).splitlines()[0]
    assert len(finished.losses("th")) == 3


def test_a_finished_experiment_needs_its_store_only(
    finished: Finished, monkeypatch: pytest.MonkeyPatch
) -> None:
    from selftranslate import model

    monkeypatch.setattr(model, "folder", lambda name: pytest.fail("the model was asked for"))
    opened = Experiment.open(finished.archive.root)
    pandas.testing.assert_frame_equal(opened.statistics(), finished.statistics())
    assert opened.report == finished.report and opened.report.is_file()
    assert Experiment.open(finished.archive.root, finished.artifact.key[:6]).index == opened.index
    with pytest.raises(DataError, match="no finished experiment"):
        Experiment.open(finished.archive.root / "nowhere")


def test_plots_show_every_setting_and_run(finished: Finished) -> None:
    (axes,) = finished.plot().axes
    assert len(axes.patches) == 2 and sum(len(line.get_xdata()) for line in axes.lines) == 2
    (curves,) = finished.plot_losses("th").axes
    assert len(curves.lines) == 4
    assert [text.get_text() for text in curves.get_legend().get_texts()] == ["D_src", "+D_tgt"]


def test_a_wrong_name_is_one_line_with_the_right_ones(
    experiment: Experiment, finished: Finished
) -> None:
    with pytest.raises(RecipeError, match="Known: th"):
        finished.translations("de")
    with pytest.raises(RecipeError, match=r"Did you mean '\+D_tgt'"):
        finished.predictions("th", "D_tgt")
    with pytest.raises(RecipeError, match=r"Did you mean '\+D_tgt'"):
        experiment.mix("D_tgt", "th")
    with pytest.raises(RecipeError, match="unknown language of this recipe 'xx'"):
        experiment.shots("xx")


def test_importing_the_package_imports_nothing_of_it() -> None:
    code = (
        "import sys, selftranslate; print(*sys.modules); "
        "print(selftranslate.Experiment.__name__); print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    before, name, after = done.stdout.splitlines()
    assert "selftranslate.experiment" not in before.split() and name == "Experiment"
    assert not {"torch", "pandas", "matplotlib", "numpy"} & set(after.split())
