"""What --set and --languages change in a recipe's keys, before they are checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from selftranslate.errors import RecipeError

ALL = "all"
"""Instead of languages: every one that the task has shots and a test set in."""


def apply(rows: dict[str, Any], change: str, plug_ins: Mapping[str, str]) -> None:
    """Apply one `a.b=value`; `plug_ins` names each key's plug-in by default.

    Raises RecipeError if it cannot be read, or leads into something that holds no keys.

    >>> rows = {"task": "mini"}
    >>> apply(rows, "training.r=8", {"training": "lora"})
    >>> rows["training"]
    {'name': 'lora', 'r': 8}
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    key, equals, text = change.partition("=")
    if not equals or not key:
        msg = f"--set {change}: write KEY=VALUE, for example --set protocol.steps=100"
        raise RecipeError(msg)
    try:
        value = YAML(typ="safe", pure=True).load(text) if text else None
    except YAMLError as error:
        msg = f"--set {change}: the value is not YAML: {' '.join(str(error).split())}"
        raise RecipeError(msg) from error
    *path, last = key.split(".")
    place: Any = rows
    for name in path:
        inner = place.get(name)
        inner = plug_ins.get(name) if inner is None else inner
        place[name] = {"name": inner} if isinstance(inner, str) else inner or {}
        place = place[name]
        if not isinstance(place, dict):
            msg = f"--set {change}: {name!r} holds a {type(place).__name__}, not keys"
            raise RecipeError(msg)
    if last == "data" and not path and isinstance(value, str) and value != "hub":
        # `--set data=DIR`: the same files in another folder.
        place = place.setdefault("data", {}) if isinstance(place.get("data"), dict) else rows
        last = "folder"
    place[last] = value


def of_languages(named: str) -> list[str]:
    """Return the change that `--languages` asks for.

    >>> of_languages("de, th"), of_languages("all"), of_languages("")
    (['languages=[de, th]'], ['languages=all'], [])
    """
    codes = [code.strip() for code in named.split(",") if code.strip()]
    if codes == [ALL]:
        return [f"languages={ALL}"]
    return [f"languages=[{', '.join(codes)}]"] if codes else []
