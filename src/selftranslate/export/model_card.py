"""The card of an adapter or a merged model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from selftranslate import languages
from selftranslate.example import Sample
from selftranslate.export import Chosen, card, licences
from selftranslate.export.weights import is_adapter, on_hub, public
from selftranslate.index import Column, Ran
from selftranslate.report import by_language, groups, markdown, table

ADAPTER = """from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

base = "{base}"{comment}
tokenizer = AutoTokenizer.from_pretrained(base)
model = AutoModelForCausalLM.from_pretrained(base, dtype="auto")
model = PeftModel.from_pretrained(model, "{folder}")
"""
WHOLE = """from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("{folder}")
model = AutoModelForCausalLM.from_pretrained("{folder}", dtype="auto")
"""
ASK = """prompt = {prompt}
inputs = tokenizer(prompt, return_tensors="pt")
answer = model.generate(**inputs, max_new_tokens={most}, do_sample=False)
print(tokenizer.decode(answer[0, inputs["input_ids"].shape[1]:], skip_special_tokens=True))
"""


def write(chosen: Chosen, *, name: str, merged: bool, online: bool = False) -> str:
    """Return a run's README.md; `name` is what the folder or the repository is called.

    Raises DataError if an artifact of the experiment is missing.
    """
    found = licences.of_model(chosen.index.recipe["model"], online=online)
    sections = [
        f"# {card.task_name(chosen)}: {chosen.ran.setting}",
        _what(chosen, merged),
        f"> {table.verdict(chosen.result, chosen.column.code)}",
        _use(chosen, name, merged),
        _scores(chosen),
        card.translation(chosen),
        _training(chosen),
        "## Limits\n\n" + card.listed([*_limits(chosen), *card.limits(chosen)]),
        card.licences(found, chosen),
        card.origin(chosen),
    ]
    return card.compose(_front(chosen, name, merged, found or licences.UNKNOWN), sections)


def _front(chosen: Chosen, name: str, merged: bool, licence: dict[str, Any]) -> str:
    from huggingface_hub import EvalResult, ModelCardData

    model = chosen.index.recipe["model"]
    adapter = _adapter(chosen) and not merged
    results = [
        EvalResult(
            task_type="text-generation",
            task_name=chosen.index.task,
            dataset_type=next(reversed(chosen.index.data_sets), chosen.index.task),
            dataset_name=f"{chosen.index.task}, {languages.get(column.language).name} questions",
            dataset_config=column.language,
            dataset_split="test",
            metric_type=score["name"],
            metric_name=f"{score['name']}, percent",
            metric_value=round(100 * score["value"], 2),
            metric_args={"signature": score["signature"]},
        )
        for column, ran in _tested(chosen)
        for score in chosen.archive.get("answer", str(ran.test)).json("metrics.json")
    ]
    data = ModelCardData(
        model_name=name.rpartition("/")[2],
        base_model=model if on_hub(model) else None,
        base_model_relation=("adapter" if adapter else "finetune") if on_hub(model) else None,
        datasets=list(chosen.index.data_sets) or None,
        language=_languages(chosen),
        library_name="peft" if adapter else "transformers",
        pipeline_tag="text-generation",
        metrics=list(dict.fromkeys(one.metric_type for one in results)) or None,
        tags=[*card.TAGS, *(["lora"] if _adapter(chosen) else [])],
        eval_results=results or None,
        **licence,
    )
    return data.to_yaml()


def _languages(chosen: Chosen) -> list[str]:
    """Return the source language and those that the run was trained for."""
    codes = [column.trained_for for column, _ in _tested(chosen)]
    return [chosen.index.recipe["source"], *dict.fromkeys([chosen.column.trained_for, *codes])]


def _tested(chosen: Chosen) -> Iterator[tuple[Column, Ran]]:
    """Find every test set that exactly these weights were asked."""
    for column in chosen.index.columns:
        for ran in column.runs:
            if ran.trained == chosen.ran.trained and ran.test is not None:
                yield column, ran


def _adapter(chosen: Chosen) -> bool:
    return is_adapter(chosen.weights.path)


def _what(chosen: Chosen, merged: bool) -> str:
    name, how = public(chosen.index.recipe["model"]), "fine-tuned in full"
    if _adapter(chosen):
        how = "with a LoRA adapter merged into it" if merged else "the LoRA adapter for it"
    where = "" if on_hub(chosen.index.recipe["model"]) else " (not known to be on the hub)"
    return f"`{name}`{where}, {how}: one run of {card.PAPER}, trained on {card.made_of(chosen)}."


def _use(chosen: Chosen, name: str, merged: bool) -> str:
    """Show how to load it and how to ask it: in the words of training."""
    source = chosen.index.recipe["source"]
    samples = list(chosen.samples.read(Sample))
    own = [one for one in samples if one.languages != f"{source}>{source}"] or samples
    model = chosen.index.recipe["model"]
    comment = "" if on_hub(model) else "  # the folder it lies in"
    code = WHOLE if merged or not _adapter(chosen) else ADAPTER
    asked = chosen.archive.get("answer", str(chosen.ran.test)).json("manifest.json")["spec"]
    code = code.format(base=public(model), comment=comment, folder=name) + ASK.format(
        prompt=json.dumps(own[0].prompt, ensure_ascii=False), most=asked["max_new_tokens"]
    )
    return "\n\n".join(
        [
            "## How to use it",
            card.fenced(code, "python"),
            "A prompt has this form, up to its last line break, and the answer ends with the "
            "end-of-sequence token. One row of the training data, prompt and answer:",
            card.fenced(own[0].prompt + own[0].completion, "text"),
        ]
    )


def _scores(chosen: Chosen) -> str:
    rows = [
        row
        for row in table.statistics(chosen.result)
        if row[0] == chosen.result.languages[chosen.column.code].language
    ]
    own = [
        [languages.get(column.language).name, score["name"], f"{100 * score['value']:.1f}",
         score["signature"]]
        for column, ran in _tested(chosen)
        for score in chosen.archive.get("answer", str(ran.test)).json("metrics.json")
    ]  # fmt: skip
    run = table.run_name(chosen.outcome)
    return "\n\n".join(
        [
            "## Scores",
            f"These weights ({run}) on the test questions, in percent; validation "
            f"{table.percent(chosen.outcome.validation)}:",
            card.as_table(["questions", "score", "value", "signature"], own),
            "All runs of the experiment:",
            markdown.main_table(chosen.result),
            (by_language if groups.many(chosen.result) else table).footnote(chosen.result),
            card.as_table(table.STATISTICS[1:], [row[1:] for row in rows]),
            table.EXPLANATION,
        ]
    )


def _training(chosen: Chosen) -> str:
    told = chosen.weights.json("manifest.json")["spec"]
    kind, _, settings = told["trainer"].partition(" ")
    parameters = {
        key: value
        for key, value in json.loads(settings).items()
        if value is not None and key != "model"
    }
    left = chosen.weights.json("training.json")
    facts = {
        "learning_rate": told["learning_rate"],
        "seed": told["seed"],
        "steps": told["steps"],
        **parameters,
        "training rows": left["examples"],
        "rows left out": len(left["left_out"]),
        "tokens seen": left["tokens"],
        "tokens learned": left["trained_tokens"],
        "last loss": round(left["final_loss"], 4) if left["final_loss"] is not None else "none",
    }
    return "\n\n".join(
        [
            "## Training",
            f"`{kind}`, loss on the answers only:",
            card.as_table(["", "value"], facts.items()),
        ]
    )


def _limits(chosen: Chosen) -> list[str]:
    recipe, cell = chosen.index.recipe, chosen.cell
    how = {
        "source": "in the source language",
        "translated": "in the model's own translation",
        "target": "in the language itself, so this is no longer zero-shot",
    }[recipe["validation"]]
    said = [
        f"Runs were chosen by validation questions {how}; the test set chose no run, but who picks "
        "the best setting of the table picks by the test.",
        f"One run of {len(cell.outcomes)}: others of the same recipe, with another seed or "
        "learning rate, score as the table's spread says.",
    ]
    if chosen.outcome.diverged:
        said.append(f"This run does not count in the experiment: {chosen.outcome.diverged}.")
    if cell.comparison and not cell.significant:
        said.append(f"It is not significantly better than {cell.comparison.baseline}.")
    return said
