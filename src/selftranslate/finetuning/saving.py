"""What safetensors says of a full disk, said as everywhere else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selftranslate.errors import DiskError


@contextmanager
def saving(folder: Path) -> Iterator[None]:
    """Raise DiskError where tensors cannot be written into a folder."""
    from safetensors import SafetensorError

    try:
        yield
    except SafetensorError as error:
        msg = f"{folder}: {error}; free some space and run the same command again"
        raise DiskError(msg) from error
