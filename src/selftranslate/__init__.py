"""Self-Translate-Train: fine-tune an open LLM in your language from English task data alone."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from selftranslate.experiment import Experiment

__all__ = ["Experiment"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import `Experiment` when it is asked for: importing the package runs nothing."""
    if name != "Experiment":
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    from importlib import import_module

    return import_module("selftranslate.experiment").Experiment
