"""The engine on real (tiny) models: how rows end, what they say, adapters, identity."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from selftranslate import model as models
from selftranslate.engines import Completion, Request
from selftranslate.engines import transformers as plugin
from selftranslate.errors import EngineError, PluginError
from selftranslate.progress import Silent
from selftranslate.runtime import Runtime

PREFIX = "en: `Two apples.`\nde: `Zwei Äpfel.`\n"
TEXTS = [
    "en: `One.`\nde: `",
    "x",
    "en: `A much longer text, with 12 apples.`\nde: `",
    "ü",
    "",
    "ab",
]
CPU = Runtime(device="cpu")


def build(model: str, runtime: Runtime, adapter: str | None = None, **params: Any) -> Any:
    engine = plugin.build(model, runtime, **params)
    return engine if adapter is None else engine.adapted(Path(adapter))


def answers(engine: Any, **request: Any) -> list[Completion]:
    """Return the completions in order, each index having come exactly once."""
    done = list(engine.generate(Request(**{"max_new_tokens": 24, **request})))
    assert sorted(c.index for c in done) == list(range(len(request["texts"])))
    return sorted(done, key=lambda c: c.index)


def test_importing_the_plug_in_imports_no_torch() -> None:
    code = "import sys, selftranslate.engines.transformers; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_each_way_to_end(writer: Callable[..., Path]) -> None:
    folder = writer(("A", "Zwei ", "bcdü", "`\n"), ("E", "fghj", "</s>"), ("0", "123", "0"))
    got = answers(build(str(folder), CPU), texts=["A", "E", "0"], max_new_tokens=200, fence="`")
    assert [(c.text, c.ended) for c in got[:2]] == [("Zwei bcdü", "fence"), ("fghj", "eos")]
    assert got[2].ended == "repetition"
    assert got[2].text.startswith("123012301230")


def test_length(writer: Callable[..., Path]) -> None:
    engine = build(str(writer(("A", "bcdefghi"))), CPU)
    [got] = answers(engine, texts=["A"], max_new_tokens=3)
    assert (got.text, got.ended) == ("bcd", "length")


def test_an_answer_that_is_far_too_long_is_not_waited_for(writer: Callable[..., Path]) -> None:
    letters = "bcdefghijklmnopqrstuvwxyzBCDEFGHIJKLMNOPQRSTUVWXYZ"
    engine = build(str(writer(("A", letters, "`"), ("0", "12345", "`"))), CPU)
    asked = {"texts": ["A", "A", "0", "A"], "max_new_tokens": 100, "fence": "`"}
    got = answers(engine, **asked, most_characters=[10, 30, 3, 50])
    assert [c.ended for c in got] == ["length", "length", "fence", "fence"]
    assert [c.tokens for c in got] == [16, 32, 6, 51]  # it is looked for every 16 tokens
    assert all(
        letters.startswith(got[i].text) and len(got[i].text) > most
        for i, most in ((0, 10), (1, 30))
    )
    assert {c.ended for c in answers(engine, **asked)} == {"fence"}


def test_a_text_that_the_model_fails_on_is_named_and_the_others_go_on(tiny_model: Path) -> None:
    said: list[str] = []

    class Listening(Silent):
        def note(self, text: str) -> None:
            said.append(text)

    texts = ["good", "bad ~", "also good"]
    expected = answers(build(str(tiny_model), CPU), texts=texts)
    engine = build(str(tiny_model), Runtime(device="cpu", progress=Listening()))
    [poison] = models.encode(models.tokenizer(str(tiny_model)), "~")

    def fails(module: Any, args: Any, given: dict[str, Any]) -> None:
        if (given["input_ids"] == poison).any():
            msg = "device-side assert"
            raise RuntimeError(msg)

    engine._decoder().model.register_forward_pre_hook(fails, with_kwargs=True)
    got = answers(engine, texts=texts)
    assert [(c.text, c.ended) for c in got] == [
        (expected[0].text, expected[0].ended),
        ("", "error"),
        (expected[2].text, expected[2].ended),
    ]
    [note] = said
    assert "'bad ~'" in note


def test_the_context_clips_and_refuses(writer: Callable[..., Path]) -> None:
    engine = build(str(writer(("A", "bcdefghi"), context=8)), CPU)
    texts = ["A", "xxxA", "xxxxxxA", "xxxxxxxA", "x" * 50 + "A"]
    got = answers(engine, texts=texts, max_new_tokens=5)  # one token of eight is the BOS
    assert [(c.text, c.ended) for c in got] == [
        ("bcdef", "length"),
        ("bcd", "length"),
        ("", "error"),
        ("", "error"),
        ("", "error"),
    ]
    assert {c.ended for c in answers(engine, texts=["A"], prefix="x" * 20)} == {"error"}
    assert engine.context_length == 8


def test_a_text_that_is_not_unicode_is_an_error_of_its_own(tiny_model: Path) -> None:
    got = answers(build(str(tiny_model), CPU), texts=["a", "\ud800", "b"], prefix=PREFIX)
    assert [c.ended == "error" for c in got] == [False, True, False]


def test_no_texts_and_empty_texts(tiny_model: Path) -> None:
    engine = build(str(tiny_model), CPU)
    assert answers(engine, texts=[]) == []
    assert answers(engine, texts=[""])[0].ended != "error"  # the BOS alone is a prompt


def test_batches_and_attention_do_not_change_the_text(tiny_model: Path) -> None:
    """The engine's texts are those of `model.generate`, one prompt at a time."""
    import torch
    from transformers import AutoModelForCausalLM

    tokens = models.tokenizer(str(tiny_model))
    model = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)
    expected = []
    for text in TEXTS:
        pieces = models.begin(tokens), models.encode(tokens, PREFIX), models.encode(tokens, text)
        ids = torch.tensor([[id_ for piece in pieces for id_ in piece]])
        out = model.generate(
            ids, attention_mask=torch.ones_like(ids), max_new_tokens=24, do_sample=False
        )
        written = tokens.decode(out[0, ids.shape[1] :], skip_special_tokens=True)
        expected.append(written.rstrip("\N{REPLACEMENT CHARACTER}"))
    for attention, size in (
        ("shared_prefix", 1),
        ("shared_prefix", 4),
        ("shared_prefix", 0),
        ("plain", 3),
    ):
        engine = build(str(tiny_model), Runtime(device="cpu", batch_size=size), attention=attention)
        got = [
            c.text.rstrip("\N{REPLACEMENT CHARACTER}")
            for c in answers(engine, texts=TEXTS, prefix=PREFIX)
        ]
        assert got == expected


def test_log_probability_is_the_mean_over_the_tokens(tiny_model: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    [got] = answers(build(str(tiny_model), CPU), texts=["ab"], prefix=PREFIX, max_new_tokens=8)
    tokens = models.tokenizer(str(tiny_model))
    prompt = [*models.begin(tokens), *models.encode(tokens, PREFIX), *models.encode(tokens, "ab")]
    model = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)
    ids = model.generate(torch.tensor([prompt]), max_new_tokens=8, do_sample=False)
    with torch.inference_mode():
        logits = model(ids).logits[0, len(prompt) - 1 : -1].log_softmax(-1)
    mean = logits.gather(-1, ids[0, len(prompt) :, None]).mean()
    assert got.log_probability == pytest.approx(float(mean), abs=1e-4)


def test_the_same_request_gives_the_same_answer(tiny_model: Path) -> None:
    engine = build(str(tiny_model), CPU)
    request = {"texts": TEXTS, "prefix": PREFIX}
    assert answers(engine, **request) == answers(engine, **request)


def test_tokens_are_counted_without_bos(tiny_model: Path) -> None:
    engine = build(str(tiny_model), CPU)
    assert (engine.count_tokens("ab"), engine.count_tokens("")) == (2, 0)


def save_adapter(model: Path, folder: Path, scale: float, seed: int = 0) -> str:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(seed)
    base = AutoModelForCausalLM.from_pretrained(model)
    warnings.simplefilter("ignore", FutureWarning)  # peft's; pytest puts the filters back
    adapted = get_peft_model(base, LoraConfig(r=4, target_modules=["q_proj", "v_proj", "up_proj"]))
    for name, parameter in adapted.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=scale)
    adapted.save_pretrained(folder)
    return str(folder)


def test_an_adapter_is_active_and_named_by_its_content(tiny_model: Path, tmp_path: Path) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    first = save_adapter(tiny_model, tmp_path / "first", 0.5)
    moved = shutil.copytree(first, tmp_path / "moved")
    config = json.loads((moved / "adapter_config.json").read_text())
    config["base_model_name_or_path"] = "elsewhere"
    (moved / "adapter_config.json").write_text(json.dumps(config, indent=1))
    other = save_adapter(tiny_model, tmp_path / "other", 0.5, seed=1)
    name = str(tiny_model)
    identities = [build(name, CPU, adapter=a).identity for a in (None, first, str(moved), other)]
    assert identities[1] == identities[2]
    assert len(set(identities)) == 3
    request = {"texts": TEXTS, "prefix": PREFIX}
    plain, adapted = (answers(build(name, CPU, adapter=a), **request) for a in (None, first))
    assert [c.text for c in plain] != [c.text for c in adapted]

    merged = tmp_path / "merged"
    shutil.copytree(tiny_model, merged)
    PeftModel.from_pretrained(
        AutoModelForCausalLM.from_pretrained(tiny_model), first
    ).merge_and_unload().save_pretrained(merged)
    assert [c.text for c in answers(build(str(merged), CPU), **request)] == [
        c.text for c in adapted
    ]


def loads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Record which models are read from disk."""
    from selftranslate.decoding import loaded

    read, load = [], loaded.load

    def recorded(root: Path, *how: Any) -> Any:
        read.append(root)
        return load(root, *how)

    monkeypatch.setattr(loaded, "load", recorded)
    return read


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_adapters_are_switched_on_one_model_and_leave_it_as_it_was(
    dtype: str, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = [save_adapter(tiny_model, tmp_path / str(n), 0.5, seed=n) for n in range(2)]
    request = {"texts": TEXTS, "prefix": PREFIX}
    alone = [
        answers(build(str(tiny_model), CPU, adapter=folder, dtype=dtype), **request)
        for folder in (None, *folders)
    ]
    assert len({tuple(c.text for c in one) for one in alone}) == 3
    read = loads(monkeypatch)
    base = build(str(tiny_model), CPU, dtype=dtype)
    engines = [base, *(base.adapted(Path(folder)) for folder in folders)]
    for which in (1, 2, 0, 2, 1, 0):
        assert answers(engines[which], **request) == alone[which]
    assert read == [tiny_model]
    base.close()
    assert answers(engines[1], **request) == alone[1]
    assert read == [tiny_model] * 2


def test_after_an_adapter_that_does_not_fit_the_others_go_on(
    tiny_model: Path, writer: Callable[..., Path], tmp_path: Path
) -> None:
    base = build(str(tiny_model), CPU)
    before = answers(base, texts=TEXTS)
    wrong = base.adapted(Path(save_adapter(writer(("A", "b")), tmp_path / "other", 0.5)))
    right = base.adapted(Path(save_adapter(tiny_model, tmp_path / "right", 0.5)))
    expected = answers(right, texts=TEXTS)
    for _ in range(2):
        with pytest.raises(EngineError, match="size mismatch"):
            answers(wrong, texts=["a"])
        assert answers(base, texts=TEXTS) == before
        assert answers(right, texts=TEXTS) == expected


def test_a_whole_model_takes_the_place_of_the_first(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import AutoModelForCausalLM

    tuned = shutil.copytree(tiny_model, tmp_path / "tuned")
    model = AutoModelForCausalLM.from_pretrained(tiny_model)
    for parameter in model.parameters():
        parameter.data *= -1
    model.save_pretrained(tuned)
    base = build(str(tiny_model), CPU)
    engine = base.adapted(tuned)
    assert engine.identity == build(str(tuned), CPU).identity
    first = answers(base, texts=TEXTS)
    read = loads(monkeypatch)
    assert answers(engine, texts=TEXTS) == answers(build(str(tuned), CPU), texts=TEXTS) != first
    assert answers(base, texts=TEXTS) == first
    assert read == [tuned, tuned, tiny_model]


def test_an_untrained_adapter_is_no_error(tiny_model: Path, tmp_path: Path) -> None:
    adapter = save_adapter(tiny_model, tmp_path / "zero", 0.0)
    assert answers(build(str(tiny_model), CPU, adapter=adapter), texts=["a"], max_new_tokens=2)


def test_an_adapter_in_half_precision_stays_beside_the_weights(
    tiny_model: Path, tmp_path: Path
) -> None:
    adapter = save_adapter(tiny_model, tmp_path / "adapter", 0.5)
    engine = build(str(tiny_model), CPU, adapter=adapter, dtype="bfloat16")
    assert engine.identity.endswith("dtype=bfloat16")
    assert len(answers(engine, texts=["a", "bc"], prefix=PREFIX, max_new_tokens=4)) == 2


def test_an_adapter_of_another_model_is_refused(
    tiny_model: Path, writer: Callable[..., Path], tmp_path: Path
) -> None:
    adapter = save_adapter(tiny_model, tmp_path / "adapter", 0.5)
    other = str(writer(("A", "b")))
    with pytest.raises(EngineError, match="size mismatch"):
        answers(build(other, CPU, adapter=adapter), texts=["a"])


def test_an_adapter_with_weights_the_model_has_no_place_for_is_refused(
    tiny_model: Path, tmp_path: Path
) -> None:
    from safetensors.torch import load_file, save_file

    adapter = Path(save_adapter(tiny_model, tmp_path / "adapter", 0.5))
    weights = load_file(adapter / "adapter_model.safetensors")
    deeper = {
        name.replace("layers.1.", "layers.2."): value.clone() for name, value in weights.items()
    }
    save_file({**weights, **deeper}, adapter / "adapter_model.safetensors")
    with pytest.raises(EngineError, match=r"does not have .*layers\.2"):
        answers(build(str(tiny_model), CPU, adapter=str(adapter)), texts=["a"])
    save_file(dict(list(weights.items())[:-1]), adapter / "adapter_model.safetensors")
    with pytest.raises(EngineError, match="the adapter does not"):
        answers(build(str(tiny_model), CPU, adapter=str(adapter)), texts=["a"])


@pytest.mark.parametrize("file", ["adapter_model.safetensors", "adapter_config.json"])
def test_half_an_adapter_is_refused(tiny_model: Path, tmp_path: Path, file: str) -> None:
    adapter = Path(save_adapter(tiny_model, tmp_path / "adapter", 0.5))
    (adapter / file).unlink()
    engine = build(str(tiny_model), CPU, adapter=str(adapter))
    with pytest.raises(EngineError, match=file):
        _ = engine.identity
    with pytest.raises(EngineError, match=str(adapter)):
        answers(engine, texts=["a"])


def test_a_torn_model_is_refused(tiny_model: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_model, tmp_path / "torn")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(EngineError, match="torn"):
        answers(build(str(folder), CPU), texts=["a"])


def test_a_model_that_lacks_weights_is_refused(tiny_model: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = shutil.copytree(tiny_model, tmp_path / "lacking")
    weights = load_file(folder / "model.safetensors")
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(EngineError, match=r"no weights for .*layers\.1\.mlp\.up_proj"):
        answers(build(str(folder), CPU), texts=["a"])


def test_identity_is_the_content_not_the_machine(tiny_model: Path, tmp_path: Path) -> None:
    name = str(tiny_model)
    copy = str(shutil.copytree(tiny_model, tmp_path / "copy"))
    identity = build(name, CPU).identity
    assert build(name, Runtime(device="cpu", batch_size=7)).identity == identity
    assert build(copy, CPU).identity == identity
    assert build(name, Runtime(device="cuda"), dtype="float32").identity == identity
    assert build(name, CPU, dtype="bfloat16").identity != identity


def test_unknown_choices_name_the_known() -> None:
    with pytest.raises(PluginError, match=r"Did you mean 'bfloat16'"):
        build("mini", CPU, dtype="bfloat")
    with pytest.raises(PluginError, match="plain, shared_prefix"):
        build("mini", CPU, attention="flash")


@pytest.mark.parametrize("stored", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("fastest", ["bf16", "fp32"])
def test_on_a_cpu_16_bits_only_where_they_are_stored_and_fast(
    stored: str, fastest: str, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = shutil.copytree(tiny_model, tmp_path / "model")
    config = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps({**config, "dtype": stored}))
    monkeypatch.setattr(plugin, "fastest_precision", lambda device: fastest)
    expected = "bfloat16" if fastest == "bf16" and stored != "float32" else "float32"
    assert build(str(model), CPU).identity.endswith(f"dtype={expected}")
