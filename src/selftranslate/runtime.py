"""HOW to compute: never part of a key, never changes a result."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from selftranslate.progress import Progress, Silent


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """How many workers Ray is to have, and what each takes."""

    workers: int = 0
    """Models at work at once; 0 is as many as fit."""
    cpus: float = 1
    gpus: float | None = None
    """None is one if the cluster has any."""
    memory: int = 0
    """Bytes of main memory; 0 states none."""
    train_processes: int = 1
    """Workers that train one run together, on one machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """The machine's side of a run."""

    store: Path = field(default=Path("runs"))
    device: str = "auto"
    """"auto" is the first GPU if there is one, else the CPU; or a torch device name."""
    batch_size: int = 0
    """Rows the engine works on at once; 0 lets the engine choose."""
    checkpoint_seconds: float = 300.0
    """How much training a kill may cost; 0 keeps a checkpoint after every step."""
    cluster: Cluster | None = None
    """None is this process alone."""
    progress: Progress = field(default_factory=Silent)
