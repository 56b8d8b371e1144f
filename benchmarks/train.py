"""Trained tokens a second and peak memory: ours, plain Trainer, and TRL's SFTTrainer.

python benchmarks/train.py [--quick] [--device D] [--json FILE] [--trl PYTHON]
                           [--models mini,100m] [--shapes mnli,gsm8k,squad] [--dtype auto]

All fine-tune the same LoRA (r 16, alpha 32, dropout 0.05, all linear layers) for one epoch on the
same rows with an effective batch of 64 (the 100 M model with --quick: 16), each in a process of its
own, after one step to warm up. Tokens are those of the rows, without padding: the same number for
all. The time is that of the steps, without loading, tokenising and setting up.

    ours     selftranslate's trainer with its defaults
    trainer  transformers' Trainer: padded on the right, rows in random order, all logits
    trl      TRL's SFTTrainer with its defaults and the loss on the completion, as it is by default
             for prompts and completions, in the environment of --trl (this Python's else)

The last two work on 8 rows at once, their default; --device-batch for another number. First the
loss of one batch is computed with all three in float32 without dropout, and compared.

The rows' lengths are drawn from log-normal distributions fitted to the English training data of
the three tasks as selftranslate puts it, at one token for every four characters.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

METHODS = ("ours", "trainer", "trl")
SHAPES = {  # of prompt and completion: mean and deviation of log tokens; how the two correlate
    "mnli": ((4.15, 0.32), (1.36, 0.21), 0.0),
    "gsm8k": ((4.03, 0.37), (3.99, 0.52), 0.53),
    "squad": ((5.19, 0.43), (1.54, 0.58), 0.0),
}
LONGEST = (800, 290)
BATCH = {"mini": 64, "100m": 64}
QUICK_BATCH = {"mini": 64, "100m": 16}
STEPS, QUICK_STEPS = {"mini": 16, "100m": 4}, {"mini": 4, "100m": 4}
SAME = 1e-5
LORA = {"r": 16, "alpha": 32, "target_modules": "all-linear"}
HUNDRED = {
    "hidden_size": 768,
    "intermediate_size": 2048,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "num_key_value_heads": 4,
    "vocab_size": 32_000,
    "tie_word_embeddings": True,
}


def samples(shape: str, count: int) -> list[dict[str, str]]:
    """Draw prompts and completions of the shape's lengths, of words that are one token each."""
    from selftranslate import model

    tokens = model.tokenizer("mini")
    words = [tokens.decode([at]) for at in range(len(tokens))]
    words = [word for word in words if word[:1] == " " and word[1:].isalpha()]
    draw = random.Random(5)
    prompt, completion, together = SHAPES[shape]
    made = []
    for _ in range(count):
        first, second = draw.gauss(0, 1), draw.gauss(0, 1)
        second = together * first + math.sqrt(1 - together**2) * second
        texts = [
            "".join(draw.choices(words, k=max(2, min(most, round(math.exp(mean + sd * z))))))
            for (mean, sd), z, most in zip(
                (prompt, completion), (first, second), LONGEST, strict=True
            )
        ]
        made.append({"prompt": texts[0], "completion": texts[1]})
    return made


def tokenised(texts: Sequence[dict[str, str]]) -> list[dict[str, list[int]]]:
    """Return the token ids and labels that selftranslate trains on."""
    from selftranslate import model
    from selftranslate.finetuning.rows import tokenise

    return tokenise(as_samples(texts), model.tokenizer("mini"), None).kept


def as_samples(texts: Sequence[dict[str, str]]) -> list[Any]:
    """Return what selftranslate's trainer reads."""
    from selftranslate.example import Sample

    return [Sample(id=str(at), languages="en>en", **text) for at, text in enumerate(texts)]


def model_folder(name: str, folder: Path) -> str:
    """Write a model with the miniature's tokenizer to disk; return where it is."""
    from selftranslate import model

    if name == "mini":
        return str(model.folder("mini"))
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    LlamaForCausalLM(LlamaConfig(**HUNDRED, max_position_embeddings=4096)).save_pretrained(folder)
    model.tokenizer("mini").save_pretrained(folder)
    return str(folder)


class Clock:
    """The progress of selftranslate's trainer, looked at for the time."""

    @contextmanager
    def stage(self, label: str, total: int, unit: str) -> Iterator[Any]:
        """Note when the steps begin and when each has ended."""
        self.times: list[float] = []
        yield lambda count: self.times.append(time.perf_counter())

    def note(self, text: str) -> None:
        """Show it: it is about memory."""
        print(text, flush=True)

    say = note


def ours(asked: dict[str, Any]) -> tuple[float, float]:
    """Train with selftranslate; return the seconds and the first step's loss."""
    from selftranslate import plugins
    from selftranslate.runtime import Runtime
    from selftranslate.training import Run

    clock: Any = Clock()
    told = {"dropout": asked["dropout"], "precision": asked["dtype"], "batch_size": asked["batch"]}
    named = {"model": asked["folder"], "runtime": Runtime(device=asked["device"], progress=clock)}
    trainer = plugins.build("training", "lora", {**named, **told, **LORA, **asked["ours"]})
    rows = as_samples(asked["texts"])
    for part in [rows[: asked["batch"]], rows][asked["once"] :]:
        with tempfile.TemporaryDirectory() as folder:
            run = Run(learning_rate=1e-4, seed=0, steps=len(part) // asked["batch"])
            trainer.fit(part, run, Path(folder))
            loss = json.loads(Path(folder, "training.json").read_text())["losses"][0]
    return clock.times[-1] - clock.times[0], loss


def theirs(asked: dict[str, Any]) -> tuple[float, float]:
    """Train with transformers or TRL; return the seconds and the first step's loss."""
    import peft
    import torch
    import transformers

    at_once = min(asked["at_once"], asked["batch"])
    common = {
        "max_steps": len(asked["rows"]) // asked["batch"],
        "learning_rate": 1e-4,
        "lr_scheduler_type": "cosine",
        "warmup_steps": 0.05,
        "weight_decay": 0.1,
        "per_device_train_batch_size": at_once,
        "gradient_accumulation_steps": asked["batch"] // at_once,
        "bf16": asked["dtype"] == "bf16",
        "use_cpu": asked["device"] == "cpu",
        "logging_steps": 1 if asked["once"] else 10,
        "save_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
    }
    given = {key: LORA[key] for key in ("r", "target_modules")}
    config = peft.LoraConfig(
        task_type="CAUSAL_LM", lora_alpha=LORA["alpha"], lora_dropout=asked["dropout"], **given
    )
    tokens = transformers.AutoTokenizer.from_pretrained(asked["folder"])
    times: list[float] = []

    class Watch(transformers.TrainerCallback):  # type: ignore[misc]
        def on_train_begin(self, *args: Any, **more: Any) -> None:
            times.append(time.perf_counter())

        on_step_end = on_train_begin

    on_gpu_in_bf16 = common["bf16"] and asked["device"] != "cpu"
    model = transformers.AutoModelForCausalLM.from_pretrained(
        asked["folder"], dtype=torch.bfloat16 if on_gpu_in_bf16 else torch.float32
    )
    network = model
    for part in [asked["rows"][: asked["batch"]], asked["rows"]][asked["once"] :]:
        times.clear()
        with tempfile.TemporaryDirectory() as folder:
            told = {**common, "output_dir": folder, "max_steps": len(part) // asked["batch"]}
            if asked["method"] == "trl":
                from datasets import Dataset
                from trl import SFTConfig, SFTTrainer

                data = [
                    {
                        "input_ids": row["input_ids"],
                        "completion_mask": [int(label != -100) for label in row["labels"]],
                    }
                    for row in part
                ]
                trainer = SFTTrainer(
                    network,
                    SFTConfig(**told, completion_only_loss=True),
                    train_dataset=Dataset.from_list(data),
                    processing_class=tokens,
                    peft_config=config,
                    callbacks=[Watch()],
                )
            else:
                trainer = transformers.Trainer(
                    peft.get_peft_model(network, config),
                    transformers.TrainingArguments(**told, remove_unused_columns=False),
                    data_collator=transformers.DataCollatorForSeq2Seq(tokens),
                    train_dataset=part,
                    callbacks=[Watch()],
                )
            trainer.train()
        network = trainer.model.unload()
    logged = (entry["loss"] for entry in trainer.state.log_history if "loss" in entry)
    return times[-1] - times[0], next(logged, math.nan)


def measure(asked: dict[str, Any]) -> dict[str, float]:
    """Run one method in this process."""
    import torch

    on_gpu = asked["device"].startswith("cuda")
    seconds, loss = (ours if asked["method"] == "ours" else theirs)(asked)
    peak = (
        torch.cuda.max_memory_allocated() / 2**20
        if on_gpu
        else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    )
    count = sum(len(row["labels"]) for row in asked["rows"])
    return {"tokens_per_s": count / seconds, "peak_mb": peak, "loss": loss}


def apart(asked: dict[str, Any], python: str) -> dict[str, float]:
    """Run one measurement in a process of its own, so that its peak memory is its own."""
    with tempfile.TemporaryDirectory() as folder:
        ask, answer = Path(folder, "ask.json"), Path(folder, "answer.json")
        ask.write_text(json.dumps(asked))
        command = [python, __file__, "--one", str(ask), "--json", str(answer)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            msg = f"{asked['method']}: {done.stderr[-2000:]}"
            raise SystemExit(msg)
        found: dict[str, float] = json.loads(answer.read_text())
    return found


def compare(options: argparse.Namespace, name: str, shape: str) -> list[dict[str, Any]]:
    """Check the loss, measure all methods on one shape, and print a row for each."""
    batch = (QUICK_BATCH if options.quick else BATCH)[name]
    count = batch * (QUICK_STEPS if options.quick else STEPS)[name]
    texts = samples(shape, count)
    rows = tokenised(texts)
    table: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        common = {
            "folder": model_folder(name, Path(folder)),
            "device": options.device,
            "at_once": options.device_batch,
            "ours": json.loads(options.ours),
        }
        pythons = {"trl": options.trl or sys.executable}
        few = {"texts": texts[:8], "rows": rows[:8], "batch": 8, "once": True, "ours": {}}
        many = {"texts": texts, "rows": rows, "batch": batch, "once": False}
        losses = {}
        for method in options.methods.split(","):
            python = pythons.get(method, sys.executable)
            asked = {**common, "method": method}
            same = {**few, "dtype": "fp32", "dropout": 0.0}
            losses[method] = apart({**asked, **same}, python)["loss"]
            found = apart({**asked, **many, "dtype": options.dtype, "dropout": 0.05}, python)
            row = {"model": name, "shape": shape, "method": method, "dtype": options.dtype}
            table.append({**row, "batch": batch, **found, "loss": losses[method]})
            print(
                f"{name:5}{shape:6} {options.dtype} batch {batch:3} {method:8}"
                f"{found['tokens_per_s']:9.0f} tokens/s{found['peak_mb']:8.0f} MB   "
                f"loss of one batch in fp32 {losses[method]:.7f}",
                flush=True,
            )
    gap = max(losses.values()) - min(losses.values())
    print(f"{name:5}{shape:6} the losses differ by {gap:.1e}", flush=True)
    if gap > SAME:
        msg = f"the losses differ by more than {SAME}"
        raise SystemExit(msg)
    return table


def main() -> None:
    """Print the table, and write it as JSON where asked to."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--quick", action="store_true", help="fewer steps, a smaller batch")
    options.add_argument("--device", default="cpu", help="a torch device")
    options.add_argument("--json", type=Path, help="write the measurements to this file")
    options.add_argument("--trl", help="a Python that has TRL, with the same torch and so on")
    options.add_argument("--models", default="mini,100m")
    options.add_argument("--shapes", default=",".join(SHAPES))
    options.add_argument("--methods", default=",".join(METHODS))
    options.add_argument("--dtype", default="auto", choices=["auto", "bf16", "fp32"])
    options.add_argument("--device-batch", type=int, default=8, help="rows at once, not for ours")
    options.add_argument("--ours", default="{}", help="more parameters of our trainer, as JSON")
    options.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.one:
        chosen.json.write_text(json.dumps(measure(json.loads(chosen.one.read_text()))))
        return
    if chosen.dtype == "auto":
        import torch

        from selftranslate.machine import fastest_precision

        chosen.dtype = fastest_precision(torch.device(chosen.device))
    rows = [
        row
        for name in chosen.models.split(",")
        for shape in chosen.shapes.split(",")
        for row in compare(chosen, name, shape)
    ]
    if chosen.json:
        chosen.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
