"""One run on several processes, as torchrun and `accelerate launch` start them.

The first process leads: it runs the whole method, and the others join in where it trains. Who
they are stands in the environment (WORLD_SIZE, RANK); ACCELERATE_USE_FSDP=true also divides the
model's weights among them (FSDP2), else each has all of them (DDP).
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from selftranslate import interrupts
from selftranslate.errors import EngineError
from selftranslate.failpoints import reach
from selftranslate.machine import device
from selftranslate.runtime import Runtime

Job = Mapping[str, Any]
"""What the others need to know to train along, as JSON."""

PATIENCE = timedelta(minutes=10)
"""How long one step may take before a process that does not answer counts as hung."""

FAREWELL = timedelta(seconds=5)

_SHARD = "ACCELERATE_USE_FSDP"
_LOST = ("connect", "timed out", "recv", "broken pipe", "nccl")
"""What gloo, NCCL and the list of jobs say in the processes that are left when one is gone."""


def count() -> int:
    """Return how many processes train together: 1 without a launcher."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def rank() -> int:
    """Return this process's number, from 0."""
    return int(os.environ.get("RANK", "0"))


def leading() -> bool:
    """Say whether this process is the one that writes."""
    return count() == 1 or rank() == 0


@dataclass(slots=True)
class _Team:
    """The leader's way to call the others: a list of jobs that they all can read."""

    jobs: Any
    sharded: bool
    """Whether each process holds only its share of the model's weights."""
    done: int = 0


_team: _Team | None = None


@contextmanager
def joined(runtime: Runtime) -> Iterator[None]:
    """Bring the processes of this run together; at the end the leader sends the others home.

    Raises EngineError if one does not come.
    """
    global _team
    if count() == 1:
        yield
        return
    import torch
    from torch import distributed
    from torch.distributed.rendezvous import rendezvous

    on_gpu = device(runtime).type == "cuda"
    if on_gpu:
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    with together():
        jobs, number, size = next(rendezvous("env://", timeout=PATIENCE))
        distributed.init_process_group(
            "nccl" if on_gpu else "gloo",
            store=jobs,
            rank=number,
            world_size=size,
            timeout=PATIENCE,
        )
    # Taken away from Accelerate, which would divide once more what was divided while loading.
    _team = _Team(jobs, os.environ.pop(_SHARD, "").lower() in {"1", "true"})
    try:
        yield
    finally:
        with suppress(RuntimeError):  # whoever is gone already
            call(None)
            jobs.set(f"left {number}", "")
            # The jobs go with the leader: it is the last to leave.
            others = [f"left {other}" for other in range(size) if leading() and other != number]
            jobs.wait(others, FAREWELL)
        _team = None
        distributed.destroy_process_group()


def call(job: Job | None) -> None:
    """Have the others begin a job, if there are others; None sends them home."""
    if _team is not None and leading():
        _team.jobs.set(f"job {_team.done}", json.dumps(job))
        _team.done += 1


def follow(work: Callable[[Job], None]) -> None:
    """Do the leader's jobs until it has no more. Raises EngineError if the leader is gone."""
    while (job := _next()) is not None:
        work(job)


def _next() -> Job | None:
    assert _team is not None, "only inside `joined`"
    name = f"job {_team.done}"
    with together():
        while not _team.jobs.check([name]):  # the leader is busy elsewhere
            interrupts.check()
            time.sleep(0.05)
        _team.done += 1
        job: Job | None = json.loads(_team.jobs.get(name))
    reach("processes.job")
    return job


@contextmanager
def together() -> Iterator[None]:
    """Explain what a process sees when another one of its run is gone or hangs."""
    try:
        yield
    except RuntimeError as error:
        if count() == 1 or not any(word in str(error).lower() for word in _LOST):
            raise
        msg = (
            f"process {rank()} of {count()}: another process of this run ended or hung; "
            "its own message says why; the same command goes on from the last checkpoint"
        )
        raise EngineError(msg) from error


def division() -> dict[str, Any]:
    """Return what `from_pretrained` needs to give each process its share of the weights."""
    if _team is None or not _team.sharded:
        return {}
    from transformers.distributed import DistributedConfig

    return {"distributed_config": DistributedConfig(fsdp_size=count())}


def most(value: int) -> int:
    """Return the largest of the processes' values, in all of them."""
    if count() == 1:
        return value
    import torch
    from accelerate import PartialState
    from torch import distributed

    shared = torch.tensor(value, device=PartialState().device)
    distributed.all_reduce(shared, distributed.ReduceOp.MAX)
    return int(shared)


def gathered(value: Any) -> list[Any]:
    """Return every process's value, in all of them."""
    if count() == 1:
        return [value]
    from torch import distributed

    values: list[Any] = [None] * count()
    distributed.all_gather_object(values, value)
    return values


def trained(model: Any) -> dict[str, Any]:
    """Return the weights that are trained, by name, whole."""
    return {
        name: whole(each.detach()) for name, each in model.named_parameters() if each.requires_grad
    }


def whole(tensor: Any) -> Any:
    """Return all of a tensor of which each process may hold only a share."""
    return tensor.full_tensor() if hasattr(tensor, "full_tensor") else tensor


def shared_as(tensor: Any, other: Any) -> Any:
    """Return of a whole tensor what this process holds of one shared as `other` is."""
    if not hasattr(other, "full_tensor"):
        return tensor
    from torch.distributed.tensor import distribute_tensor

    return distribute_tensor(tensor.to(other.device), other.device_mesh, other.placements)
