"""The machine a run finds: its device, the precision it is fastest in, the cores it may use."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

from selftranslate.runtime import Runtime


def device(runtime: Runtime) -> Any:
    """Return the torch device: "auto" is the first GPU if there is one, else the CPU."""
    import torch

    if runtime.device != "auto":
        return torch.device(runtime.device)
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def fastest_precision(device: Any) -> Literal["bf16", "fp32"]:
    """Return bf16 where the processor multiplies in it, else fp32: emulated it is slower."""
    import torch

    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    can = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    units = ("avx512_bf16", "amx_bf16", "bf16")
    return "bf16" if device.type == "cpu" and any(can.get(unit) for unit in units) else "fp32"


def cores() -> int:
    """Return how many cores this process may use: its affinity, and its container's share.

    Without the share PyTorch starts a thread for every core of the host, and they wait in turn.
    """
    mine = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(mine or 1, _quota(Path("/sys/fs/cgroup"))))


def use_cores() -> None:
    """Give PyTorch as many threads as there are cores, unless OMP_NUM_THREADS says how many."""
    import torch

    if "OMP_NUM_THREADS" not in os.environ and torch.get_num_threads() > cores():
        torch.set_num_threads(cores())


def _quota(root: Path) -> int:
    """Return the cores that a control group grants, rounded up; without a limit, very many."""
    for files in (("cpu.max",), ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us")):
        try:
            time, period = " ".join((root / file).read_text() for file in files).split()
            if time not in {"max", "-1"}:
                return -(-int(time) // int(period))
        except (OSError, ValueError):
            continue
    return 1 << 16
