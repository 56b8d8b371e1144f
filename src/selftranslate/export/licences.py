"""Which licence model and data are under, as far as it is written down; nothing is guessed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from selftranslate import model as models
from selftranslate.errors import EngineError
from selftranslate.export.weights import on_hub

KEYS = ("license", "license_name", "license_link")
UNKNOWN = {"license": "other", "license_name": "unknown"}
HUB = {
    "MIT": "mit",
    "Apache-2.0": "apache-2.0",
    "CC BY 4.0": "cc-by-4.0",
    "CC BY-SA 4.0": "cc-by-sa-4.0",
}
"""What the hub calls licences that a task's data sets are under."""


def of_model(name: str, *, online: bool) -> dict[str, Any]:
    """Return what a model's own card says about its licence; {} if it says nothing.

    A hub model's card is looked for among what was downloaded, and on the hub only if `online`.
    """
    from huggingface_hub import metadata_load
    from yaml import YAMLError

    path = _card(name, online=online)
    try:
        found: Mapping[str, Any] = (metadata_load(path) if path else None) or {}
    except (OSError, ValueError, YAMLError):  # a card that is not readable says nothing
        return {}
    return {key: found[key] for key in KEYS if found.get(key)} if found.get("license") else {}


def of_data(sentences: Sequence[str]) -> dict[str, Any]:
    """Return the hub's names for a task's licences, where it has one for each of them.

    >>> of_data(["GSM8k: MIT.", "MGSM: CC BY 4.0."])
    {'license': ['mit', 'cc-by-4.0']}
    """
    named = [sentence.rpartition(": ")[2].removesuffix(".") for sentence in sentences]
    if not named or not set(named) <= HUB.keys():
        return {}
    found = list(dict.fromkeys(HUB[name] for name in named))
    return {"license": found[0] if len(found) == 1 else found}


def _card(name: str, *, online: bool) -> Path | None:
    if not on_hub(name):
        try:
            path = models.folder(name) / "README.md"
        except EngineError:  # the model lies elsewhere now
            return None
        return path if path.is_file() else None
    import httpx2
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(hf_hub_download(name, "README.md", local_files_only=not online))
    except (HfHubHTTPError, LocalEntryNotFoundError, httpx2.HTTPError):
        return None
