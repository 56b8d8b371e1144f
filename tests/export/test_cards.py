"""Cards that the hub can read, and that say nothing that is not known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import DatasetCard, ModelCard

from selftranslate.export import Chosen, data_card, explain, licences, model_card, rows


def of_model(chosen: Chosen, folder: Path, **options: Any) -> ModelCard:
    explain(folder, model_card.write(chosen, **{"name": "me/x", "merged": False, **options}))
    return ModelCard.load(folder / "README.md")


def changed(chosen: Chosen, **recipe: Any) -> Chosen:
    index = replace(chosen.index, recipe={**chosen.index.recipe, **recipe})
    return replace(chosen, index=index)


def test_the_model_index_has_the_scores_of_exactly_these_weights(
    chosen: Chosen, tmp_path: Path
) -> None:
    data = of_model(chosen, tmp_path).data
    (result,) = data.eval_results
    measured = chosen.archive.get("answer", str(chosen.ran.test)).json("metrics.json")[0]
    assert result.metric_value == round(100 * measured["value"], 2)
    assert result.metric_type == measured["name"]
    assert result.metric_args == {"signature": measured["signature"]}
    assert (result.dataset_split, result.dataset_config) == ("test", "de")
    assert data.model_name == "x" and data.language == ["en", "de"]
    assert (data.library_name, data.pipeline_tag) == ("peft", "text-generation")


def test_a_run_that_serves_two_languages_has_both_scores(store: Path, tmp_path: Path) -> None:
    from selftranslate.export import Wanted, choose

    shared = choose(Wanted(store=store, language="de", setting="D_src"))
    data = of_model(shared, tmp_path).data
    assert [one.dataset_config for one in data.eval_results] == ["de", "th"]
    assert data.language == ["en", "de", "th"]


def test_the_body_says_how_it_was_made(chosen: Chosen, tmp_path: Path) -> None:
    text = of_model(chosen, tmp_path).content
    run = chosen.ran.run
    assert run is not None
    told = chosen.weights.json("training.json")
    for said in (
        "prompt `paper-figure-5`", "They kept 6 of 6 rows", "| complete", "| chrF |",
        f"| seed | {run.seed} |", "| learning_rate | 0.001 |", f"| training rows | {told['examples']} |",
        "Holm", "## Limits", "no person has checked", chosen.artifact.key, "selftranslate run",
    ):  # fmt: skip
        assert (said in text) or said == "| complete", said


def test_a_hub_model_is_named_and_a_folder_is_not_given_away(
    chosen: Chosen, tiny_model: Path, tmp_path: Path
) -> None:
    on_hub = of_model(changed(chosen, model="Qwen/Qwen3-0.6B-Base"), tmp_path)
    assert on_hub.data.base_model == "Qwen/Qwen3-0.6B-Base"
    assert on_hub.data.to_dict()["base_model_relation"] == "adapter"
    whole = of_model(changed(chosen, model="Qwen/Qwen3-0.6B-Base"), tmp_path, merged=True)
    assert whole.data.to_dict()["base_model_relation"] == "finetune"
    data = {"hub": False, "train": "/secret/place/train.jsonl"}
    local = of_model(changed(chosen, model=str(tiny_model), data=data), tmp_path)
    assert local.data.base_model is None
    assert tiny_model.name in local.content and "train.jsonl" in local.content
    for place in (str(tiny_model.parent), "/secret", str(chosen.archive.root)):
        assert place not in local.content


def test_licences_are_those_that_are_written_down(
    chosen: Chosen, tiny_model: Path, tmp_path: Path
) -> None:
    assert of_model(chosen, tmp_path).data.license == "apache-2.0", "the miniature's own card"
    unknown = of_model(changed(chosen, model=str(tiny_model)), tmp_path)
    assert (unknown.data.license, unknown.data.license_name) == ("other", "unknown")
    assert f"Model `{tiny_model.name}`: not known here" in unknown.content
    own = tmp_path / "own"
    own.mkdir()
    (own / "config.json").write_text("{}")
    (own / "README.md").write_text("---\nlicense: other\nlicense_name: mine\n---\n")
    assert licences.of_model(str(own), online=False) == {"license": "other", "license_name": "mine"}
    (own / "README.md").write_text("---\nlicense: [\n---\n")
    assert licences.of_model(str(own), online=False) == {}
    assert licences.of_model("nobody/nothing", online=False) == {}
    assert licences.of_data(["A: MIT.", "B: some of it CC BY 4.0, some not."]) == {}


def test_the_data_card_is_one_of_machine_made_rows(thai: Chosen, tmp_path: Path) -> None:
    saved = rows.save(thai, tmp_path / "out")
    known = replace(thai, index=replace(thai.index, licences=("A: MIT.", "B: CC BY 4.0.")))
    explain(tmp_path / "out", data_card.write(known, saved, name="me/rows"))
    made = DatasetCard.load(tmp_path / "out" / "README.md")
    data = made.data.to_dict()
    assert data["annotations_creators"] == ["machine-generated"]
    assert data["language"] == ["en", "th"] and data["license"] == ["mit", "cc-by-4.0"]
    assert data["size_categories"] == ["n<1K"] and data["source_datasets"] == ["extended|other"]
    assert "text-generation" in data["task_categories"]
    assert [one["config_name"] for one in data["configs"]] == ["default", "dropped"]
    for said in ("end-of-sequence", f"{saved.rows:,} rows", "- A: MIT.", "character BLEU"):
        assert said in made.content, said


def test_rows_from_the_hub_name_their_data_sets(chosen: Chosen, tmp_path: Path) -> None:
    index = replace(chosen.index, data_sets=("openai/gsm8k", "juletxara/mgsm"))
    other = replace(chosen, index=index)
    data = of_model(other, tmp_path).data
    assert data.datasets == ["openai/gsm8k", "juletxara/mgsm"]
    assert data.eval_results[0].dataset_type == "juletxara/mgsm"


@pytest.mark.parametrize("text", ["a ``` b", "````\nx"])
def test_backticks_of_the_data_do_not_end_its_block(text: str) -> None:
    from selftranslate.export.card import fenced

    first, *_, last = fenced(text).splitlines()
    assert first == last and set(first) == {"`"} and first not in text
