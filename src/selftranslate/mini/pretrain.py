"""Make the miniature's weights: ``python -m selftranslate.mini.pretrain [--out DIR] [--seed 0]``.

One uninterrupted run: tokenizer, corpus, training, weights in bfloat16.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from selftranslate.mini.corpus import documents
from selftranslate.mini.tokenizer import train_tokenizer

if TYPE_CHECKING:
    import torch
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

WEIGHTS = Path(__file__).parent / "weights"


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of training on sequences of one length."""

    tokens: int
    sequence_length: int
    fewest: int
    most: int


# Short sequences are cheap; the long ones at the end hold prompts with eight shots.
PHASES = (
    Phase(tokens=6_000_000, sequence_length=256, fewest=1, most=3),
    Phase(tokens=1_400_000, sequence_length=1024, fewest=2, most=9),
)
STEP_TOKENS = 8192
WORKERS = 2
"""Two processes of one thread, half a step each, are faster than one process of two threads."""
LEARNING_RATE = 4e-3
WARMUP_STEPS = 60
HOLD_UNTIL = 0.5
"""The share of the run after which the learning rate falls linearly."""
LOWEST_RATE = 0.02


def new_model() -> LlamaForCausalLM:
    """A Llama of 4.3 million parameters with random weights."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=2048,
        hidden_size=256,
        intermediate_size=640,
        num_hidden_layers=5,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
        bos_token_id=0,
        eos_token_id=0,
        pad_token_id=1,
    )
    return LlamaForCausalLM(config)


def sequences(tokenizer: PreTrainedTokenizerFast, phase: Phase, rng: random.Random) -> torch.Tensor:
    """Documents of the phase, each followed by the end of text, cut into equal sequences."""
    import torch

    stream = documents(rng, phase.fewest, phase.most)
    tokens: list[int] = []
    while len(tokens) < phase.tokens:
        batch = [next(stream) for _ in range(1000)]
        for ids in tokenizer(batch, add_special_tokens=False)["input_ids"]:
            tokens.extend(ids)
            tokens.append(0)
    count = phase.tokens // phase.sequence_length
    whole = torch.tensor(tokens[: count * phase.sequence_length])
    return whole.view(count, phase.sequence_length)


def rate(step: int, steps: int) -> float:
    """The learning rate of a step as a share of the full one."""
    done = step / steps
    falling = 1.0 if done < HOLD_UNTIL else max(LOWEST_RATE, (1 - done) / (1 - HOLD_UNTIL))
    return min(1.0, (step + 1) / WARMUP_STEPS) * falling


def optimizers(model: LlamaForCausalLM) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of the layers, AdamW for embeddings and norms."""
    import torch
    from torch.distributed.optim import ZeroRedundancyOptimizer

    embedding = model.get_input_embeddings().weight
    parameters = [parameter for parameter in model.parameters() if parameter is not embedding]
    matrices = [parameter for parameter in parameters if parameter.ndim == 2]
    others = [embedding, *(parameter for parameter in parameters if parameter.ndim == 1)]
    return [
        # Orthogonalising the matrices takes long enough for the workers to share it.
        ZeroRedundancyOptimizer(
            matrices,
            optimizer_class=torch.optim.Muon,
            lr=LEARNING_RATE,
            weight_decay=0.05,
            adjust_lr_fn="match_rms_adamw",
        ),
        torch.optim.AdamW(
            others, lr=0.75 * LEARNING_RATE, betas=(0.9, 0.95), weight_decay=0.0, fused=True
        ),
    ]


def training_steps(
    tokenizer: PreTrainedTokenizerFast, rng: random.Random, seed: int
) -> Iterator[torch.Tensor]:
    """The batches of all phases, each phase shuffled."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    for phase in PHASES:
        rows = sequences(tokenizer, phase, rng)
        rows = rows[torch.randperm(len(rows), generator=generator)]
        size = STEP_TOKENS // phase.sequence_length
        for start in range(0, len(rows) - size + 1, size):
            yield rows[start : start + size]


def train(worker: int, steps: list[torch.Tensor], seed: int, meeting: str, out: Path) -> None:
    """One pass over the steps; this worker's share of every step, the first worker saves."""
    import torch
    import torch.distributed
    from torch.nn.parallel import DistributedDataParallel

    torch.set_num_threads(1)
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{meeting}", rank=worker, world_size=WORKERS
    )
    torch.manual_seed(seed)
    model = new_model()
    replica = DistributedDataParallel(model)
    optimizing = optimizers(model)
    full_rates = [optimizer.param_groups[0]["lr"] for optimizer in optimizing]
    started, seen, smooth = time.monotonic(), 0, 0.0
    for index, batch in enumerate(steps):
        for optimizer, full in zip(optimizing, full_rates, strict=True):
            optimizer.param_groups[0]["lr"] = full * rate(index, len(steps))
        part = batch[worker::WORKERS]
        with torch.autocast("cpu", torch.bfloat16):
            loss = replica(input_ids=part, labels=part, use_cache=False).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizing:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        seen += batch.numel()
        smooth = loss.item() if index == 0 else 0.95 * smooth + 0.05 * loss.item()
        if worker == 0 and (index % 25 == 0 or index + 1 == len(steps)):
            minutes = (time.monotonic() - started) / 60
            print(
                f"step {index + 1}/{len(steps)}: loss {smooth:.3f}, "
                f"{seen / 1e6:.2f} M tokens, {minutes:.1f} min",
                flush=True,
            )
    if worker == 0:
        model.to(torch.bfloat16).save_pretrained(out)
    torch.distributed.destroy_process_group()


def main() -> None:
    """Run the whole of it."""
    import torch.multiprocessing

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    rng = random.Random(options.seed)
    tokenizer = train_tokenizer(rng)
    tokenizer.save_pretrained(options.out)
    steps = list(training_steps(tokenizer, rng, options.seed))
    print(f"{len(steps)} steps of {STEP_TOKENS} tokens", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        torch.multiprocessing.spawn(  # type: ignore[attr-defined,no-untyped-call]
            train, (steps, options.seed, f"{folder}/meeting", options.out), nprocs=WORKERS
        )
    print(f"saved to {options.out}")


if __name__ == "__main__":
    main()
