"""Your own task, told by the recipe alone: data files, fields, templates, a metric.

task:
  name: jsonl
  fields:
    text: {translate: 128}
    city: {inside: text, start: city_start}
    intent: copy
  prompt: "{{ text }}"
  output: "{{ intent }}: {{ city }}"
  metric: span

JSON Lines, CSV and Parquet; a row's id is its number, or the field that `id` names. The data are
values of the templates and never templates themselves.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, NoReturn

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from selftranslate import datafile, fieldpath, plugins, rows
from selftranslate.datafile import Unreadable
from selftranslate.errors import DataError, RecipeError, unknown
from selftranslate.example import Example, Span
from selftranslate.fieldpath import FieldPath
from selftranslate.once import once
from selftranslate.rows import Row
from selftranslate.tasks import Copy, How, Project, Sources, Split, Task, Translate
from selftranslate.template import LANGUAGE, Template

EMPTY = 'empty; fill it in, or write "?" behind its path if it may be missing'

Words = Mapping[str, Mapping[str, str | Sequence[str]]]
"""What a language calls the labels: {"de": {"shopping": ["Einkauf", "Einkaufen"]}}."""


def build(  # noqa: PLR0913 - each is a key of the recipe
    fields: Mapping[str, Any],
    prompt: str,
    output: str,
    data: Sources | None = None,
    title: str = "jsonl",
    labels: Sequence[str] = (),
    words: Words | None = None,
    metric: str | Mapping[str, Any] | None = None,
    max_new_tokens: int = 256,
    id: str | None = None,
    natural_output: bool | None = None,
    quality: str | None = None,
    validation: int = 200,
) -> Task:
    """Build the task. Raises RecipeError with the key that is wrong.

    `labels` asks for the metric `label`, and `words` are more words for them. Without a
    validation file, the last `validation` rows of train are held out.
    """
    treated = [_field(name, said) for name, said in fields.items()]
    hows = {field.name: field.how for field in treated}
    measured = _measured(hows, quality)
    environment = _environment(labels, words or {})
    asked = Template(environment, "prompt", str(prompt).removesuffix("\n") + "\n", hows)
    answered = Template(environment, "output", str(output).strip(), hows)
    natural = any(not isinstance(hows[field], Copy) for field in answered.fields)
    name, params = _metric(metric, labels, words or {})
    files = _Files(
        data=data or Sources(), fields=treated, id=fieldpath.parse(id) if id else None,
        title=title, prompt=asked, output=answered, validation=validation,
        choice={*labels, *_all(words or {})} if labels and name == "label" else (),
    )  # fmt: skip
    return Task(
        name=title,
        fields=hows,
        prompt=asked,
        output=answered,
        max_new_tokens=max_new_tokens,
        metric=name,
        metric_params=params,
        natural_output=natural if natural_output is None else natural_output,
        quality=measured,
        load=files.load,
        languages=lambda: files.data.languages(("shots", "test"), _rows),
        gold="{language}" in files.data.files.get("train", ""),
        chance=1 / len(labels) if labels else None,
    )


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    how: How
    path: FieldPath
    start: FieldPath | None

    def text(self, row: Row) -> str:
        """Return the row's text; "" if it may be missing, and is."""
        found = self.path.copies(row) if isinstance(self.how, Copy) else self.path.texts(row)
        text = found[0][1] if found else ""
        if isinstance(self.how, Translate) and not (text.strip() or self.path.optional):
            row.refuse(self.path.name, EMPTY)
        return text

    def span(self, row: Row, fields: Mapping[str, str], inside: str) -> Span | None:
        """Return where the text lies in another field; None if it is not there at all."""
        text, whole = fields[self.name], fields[inside]
        if not text.strip():
            if not self.path.optional:
                row.refuse(self.path.name, EMPTY)
            return None
        if self.start:
            found = self.start.wholes(row)
            start = found[0][1] if found else -1
            if start < 0 or not whole.startswith(text, start):
                row.refuse(self.start.name, f"does not lead to {text!r} in {inside}; count from 0")
            return start, start + len(text)
        if (count := whole.count(text)) != 1:
            message = f"{text!r} stands {count} times in {inside}, once is needed"
            row.refuse(self.path.name, f"{message}; or name its `start` in the recipe")
        return whole.index(text), whole.index(text) + len(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Files:
    data: Sources
    fields: Sequence[_Field]
    id: FieldPath | None
    title: str
    prompt: Template
    output: Template
    choice: Collection[str]
    """What an answer may be; empty where it may be anything."""
    validation: int

    def load(self, split: Split, language: str) -> Iterator[Example]:
        """Read a split row by row; validation may be the end of train."""
        if "validation" in self.data.files or split in {"test", "shots"}:
            return self._examples(split, language)
        examples = self._examples("train", language)
        last = deque(islice(examples, self.validation))
        more = list(islice(examples, 1))
        if not more:
            held = f"{self.validation} of {len(last)} training rows held out"
            msg = f"task.validation: {held}; lower it, or name a validation file under `data`"
            raise DataError(msg)
        if split == "train":
            return _but_the_last(last, chain(more, examples))
        return iter(deque(chain(last, more, examples), maxlen=self.validation))

    def _examples(self, split: Split, language: str) -> Iterator[Example]:
        files = self.data.files
        path = self.data.path(split, language)
        # Splits out of one file have the same ids: shots out of the test set are known there.
        owner = next(name for name in files if files[name] == files[split])
        found = rows.in_language(_rows(path), language, self.data.language(split, language))
        with once() as first:
            for number, row in enumerate(found, 1):
                name = self._id(row, self.id, first) if self.id else str(number)
                example = self._example(row, f"{self.title}/{owner}/{name}", language)
                self.prompt.check(row, example)
                answer = self.output.check(row, example)
                if self.choice and answer not in self.choice:
                    row.refuse(
                        ", ".join(sorted(self.output.fields)), unknown("label", answer, self.choice)
                    )
                yield example

    def _id(self, row: Row, path: FieldPath, first: Callable[[str], bool]) -> str:
        found = path.copies(row)
        if not found or not found[0][1].strip():
            row.refuse(path.name, "empty; every row needs an id of its own")
        name = found[0][1]
        if not first(name):
            row.refuse(path.name, f"{name!r} stands there twice")
        return name

    def _example(self, row: Row, name: str, language: str) -> Example:
        fields = {field.name: field.text(row) for field in self.fields}
        spans = {
            field.name: span
            for field in self.fields
            if isinstance(field.how, Project)
            and (span := field.span(row, fields, field.how.inside)) is not None
        }
        return Example(id=name, language=language, fields=fields, spans=spans)


def _but_the_last(held: deque[Example], rest: Iterable[Example]) -> Iterator[Example]:
    """Yield what is behind by as many rows as are held."""
    for example in rest:
        held.append(example)
        yield held.popleft()


def _rows(path: Path) -> Iterator[Row]:
    item = None
    for item in datafile.of(path).read(path):
        if isinstance(item, Unreadable):
            raise item.error
        yield item.row
    if item is None:
        raise DataError.at(path, None, None, "holds no rows")


def _field(name: str, said: Any) -> _Field:
    """Read one entry of `fields`: `copy`, `translate`, or a mapping."""
    place = f"fields.{name}"
    if not name.isidentifier() or name == LANGUAGE:
        _refuse(place, "name it with letters, digits and _, other than language; give its `path`")
    values = {said: True} if isinstance(said, str) else said
    ways, more = ("translate", "copy", "inside"), ("path", "by_sentence", "start")
    if not isinstance(values, Mapping):
        _refuse(place, "write copy, translate, or a mapping such as {translate: 128}")
    for key in values:
        if key not in (*ways, *more):
            _refuse(place, unknown("key", str(key), (*ways, *more)))
    chosen = [way for way in ways if values.get(way)]
    if len(chosen) != 1:
        _refuse(place, f"say one of translate, copy, inside; got {' and '.join(chosen) or 'none'}")
    path = fieldpath.parse(str(values.get("path", name)))
    start = fieldpath.parse(str(values["start"])) if "start" in values else None
    if path.many or (start and start.many):
        _refuse(place, "a path with * leads to several texts; name one: messages.0.content")
    return _Field(name, _how(place, chosen[0], values), path, start)


def _how(place: str, way: str, values: Mapping[str, Any]) -> How:
    for key, belongs in (("by_sentence", "translate"), ("start", "inside")):
        if key in values and way != belongs:
            _refuse(f"{place}.{key}", f"goes with {belongs}, not with {way}")
    if way == "copy":
        return Copy()
    if way == "inside":
        return Project(inside=str(values["inside"]))
    limit, by_sentence = values["translate"], bool(values.get("by_sentence", False))
    if limit is True:
        return Translate(by_sentence=by_sentence)
    if not isinstance(limit, int) or limit < 1:
        _refuse(f"{place}.translate", f"{limit!r} is no number of tokens; write translate: 256")
    return Translate(limit, by_sentence)


def _measured(hows: Mapping[str, How], quality: str | None) -> str:
    """Return the field whose translation is measured, when all fields fit together."""
    translated = [name for name, how in hows.items() if isinstance(how, Translate)]
    if not translated:
        _refuse("fields", "none is translated; write `translate` for one")
    for name, how in hows.items():
        if isinstance(how, Project) and how.inside not in translated:
            problem = unknown("translated field", how.inside, translated)
            _refuse(f"fields.{name}.inside", problem)
    if quality is not None and quality not in translated:
        _refuse("quality", unknown("translated field", quality, translated))
    return quality or translated[0]


def _metric(
    metric: str | Mapping[str, Any] | None, labels: Sequence[str], words: Words
) -> tuple[str, dict[str, Any]]:
    """Return the metric's name and parameters, and have it check them."""
    params = {"name": metric} if isinstance(metric, str) else dict(metric or {})
    name = str(params.pop("name", "label" if labels else ""))
    if not name:
        known = ", ".join(plugins.names("metrics"))
        _refuse("metric", f"name one, or give the task's `labels`. Known: {known}.")
    if name == "label" and labels:
        params = {"labels": tuple(labels), "words": words, **params}
    plugins.build("metrics", name, params)
    return name, params


def _environment(labels: Collection[str], words: Words) -> jinja2.Environment:
    """Make the sandbox; `{{ intent | word }}` is a label in the words of the example's language."""

    @jinja2.pass_context
    def word(context: jinja2.runtime.Context, label: str) -> str:
        if label not in labels:
            raise ValueError(unknown("label", label, labels))
        found = words.get(context[LANGUAGE], {}).get(label, label)
        return found if isinstance(found, str) else found[0]

    environment = ImmutableSandboxedEnvironment(
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["word"] = word
    return environment


def _all(words: Words) -> Iterator[str]:
    for of_language in words.values():
        for found in of_language.values():
            yield from (found,) if isinstance(found, str) else found


def _refuse(key: str, message: str) -> NoReturn:
    msg = f"task.{key}: {message}"
    raise RecipeError(msg)
