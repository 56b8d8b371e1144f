"""Training leaves no trace on the process it runs in."""

from __future__ import annotations

import random
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def undisturbed(device: Any) -> Iterator[None]:
    """Give back the caller's random states, and keep the libraries from writing on the screen."""
    import numpy
    import torch
    from transformers.utils import logging

    python, arrays = random.getstate(), numpy.random.get_state()
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        with (
            torch.random.fork_rng(devices=[device] if device.type == "cuda" else []),
            warnings.catch_warnings(),
        ):
            # PEFT still asks transformers by names that it renames: nothing a user can change.
            warnings.simplefilter("ignore", FutureWarning)
            yield
    finally:
        random.setstate(python)
        numpy.random.set_state(arrays)
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
