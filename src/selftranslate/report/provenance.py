"""Where every number comes from: recipe, machine, versions, time, artifacts, the command again."""

from __future__ import annotations

import io
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from selftranslate import languages
from selftranslate.archive import RESULT, Archive
from selftranslate.index import Column, Index
from selftranslate.journal import Session
from selftranslate.store import Artifact

FIRST = ("name", "task", "data", "model", "source", "languages", "settings", "training", "protocol")
"""Keys of a recipe that say most; the others follow by name."""
RECIPE = "recipe.yaml"
STAGES = {
    "load-train": "read the training data",
    "load-validation": "read the validation data",
    "validation-translated": "translate the validation data",
    "load-test": "read the test data",
    "shots": "choose the shots",
    "translate": "translate",
    "quality": "measure the translations",
    "filter": "filter",
    "mix": "mix",
    "train": "train",
    "answer": "ask",
    RESULT: "compare",
}
"""In the order of the method, in the words for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """An artifact, and what it is in the experiment."""

    stage: str
    key: str
    language: str
    """English name; "" if it belongs to none or to all."""
    what: str = ""
    """Setting and run, where there are several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What a stage took for one language."""

    stage: str
    language: str
    artifacts: int
    seconds: float | None
    """None where the journal does not know."""
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """All of it."""

    key: str
    """The result's."""
    model: str
    """Its fingerprint."""
    recipe: str
    """YAML."""
    command: str
    needs_data: bool
    """Whether whoever repeats it must say where the data lies."""
    roles: tuple[Role, ...]
    spent: tuple[Spent, ...]
    sessions: tuple[Session, ...]
    """The processes that made these artifacts."""
    licences: tuple[str, ...]


def trace(archive: Archive, made: Artifact, made_of: Index, store: str) -> Provenance:
    """Follow an experiment back through its artifacts and the store's journal.

    `store` is the way from the page to the store.
    """
    roles = _roles(made, made_of)
    entries = [archive.journal.entry(role.stage, role.key) for role in roles]
    ids = dict.fromkeys(entry.session for entry in entries if entry)
    known = archive.journal.sessions
    return Provenance(
        key=made.key,
        model=made_of.model,
        recipe=to_yaml(made_of.recipe),
        command=command(made_of, store),
        needs_data=_own_data(made_of.recipe),
        roles=roles,
        spent=tuple(_spent(archive, roles)),
        sessions=tuple(sorted((known[i] for i in ids if i in known), key=lambda s: s.began)),
        licences=made_of.licences,
    )


def to_yaml(recipe: Mapping[str, Any]) -> str:
    """Write a recipe that `selftranslate run` reads back as the same one."""
    from ruamel.yaml import YAML

    writer: Any = YAML(typ="safe", pure=True)
    writer.default_flow_style = None
    writer.sort_base_mapping_type_on_output = False
    writer.width = 100
    written = io.StringIO()
    writer.dump(ordered(recipe), written)
    return written.getvalue()


def ordered(value: Any) -> Any:
    """Bring a recipe's keys into one order, for artifacts keep them in another than runs."""
    if isinstance(value, Mapping):
        keys = sorted(
            value, key=lambda key: (FIRST.index(key) if key in FIRST else len(FIRST), key)
        )
        return {key: ordered(value[key]) for key in keys}
    return [ordered(each) for each in value] if isinstance(value, list | tuple) else value


def command(made_of: Index, store: str) -> str:
    """Return what repeats the experiment where its recipe lies; nothing is computed twice."""
    data = " --set data=FOLDER" if _own_data(made_of.recipe) else ""
    return f"selftranslate run {RECIPE} --store {shlex.quote(store)}{data}"


def _own_data(recipe: Mapping[str, Any]) -> bool:
    data = recipe.get("data")
    return isinstance(data, Mapping) and not data.get("hub")


def _roles(made: Artifact, made_of: Index) -> tuple[Role, ...]:
    """Name each artifact once, for the first language that it serves."""
    source = languages.get(made_of.recipe["source"]).name
    every = [Role(stage="load-train", key=made_of.train, language=source)]
    for column in made_of.columns:
        every += _of(column, made_of)
    every.append(Role(stage=RESULT, key=made.key, language=""))
    once: dict[tuple[str, str], Role] = {}
    for role in every:
        once.setdefault((role.stage, role.key), role)
    order = list(STAGES)
    return tuple(sorted(once.values(), key=lambda role: order.index(role.stage)))


def _of(column: Column, made_of: Index) -> Iterator[Role]:
    name = languages.get(column.trained_for).name
    translated = made_of.recipe.get("validation") == "translated"
    stages = {
        "shots": column.shots,
        "translate": column.translated,
        "filter": column.filtered,
        "quality": column.quality,
        "validation-translated" if translated else "load-validation": column.validation,
        "load-test": column.test,
        "load-train": column.gold,
    }
    for stage, key in stages.items():
        if key is not None:
            yield Role(stage=stage, key=key, language=name)
    for ran in column.runs:
        run = ran.run
        which = f"seed {run.seed}, learning rate {run.learning_rate:g}" if run else ""
        what = ", ".join(filter(None, [ran.setting, which]))
        made = {"mix": (ran.samples, ran.setting), "train": (ran.trained, what)}
        asked = {"validation": ran.validation, f"test in {column.code}": ran.test}
        for stage, (key, words) in made.items():
            if key is not None:
                yield Role(stage=stage, key=key, language=name, what=words)
        for split, key in asked.items():
            if key is not None:
                yield Role(stage="answer", key=key, language=name, what=f"{what}, {split}")


def _spent(archive: Archive, roles: tuple[Role, ...]) -> Iterator[Spent]:
    groups: dict[tuple[str, str], list[Role]] = {}
    for role in roles:
        groups.setdefault((role.stage, role.language), []).append(role)
    for (stage, language), members in groups.items():
        entries = [archive.journal.entry(role.stage, role.key) for role in members]
        known = [entry for entry in entries if entry]
        yield Spent(
            stage=stage,
            language=language,
            artifacts=len(members),
            seconds=sum(entry.seconds for entry in known) if known else None,
            tokens=sum(entry.tokens for entry in known),
        )
