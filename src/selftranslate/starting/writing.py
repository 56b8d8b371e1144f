"""The recipe as a text, with a comment on every key."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from selftranslate import languages
from selftranslate.starting.proposal import Field, Proposal, tokens
from selftranslate.tasks import Project, Translate

SCHEMA = "recipe.schema.json"
HEAD = f"# yaml-language-server: $schema={SCHEMA}\n"
COLUMN = 44
"""Where comments begin, if there is room."""

_PLAIN = re.compile(r"[A-Za-z_][\w./+-]*", re.ASCII)
_WORDS = {"true", "false", "null", "yes", "no", "on", "off"}

MINIATURE = "mini"


def own_task(
    proposal: Proposal,
    title: str,
    data: Mapping[str, str],
    codes: Sequence[str],
    model: str,
    rows: int,
) -> str:
    """Write the recipe of a user's own task; `data` names a file for each split."""
    lines = [
        *_task(proposal, title, codes),
        _said("data:", "beside this file: CSV, JSON Lines or Parquet"),
        *(_said(f"  {split}: {_scalar(path)}", SPLITS[split]) for split, path in data.items()),
        *_rest(codes, model, rows, cross=proposal.natural),
    ]
    return HEAD + "\n".join(lines) + "\n"


def known_task(task: str, hub: bool, codes: Sequence[str], model: str) -> str:
    """Write the recipe of a task that is there already."""
    lines = [_said(f"task: {_scalar(task)}", "see selftranslate list tasks")]
    if hub:
        lines.append(_said("data: hub", "downloaded; or a path for each split"))
    return HEAD + "\n".join([*lines, *_rest(codes, model, None, cross=True)]) + "\n"


SPLITS = {
    "train": "English alone; the model translates it for itself",
    "validation": "English; chooses the best runs",
    "test": "the proof: English, and translated by people",
    "shots": "examples of translation by people; shown in every prompt",
}


def _task(proposal: Proposal, title: str, codes: Sequence[str]) -> Iterator[str]:
    yield _said("task:", "what is to be learned")
    yield _said("  name: jsonl", "a task of your own, from data files")
    yield _said(f"  title: {_scalar(title)}", "what the report calls it")
    if proposal.id:
        yield _said(f"  id: {_scalar(proposal.id.path)}", "tells rows apart in all languages")
    yield _said("  fields:", "translate, copy, or inside: read off another field's translation")
    for field in proposal.fields:
        yield _said(f"    {_scalar(field.column.name)}: {_how(field)}", field.why)
    for path, what in proposal.unused.items():
        yield f"    # not used: {_scalar(path)} ({what})"
    yield _said("  prompt: |", "what the model reads")
    yield from (f"    {line}" for line in _prompt(proposal))
    yield _said(f'  output: "{{{{ {proposal.output.column.name} }}}}"', "what it is to answer")
    if proposal.labels:
        known = ", ".join(map(_scalar, proposal.labels))
        yield _said(f"  labels: [{known}]", "the only answers; accuracy is counted")
        some = ", ".join(f"{_scalar(label)}: …" for label in proposal.labels[:2])
        name = languages.get(codes[0]).name
        yield f"  # Labels stay as they are in {name}, too. To have them answered in its words:"
        yield f"  # words: {{{codes[0]}: {{{some}, …}}}}"
        yield f'  # output: "{{{{ {proposal.output.column.name} | word }}}}"'
    else:
        yield _said(f"  metric: {proposal.metric}", METRICS[proposal.metric])
    longest = tokens(proposal.output.column.longest)
    yield _said(f"  max_new_tokens: {longest}", "the longest answer, in tokens")


METRICS = {
    "final_number": "the last number of an answer must be right",
    "span": "exact match, and F1 of the words",
    "chrf": "how many character sequences answer and reference share",
}


def _how(field: Field) -> str:
    column, how = field.column, field.how
    values = [] if column.path == column.name else [f"path: {_scalar(column.path)}"]
    if isinstance(how, Translate):
        values.append(f"translate: {how.max_new_tokens}")
        values += ["by_sentence: true"] if how.by_sentence else []
    elif isinstance(how, Project):
        values.append(f"inside: {_scalar(how.inside)}")
        values += [f"start: {_scalar(field.start.path)}"] if field.start else []
    elif values:
        values.append("copy: true")
    else:
        return "copy"
    return f"{{{', '.join(values)}}}"


def _prompt(proposal: Proposal) -> Iterator[str]:
    """One input is shown as it is, several with their names; the answer's name asks for it."""
    named = len(proposal.inputs) > 1
    for field in proposal.inputs:
        name = field.column.name
        line = f"{_title(name)}: {{{{ {name} }}}}" if named else f"{{{{ {name} }}}}"
        if field.column.path.endswith("?") and named:
            yield from (f"{{% if {name} %}}", line, "{% endif %}")
        else:
            yield line
    if named or proposal.metric != "chrf":
        yield f"{_title(proposal.output.column.name)}:"


def _rest(codes: Sequence[str], model: str, rows: int | None, *, cross: bool) -> Iterator[str]:
    named = ", ".join(languages.get(code).name for code in codes)
    yield _said(f"languages: [{', '.join(codes)}]", named)
    yield _said(f"model: {_scalar(model)}", "a folder, a model of the hub, or mini")
    yield _said("settings:", "the rows of the table; the first is what others are tested against")
    yield _said("  - {name: D_src, train_on: [source]}", "English alone")
    yield _said("  - {name: +D_tgt, train_on: [source, target]}", "and its translations")
    if cross:
        both = "  - {name: +D_tgt+D_cs, train_on: [source, target, codeswitch]}"
        yield _said(both, "and questions in one language, answers in the other")
    batch = 16 if rows is not None and rows < 1000 else 64
    steps = 1000 if rows is None else min(1000, max(100, round(rows / batch) * 10))
    if model == MINIATURE:
        lora, rates, keep = f"r: 32, alpha: 64, dropout: 0.0, batch_size: {batch}", "[2e-3]", 3
    else:
        lora = f"r: 16, alpha: 32, dropout: 0.05, batch_size: {batch}"
        rates, keep = "[5e-5, 3e-4]", 4
    yield _said(f"training: {{name: lora, {lora}}}", "an adapter a run")
    runs = len(rates.split(",")) * 3
    yield _said("protocol:", f"{runs} runs of each setting and language")
    yield _said(f"  learning_rates: {rates}", "each with every seed")
    yield _said("  seeds: [0, 1, 2]", "a spread needs several")
    yield _said(
        f"  steps: {steps}", f"of {batch} examples{f', out of {rows:,} in English' if rows else ''}"
    )
    yield _said(f"  keep: {keep}", "the best by validation are reported")


def _said(line: str, comment: str) -> str:
    return f"{line:<{COLUMN - 1}} # {comment}"


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _scalar(text: str) -> str:
    """Write a text so that YAML reads that text."""
    plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS
    return text if plain else json.dumps(text, ensure_ascii=not text.isprintable())
