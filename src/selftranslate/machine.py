"""The machine a run finds: its device, the precision it is fastest in, the cores it may use."""

from __future__ import annotations

import os
import platform
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from selftranslate import __version__
from selftranslate.runtime import Runtime

COMPUTE = (
    "torch", "transformers", "peft", "accelerate", "tokenizers", "numpy", "scipy", "sacrebleu",
    "datasets", "vllm", "openai",
)  # fmt: skip
"""The libraries that results may depend on."""


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


def describe() -> dict[str, Any]:
    """Say what computes here: versions, processor, cores, memory in bytes, GPUs.

    Only what has been imported is named, and nothing that tells whose machine it is.
    """
    torch: Any = sys.modules.get("torch")
    versions = {name: _version(name) for name in COMPUTE if name in sys.modules}
    gpus = []
    if torch is not None and torch.cuda.is_available():
        gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": cores(),
        "memory": memory(),
        "gpus": gpus,
        "versions": {"selftranslate": __version__, **versions},
    }


def memory() -> int:
    """Return the bytes of memory that this process may use, 0 if nobody knows."""
    try:
        whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 0
    for file in ("memory.max", "memory/memory.limit_in_bytes"):
        try:
            return min(whole, int(Path("/sys/fs/cgroup", file).read_text()))
        except (OSError, ValueError):
            continue
    return whole


def use_cores() -> None:
    """Give PyTorch as many threads as there are cores, unless OMP_NUM_THREADS says how many."""
    import torch

    if "OMP_NUM_THREADS" not in os.environ and torch.get_num_threads() > cores():
        torch.set_num_threads(cores())


@cache
def _version(name: str) -> str:
    """Look it up once: a run describes its machine with each artifact."""
    return version(name)


@cache
def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in text.splitlines() if "model name" in line]
    return names[0] if names else platform.processor()


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
