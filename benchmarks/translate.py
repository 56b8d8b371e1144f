"""Texts a second behind one prefix of shots: `generate` in three ways, and the shared prefix.

python benchmarks/translate.py [--quick] [--device D] [--json FILE] [--models mini,100m]
                               [--prefixes 300,800,1600] [--texts N] [--dtypes float32]
                               [--methods one_by_one,ours] [--openvino PYTHON]

The workload has the shape of the paper's: a prefix of so many tokens, texts of 40-150 tokens,
answers of 60-150, each row ending by itself (the miniature at the fence, random models at a length
drawn for each row). Every method runs at several batch sizes, each in a process of its own, and is
shown at its best; "equal" says how many of its answers are those of `generate` one by one.

    one_by_one  transformers' `generate`, one row at a time
    batched     the same in left-padded batches, rows sorted by length
    kv_copy     the same, the prefix computed once and its keys and values copied into every row
    ours        selftranslate's decoder
    openvino    OpenVINO GenAI with prefix caching, in the environment of --openvino (see
                benchmarks/openvino_peer.py)
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SIZES = {
    "one_by_one": [1],
    "batched": [8, 16, 32],
    "kv_copy": [16, 32, 64],
    "ours": [32, 64, 128],
}
QUICK = {"one_by_one": [1], "batched": [16], "kv_copy": [16], "ours": [0]}
TEXTS = {"mini": 256, "100m": 64, "7b": 256}
QUICK_TEXTS = {"mini": 96, "100m": 32, "7b": 64}
REFERENCE = {"mini": 32, "100m": 8, "7b": 8}
"""How many texts are decoded one by one, and compared."""
SHAPES = {
    "100m": {
        "hidden_size": 768,
        "intermediate_size": 2048,
        "num_hidden_layers": 12,
        "num_attention_heads": 12,
        "num_key_value_heads": 4,
        "vocab_size": 32_000,
        "tie_word_embeddings": True,
    },
    "7b": {
        "hidden_size": 4096,
        "intermediate_size": 11_008,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 32,
        "vocab_size": 32_000,
        "tie_word_embeddings": False,
    },
}
CONTEXT = 4096
END = 1
"""The token that random models are told to pad with; their rows end by length."""


@dataclass(frozen=True)
class Work:
    """Token ids of the prefix and of each text, and when a row that wrote so much is done."""

    prefix: list[int]
    texts: list[list[int]]
    done: Callable[[int, Sequence[int]], bool]
    longest: int


def random_work(prefix: int, texts: int) -> Work:
    """Random tokens; the rows' lengths are drawn, too."""
    draw = random.Random(5)

    def ids(count: int) -> list[int]:
        return [draw.randrange(5, 32_000) for _ in range(count)]

    shots = ids(prefix)
    both = [(ids(draw.randint(40, 150)), draw.randint(60, 150)) for _ in range(texts)]
    rows, lengths = [row for row, _ in both], [length for _, length in both]
    return Work(shots, rows, lambda row, written: len(written) >= lengths[row], 150)


def mini_work(prefix: int, texts: int) -> Work:
    """Translate the miniature's own problems, with as many shots as make so long a prefix."""
    from selftranslate import model, plugins

    tokens = model.tokenizer("mini")
    task = plugins.build("tasks", "mini", {"train": texts + 40})
    both = [
        [example.fields["answer"] for example in task.load("train", language)]
        for language in ("en", "de")
    ]
    shots: list[int] = model.begin(tokens)
    used = 0
    while len(shots) < prefix:
        english, german = both[0][used], both[1][used]
        shots += model.encode(tokens, f"en: `{english}`\nde: `{german}`\n")
        used += 1
    rows = [model.encode(tokens, f"en: `{text}`\nde: `") for text in both[0][used : used + texts]]
    fences = {i for i in range(len(tokens)) if "`" in tokens.decode([i])}
    longest = 150
    return Work(
        shots, rows, lambda _, written: written[-1] in fences or len(written) >= longest, longest
    )


def work(name: str, prefix: int, texts: int) -> Work:
    """Return what a model has to do."""
    return mini_work(prefix, texts) if name == "mini" else random_work(prefix, texts)


def load(name: str, dtype: str, device: str) -> Any:
    """Load the miniature, or make a Llama with random weights."""
    import torch
    from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

    if name == "mini":
        from selftranslate import model

        made = AutoModelForCausalLM.from_pretrained(
            model.folder("mini"), dtype=getattr(torch, dtype)
        )
    else:
        torch.manual_seed(0)
        config = LlamaConfig(**SHAPES[name], max_position_embeddings=CONTEXT)
        torch.set_default_dtype(getattr(torch, dtype))
        with torch.device(device):
            made = LlamaForCausalLM(config)
        torch.set_default_dtype(torch.float32)
        made.generation_config.eos_token_id = None
    made.generation_config.pad_token_id = END
    return made.to(device).eval()


def generated(model: Any, job: Work, batch: int, copy: bool) -> list[list[int]]:
    """Decode with transformers' `generate`, rows sorted by length and padded on the left."""
    import torch
    from transformers import DynamicCache

    answers: list[list[int]] = [[] for _ in job.texts]
    kept = DynamicCache()
    if copy:
        with torch.inference_mode():
            model(torch.tensor([job.prefix], device=model.device), past_key_values=kept)
    order = sorted(range(len(job.texts)), key=lambda row: len(job.texts[row]))
    for first in range(0, len(order), batch):
        rows = order[first : first + batch]
        longest = max(len(job.texts[row]) for row in rows)
        ids, mask = [], []
        for row in rows:
            pad = longest - len(job.texts[row])
            behind = [*[END] * pad, *job.texts[row]] if copy else [*job.prefix, *job.texts[row]]
            ids.append([*job.prefix, *behind] if copy else [*[END] * pad, *behind])
            seen = [1] * len(job.prefix)
            own = [1] * len(job.texts[row])
            mask.append([*seen, *[0] * pad, *own] if copy else [*[0] * pad, *seen, *own])
        width = len(ids[0])

        def ended(
            written: Any, scores: Any, rows: list[int] = rows, width: int = width, **_: Any
        ) -> Any:
            tails = written[:, width:].tolist()
            done = [job.done(row, tail) for row, tail in zip(rows, tails, strict=True)]
            return torch.tensor(done, device=written.device)

        given: dict[str, Any] = {}
        if copy:
            cache = DynamicCache()
            for index, layer in enumerate(kept.layers):
                spread = (len(rows), -1, -1, -1)
                cache.update(
                    layer.keys.expand(*spread).clone(), layer.values.expand(*spread).clone(), index
                )
            given["past_key_values"] = cache
        with torch.inference_mode():
            written = model.generate(
                torch.tensor(ids, device=model.device),
                attention_mask=torch.tensor(mask, device=model.device),
                max_new_tokens=job.longest,
                do_sample=False,
                stopping_criteria=[ended],
                **given,
            )
        for row, tail in zip(rows, written[:, width:].tolist(), strict=True):
            end = next(n for n in range(1, len(tail) + 1) if job.done(row, tail[:n]))
            answers[row] = tail[:end]
    return answers


def ours(model: Any, job: Work, batch: int) -> list[list[int]]:
    """Decode with this package."""
    from selftranslate.decoding.greedy import Decoder, Row

    rows = [Row(index, list(text), job.longest) for index, text in enumerate(job.texts)]
    answers: list[list[int]] = [[] for _ in rows]
    decoder = Decoder(model)
    for row, _ in decoder.decode(
        job.prefix, rows, lambda row: "fence" if job.done(row.index, row.written) else None, batch
    ):
        answers[row.index] = row.written
    return answers


def measure(asked: dict[str, Any]) -> dict[str, Any]:
    """Run one method at one batch size, in this process."""
    import torch

    job = work(asked["model"], asked["prefix"], asked["texts"])
    model = load(asked["model"], asked["dtype"], asked["device"])
    warm = Work(job.prefix, job.texts[:2], lambda _, written: len(written) >= 2, 2)

    def run(job: Work) -> list[list[int]]:
        if asked["method"] == "ours":
            return ours(model, job, asked["batch"])
        return generated(model, job, asked["batch"], asked["method"] == "kv_copy")

    run(warm)
    on_gpu = asked["device"].startswith("cuda")
    if on_gpu:
        torch.cuda.reset_peak_memory_stats()
    wall, processor = time.perf_counter(), time.process_time()
    answers = run(job)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    peak = (
        torch.cuda.max_memory_allocated() / 2**20
        if on_gpu
        else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    )
    return {
        "texts_per_s": len(answers) / wall,
        "texts_per_cpu_s": len(answers) / processor,
        "tokens_per_s": sum(map(len, answers)) / wall,
        "peak_mb": peak,
        "answers": answers,
    }


def apart(asked: dict[str, Any]) -> dict[str, Any]:
    """Run one measurement in a process of its own, so that its peak memory is its own."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        command = [sys.executable, __file__, "--one", json.dumps(asked), "--json", file.name]
        subprocess.run(command, check=True)
        found: dict[str, Any] = json.loads(Path(file.name).read_text())
    return found


def openvino(python: str, asked: dict[str, Any], folder: str) -> dict[str, Any]:
    """Run OpenVINO GenAI on the same texts and lengths, in its own environment."""
    job = work(asked["model"], asked["prefix"], asked["texts"])
    lengths = [
        next(n for n in range(1, job.longest + 1) if job.done(row, [0] * n))
        for row in range(len(job.texts))
    ]
    saved = Path(folder, asked["model"])
    if not saved.exists():
        load(asked["model"], "float32", "cpu").save_pretrained(saved)
    ask, answer = Path(folder, "ask.json"), Path(folder, "answer.json")
    prompts = [[*job.prefix, *text] for text in job.texts]
    ask.write_text(json.dumps({"prompts": prompts, "lengths": lengths, "dtype": asked["dtype"]}))
    peer = str(Path(__file__).with_name("openvino_peer.py"))
    subprocess.run([python, peer, str(saved), str(ask), str(answer)], check=True)
    found: dict[str, Any] = json.loads(answer.read_text())
    return found


def compare(
    options: argparse.Namespace, name: str, prefix: int, dtype: str
) -> list[dict[str, Any]]:
    """Measure all methods on one workload and print a row for each."""
    texts = options.texts or (QUICK_TEXTS if options.quick else TEXTS)[name]
    sizes = QUICK if options.quick else {m: [b for b in s if b <= texts] for m, s in SIZES.items()}
    common = {"model": name, "prefix": prefix, "dtype": dtype, "device": options.device}
    rows: list[dict[str, Any]] = []
    expected: list[list[int]] = []
    methods = [*sizes, *(["openvino"] if options.openvino and name != "mini" else [])]
    for method in [m for m in methods if m in (options.methods or m).split(",")]:
        if method == "openvino":
            with tempfile.TemporaryDirectory() as folder:
                tried = [(0, openvino(options.openvino, {**common, "texts": texts}, folder))]
        else:
            count = REFERENCE[name] if method == "one_by_one" else texts
            asked = {**common, "method": method, "texts": count}
            tried = [(batch, apart({**asked, "batch": batch})) for batch in sizes[method]]
        batch, best = max(tried, key=lambda each: each[1]["texts_per_s"])
        answers = best.pop("answers")
        expected = expected or answers
        equal = sum(a == b for a, b in zip(answers, expected, strict=False))
        row = {**common, "method": method, "batch": batch, **best, "equal": equal / len(expected)}
        rows.append(row)
        print(
            f"{name:5}{prefix:6} {dtype:9}{method:11} batch {batch:4}"
            f"{best['texts_per_s']:9.2f} texts/s{best['tokens_per_s']:9.1f} tokens/s"
            f"{best['peak_mb']:8.0f} MB   equal {equal}/{len(expected)}",
            flush=True,
        )
    return rows


def main() -> None:
    """Print the table, and write it as JSON where asked to."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--quick", action="store_true", help="fewer texts, one batch size each")
    options.add_argument("--device", default="cpu", help="a torch device")
    options.add_argument("--json", type=Path, help="write the measurements to this file")
    options.add_argument("--models", default="mini,100m", help="of mini, 100m, 7b")
    options.add_argument("--prefixes", default="300,800,1600", help="tokens")
    options.add_argument("--texts", type=int, help="how many, for every model")
    options.add_argument("--dtypes", default="float32", help="float32,bfloat16")
    options.add_argument("--methods", help="one_by_one,batched,kv_copy,ours,openvino; else all")
    options.add_argument("--openvino", help="a Python that has openvino-genai and optimum-intel")
    options.add_argument("--one", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.one:
        chosen.json.write_text(json.dumps(measure(json.loads(chosen.one))))
        return
    rows = [
        row
        for name in chosen.models.split(",")
        for dtype in chosen.dtypes.split(",")
        for prefix in map(int, chosen.prefixes.split(","))
        for row in compare(chosen, name, prefix, dtype)
    ]
    if chosen.json:
        chosen.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
