"""The recipe says WHAT to make and is hashed into keys; runtime.py says HOW and is not.

A recipe is a YAML 1.2 file. Unknown keys, tasks, languages and plug-ins are errors of one line
that name the nearest known one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from selftranslate import changes, languages, plugins
from selftranslate.errors import RecipeError, unknown
from selftranslate.filters import PRESETS, preset
from selftranslate.protocol import Protocol
from selftranslate.tasks import Sources, Task

PROVIDED = {"model", "runtime", "data"}
"""Parameters of plug-ins that the pipeline gives and a recipe does not."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Plugin(BaseModel):
    """A plug-in by name, with its parameters beside: `length_ratio` or `{name: …, limit: 3}`."""

    model_config = ConfigDict(extra="allow", frozen=True)
    name: str

    @model_validator(mode="before")
    @classmethod
    def _bare_name(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value

    @property
    def params(self) -> dict[str, Any]:
        """The parameters without the name."""
        return dict(self.model_extra or {})


class Limits(_Strict):
    """At most this many examples of each split; None takes all."""

    train: int | None = Field(default=None, ge=1)
    """Drawn at random with the recipe's seed: 10,000 for SQuAD and MultiNLI (4.1)."""
    validation: int | None = Field(default=None, ge=1)
    test: int | None = Field(default=None, ge=1)
    quality: int | None = Field(default=None, ge=1)
    """Test texts translated to measure BLEU (A.4)."""


class Setting(_Strict):
    """One row of the table: a name, the parts it trains on (section 3), and how it is asked."""

    name: str = Field(min_length=1)
    train_on: tuple[str, ...] = ()
    """Nothing: the model as it is."""
    ask: Literal["direct", "few-shot"] = "direct"
    """"few-shot" shows the target language's shots, answered, before each question."""


class Data(_Strict):
    """Where the task's files lie: the hub's own data sets, or paths for each split."""

    hub: bool = False
    folder: str = "."
    """Relative to the recipe's own folder; with --set, to the working directory."""
    train: str | None = None
    validation: str | None = None
    test: str | None = None
    shots: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _bare_hub(cls, value: Any) -> Any:
        return {"hub": True} if value == "hub" else value

    def sources(self) -> Sources:
        """Give the task what it reads."""
        splits = {"train": self.train, "validation": self.validation, "test": self.test}
        named = {**splits, "shots": self.shots}
        files = {split: path for split, path in named.items() if path is not None}
        return Sources(hub=self.hub, folder=self.folder, files=files)


class Recipe(_Strict):
    """Everything that decides the result, and nothing else."""

    task: Plugin
    """What is to be learned; `jsonl` is a task of your own."""
    data: Data | None = None
    """The task's files, or `hub`; nothing for a task that makes its own."""
    source: str = "en"
    languages: tuple[str, ...] = Field(min_length=1)
    """Into which it is translated, and in which it is tested; `all` is all that the task has."""
    model: str
    """A folder, a model of the hub, or `mini`, the embedded miniature."""
    engine: Plugin = Plugin(name="transformers")
    """What runs the model where it is not trained."""
    translation_engine: Plugin | None = None
    """Another engine to translate with, such as a server; None is `engine`."""
    translator: str | None = None
    """Another model to translate with; None is the method's name: the model itself (C.3)."""
    shots: int = Field(default=8, ge=1)
    """How many parallel examples show how to translate (4.4)."""
    limit: int | None = Field(default=None, ge=1)
    """At most this many examples of every split: to try a recipe out."""
    limits: Limits = Limits()
    filters: Annotated[tuple[Plugin, ...], BeforeValidator(preset)] = tuple(
        Plugin(name=name) for name in PRESETS["paper"]
    )
    """What drops translations (A.3); `strict` and `paper` are lists that have a name."""
    settings: tuple[Setting, ...] = (
        Setting(name="D_src", train_on=("source",)),
        Setting(name="+D_tgt", train_on=("source", "target")),
        Setting(name="+D_tgt+D_cs", train_on=("source", "target", "codeswitch")),
    )
    """The first is the baseline the others are tested against (5.1)."""
    training: Plugin = Plugin(name="lora")
    """How a run changes the model, with its hyper-parameters (4.5)."""
    protocol: Protocol = Protocol()
    """Which runs there are: every learning rate with every seed."""
    validation: Literal["source", "translated", "target"] = "source"
    """Whose validation set chooses the runs: the source language's, what the model translates of
    it, or the target language's own, which is no longer zero-shot."""
    test_source: bool = False
    """Ask the test questions of the source language too (C.1)."""
    share_source_runs: bool = False
    """Train the settings without target data once for all languages, with all their shots."""
    seed: int = 0
    """For drawing the training examples."""

    @field_validator("languages", mode="before")
    @classmethod
    def _every_language(cls, said: Any, info: ValidationInfo) -> Any:
        """Name them one by one, so that no key depends on how it was said."""
        if not isinstance(said, str) or not {"task", "data", "source"} <= info.data.keys():
            return said
        if said != changes.ALL:
            msg = f"languages: write [{said}], in brackets, or all"
            raise RecipeError(msg)
        return _all(info.data["task"], info.data["data"], info.data["source"])

    @field_validator("languages")
    @classmethod
    def _known_languages(cls, codes: tuple[str, ...]) -> tuple[str, ...]:
        for code in codes:
            languages.get(code)
        return codes

    @model_validator(mode="after")
    def _possible(self) -> Recipe:
        fits("tasks", self.task)
        fits("engines", self.engine)
        fits("engines", self.translation_engine or self.engine)
        fits("training", self.training)
        for wanted in self.filters:
            fits("filters", wanted)
        for part in {part for setting in self.settings for part in setting.train_on}:
            plugins.check("mixing", part, ())
        if self.source in self.languages:
            msg = f"languages: {self.source!r} is the source language; leave it out"
            raise RecipeError(msg)
        _once("languages", self.languages)
        _once("settings", [setting.name for setting in self.settings])
        _once("filters", [wanted.name for wanted in self.filters])
        return self

    def at_most(self, split: str) -> int | None:
        """Return the most examples of a split, or None for all."""
        own: int | None = getattr(self.limits, split)
        given = [n for n in (own, self.limit) if n is not None]
        return min(given, default=None)

    @property
    def length_limit(self) -> float | None:
        """Name the ratio beyond which a filter drops a translation; None if none does (A.3)."""
        return length_limit(self.filters)

    @property
    def needs_gold(self) -> bool:
        """Whether a setting trains on human translations."""
        return any("gold" in setting.train_on for setting in self.settings)

    def workload(
        self, texts: int, tests: Mapping[str, int], validations: Mapping[str, int]
    ) -> dict[str, int]:
        """Return how much a run has to do: texts to translate, steps to train, answers to give.

        `texts` is for one language, the others are the questions of each language.
        """
        most = self.at_most("quality")
        measured = sum(count if most is None else min(count, most) for count in tests.values())
        runs = len(self.protocol.runs())
        rows, columns = len([s for s in self.settings if s.train_on]), len(self.languages)
        trained = rows * columns - (columns - 1 if self.share_source_runs else 0)
        asked = sum(tests.values()) * (2 if self.test_source else 1)
        return {
            "texts": texts * columns + measured,
            "steps": trained * runs * self.protocol.steps,
            "answers": (asked + sum(validations.values())) * rows * runs
            + asked * (len(self.settings) - rows),
        }


def load(path: Path, said: Sequence[str] = ()) -> Recipe:
    """Read a recipe file and apply `a.b=value` changes. Raises RecipeError."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}"
        raise RecipeError(msg) from error
    try:
        rows = YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        msg = f"{path}: not YAML: {' '.join(str(error).split())}"
        raise RecipeError(msg) from error
    if not isinstance(rows, dict):
        msg = f"{path}: a recipe is a mapping of keys to values; see recipes/ for examples"
        raise RecipeError(msg)
    if isinstance(rows.get("data"), dict):
        folder = Path(str(rows["data"].get("folder", ".")))
        rows["data"]["folder"] = str(path.parent / folder.expanduser())
    # `training: lora`, `training: {name: lora}` and none at all are the same to a user.
    fields = {key: info.default for key, info in Recipe.model_fields.items()}
    defaults = {key: one.name for key, one in fields.items() if isinstance(one, Plugin)}
    for change in said:
        changes.apply(rows, change, defaults)
    return parse(rows, str(path))


def parse(rows: Mapping[str, Any], where: str) -> Recipe:
    """Check a recipe's keys and values. Raises RecipeError, in one line."""
    try:
        return Recipe.model_validate(rows)
    except ValidationError as error:
        msg = f"{where}: {_explain(error)}"
        raise RecipeError(msg) from error
    except RecipeError as error:
        msg = f"{where}: {error}"
        raise RecipeError(msg) from error


def length_limit(filters: Iterable[Plugin]) -> float | None:
    """Return the limit of the filter `length_ratio`, if it is one of these."""
    for one in filters:
        if one.name == "length_ratio":
            return float(plugins.parameter("filters", one.name, one.params, "limit"))
    return None


def listed(text: str, option: str) -> tuple[Plugin, ...]:
    """Read plug-ins from the command line, in a recipe's words, with commas between.

    >>> [one.params for one in listed("complete, {name: length_ratio, limit: 4}", "--filters")]
    [{}, {'limit': 4}]
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        rows = YAML(typ="safe", pure=True).load(f"[{text}]")
        return tuple(Plugin.model_validate(row) for row in rows)
    except (YAMLError, ValidationError) as error:
        msg = f"{option} {text}: write NAME or {{name: NAME, PARAMETER: VALUE}}, commas between"
        raise RecipeError(msg) from error


def one(text: str, option: str) -> Plugin:
    """Read one plug-in from the command line."""
    found = listed(text, option)
    if len(found) != 1:
        msg = f"{option} {text}: name one"
        raise RecipeError(msg)
    return found[0]


def fits(kind: str, wanted: Plugin) -> None:
    """Raise PluginError unless a plug-in exists and takes its parameters from a recipe."""
    plugins.check(kind, wanted.name, wanted.params)
    for param in PROVIDED & set(wanted.params):
        msg = f"{kind}/{wanted.name}: {param!r} is given by the recipe's own keys, not here"
        raise RecipeError(msg)


def _all(wanted: Plugin, data: Data | None, source: str) -> tuple[str, ...]:
    given = {"data": data.sources()} if data else {}
    task: Task = plugins.build("tasks", wanted.name, {**given, **wanted.params})
    codes = tuple(code for code in sorted(task.languages()) if code != source)
    if not codes:
        msg = f"languages: {wanted.name} has no language with shots and a test set, name them"
        raise RecipeError(msg)
    for code in codes:
        if code not in languages.codes():
            msg = (
                f"languages: the task has {code!r}, and there is no languages/{code}.yaml; "
                "name the languages, or write the file (docs/own_language.md)"
            )
            raise RecipeError(msg)
    return codes


def _once(what: str, names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            msg = f"{what}: {name!r} stands there twice"
            raise RecipeError(msg)


def _explain(error: ValidationError) -> str:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    if first["type"] in {"extra_forbidden", "unexpected_keyword_argument"}:
        *parents, key = [str(part) for part in first["loc"]]
        return unknown("key", ".".join([*parents, key]), _known(parents))
    if first["type"] == "missing":
        return f"the key {place!r} is missing"
    return f"{place}: {first['msg'][0].lower()}{first['msg'][1:]}; got {first['input']!r}"


def _known(parents: Sequence[str]) -> Iterable[str]:
    from dataclasses import fields

    inner: dict[str, Iterable[str]] = {
        "": Recipe.model_fields,
        "limits": Limits.model_fields,
        "settings": Setting.model_fields,
        "data": Data.model_fields,
        "protocol": [f.name for f in fields(Protocol)],
    }
    parent = parents[0] if parents else ""
    prefix = ".".join(parents)
    return [f"{prefix}.{name}" if prefix else name for name in inner.get(parent, ())]
