"""The card of a setting's training rows."""

from __future__ import annotations

from typing import Any

from selftranslate import languages
from selftranslate.export import Chosen, card, licences
from selftranslate.export.rows import DROPPED, TRAIN, Saved
from selftranslate.export.weights import public

SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
)
MORE = "10M<n<100M"
FORMS = {
    "completion": (
        "Each row has a `prompt` and a `completion`. One behind the other they are, byte for byte, "
        "what training saw. The loss was on the completion only, and an end-of-sequence token "
        "stood behind it as an id; it is not in the text. TRL's `SFTTrainer` takes such rows as "
        "they are: it appends its tokenizer's end of sequence itself, and learns the completion "
        "only. It tokenizes prompt and completion together, selftranslate each by itself; where "
        "that differs, it warns. Rows over `max_length` (1,024 tokens, if you say nothing) it cuts."
    ),
    "messages": (
        "Each row has `messages`: the prompt as the user's, the completion as the assistant's, "
        "both byte for byte what training saw. A chat template puts its own words around them, so "
        "this is no longer the text of the experiment. TRL's `SFTTrainer` learns the whole "
        "conversation unless it is told `assistant_only_loss=True`."
    ),
}
LOAD = """from datasets import load_dataset

rows = load_dataset("{name}", split="train")
"""


def write(chosen: Chosen, saved: Saved, *, name: str, online: bool = False) -> str:
    """Return a data set's README.md. Raises DataError if an artifact is missing."""
    model = licences.of_model(chosen.index.recipe["model"], online=online)
    found = licences.of_data(chosen.index.licences)
    return card.compose(
        _front(chosen, saved, found or licences.UNKNOWN),
        [
            f"# {card.task_name(chosen)}: training rows of {chosen.ran.setting}",
            f"{saved.rows:,} rows to fine-tune on, made with {card.PAPER} by the model "
            f"`{public(chosen.index.recipe['model'])}`: {card.made_of(chosen)}.",
            card.as_table(["from > to", "rows"], saved.languages.items()),
            _form(saved, name),
            card.translation(chosen),
            "## Limits\n\n" + card.listed(_limits(chosen)),
            card.licences(model, chosen),
            card.origin(chosen),
        ],
    )


def _front(chosen: Chosen, saved: Saved, licence: dict[str, Any]) -> str:
    from huggingface_hub import DatasetCardData

    configs = [_config("default", "train", TRAIN)]
    if saved.dropped:
        configs.append(_config("dropped", "train", DROPPED))
    translated = bool({"target", "codeswitch"} & {*chosen.parts})
    read = chosen.index.data_sets
    data = DatasetCardData(
        pretty_name=f"{card.task_name(chosen)}, {chosen.ran.setting}",
        language=[chosen.index.recipe["source"], chosen.column.trained_for],
        annotations_creators=["machine-generated"] if translated else None,
        language_creators=["found", "machine-generated"] if translated else ["found"],
        multilinguality=["translation"] if translated else ["multilingual"],
        size_categories=[next((name for most, name in SIZES if saved.rows < most), MORE)],
        source_datasets=[f"extended|{one}" for one in read] or ["extended|other"],
        task_categories=list(dict.fromkeys(["text-generation", card.category(chosen)])),
        tags=[*card.TAGS, "sft", "trl"],
        configs=configs,
        **licence,
    )
    return data.to_yaml()


def _config(name: str, split: str, file: str) -> dict[str, Any]:
    return {"config_name": name, "data_files": [{"split": split, "path": file}]}


def _form(saved: Saved, name: str) -> str:
    first = saved.first
    parts = [
        "## Form",
        FORMS[saved.form],
        card.fenced(LOAD.format(name=name), "python"),
        f"A row from {first.languages}, its prompt:",
        card.fenced(first.prompt, "text"),
        "and its completion:",
        card.fenced(first.completion, "text"),
    ]
    if saved.dropped:
        parts.append(
            f"`{DROPPED}` (configuration `dropped`) has the {saved.dropped:,} translations that "
            "the filters took out, each with the filter, the field and the reason."
        )
    return "\n\n".join(parts)


def _limits(chosen: Chosen) -> list[str]:
    said = card.limits(chosen)
    if "gold" not in chosen.parts:
        language = languages.get(chosen.column.language).name
        said.insert(0, f"Of {language} text that no model translated, only the shots are in it.")
    return said
