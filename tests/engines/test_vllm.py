"""The engine vllm against a stand-in with vLLM's signatures: it writes what transformers writes."""

from __future__ import annotations

import builtins
import gc
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from selftranslate import interrupts
from selftranslate import model as models
from selftranslate.decoding import vllm_started
from selftranslate.decoding.ending import CHECK_EVERY
from selftranslate.engines import Completion, Request
from selftranslate.engines import transformers as reference
from selftranslate.engines import vllm as plugin
from selftranslate.errors import EngineError, PluginError
from selftranslate.progress import Noting, Silent
from selftranslate.runtime import Runtime

from .stand_in import forget, standing_in

PREFIX = "en: `Two apples.`\nde: `Zwei Äpfel.`\n"
TEXTS = ["en: `One.`\nde: `", "x", "en: `A longer text, with 12 apples.`\nde: `", "ü", "", "ab"]


@pytest.fixture(params=["0.30.0", "0.33.0"])
def vllm(request: pytest.FixtureRequest) -> Iterator[Any]:
    """The oldest and the newest vLLM that the engine was read against."""
    with standing_in(request.param) as module:
        yield module


@pytest.fixture
def newest() -> Iterator[Any]:
    with standing_in() as module:
        yield module


def build(model: Path | str, **params: Any) -> Any:
    adapter = params.pop("adapter", None)
    engine = plugin.build(str(model), params.pop("runtime", Runtime()), **params)
    return engine if adapter is None else engine.adapted(Path(adapter))


def answers(engine: Any, **request: Any) -> list[Completion]:
    """Return the completions in order, each index having come exactly once."""
    done = list(engine.generate(Request(**{"max_new_tokens": 24, **request})))
    assert sorted(c.index for c in done) == list(range(len(request["texts"])))
    return sorted(done, key=lambda c: c.index)


def both(model: Path, adapter: str | None = None, **request: Any) -> list[list[Completion]]:
    """Ask this engine and the engine transformers."""
    other = reference.build(str(model), Runtime(device="cpu"))
    if adapter is not None:
        other = other.adapted(Path(adapter))
    return [answers(build(model, adapter=adapter), **request), answers(other, **request)]


def near(completions: list[Completion]) -> list[Completion]:
    """Leave out the digit of the log-probability that the order of sums decides."""
    return [
        replace(
            c, log_probability=None if c.log_probability is None else round(c.log_probability, 3)
        )
        for c in completions
    ]


def test_importing_the_plug_in_imports_neither_torch_nor_vllm() -> None:
    code = "import sys, selftranslate.engines.vllm; assert not {'torch', 'vllm'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_it_writes_what_transformers_writes(vllm: Any, tiny_model: Path) -> None:
    for fence in (None, "`", "``"):
        got, expected = both(tiny_model, texts=TEXTS, prefix=PREFIX, fence=fence)
        assert near(got) == near(expected)
        assert all(c.tokens and c.log_probability for c in got)


def test_the_prompt_is_one_bos_and_the_pieces_apart(newest: Any, tiny_model: Path) -> None:
    asked = []
    write = newest.LLMEngine._write
    newest.LLMEngine._write = lambda engine, one: asked.append(one.prompt) or write(engine, one)
    answers(build(tiny_model), texts=["`\nx"], prefix="a\n", max_new_tokens=1)
    tokens = models.tokenizer(str(tiny_model))
    assert asked == [[1, *models.encode(tokens, "a\n"), *models.encode(tokens, "`\nx")]]


def test_each_way_to_end(vllm: Any, writer: Callable[..., Path]) -> None:
    folder = writer(("A", "Zwei ", "bcdü", "`\n"), ("E", "fghj", "</s>"), ("0", "123", "0"))
    request = {"texts": ["A", "E", "0"], "max_new_tokens": 200, "fence": "`"}
    got, expected = both(folder, **request)
    assert [(c.text, c.ended) for c in got[:2]] == [("Zwei bcdü", "fence"), ("fghj", "eos")]
    assert got[2].ended == expected[2].ended == "repetition"
    assert got[:2] == expected[:2]
    got, expected = both(folder, texts=["A"], max_new_tokens=9)  # in the middle of the ü
    assert [(c.text, c.ended, c.tokens) for c in got] == [("Zwei bcd", "length", 9)]
    assert got == expected


def test_repetition_of_every_period_is_found_and_eight_times_is_enough(newest: Any) -> None:
    row = vllm_started.Row(0, [1], 512, None)
    rule = vllm_started._params(row, None).repetition_detection
    for period in (1, 2, 3, 7, 8, 20, 32):
        pattern = [3, *[4] * (period - 1)]
        assert rule.found([9] * 5 + pattern * (160 // period + 8))
        assert not rule.found([9] * 5 + pattern * (max(64, 8 * period) // period - 1))


def test_a_second_eos_is_no_fence(vllm: Any, writer: Callable[..., Path]) -> None:
    folder = writer(("A", "bc", "Z"))
    tokens = models.tokenizer(str(folder))
    ids = [tokens.eos_token_id, tokens.convert_tokens_to_ids("Z")]
    config = json.loads((folder / "generation_config.json").read_text())
    (folder / "generation_config.json").write_text(json.dumps({**config, "eos_token_id": ids}))
    got, expected = both(folder, texts=["A"], fence="`")
    assert [(c.text, c.ended) for c in got] == [("bc", "eos")]
    assert got == expected


def test_the_context_clips_and_refuses(newest: Any, writer: Callable[..., Path]) -> None:
    folder = writer(("A", "bcdefghi"), context=8)
    texts = ["A", "xxxA", "xxxxxxA", "xxxxxxxA", "x" * 50 + "A", "\ud800"]
    got, expected = both(folder, texts=texts, max_new_tokens=5)
    assert got == expected
    assert [c.ended for c in got] == ["length", "length", *["error"] * 4]
    shorter = build(folder, max_model_len=6)
    assert shorter.context_length == 6
    assert [c.ended for c in answers(shorter, texts=["A", "xxxxA"])] == ["length", "error"]
    assert shorter.identity != build(folder).identity
    with pytest.raises(EngineError, match="max_model_len 9 is greater"):
        answers(build(folder, max_model_len=9), texts=["A"])


def test_vllm_is_not_started_for_what_cannot_be_asked(newest: Any, tiny_model: Path) -> None:
    before = len(newest.LLMEngine.made)
    engine = build(tiny_model)
    assert answers(engine, texts=[]) == []
    assert {c.ended for c in answers(engine, texts=["a", "b"], prefix="x" * 2000)} == {"error"}
    assert (engine.count_tokens("ab"), engine.context_length) == (2, 1024)
    assert len(newest.LLMEngine.made) == before


def test_an_answer_far_too_long_is_given_up(vllm: Any, writer: Callable[..., Path]) -> None:
    chain = "bcdefghijklmnopqrstuvwxyzBCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    engine = build(writer(("A", chain, "`\n")))
    request = {"texts": ["A", "A"], "max_new_tokens": 100, "fence": "`"}
    got = answers(engine, **request, most_characters=[20, 1000])
    assert [c.ended for c in got] == ["length", "fence"]
    assert 20 < len(got[0].text) <= 20 + CHECK_EVERY
    assert got[0].tokens == len(got[0].text)
    assert got[1] == answers(engine, **request)[1]
    assert last_engine(vllm).aborted == ["0"]


def last_engine(vllm: Any) -> Any:
    return vllm.LLMEngine.made[-1]


def test_rows_stream_in_and_out(newest: Any, tiny_model: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(plugin, "AHEAD", 4)
    engine = build(tiny_model, runtime=Runtime(batch_size=2))
    texts = [f"{TEXTS[i % 6]}{i}" for i in range(15)]
    got = answers(engine, texts=texts, prefix=PREFIX)
    inner = last_engine(newest)
    assert inner.most_inside == 4
    assert inner.settings["max_num_seqs"] == 2
    assert got == answers(build(tiny_model), texts=texts, prefix=PREFIX)

    stream = engine.generate(Request(texts=texts, max_new_tokens=24))
    next(stream)
    with pytest.raises(EngineError, match="another request"):
        next(engine.generate(Request(texts=["a"], max_new_tokens=2)))
    stream.close()
    assert not inner.has_unfinished_requests()
    assert len(inner.aborted) == 3
    assert answers(engine, texts=texts, prefix=PREFIX) == got


def test_a_refused_text_is_an_error_and_named(
    newest: Any, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = Noting(Silent())
    engine = build(tiny_model, runtime=Runtime(progress=notes))
    ids = models.try_encode
    monkeypatch.setattr(
        models, "try_encode", lambda tokens, text: [9999] if "bad" in text else ids(tokens, text)
    )
    got = answers(engine, texts=["bad luck", "a", *["bad"] * 5], max_new_tokens=2)
    assert [c.ended for c in got] == ["error", "length", *["error"] * 5]
    assert "'bad luck'" in notes.notes[0]
    assert "Token id 9999 is out of vocabulary" in notes.notes[0]


def test_refusals_from_the_start_end_the_run(
    newest: Any, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = build(tiny_model)
    monkeypatch.setattr(models, "try_encode", lambda tokens, text: [9999])
    with pytest.raises(EngineError, match=r"first 3 texts.*out of vocabulary"):
        answers(engine, texts=["a"] * 5)


@pytest.mark.parametrize("reason", ["abort", "error"])
def test_what_vllm_gives_up_is_an_error(newest: Any, tiny_model: Path, reason: str) -> None:
    notes = Noting(Silent())
    newest.LLMEngine._schedule = lambda engine, one: (reason, None)
    [got] = answers(build(tiny_model, runtime=Runtime(progress=notes)), texts=["a"])
    assert got == Completion(index=0, text="", ended="error")
    assert "'a'" in notes.notes[0]


def test_a_dead_vllm_is_one_error_and_takes_nothing_along(newest: Any, tiny_model: Path) -> None:
    engine = build(tiny_model)
    stream = engine.generate(Request(texts=TEXTS, max_new_tokens=24, prefix=PREFIX, fence="`"))
    first = next(stream)

    def die(*_: Any) -> None:
        msg = "EngineCore encountered an issue.\nSee above"
        raise newest.EngineDeadError(msg)

    newest.LLMEngine.step = die
    with pytest.raises(EngineError, match=r"vllm stopped in the middle: EngineCore .* issue\.;"):
        list(stream)
    assert first.ended != "error"


def test_lost_texts_are_an_error_and_no_endless_wait(newest: Any, tiny_model: Path) -> None:
    newest.LLMEngine._output = lambda engine, one, finish, stop: None
    with pytest.raises(EngineError, match="lost 2 texts"):
        answers(build(tiny_model), texts=["a", "b"], max_new_tokens=2)


def test_ctrl_c_that_kills_vllm_is_still_an_interrupt(
    newest: Any, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: Any) -> None:
        monkeypatch.setattr(interrupts, "_asked", True)
        msg = "gone"
        raise newest.EngineDeadError(msg)

    newest.LLMEngine.step = die
    with pytest.raises(KeyboardInterrupt):
        answers(build(tiny_model), texts=["a"])


def save_adapter(model: Path, folder: Path, **changes: Any) -> str:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(0)
    base = AutoModelForCausalLM.from_pretrained(model)
    settings = {"r": 4, "target_modules": ["q_proj", "up_proj"], "task_type": "CAUSAL_LM"}
    adapted = get_peft_model(base, LoraConfig(**{**settings, **changes}))
    for name, parameter in adapted.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.5)
    adapted.save_pretrained(folder)
    return str(folder)


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_an_adapter_is_served_and_named_by_its_content(
    vllm: Any, tiny_model: Path, tmp_path: Path
) -> None:
    folder = save_adapter(tiny_model, tmp_path / "one")
    moved = shutil.copytree(folder, tmp_path / "moved")
    request = {"texts": TEXTS, "prefix": PREFIX, "fence": "`"}
    got, expected = both(tiny_model, adapter=folder, **request)
    assert near(got) == near(expected)
    assert got != answers(build(tiny_model), **request)
    engine = build(tiny_model, adapter=str(moved))
    assert engine.identity == build(tiny_model, adapter=folder).identity
    assert engine.identity != build(tiny_model).identity
    answers(engine, texts=["a"])
    [lora] = last_engine(vllm).adapters
    assert f" adapter={lora.lora_name} " in engine.identity
    assert lora.lora_path == str(moved)
    assert last_engine(vllm).settings["max_lora_rank"] == 8


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_all_adapters_are_served_by_one_vllm(vllm: Any, tiny_model: Path, tmp_path: Path) -> None:
    folders = [save_adapter(tiny_model, tmp_path / str(n), lora_alpha=8 + n) for n in range(2)]
    request = {"texts": TEXTS, "prefix": PREFIX, "fence": "`"}
    before = len(vllm.LLMEngine.made)
    base = build(tiny_model)
    plain = answers(base, **request)
    adapted = [base.adapted(Path(folder)) for folder in folders]
    for engine, folder in zip(adapted, folders, strict=True):
        assert near(answers(engine, **request)) == near(both(tiny_model, folder, **request)[1])
    answers(adapted[0], **request)
    assert near(answers(base, **request)) == near(plain)
    # Once without room for adapters, once with; `both` starts one of its own for each folder.
    assert len(vllm.LLMEngine.made) - before == 2 + len(folders)
    served = vllm.LLMEngine.made[before + 1].adapters
    assert [lora.lora_int_id for lora in served] == [1, 2, 3]
    assert len({lora.lora_name for lora in served}) == 2


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"use_dora": True}, "DoRA"),
        ({"bias": "lora_only"}, "a bias"),
        ({"modules_to_save": ["lm_head"]}, "modules trained whole"),
        ({"init_lora_weights": "pissa"}, "pissa"),
        ({"rank_pattern": {"q_proj": 8}}, "a rank of its own"),
        ({"r": 513}, "rank 513 is above vllm's 512"),
        ({"peft_type": "IA3"}, "the kind IA3"),
    ],
)
def test_adapters_that_vllm_cannot_serve_are_refused_before_it_starts(
    newest: Any, tiny_model: Path, tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    config = {"peft_type": "LORA", "r": 4, "bias": "none", "init_lora_weights": True}
    (tmp_path / "adapter_config.json").write_text(json.dumps({**config, **changes}))
    (tmp_path / "adapter_model.safetensors").write_bytes(b"")
    before = len(newest.LLMEngine.made)
    with pytest.raises(EngineError, match=said):
        answers(build(tiny_model, adapter=str(tmp_path)), texts=["a"])
    assert len(newest.LLMEngine.made) == before


def test_an_adapter_that_vllm_fails_to_load_is_named(
    newest: Any, tiny_model: Path, tmp_path: Path
) -> None:
    config = {"peft_type": "LORA", "r": 4, "target_modules": ["q_proj"]}
    (tmp_path / "adapter_config.json").write_text(json.dumps(config))
    (tmp_path / "adapter_model.safetensors").write_bytes(b"torn")
    with pytest.raises(EngineError, match=f"{tmp_path}: vllm cannot load the adapter"):
        answers(build(tiny_model, adapter=str(tmp_path)), texts=["a"])


def test_what_vllm_is_started_with(
    vllm: Any, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    monkeypatch.setenv("VLLM_LOGGING_LEVEL", "DEBUG")
    engine = build(tiny_model, tensor_parallel_size=2, gpu_memory_utilization=0.5, max_num_seqs=7)
    answers(engine, texts=["a"], max_new_tokens=1)
    settings = last_engine(vllm).settings
    wanted = {
        "model": str(tiny_model),
        "dtype": "bfloat16",
        "max_model_len": 1024,
        "max_num_seqs": 7,
        "tensor_parallel_size": 2,
        "gpu_memory_utilization": 0.5,
        "enable_prefix_caching": True,
        "trust_remote_code": False,
        "load_format": "safetensors",
    }
    assert {key: settings[key] for key in wanted} == wanted
    assert "enable_lora" not in settings
    assert os.environ["VLLM_NO_USAGE_STATS"] == "1"
    assert os.environ["VLLM_LOGGING_LEVEL"] == "DEBUG"  # the user's word stands
    assert (
        build(tiny_model).identity == engine.identity != build(tiny_model, dtype="float16").identity
    )


def test_memory_is_freed_when_nobody_uses_the_engine(newest: Any, tiny_model: Path) -> None:
    engine = build(tiny_model)
    answers(engine, texts=["a"], max_new_tokens=1)
    inner = last_engine(newest)
    assert inner.alive
    del engine
    gc.collect()
    assert not inner.alive


def test_vllm_is_not_installed_or_broken(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forget()
    real = builtins.__import__
    reasons: list[ImportError] = [
        ModuleNotFoundError("No module named 'vllm'", name="vllm"),
        ImportError("libcudart.so.13: cannot open shared object file"),
    ]

    def fail(name: str, *rest: Any) -> Any:
        if name.partition(".")[0] == "vllm":
            raise reasons[0]
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", fail)
    with pytest.raises(EngineError, match=r"not installed: pip install .*selftranslate\[vllm\]"):
        answers(build(tiny_model), texts=["a"])
    reasons.pop(0)
    with pytest.raises(EngineError, match=r"cannot be imported \(libcudart"):
        answers(build(tiny_model), texts=["a"])


def test_parameters_that_cannot_be(tiny_model: Path) -> None:
    with pytest.raises(PluginError, match="unknown dtype"):
        build(tiny_model, dtype="float8")
    with pytest.raises(EngineError, match="CUDA_VISIBLE_DEVICES"):
        build(tiny_model, runtime=Runtime(device="cuda:1"))


def test_the_stand_in_is_as_strict_as_vllm(vllm: Any, tiny_model: Path) -> None:
    for call in (
        lambda: vllm.LLM(str(tiny_model), max_len=4),
        lambda: vllm.SamplingParams(best_of=2),
        lambda: vllm.LoRARequest("a", 1, lora_local_path="b"),
        lambda: vllm.tokens_input([1], "text"),
    ):
        with pytest.raises(TypeError):
            call()
    with pytest.raises(ImportError):
        exec("from vllm.inputs import LoRARequest")
