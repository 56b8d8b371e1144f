"""Accelerators, as their makers describe them, and how much of that a run gets."""

from __future__ import annotations

from dataclasses import dataclass

from selftranslate.errors import RecipeError, unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One device. Shares are of the maker's figures, 0 to 1."""

    name: str
    flops: float
    """A second, dense, in bfloat16 unless said."""
    bandwidth: float
    """Bytes a second, of its memory."""
    memory: float
    """Bytes."""
    source: str
    reading: float = 0.5
    """Share of the FLOPs when prompts are read."""
    training: float = 0.4
    """Share of the FLOPs in a training step."""
    writing: float = 0.6
    """Share of the bandwidth when tokens are written, one a row in each pass."""
    layer: float = 0.0008
    """Seconds that a pass takes for each layer at least: starting its kernels from Python."""
    rows: int = 512
    """Rows that run together at most."""
    gpu: bool = True


DEVICES = (
    Device(
        name="h100", flops=989e12, bandwidth=3.35e12, memory=80e9,
        source="NVIDIA H100 SXM data sheet",
    ),
    Device(
        name="h200", flops=989e12, bandwidth=4.8e12, memory=141e9,
        source="NVIDIA H200 SXM data sheet",
    ),
    Device(
        name="a100", flops=312e12, bandwidth=2.039e12, memory=80e9,
        source="NVIDIA A100 80GB SXM data sheet",
    ),
    Device(
        name="l40s", flops=362e12, bandwidth=864e9, memory=48e9,
        source="NVIDIA L40S data sheet",
    ),
    Device(
        name="rtx4090", flops=165e12, bandwidth=1.008e12, memory=24e9,
        source="NVIDIA Ada architecture paper",
    ),
    Device(
        name="cpu", flops=0.27e12, bandwidth=26e9, memory=24e9, reading=0.5, training=0.6,
        rows=64, gpu=False, layer=0.0004,
        source="2 cores of a Xeon, float32, as in benchmarks/RESULTS.md",
    ),
)  # fmt: skip


def find(name: str) -> Device:
    """Return a device by name. Raises RecipeError."""
    for device in DEVICES:
        if device.name == name.lower():
            return device
    raise RecipeError(unknown("--device", name, [device.name for device in DEVICES]))
