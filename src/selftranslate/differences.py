"""Two experiments side by side: what was asked for, what came of it, and where they part.

An artifact that differs is traced up to the first one that does: what that was made from is the
same in both, and its own spec, which is in its manifest, says why.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from selftranslate import elsewhere, report
from selftranslate.archive import RESULT, Archive
from selftranslate.errors import DataError, SelfTranslateError
from selftranslate.index import Column, Index, Ran
from selftranslate.sealed import MANIFEST

State = Literal["equal", "different", "only in A", "only in B"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """One value that is not the same; None is one that is not there."""

    name: str
    a: Any
    b: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """What an experiment has an artifact for."""

    name: str
    """"de: translations"."""
    stage: str
    key: str | None
    inputs: tuple[str, ...]
    """The roles it is made from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One role in both experiments."""

    role: str
    stage: str
    a: str | None
    """The artifact's key."""
    b: str | None
    state: State
    same_bytes: bool
    """Whether different keys hold equal files."""
    because: str
    """The first role upstream that differs; itself if nothing above it does."""
    spec: tuple[Changed, ...]
    """What its own spec says differently, beside what it was made from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """One cell of the table in both, as fractions; None where there is none."""

    language: str
    setting: str
    a: float | None
    b: float | None


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two."""

    store: Path
    key: str
    archive: Archive
    index: Index

    @property
    def name(self) -> str:
        """Where it is."""
        return f"{elsewhere.named(self.store)}:{self.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """Everything that two experiments have not in common."""

    a: str
    b: str
    recipe: tuple[Changed, ...]
    artifacts: tuple[Compared, ...]
    scores: tuple[Scored, ...]
    machine: tuple[Changed, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


def side(name: str, store: Path) -> Side:
    """Find an experiment: a store's newest, STORE:KEY, or the beginning of a key in `store`.

    Raises DataError if there is none.
    """
    folder, colon, key = name.rpartition(":")
    if "://" in folder:
        where = elsewhere.local(folder)
    elif "://" in name:
        where, key = elsewhere.local(name), ""
    elif Path(name).is_dir():
        where, key = Path(name), ""
    elif colon and Path(folder).is_dir():
        where = Path(folder)
    elif store.is_dir():
        where, key = store, name
    else:
        default = elsewhere.named(store)
        msg = f"{name}: no such store, and {default} is none to look for such a key in (--store)"
        raise DataError(msg)
    archive = Archive(where)
    made = archive.result(key)
    return Side(where, made.key, archive, archive.index(made))


def compare(a: Side, b: Side) -> Differences:
    """Say what two experiments differ in. Raises DataError if one cannot be read."""
    return Differences(
        a=a.name,
        b=b.name,
        recipe=(
            *changed(a.index.recipe, b.index.recipe),
            *changed(a.index.model, b.index.model, "model's fingerprint"),
        ),
        artifacts=tuple(_artifacts(a, b)),
        scores=tuple(_scores(a, b)),
        machine=tuple(
            one
            for one in changed(_machine(a), _machine(b))
            if one.a is not None and one.b is not None  # else it is not known
        ),
    )


def changed(a: Any, b: Any, name: str = "") -> Iterator[Changed]:
    """Yield what differs, in as small parts as both have; lists of named things by their names.

    >>> [(one.name, one.a, one.b) for one in changed({"x": {"y": 1, "z": 2}}, {"x": {"y": 3}})]
    [('x.y', 1, 3), ('x.z', 2, None)]
    """
    mine, other = _named(a), _named(b)
    if isinstance(mine, Mapping) and isinstance(other, Mapping):
        for key in dict.fromkeys([*mine, *other]):
            yield from changed(mine.get(key), other.get(key), f"{name}.{key}" if name else str(key))
        if mine is not a and mine.keys() == other.keys() and [*mine] != [*other]:
            yield Changed(name=f"{name} (their order)", a=[*mine], b=[*other])
    elif mine != other:
        yield Changed(name=name, a=mine, b=other)


def _named(value: Any) -> Any:
    """Turn a list of things that have names into a mapping by them."""
    if isinstance(value, list | tuple):
        names = [one.get("name") for one in value if isinstance(one, Mapping)]
        if names and len({*names}) == len(value):
            return dict(zip(names, value, strict=True))
        return [*value]
    return value


def _artifacts(a: Side, b: Side) -> Iterator[Compared]:
    """Compare role by role, in the order of the method."""
    roles = {one.name: one for each in (a, b) for one in _roles(each.index)}
    keys = [{one.name: one.key for one in _roles(each.index)} for each in (a, b)]
    differ = {name for name in roles if keys[0].get(name) != keys[1].get(name)}
    for name, role in roles.items():
        mine, other = keys[0].get(name), keys[1].get(name)
        if mine is None and other is None:
            continue
        state: State = "equal"
        if name in differ:
            state = "only in B" if mine is None else "only in A" if other is None else "different"
        first = _first(name, roles, differ) if state == "different" else ""
        both = [
            _manifest(each, role.stage, key)
            for each, key in ((a, mine), (b, other))
            if state == "different" and key is not None
        ]
        yield Compared(
            role=name,
            stage=role.stage,
            a=mine,
            b=other,
            state=state,
            same_bytes=bool(both) and both[0].get("files") == both[1].get("files"),
            because=first,
            spec=tuple(changed(_spec(both[0]), _spec(both[1]))) if both else (),
        )


def _roles(index: Index) -> Iterator[Role]:
    """Name every artifact of an experiment, and what each is made from."""
    yield Role(name="training data", stage="load-train", key=index.train, inputs=())
    for column in index.columns:
        yield from _of_column(column)


def _of_column(column: Column) -> Iterator[Role]:
    def at(name: str) -> str:
        return f"{column.code}: {name}"

    for name, stage, key, inputs in (
        ("shots", "shots", column.shots, ()),
        ("validation questions", "load-validation", column.validation, (at("shots"),)),
        ("test questions", "load-test", column.test, (at("shots"),)),
        ("gold", "load-train", column.gold, ()),
        ("translations", "translate", column.translated, ("training data", at("shots"))),
        ("filtered", "filter", column.filtered, (at("translations"),)),
        ("quality", "quality", column.quality, (at("shots"), at("test questions"))),
    ):
        yield Role(name=at(name), stage=stage, key=key, inputs=inputs)
    mixed = ("training data", at("shots"), at("filtered"), at("gold"))
    for ran in column.runs:
        setting, run = at(ran.setting), at(_run(ran))
        yield Role(name=f"{setting}, samples", stage="mix", key=ran.samples, inputs=mixed)
        made_from = (f"{setting}, samples",)
        yield Role(name=f"{run}, trained", stage="train", key=ran.trained, inputs=made_from)
        for name, key in (("validation", ran.validation), ("test", ran.test)):
            asked = (f"{run}, trained", at(f"{name} questions"))
            yield Role(name=f"{run}, {name} answers", stage="answer", key=key, inputs=asked)


def _run(ran: Ran) -> str:
    """Name a run by what the protocol varies."""
    if ran.run is None:
        return ran.setting
    return f"{ran.setting}, rate {ran.run.learning_rate:g}, seed {ran.run.seed}"


def _first(name: str, roles: Mapping[str, Role], differ: set[str]) -> str:
    """Go up to the first role that differs."""
    for above in roles[name].inputs:
        if above in differ:
            return _first(above, roles, differ)
    return name


def _manifest(one: Side, stage: str, key: str) -> Mapping[str, Any]:
    """Read how an artifact says it was made; {} if it is gone."""
    for each in (stage, *(["validation-translated"] if stage == "load-validation" else [])):
        with suppress(SelfTranslateError, OSError, ValueError):
            found: Mapping[str, Any] = one.archive.get(each, key).json(MANIFEST)
            return found
    return {}


def _spec(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return what decided an artifact beside its inputs, in parts that can be compared."""
    spec = {**manifest.get("spec", {}), "version": manifest.get("version")}
    name, brace, told = str(spec.get("trainer", "")).partition(" {")
    if brace:
        with suppress(ValueError):
            spec["trainer"] = {"name": name, **json.loads("{" + told)}
    name, *parts = str(spec.get("engine", "")).split(" ")
    if parts and all("=" in part for part in parts):
        spec["engine"] = {"name": name, **dict(part.split("=", 1) for part in parts)}
    return spec


def _scores(a: Side, b: Side) -> Iterator[Scored]:
    """Pair the cells of both tables."""
    both = [
        {
            (code, cell.setting): cell.mean
            for code, found in report.assemble(each.archive, each.index).languages.items()
            for cell in found.cells
        }
        for each in (a, b)
    ]
    for language, setting in dict.fromkeys([*both[0], *both[1]]):
        values = [_number(each.get((language, setting))) for each in both]
        yield Scored(language=language, setting=setting, a=values[0], b=values[1])


def _number(value: float | None) -> float | None:
    return None if value is None or value != value else value


def _machine(one: Side) -> dict[str, Any]:
    """Say on what an experiment was computed: each value once if there were several machines."""
    journal = one.archive.journal
    keys = [(role.stage, role.key) for role in _roles(one.index) if role.key]
    entries = [journal.entry(stage, key) for stage, key in [*keys, (RESULT, one.key)]]
    ids = {entry.session for entry in entries if entry}
    made: dict[str, list[Any]] = {}
    for id_ in sorted(ids & set(journal.sessions)):
        for name, value in _flat(journal.sessions[id_].machine):
            if value not in made.setdefault(name, []):
                made[name].append(value)
    return {
        name: values[0] if len(values) == 1 else sorted(map(str, values))
        for name, values in made.items()
    }


def _flat(values: Mapping[str, Any], name: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{name}{key}.")
        else:
            yield f"{name}{key}", value
