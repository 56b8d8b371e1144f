"""How long a plan takes on a device that is not at hand: its FLOPs and bytes, whichever is slower.

The prefix is read once and its keys and values are kept once for all rows, as the transformers
engine does; LoRA computes gradients of the activations, not of the frozen weights.
"""

from __future__ import annotations

from dataclasses import dataclass

from selftranslate.forecast.devices import Device
from selftranslate.forecast.shape import Shape
from selftranslate.forecast.step import Asking, Training

ITEM = 2
"""Bytes of a weight, and of a key or value."""
START = 30.0
"""Seconds until a model is loaded and has shown that it works."""
ADAPTER = 2.0
"""Seconds to put another adapter on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Roofline:
    """A device, the model that translates and the one that is trained."""

    device: Device
    translating: Shape | None
    """None for a server: how fast it is nobody knows."""
    asked: Shape
    adapter: int
    """Weights of the adapter; 0 if all weights are trained."""
    rereads: bool = False
    """Whether each row reads the prefix's keys and values anew, as with a mere prefix cache."""

    @property
    def assumptions(self) -> tuple[str, ...]:
        """Say what the figures rest on."""
        one = self.device
        gigabytes = ITEM * (self.asked.blocks + self.asked.head) / 1e9
        said = [
            f"{one.name}: {one.flops / 1e12:,.4g} TFLOP/s, {one.bandwidth / 1e9:,.0f} GB/s, "
            f"{one.memory / 1e9:.0f} GB ({one.source})",
            f"of which reading prompts gets {one.reading:.0%} and training {one.training:.0%} of "
            f"the FLOPs, writing {one.writing:.0%} of the bandwidth; a pass takes at least "
            f"{one.layer * 1e3:.1f} ms a layer; up to {one.rows} rows at once",
            f"{START:.0f} s for each loading of a model ({gigabytes:,.2g} GB), {ADAPTER:.0f} s "
            "for each adapter; one device; nothing was measured on it",
        ]
        if gigabytes * 1e9 > 0.9 * one.memory:
            said.append(f"the model alone takes {gigabytes:,.0f} GB: it may not fit")
        if self.translating is None:
            said.append("a server translates: how long it takes is not known here")
        return tuple(said)

    def start(self, times: int) -> float:
        """Return the seconds for loading models."""
        return START * times

    def seconds(self, job: Asking | Training) -> float | None:
        """Return how long a job takes."""
        if isinstance(job, Training):
            return self._training(job)
        shape = self.translating if job.translates else self.asked
        if shape is None:
            return None
        return max(1, job.tuned) * self._asking(job, shape) + ADAPTER * job.tuned

    def _asking(self, job: Asking, shape: Shape) -> float:
        device = self.device
        weights = ITEM * (shape.blocks + shape.head)
        own = job.prompt + job.answer
        room = 0.8 * device.memory - weights - ITEM * shape.keys * job.prefix
        fitting = int(room / (ITEM * shape.keys * own + 1))
        rows = max(1, min(job.texts, device.rows, fitting))
        around = 4 * shape.layers * shape.hidden  # attention, for each token looked at
        read = job.prefix * (2 * shape.blocks + around * job.prefix / 2)
        read += job.texts * job.prompt * (2 * shape.blocks + around * (job.prefix + own / 2))
        looked = job.prefix + job.prompt + job.answer / 2
        computed = rows * (2 * (shape.blocks + shape.head) + around * looked)
        prefixes = rows if self.rereads else 1
        moved = weights + ITEM * shape.keys * (prefixes * job.prefix + rows * (looked - job.prefix))
        each = max(
            computed / (device.flops * device.reading),
            moved / (device.bandwidth * device.writing),
            device.layer * shape.layers,
        )
        return read / (device.flops * device.reading) + job.texts * job.answer / rows * each

    def _training(self, job: Training) -> float:
        shape, device = self.asked, self.device
        tokens = job.batch_size * job.tokens
        passes = 4 if self.adapter else 6  # forward, backward, and the weights' own gradients
        flops = tokens * (passes * shape.blocks + 6 * self.adapter)
        flops += job.batch_size * job.learned * passes * shape.head
        flops += tokens * 3 * 2 * shape.layers * shape.hidden * job.tokens  # causal attention
        step = max(flops / (device.flops * device.training), 4 * device.layer * shape.layers)
        return job.runs * job.steps * step
