"""What a model's and a data set's card have in common: README.md with the hub's front matter."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from selftranslate import __version__, languages
from selftranslate.example import Pair
from selftranslate.export import Chosen
from selftranslate.export.weights import public
from selftranslate.report import provenance, table

PAPER = "[Self-Translate-Train](https://arxiv.org/abs/2407.00454) (Ri, Kiyono, Takase 2024)"
TAGS = ("self-translate-train", "selftranslate", "cross-lingual-transfer")
CATEGORIES = {"label": "text-classification", "span": "question-answering"}
"""A task's metric -> what the hub calls such a task; others generate text."""
PARTS = {
    "source": "the {source} training data with the few {language} rows that show how to translate",
    "target": "what the model itself translated of it into {language}",
    "codeswitch": "rows with the question in one of the two languages and the answer in the other",
    "gold": "what people translated of it into {language}",
}


def compose(front: str, sections: Iterable[str]) -> str:
    """Put a card together; empty sections are left out."""
    return "\n\n".join([f"---\n{front.strip()}\n---", *filter(None, sections)]) + "\n"


def task_name(chosen: Chosen) -> str:
    """Return what the task is called in sentences: "gsm8k in German"."""
    return f"{chosen.index.task} in {languages.get(chosen.column.language).name}"


def category(chosen: Chosen) -> str:
    """Return the hub's name for this kind of task."""
    return CATEGORIES.get(chosen.index.metric, "text-generation")


def made_of(chosen: Chosen) -> str:
    """Say in words what the setting's rows are."""
    source, language = _names(chosen)
    known = [PARTS.get(part, f"`{part}`") for part in chosen.parts]
    return ", and ".join(known).format(source=source, language=language)


def translation(chosen: Chosen) -> str:
    """Tell how the translations were made, how good they are and what was dropped."""
    if not {"target", "codeswitch"} & {*chosen.parts}:
        return ""
    source, language = _names(chosen)
    recipe, found = chosen.index.recipe, chosen.result.languages[chosen.column.code]
    made = chosen.archive.get("translate", chosen.column.translated).json("manifest.json")
    translator = recipe.get("translator")
    who = f"`{public(translator)}`" if translator else "the model itself, before training,"
    shots = sum(1 for _ in chosen.archive.get("shots", chosen.column.shots).read(Pair))
    rows = [
        [table.NAMES.get(one.name, one.name), f"{100 * one.value:.1f}", one.signature]
        for one in found.quality
    ]
    filters = ", ".join(f"`{_plugin(each)}`" for each in recipe["filters"]) or "none"
    dropped = [[reason, f"{count:,}"] for reason, count in found.dropped.items()]
    whole = found.kept + sum(found.dropped.values())
    return "\n\n".join(
        [
            "## Translation",
            f"{who[0].upper()}{who[1:]} translated from {source} into {language}, field by field, "
            f"after {shots} examples (prompt `{made['spec']['prompt']}`). Measured on the test "
            f"set's field `{chosen.index.quality}`:",
            as_table(["score", "value", "signature"], rows),
            f"Filters: {filters}. They kept {found.kept:,} of {whole:,} rows.",
            as_table(["dropped because", "rows"], dropped) if dropped else "",
        ]
    ).rstrip()


def limits(chosen: Chosen) -> list[str]:
    """Say what a reader must not conclude."""
    found, said = chosen.result.languages[chosen.column.code], []
    if {"target", "codeswitch"} & {*chosen.parts}:
        said.append("Translations are a machine's; no person has checked them.")
    if found.unverified:
        said.append(f"Of {found.unverified:,} kept rows nobody can prove that they are complete.")
    said += [_literal(without_folders(note)) for note in chosen.index.notes]
    return said


def licences(model: Mapping[str, Any], chosen: Chosen) -> str:
    """Say under which licences model and data are, and what is not known."""
    name = public(chosen.index.recipe["model"])
    known = model.get("license_name") or model.get("license")
    lines = [
        f"Model `{name}`: {known}, by its own card."
        if known
        else f"Model `{name}`: not known here; look it up before you pass this on."
    ]
    lines += chosen.index.licences or ["Data: not known here; whoever owns the rows can say."]
    return "## Licences\n\n" + listed(lines)


def origin(chosen: Chosen) -> str:
    """Say with what, where and how long it was made, and how to make it again."""
    traced = provenance.trace(chosen.archive, chosen.artifact, chosen.index, "runs")
    seconds = sum(spent.seconds or 0 for spent in traced.spent)
    lines = [
        f"Experiment `{traced.key}`, trained `{chosen.ran.trained}`, training rows "
        f"`{chosen.ran.samples}`, model fingerprint `{traced.model}`.",
        f"It took {seconds / 60:,.1f} minutes; exported by selftranslate {__version__}.",
        *_machines([session.machine for session in traced.sessions]),
        f"Again: save the recipe as `{provenance.RECIPE}` and run "
        f"`{provenance.command(chosen.index, 'runs')}`.",
    ]
    recipe = provenance.to_yaml(_shareable(chosen.index.recipe))
    return f"## Where it comes from\n\n{listed(lines)}\n\n{fenced(recipe, 'yaml')}"


def listed(lines: Iterable[str]) -> str:
    """Write a list."""
    return "\n".join(f"- {line}" for line in lines)


def as_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Write a table; what is data in it is not read as Markdown or HTML."""
    lines = [head, ["---"] * len(head), *([_literal(str(text)) for text in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def fenced(text: str, kind: str = "") -> str:
    """Show a text as it is, whatever backticks it holds."""
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{kind}\n{text.removesuffix(chr(10))}\n{fence}"


def without_folders(text: str) -> str:
    """Leave out where on a machine files lie; their names stay, and so do web addresses.

    >>> without_folders("not at /data/x/spm.model (see https://a.org/b/c); ~/y/z")
    'not at spm.model (see https://a.org/b/c); z'
    """
    return re.sub(r"(?<![\w:/.])~?/(?:[^\s/,;()]+/)*(?=[^\s/,;()])", "", text)


def _names(chosen: Chosen) -> tuple[str, str]:
    codes = chosen.index.recipe["source"], chosen.column.trained_for
    source, language = (languages.get(code).name for code in codes)
    return source, language


def _plugin(written: Mapping[str, Any]) -> str:
    params = ", ".join(f"{key}: {value}" for key, value in written.items() if key != "name")
    return f"{written['name']} ({params})" if params else str(written["name"])


def _machines(described: Iterable[Mapping[str, Any]]) -> list[str]:
    """Name each machine once, with all that computed there."""
    found: dict[str, dict[str, str]] = {}
    for machine in described:
        where = ", ".join(machine["gpus"]) or f"{machine['processor']}, {machine['cores']} cores"
        found.setdefault(f"{where}; Python {machine['python']}", {}).update(machine["versions"])
    return [
        ", ".join([where, *(f"{name} {number}" for name, number in versions.items())]) + "."
        for where, versions in found.items()
    ]


def _shareable(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out of a recipe where on a machine model and data lie."""
    models = {key: public(recipe[key]) for key in ("model", "translator") if recipe.get(key)}
    data = recipe.get("data")
    if isinstance(data, Mapping):
        data = {k: without_folders(v) if isinstance(v, str) else v for k, v in data.items()}
    return {**recipe, **models, "data": data}


def _literal(text: str) -> str:
    for character in "\\`*|<>[]":
        text = text.replace(character, f"\\{character}")
    return " ".join(text.split())
