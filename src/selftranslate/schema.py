"""The JSON schema of a recipe, for editors: keys, plug-ins, languages, each with its description.

A recipe's first line names it: `# yaml-language-server: $schema=recipe.schema.json`. It allows
what `recipe.py` allows, and forbids what can be known without a plug-in's own checks.
"""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from functools import cache
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any, get_type_hints

from selftranslate import languages, plugins
from selftranslate.changes import ALL
from selftranslate.filters import PRESETS
from selftranslate.protocol import Protocol
from selftranslate.recipe import PROVIDED, Data, Limits, Recipe, Setting

Json = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ELSEWHERE = {"type": "string", "pattern": r"^\w+(\.\w+)+$", "description": "my_package.my_module"}
"""A plug-in outside of this package."""

KINDS = {
    "task": "tasks",
    "engine": "engines",
    "translation_engine": "engines",
    "filters": "filters",
    "training": "training",
}
"""Which kind of plug-in a key of the recipe names."""


def of_recipe() -> Json:
    """Return the schema of a recipe."""
    made = Recipe.model_json_schema()
    defs, keys = made["$defs"], made["properties"]
    del defs["Plugin"]
    for cls in (Data, Limits, Setting, Protocol):
        _describe(defs[cls.__name__]["properties"], cls)
    _describe(keys, Recipe)
    for kind in sorted({*KINDS.values()}):
        defs[kind] = _plugin(kind)
    for key, kind in KINDS.items():
        ref = {"$ref": f"#/$defs/{kind}"}
        if "items" in keys[key]:
            keys[key]["items"] = ref
        elif "anyOf" in keys[key]:
            keys[key]["anyOf"] = [ref, {"type": "null"}]
        else:
            keys[key] |= ref
    keys["data"]["anyOf"].insert(0, {"const": "hub"})
    keys["source"] |= _languages()
    some = {key: keys["filters"].pop(key) for key in ("type", "items")}
    keys["filters"]["anyOf"] = [{"enum": [*PRESETS]}, some]
    named = {key: keys["languages"].pop(key) for key in ("type", "minItems")}
    named |= {"items": _languages(), "uniqueItems": True}
    del keys["languages"]["items"]
    keys["languages"]["anyOf"] = [{"const": ALL}, named]
    defs["Setting"]["properties"]["train_on"]["items"] = {"anyOf": [_names("mixing"), ELSEWHERE]}
    for each in (made, *defs.values()):
        _untitle(each)
    return {"$schema": DIALECT, "title": "Recipe of selftranslate", **made}


def write(path: Path) -> None:
    """Write the schema into a file."""
    path.write_text(text() + "\n", encoding="utf-8", newline="\n")


@cache
def text() -> str:
    """Return the schema as JSON, indented for people."""
    return json.dumps(of_recipe(), ensure_ascii=False, indent=2)


def attributes(cls: type) -> dict[str, str]:
    """Return the docstrings of a class's attributes, its bases' too."""
    found: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        if base.__module__.partition(".")[0] == "builtins":
            continue
        try:
            tree = ast.parse(textwrap.dedent(inspect.getsource(base)))
        except (OSError, TypeError):
            continue
        found |= _beneath(tree)
    return found


def _beneath(tree: ast.Module) -> dict[str, str]:
    """Read the text under each `name: type = value` of a class."""
    (body,) = [node.body for node in tree.body if isinstance(node, ast.ClassDef)]
    found = {}
    for node, after in pairwise(body):
        if (
            isinstance(node, ast.AnnAssign)
            and isinstance(node.target, ast.Name)
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
        ):
            found[node.target.id] = " ".join(str(after.value.value).split())
    return found


def _describe(keys: Json, cls: type) -> None:
    for name, said in attributes(cls).items():
        if name in keys:
            keys[name]["description"] = said


def _plugin(kind: str) -> Json:
    """Return what a recipe may say for a plug-in: a name, or a name and parameters."""
    either = [_names(kind), ELSEWHERE]
    whole = {
        "type": "object",
        "required": ["name"],
        "properties": {"name": {"anyOf": either}},
        "allOf": [
            {"if": {"properties": {"name": {"const": name}}}, "then": _parameters(kind, name)}
            for name in plugins.names(kind)
        ],
    }
    return {"anyOf": [*either, whole]}


def _names(kind: str) -> Json:
    """List the plug-ins of a kind, each with the first line of its docstring."""
    return {"oneOf": [_named(name, plugins.summary(kind, name)) for name in plugins.names(kind)]}


def _languages() -> Json:
    return {"oneOf": [_named(code, languages.get(code).name) for code in languages.codes()]}


def _named(name: str, said: str) -> Json:
    return {"const": name, "description": said}


def _parameters(kind: str, name: str) -> Json:
    """Return what a recipe may and must say of one plug-in, with types and defaults."""
    function = import_module(f"selftranslate.{kind}.{name}").build
    hints = get_type_hints(function)
    said = attributes(function) if inspect.isclass(function) else {}
    found: dict[str, Json] = {"name": {}}
    needed = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name in PROVIDED:
            continue
        typed = found[parameter.name] = _typed(hints.get(parameter.name, Any))
        if parameter.default is parameter.empty:
            needed.append(parameter.name)
        elif isinstance(parameter.default, str | int | float | tuple | None):
            typed["default"] = parameter.default
        if parameter.name in said:
            typed["description"] = said[parameter.name]
    return {"properties": found, "required": needed, "additionalProperties": False}


def _typed(hint: Any) -> Json:
    from pydantic import TypeAdapter
    from pydantic.errors import PydanticSchemaGenerationError

    try:
        return TypeAdapter(hint).json_schema()
    except PydanticSchemaGenerationError:
        return {}


def _untitle(schema: Json) -> None:
    """Drop the titles that pydantic makes of the names: an editor shows the names anyway."""
    for each in (schema, *schema.get("properties", {}).values()):
        each.pop("title", None)
