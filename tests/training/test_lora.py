"""The trainer with a real model: what is learned, what is written, what is refused."""

from __future__ import annotations

import json
import math
import random
import re
from pathlib import Path
from typing import Any

import pytest
import torch

from selftranslate import model, plugins
from selftranslate.errors import DataError, EngineError, RecipeError
from selftranslate.example import Sample
from selftranslate.finetuning import rows
from selftranslate.runtime import Runtime
from selftranslate.training import Run, Trainer

SAMPLES = [
    Sample(id=f"s{n}", prompt=f"{n} + {n} = ", completion=f"{2 * n}, of course.", languages="en>en")
    for n in range(8)
]
RUN = Run(learning_rate=1e-2, seed=0, steps=4)


def build(tiny_model: Path, **params: Any) -> Trainer:
    chosen = {"batch_size": 4, "r": 4, "precision": "fp32", **params}
    runtime = Runtime(device="cpu")
    made: Trainer = plugins.build(
        "training", "lora", {"model": str(tiny_model), "runtime": runtime, **chosen}
    )
    return made


def fit(trainer: Trainer, folder: Path, run: Run = RUN, samples: list[Sample] = SAMPLES) -> Any:
    folder.mkdir()
    trainer.fit(samples, run, folder)
    return json.loads((folder / "training.json").read_text())


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def base(tiny_model: Path) -> Any:
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32).eval()


def by_hand(tiny_model: Path, samples: list[Sample]) -> float:
    """Mean of -log p over completion and end, one sample at a time, from the plain logits."""
    tokens, network = model.tokenizer(str(tiny_model)), base(tiny_model)
    losses: list[float] = []
    for one in samples:
        prompt = model.begin(tokens) + model.encode(tokens, one.prompt)
        answer = [*model.encode(tokens, one.completion), tokens.eos_token_id]
        with torch.no_grad():
            logits = network(torch.tensor([prompt + answer])).logits[0].log_softmax(-1)
        losses += [-logits[len(prompt) - 1 + at, id].item() for at, id in enumerate(answer)]
    return sum(losses) / len(losses)


@pytest.fixture(scope="module")
def first(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One short run that several tests look at."""
    folder = tmp_path_factory.mktemp("first") / "run"
    fit(build(tiny_model), folder)
    return folder


def test_the_loss_is_on_the_completion_and_the_end_only(tiny_model: Path, tmp_path: Path) -> None:
    told = fit(
        build(tiny_model, batch_size=8), tmp_path / "a", Run(learning_rate=0.0, seed=0, steps=1)
    )
    assert told["losses"] == pytest.approx([by_hand(tiny_model, SAMPLES)], abs=1e-5)


def test_labels_that_are_not_masked_would_be_caught(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def careless(*args: Any) -> rows.Rows:
        found = honest(*args)
        unmasked = [[rows.IGNORED, *row["input_ids"][1:]] for row in found.kept]
        return rows.Rows(
            [{**row, "labels": all_} for row, all_ in zip(found.kept, unmasked, strict=True)]
        )

    honest = rows.tokenise
    monkeypatch.setattr("selftranslate.finetuning.fitting.tokenise", careless)
    told = fit(
        build(tiny_model, batch_size=8), tmp_path / "a", Run(learning_rate=0.0, seed=0, steps=1)
    )
    assert abs(told["losses"][0] - by_hand(tiny_model, SAMPLES)) > 1e-3


def test_equal_runs_are_equal_files_whatever_ran_before(
    tiny_model: Path, tmp_path: Path, first: Path
) -> None:
    trainer = build(tiny_model)
    fit(trainer, tmp_path / "other", Run(learning_rate=1e-2, seed=5, steps=2))
    torch.rand(3)
    fit(trainer, tmp_path / "again")
    assert bytes_of(tmp_path / "again") == bytes_of(first)


def test_another_seed_is_another_adapter(tiny_model: Path, tmp_path: Path, first: Path) -> None:
    for params in ({}, {"init_seed": 0}):
        folder = tmp_path / str(len(params))
        fit(build(tiny_model, **params), folder, Run(learning_rate=1e-2, seed=1, steps=4))
        name = "adapter_model.safetensors"
        assert (folder / name).read_bytes() != (first / name).read_bytes()


def test_the_caller_keeps_its_random_numbers(tiny_model: Path, tmp_path: Path) -> None:
    random.seed(3)
    torch.manual_seed(3)
    expected = (
        random.Random(3).random(),
        torch.rand(1, generator=torch.Generator().manual_seed(3)),
    )
    fit(build(tiny_model), tmp_path / "a", Run(learning_rate=1e-2, seed=0, steps=1))
    assert (random.random(), torch.rand(1)) == expected


def test_gradients_of_small_batches_add_up_to_the_large_one(
    tiny_model: Path, tmp_path: Path
) -> None:
    whole = fit(build(tiny_model, dropout=0.0), tmp_path / "whole")
    parts = fit(build(tiny_model, dropout=0.0, device_batch_size=1), tmp_path / "parts")
    assert parts["losses"] == pytest.approx(whole["losses"], abs=1e-4)


# PEFT asks transformers by a name that it renames.
@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")
def test_it_learns_and_plain_peft_loads_what_it_wrote(tiny_model: Path, tmp_path: Path) -> None:
    from peft import PeftModel

    learned = Run(learning_rate=1e-2, seed=0, steps=100)
    told = fit(build(tiny_model, batch_size=8, r=16, dropout=0.0), tmp_path / "a", learned)
    assert told["losses"][0] > 3
    assert told["final_loss"] < 0.05
    adapted = PeftModel.from_pretrained(base(tiny_model), str(tmp_path / "a")).eval()
    tokens = model.tokenizer(str(tiny_model))
    prompt = model.begin(tokens) + model.encode(tokens, SAMPLES[3].prompt)
    ids = torch.tensor([prompt])
    out = adapted.generate(
        input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=20, do_sample=False
    )[0, len(prompt) :].tolist()
    assert out[-1] == tokens.eos_token_id
    assert tokens.decode(out[:-1]) == SAMPLES[3].completion


def test_the_folder_holds_data_only_and_no_path_of_this_machine(
    first: Path, tiny_model: Path
) -> None:
    assert set(bytes_of(first)) == {
        "adapter_config.json",
        "adapter_model.safetensors",
        "training.json",
    }
    config = json.loads((first / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == tiny_model.name
    assert str(tiny_model.parent) not in (first / "adapter_config.json").read_text()
    assert config["target_modules"] == sorted(config["target_modules"])
    assert "lm_head" not in config["target_modules"]


def test_training_json_says_what_was_done(first: Path, tiny_model: Path) -> None:
    told = json.loads((first / "training.json").read_text())
    tokens = model.tokenizer(str(tiny_model))
    answers = [len(model.encode(tokens, s.completion)) + 1 for s in SAMPLES]
    assert (told["steps"], told["examples"], told["left_out"]) == (4, 8, [])
    assert told["trained_tokens"] == 2 * sum(answers)  # 4 steps of 4 are two epochs of 8
    assert len(told["losses"]) == 4
    assert told["precision"] == "fp32"


def test_long_rows_are_left_out_up_to_a_share_and_refused_above(
    tiny_model: Path, tmp_path: Path
) -> None:
    long = Sample(id="long", prompt="x" * 2000, completion="y", languages="en>en")
    with pytest.raises(DataError, match=r"1 of 9 .* longer than 1024 tokens \(first: long\)"):
        fit(build(tiny_model), tmp_path / "a", samples=[*SAMPLES, long])
    told = fit(build(tiny_model, max_left_out=0.2), tmp_path / "b", samples=[*SAMPLES, long])
    assert (told["left_out"], told["examples"]) == (["long"], 8)
    mute = Sample(id="mute", prompt="x", completion="", languages="en>en")
    both = [*SAMPLES, long, mute]
    with pytest.raises(DataError, match=r"long\) and 1 of 10 .* empty .* \(first: mute\): mend"):
        fit(build(tiny_model, max_left_out=0.1), tmp_path / "c", samples=both)
    told = fit(build(tiny_model, max_left_out=0.2), tmp_path / "d", samples=both)
    assert (told["left_out"], told["examples"]) == (["long", "mute"], 8)


def test_a_run_that_diverges_says_where_and_leaves_no_adapter(
    tiny_model: Path, tmp_path: Path, first: Path
) -> None:
    told = fit(build(tiny_model), tmp_path / "a", Run(learning_rate=1e38, seed=0, steps=4))
    assert re.fullmatch(r"the loss was (nan|inf) at step [234]", told["diverged"])
    assert told["losses"] and all(math.isfinite(loss) for loss in told["losses"])
    assert len(told["losses"]) == int(told["diverged"][-1]) - 1
    assert set(bytes_of(tmp_path / "a")) == {"training.json"}
    assert json.loads((first / "training.json").read_text())["diverged"] is None


def test_hyper_parameters_that_cannot_be_are_refused(tiny_model: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="multiple of device_batch_size 3"):
        build(tiny_model, device_batch_size=3)
    with pytest.raises(RecipeError, match="warmup_ratio 50"):
        build(tiny_model, warmup_ratio=50)
    with pytest.raises(RecipeError, match="target_modules"):
        fit(build(tiny_model, target_modules=["nowhere"]), tmp_path / "a")


def test_the_identity_holds_every_hyper_parameter_and_the_precision(tiny_model: Path) -> None:
    plain = build(tiny_model).identity
    assert '"precision": "fp32"' in plain and str(tiny_model) not in plain
    assert model.fingerprint(str(tiny_model)) in plain
    assert build(tiny_model).identity == plain
    for params in ({"r": 8}, {"precision": "bf16"}, {"init_seed": 1}, {"adam_beta2": 0.95}):
        assert build(tiny_model, **params).identity != plain


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, [(4, False), (2, False), (1, False), (1, True)]),
        ({"gradient_checkpointing": True}, [(4, True), (2, True), (1, True)]),
        ({"gradient_checkpointing": False}, [(4, False), (2, False), (1, False)]),
        ({"device_batch_size": 2}, [(2, False), (1, False), (1, True)]),
    ],
)
def test_memory_that_runs_out_means_fewer_rows_at_once_and_last_fewer_activations(
    params: Any,
    expected: Any,
    tiny_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from selftranslate.finetuning.fitting import Fitting

    tried: list[tuple[int, bool]] = []
    memory = len(expected)

    def attempt(self: Any, job: Any, at_once: int, recompute: bool) -> Any:
        tried.append((at_once, recompute))
        if len(tried) < memory:
            raise torch.OutOfMemoryError
        return [{"loss": 1.0}]

    monkeypatch.setattr(Fitting, "_attempt", attempt)
    fit(build(tiny_model, **params), tmp_path / "a")
    assert tried == expected
    tried, memory = [], 99
    with pytest.raises(EngineError, match=r"one row .* exceeds the memory"):
        fit(build(tiny_model, **params), tmp_path / "b")
    assert tried == expected


def test_activations_computed_twice_are_the_same_weights(
    tiny_model: Path, tmp_path: Path, first: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import LlamaModel

    forward, checkpointed = LlamaModel.forward, []

    def watched(self: Any, *args: Any, **named: Any) -> Any:
        checkpointed.append(self.is_gradient_checkpointing)
        return forward(self, *args, **named)

    monkeypatch.setattr(LlamaModel, "forward", watched)
    trainer = build(tiny_model, gradient_checkpointing=True)
    fit(trainer, tmp_path / "a")
    assert all(checkpointed) and checkpointed
    assert bytes_of(tmp_path / "a") == bytes_of(first)
    assert trainer.identity == build(tiny_model).identity
    with pytest.raises(RecipeError, match="gradient_checkpointing 'often': say auto, true or"):
        build(tiny_model, gradient_checkpointing="often")


def test_the_model_is_read_once_and_every_run_finds_it_untouched(
    tiny_model: Path, tmp_path: Path, first: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import AutoModelForCausalLM

    read, reads = AutoModelForCausalLM.from_pretrained, []

    def counted(*args: Any, **named: Any) -> Any:
        reads.append(args)
        return read(*args, **named)

    monkeypatch.setattr(AutoModelForCausalLM, "from_pretrained", counted)
    trainer = build(tiny_model)
    long = [Sample(id="l", prompt="x" * 300, completion="y", languages="en>en")] * 4
    fit(trainer, tmp_path / "diverged", Run(learning_rate=1e38, seed=3, steps=4))
    fit(trainer, tmp_path / "fused attention", Run(learning_rate=1e-2, seed=3, steps=1), long)
    fit(trainer, tmp_path / "again")
    assert len(reads) == 1
    assert bytes_of(tmp_path / "again") == bytes_of(first)


def test_a_cpu_works_on_as_many_rows_at_once_as_its_share_of_memory_holds(
    tiny_model: Path, tmp_path: Path, first: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import LlamaModel

    from selftranslate.finetuning import base

    forward, at_once = LlamaModel.forward, []

    def watched(self: Any, input_ids: Any, **named: Any) -> Any:
        at_once.append(len(input_ids))
        return forward(self, input_ids, **named)

    monkeypatch.setattr(LlamaModel, "forward", watched)
    units, longest = 2 * 64, 22  # layers x hidden size, and tokens of the longest row
    monkeypatch.setattr(base, "_ACTIVATIONS", base._BYTES * units * longest * 3)
    fit(build(tiny_model), tmp_path / "a")
    assert at_once == [2] * 8  # 3 would fit, but do not divide 4
    assert base.rows_at_once(str(tiny_model), longest) == 3
    assert base.rows_at_once(str(tiny_model), 10_000) == 1


@pytest.mark.parametrize(("precision", "linear"), [("fp32", "float32"), ("bf16", "bfloat16")])
def test_a_cpu_keeps_in_bf16_only_what_is_multiplied_in_it(
    precision: str, linear: str, tiny_model: Path
) -> None:
    from selftranslate.finetuning import base

    network = base.load(str(tiny_model), torch.device("cpu"), bf16=precision == "bf16")
    kinds = {name: str(weight.dtype)[6:] for name, weight in network.named_parameters()}
    multiplied = {name for name in kinds if "_proj" in name}
    assert {kinds[name] for name in multiplied} == {linear}
    assert {kinds[name] for name in kinds.keys() - multiplied} == {"float32"}


def test_rslora_divides_alpha_by_the_root_of_the_rank(tiny_model: Path, tmp_path: Path) -> None:
    scaled = {"rslora": True, "alpha": 8, "r": 4}
    told = fit(build(tiny_model, **scaled), tmp_path / "a")
    assert json.loads((tmp_path / "a" / "adapter_config.json").read_text())["use_rslora"]
    plain = fit(build(tiny_model, alpha=16, r=4), tmp_path / "b")  # 8 / sqrt(4) = 16 / 4
    assert told["losses"] == plain["losses"]
    assert build(tiny_model, rslora=True).identity != build(tiny_model).identity


def test_four_bits_need_a_gpu_and_say_so(tiny_model: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="nf4 needs a GPU and the package bitsandbytes"):
        fit(build(tiny_model, quantize="nf4"), tmp_path / "a")
    with pytest.raises(RecipeError, match="quantize 'int3': say nf4"):
        fit(build(tiny_model, quantize="int3"), tmp_path / "b")
    assert build(tiny_model, quantize="nf4").identity != build(tiny_model).identity


def test_bf16_learns_like_fp32(tiny_model: Path, tmp_path: Path, first: Path) -> None:
    told = fit(build(tiny_model, precision="bf16"), tmp_path / "a")
    plain = json.loads((first / "training.json").read_text())
    assert told["losses"] == pytest.approx(plain["losses"], rel=0.02)
    assert all(math.isfinite(loss) for loss in told["losses"])


def test_progress_counts_the_steps(tiny_model: Path, tmp_path: Path) -> None:
    from contextlib import contextmanager

    class Counting:
        done = 0

        @contextmanager
        def stage(self, label: str, total: int, unit: str) -> Any:
            self.total = total

            def advance(count: int) -> None:
                self.done += count

            yield advance

        def note(self, text: str) -> None: ...

        say = note

    progress: Any = Counting()
    trainer: Any = build(tiny_model)
    trainer.runtime = Runtime(device="cpu", progress=progress)
    fit(trainer, tmp_path / "a")
    assert progress.done == progress.total == 4


def test_importing_the_plugin_loads_no_torch() -> None:
    import subprocess
    import sys

    code = "import sys, selftranslate.training.lora; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
