"""Checkpoints of one training run: sealed by a manifest of hashes, resumed where one is intact.

On a CPU a run that was killed ends with the same weights, bit for bit, as one that was not.
Tensors are safetensors and the rest is JSON: Transformers' own checkpoints hold pickles, and go on
with other random numbers where their file is missing.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from selftranslate import interrupts
from selftranslate.example import Sample
from selftranslate.failpoints import reach
from selftranslate.finetuning import processes
from selftranslate.finetuning.saving import saving
from selftranslate.sealed import MANIFEST, damage, flush, seal
from selftranslate.store import write_json

TENSORS, STATE = "tensors.safetensors", "state.json"

KEPT = 2
"""The newest one, and one to fall back to."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a run was after some step."""

    step: int
    path: Path


@dataclass(slots=True)
class Checkpoints:
    """The checkpoints of one run, in a folder that is the run's own."""

    folder: Path | None
    """None keeps none."""
    seconds: float
    """How long to train between two of them; 0 is after every step."""
    made_by: Mapping[str, str | int]
    """Whatever must be the same for a run to go on as if nothing had happened."""
    tell: Callable[[str], None]
    good: list[Path] = field(default_factory=list)

    def newest(self) -> Checkpoint | None:
        """Return the newest intact one; say which are passed over and why."""
        found = self.folder.glob("step-*") if self.folder else ()
        for path in sorted(found, reverse=True):
            step = int(path.name.partition("-")[2])
            if reason := damage(path) or self._foreign(path):
                self.tell(f"the checkpoint of step {step} is not used: {reason}")
                continue
            self.tell(f"training goes on from the checkpoint of step {step}")
            self.good.append(path)
            return Checkpoint(step, path)
        return None

    def _foreign(self, path: Path) -> str | None:
        made_by = json.loads((path / MANIFEST).read_text(encoding="utf-8"))["made_by"]
        for what, here in self.made_by.items():
            if (there := made_by.get(what)) != here:
                return f"it was made with {what} {there}, this is {here}"
        return None

    def write(self, step: int, tensors: Mapping[str, Any], state: Mapping[str, Any]) -> None:
        """Seal a checkpoint beside its place, move it there, and drop all but the newest.

        Raises DiskError if there is no room for it.
        """
        if self.folder is None:
            return
        from safetensors.torch import save_file

        name = f"step-{step:08}"
        draft = self.folder / f".{name}"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        reach("checkpoint.work")
        with saving(draft):
            save_file(dict(tensors), draft / TENSORS)
        reach("checkpoint.tensors", lambda: os.truncate(draft / TENSORS, 1000))
        write_json(state, draft, STATE)
        reach("checkpoint.seal")
        seal(draft, {"made_by": self.made_by})
        reach("checkpoint.publish")
        path = self.folder / name
        shutil.rmtree(path, ignore_errors=True)  # there was one, but not to be used
        os.replace(draft, path)
        flush(self.folder)
        reach("checkpoint.published")
        self.good = [*(p for p in self.good if p != path), path][-KEPT:]
        for old in self.folder.glob("step-*"):
            if old not in self.good:
                shutil.rmtree(old, ignore_errors=True)


def made_by(recipe: str, samples: Sequence[Sample], device: Any) -> dict[str, str | int]:
    """Return what a checkpoint's run must have in common with the run that goes on from it."""
    digest = hashlib.sha256(recipe.encode())
    for sample in samples:
        digest.update(json.dumps(sample.to_json(), sort_keys=True).encode())
    return {
        "recipe": digest.hexdigest()[:16],
        **{library: version(library) for library in ("torch", "transformers", "peft")},
        "device": device.type,
        "processes": processes.count(),
    }


def keep(checkpoints: Checkpoints, last: Checkpoint | None, trainer: Any) -> Any:
    """Make the callback that puts a Trainer where the last checkpoint was, and makes new ones.

    The Trainer is to be given only the rows that the run has not yet seen.
    """
    import transformers

    class Keep(transformers.TrainerCallback):  # type: ignore[misc]
        begun = time.monotonic()
        numbers: Any = None

        def on_train_begin(self, args: Any, state: Any, control: Any, **parts: Any) -> None:
            if last is not None:
                self.numbers = _restore(last, state, parts)
                # The first loss would be taken for the mean over all steps before it.
                trainer._globalstep_last_logged = last.step

        def on_step_begin(self, args: Any, state: Any, control: Any, **parts: Any) -> None:
            if self.numbers is not None:  # only now is everything set up that draws from them
                _set_random(self.numbers, args.device)
                self.numbers = None

        def on_log(self, args: Any, state: Any, control: Any, **parts: Any) -> None:
            if control.should_training_stop or "loss" not in parts["logs"]:
                return
            due = time.monotonic() - self.begun >= checkpoints.seconds
            wanted = processes.most(2 if interrupts.asked() else int(due))
            if wanted and state.global_step < state.max_steps:
                tensors = _tensors(parts, args.device)
                if processes.leading():
                    checkpoints.write(state.global_step, tensors, _state(state, parts))
                self.begun = time.monotonic()
            if wanted == 2:
                interrupts.check()
                raise KeyboardInterrupt  # another process of this run was asked

    return Keep()


def _state(state: Any, parts: Mapping[str, Any]) -> dict[str, Any]:
    schedule = parts["lr_scheduler"].state_dict()
    return {"step": state.global_step, "log": state.log_history, "schedule": schedule}


def _tensors(parts: Mapping[str, Any], device: Any) -> dict[str, Any]:
    """Return what is trained, the optimizer's moments and every process's random numbers."""
    tensors = {f"weights/{name}": each for name, each in processes.trained(parts["model"]).items()}
    for row, moments in parts["optimizer"].state_dict()["state"].items():
        tensors |= {f"optimizer/{row}/{name}": each for name, each in moments.items()}
    tensors = {name: processes.whole(each).detach().cpu() for name, each in tensors.items()}
    for rank, numbers in enumerate(processes.gathered(_random(device))):
        tensors |= {f"random/{rank}/{name}": each for name, each in numbers.items()}
    return {name: each.contiguous() for name, each in tensors.items()}


def _restore(last: Checkpoint, state: Any, parts: Mapping[str, Any]) -> dict[str, Any]:
    """Put everything back but the random numbers of this process: return those."""
    import torch
    from safetensors.torch import load_file

    kept = load_file(last.path / TENSORS)
    told = json.loads((last.path / STATE).read_text(encoding="utf-8"))
    state.global_step, state.log_history = told["step"], told["log"]
    parts["lr_scheduler"].load_state_dict(told["schedule"])
    optimizer = parts["optimizer"]
    moments: dict[int, dict[str, Any]] = {}
    numbers = {}
    with torch.no_grad():
        for name, each in parts["model"].named_parameters():
            if each.requires_grad:
                each.copy_(processes.shared_as(kept.pop(f"weights/{name}"), each))
    rows = [each for group in optimizer.param_groups for each in group["params"]]
    for place, each in kept.items():
        kind, row, name = place.split("/")
        if kind == "optimizer":
            like = rows[int(row)] if each.dim() else each
            moments.setdefault(int(row), {})[name] = processes.shared_as(each, like)
        elif int(row) == processes.rank():
            numbers[name] = each
    groups = optimizer.state_dict()["param_groups"]
    for group, rate in zip(groups, told["schedule"]["_last_lr"], strict=True):
        group["lr"] = rate
    optimizer.load_state_dict({"state": moments, "param_groups": groups})
    return numbers


def _random(device: Any) -> dict[str, Any]:
    """Return the states that dropout draws from."""
    import torch

    numbers = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        numbers["cuda"] = torch.cuda.get_rng_state(device)
    return numbers


def _set_random(numbers: Mapping[str, Any], device: Any) -> None:
    import torch

    torch.set_rng_state(numbers["cpu"])
    if "cuda" in numbers:
        torch.cuda.set_rng_state(numbers["cuda"], device)
