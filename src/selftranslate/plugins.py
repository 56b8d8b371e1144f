"""Find plug-ins by file name: `engine: vllm` is engines/vllm.py, and nothing else.

A plug-in is a module with a `build(**params)` function. There is no decorator and no
list to edit. Outside this package, a plug-in is named "my_package.my_module".
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from selftranslate.errors import PluginError, unknown


def names(kind: str) -> list[str]:
    """List the plug-ins of a kind without importing any of them."""
    package = importlib.import_module(f"selftranslate.{kind}")
    return sorted(m.name for m in pkgutil.iter_modules(package.__path__) if m.name[0] != "_")


def build(kind: str, name: str, params: Mapping[str, Any] | None = None) -> Any:
    """Import one plug-in and call its `build` with checked parameters.

    Raises PluginError if there is no such plug-in, or it does not take a parameter or needs one.
    """
    given = params or {}
    check(kind, name, given)
    function = _find(kind, name)
    needed = inspect.signature(function).parameters.values()
    missing = [p.name for p in needed if p.default is p.empty and p.name not in given]
    if missing:
        msg = f"{kind}/{name}: no {', '.join(missing)}; give its parameters: {{name: {name}, ...}}"
        raise PluginError(msg)
    return function(**given)


def check(kind: str, name: str, params: Iterable[str]) -> None:
    """Raise PluginError unless the plug-in exists and takes these parameters."""
    allowed = inspect.signature(_find(kind, name)).parameters
    for key in params:
        if key not in allowed:
            raise PluginError(unknown(f"parameter of {kind}/{name}", key, allowed))


def parameter(kind: str, name: str, params: Mapping[str, Any], wanted: str) -> Any:
    """Return what a plug-in's parameter will be: as given, else its default."""
    return params.get(wanted, inspect.signature(_find(kind, name)).parameters[wanted].default)


def _find(kind: str, name: str) -> Callable[..., Any]:
    path = name if "." in name else f"selftranslate.{kind}.{name}"
    if "." not in name and name not in names(kind):
        raise PluginError(unknown(kind.removesuffix("s"), name, names(kind)))
    try:
        found = importlib.util.find_spec(path)
    except ModuleNotFoundError:
        found = None
    if found is None:
        msg = f"no module {path!r} for {kind}: is it installed, or in the working directory?"
        raise PluginError(msg)
    function = getattr(importlib.import_module(path), "build", None)
    if not callable(function):
        msg = f"{path} has no build() function"
        raise PluginError(msg)
    return function  # type: ignore[no-any-return]


def summary(kind: str, name: str) -> str:
    """Return the first line of a plug-in's docstring, without importing it."""
    spec = importlib.util.find_spec(f"selftranslate.{kind}.{name}")
    if spec is None or spec.origin is None:
        return ""
    text = ast.get_docstring(ast.parse(Path(spec.origin).read_text(encoding="utf-8"))) or ""
    return text.partition("\n")[0]
