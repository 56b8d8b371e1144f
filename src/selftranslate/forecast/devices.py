"""Accelerators, as their makers describe them, and how much of that a run gets."""

from __future__ import annotations

from dataclasses import dataclass, replace

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


SPLIT = 0.85
"""Share of their speed that devices keep which hold one model together. Of 70B over four H100s the
sums behind each attention and each MLP take 9 of 78 microseconds a token, at 450 GB/s."""


def together(device: Device, count: int) -> Device:
    """Return so many devices that hold one model, as one."""
    if count == 1:
        return device
    return replace(
        device,
        name=f"{count} x {device.name}",
        flops=count * SPLIT * device.flops,
        bandwidth=count * SPLIT * device.bandwidth,
        memory=count * device.memory,
    )


def find(name: str) -> Device:
    """Return a device by name. Raises RecipeError."""
    for device in DEVICES:
        if device.name == name.lower():
            return device
    raise RecipeError(unknown("--device", name, [device.name for device in DEVICES]))
