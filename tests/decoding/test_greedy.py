"""Token for token what `model.generate` writes, one row at a time, whatever the batches are."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest
import torch
import transformers

from selftranslate import model as models
from selftranslate.decoding import greedy, slots
from selftranslate.decoding.greedy import Decoder, Row, _Queue
from selftranslate.errors import EngineError
from selftranslate.example import Ended

PREFIX = [3 + (7 * i) % 90 for i in range(40)]
TEXTS = [[3 + (n * 11 + 5 * i) % 90 for i in range(n)] for n in (1, 9, 4, 17, 2, 12, 7)]
ROOM = 12

SHARING = {
    "llama": ("Llama", {"num_key_value_heads": 4}),
    "llama-grouped": ("Llama", {"num_key_value_heads": 2}),
    "llama-yarn": (
        "Llama",
        {
            "rope_parameters": {
                "rope_type": "yarn",
                "rope_theta": 1e4,
                "factor": 4.0,
                "original_max_position_embeddings": 64,
            }
        },
    ),
    "qwen2": ("Qwen2", {"num_key_value_heads": 2}),
    "qwen3": ("Qwen3", {"num_key_value_heads": 2, "head_dim": 16}),
    "mistral-full": ("Mistral", {"num_key_value_heads": 2, "sliding_window": None}),
    "mistral-wide-window": ("Mistral", {"num_key_value_heads": 2, "sliding_window": 128}),
    "mistral-narrow-window": ("Mistral", {"num_key_value_heads": 2, "sliding_window": 24}),
    "mistral-window-within-a-text": ("Mistral", {"num_key_value_heads": 2, "sliding_window": 6}),
    "gemma2-soft-capped": ("Gemma2", {"num_key_value_heads": 2, "sliding_window": 24}),
    "gemma3-wide-window": ("Gemma3Text", {"num_key_value_heads": 1, "sliding_window": 128}),
    "gemma3-narrow-window": ("Gemma3Text", {"num_key_value_heads": 1, "sliding_window": 24}),
}
REPEATING = {
    "llama-dynamic-rotation": (
        "Llama",
        {"rope_parameters": {"rope_type": "dynamic", "rope_theta": 1e4, "factor": 2.0}},
    ),
}


def made(kind: str, settings: dict[str, Any], seed: int = 0) -> Any:
    names = {"Gemma3Text": "Gemma3ForCausalLM"}
    torch.manual_seed(seed)
    sizes = {
        "vocab_size": 97,
        "hidden_size": 64,
        "intermediate_size": 96,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "max_position_embeddings": 256,
        "initializer_range": 0.3,
        "head_dim": 16,
    }
    config = getattr(transformers, f"{kind}Config")(**{**sizes, **settings})
    model = getattr(transformers, names.get(kind, f"{kind}ForCausalLM"))(config).eval()
    model.generation_config.eos_token_id = None
    model.generation_config.pad_token_id = 0
    return model


def one_by_one(model: Any, prefix: list[int]) -> list[list[int]]:
    written = []
    for text in TEXTS:
        ids = torch.tensor([[*prefix, *text]])
        out = model.generate(
            ids, attention_mask=torch.ones_like(ids), max_new_tokens=ROOM, do_sample=False
        )
        written.append(out[0, ids.shape[1] :].tolist())
    return written


def full(row: Row) -> Ended | None:
    return "length" if len(row.written) == row.room else None


def shapes(decoder: Decoder) -> list[tuple[int, int]]:
    """Record rows and tokens of every forward pass."""
    seen: list[tuple[int, int]] = []
    decoder.model.register_forward_pre_hook(
        lambda module, args, given: seen.append(tuple(given["input_ids"].shape)), with_kwargs=True
    )
    return seen


def decoded(decoder: Decoder, prefix: list[int], batch_size: int = 0) -> list[list[int]]:
    rows = [Row(index, list(text), ROOM) for index, text in enumerate(TEXTS)]
    done = decoder.decode(prefix, rows, full, batch_size)
    found = {row.index: row.written for row, _ in done}
    assert sorted(found) == list(range(len(TEXTS)))
    return [found[index] for index in sorted(found)]


@pytest.mark.parametrize("name", [*SHARING, *REPEATING])
def test_equals_generate_with_and_without_a_prefix(name: str) -> None:
    model = made(*{**SHARING, **REPEATING}[name])
    expected = one_by_one(model, PREFIX), one_by_one(model, [1])
    decoder = Decoder(model)
    assert decoder.shares or name in REPEATING
    decoder = Decoder(model)  # a second one for the same model
    for batch_size in (1, 3, 0):
        assert decoded(decoder, PREFIX, batch_size) == expected[0]
    assert decoded(decoder, [1]) == expected[1]


@pytest.mark.parametrize("name", SHARING)
def test_keeps_the_prefix_once(name: str) -> None:
    """The control run: the rows really are decoded without the prefix in each of them."""
    decoder = Decoder(made(*SHARING[name]))
    longest = max(len(text) for text in TEXTS)
    seen = shapes(decoder)
    decoded(decoder, PREFIX)
    assert seen[0] == (1, len(PREFIX) - 1)
    assert seen[1] == (len(TEXTS), slots.rounded(longest, slots.ROUND))
    assert seen[2] == (slots.rounded(len(TEXTS), slots.ROUND), 1)


@pytest.mark.parametrize("name", ["llama-grouped", "qwen2", "gemma2-soft-capped"])
def test_in_bfloat16_the_logits_are_as_near_as_rounding_lets_them(name: str) -> None:
    model = made(*SHARING[name])
    ids = [*PREFIX, *TEXTS[3]]
    exact = model(torch.tensor([ids])).logits[0, -1]
    model = model.to(torch.bfloat16)
    rounded = model(torch.tensor([ids])).logits[0, -1].float()
    decoder = Decoder(model)
    together = decoder._together(tuple(PREFIX), _Queue([Row(0, TEXTS[3], 1)], 2))
    with torch.inference_mode():
        together.join([Row(0, list(TEXTS[3]), 1), Row(1, list(TEXTS[1]), 1)])
        ours = together.logits()[0]
    assert (ours - exact).abs().max() < 2 * (rounded - exact).abs().max()


def test_attention_that_the_config_does_not_betray_is_found_out_by_its_logits() -> None:
    """GPT-OSS has a learned sink in each head's softmax, which the merge does not know."""
    model = made(
        "GptOss",
        {
            "num_key_value_heads": 2,
            "num_local_experts": 2,
            "num_experts_per_tok": 1,
            "layer_types": ["full_attention"] * 2,
            "rope_parameters": {"rope_type": "default", "rope_theta": 1e4},
        },
    )
    expected = one_by_one(model, PREFIX)
    decoder = Decoder(model)
    assert not decoder.shares
    assert decoded(decoder, PREFIX) == expected


@pytest.fixture
def unpadded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let forward passes have as many rows as there are."""
    monkeypatch.setattr(slots, "ROUND", 1)


@pytest.mark.usefixtures("unpadded")
def test_finished_rows_leave_the_batch_and_come_at_once() -> None:
    decoder = Decoder(made(*SHARING["llama"]))
    rows = [Row(index, list(text), index + 1) for index, text in enumerate(TEXTS)]
    seen = shapes(decoder)
    order = [row.index for row, _ in decoder.decode(PREFIX, rows, full)]
    assert order == list(range(len(TEXTS)))
    assert [shape[0] for shape in seen] == [1, 7, 7, 6, 5, 4, 3, 2, 1]


@pytest.mark.usefixtures("unpadded")
def test_a_waiting_row_takes_the_place_of_a_finished_one() -> None:
    model = made(*SHARING["llama-grouped"])
    expected = one_by_one(model, PREFIX)
    decoder = Decoder(model)
    rooms = [ROOM, 3, 5, 2, 12, 1, 7]
    rows = [
        Row(i, list(text), room) for i, (text, room) in enumerate(zip(TEXTS, rooms, strict=True))
    ]
    seen = shapes(decoder)
    written = {row.index: row.written for row, _ in decoder.decode(PREFIX, rows, full, 3)}
    assert written == {i: expected[i][:room] for i, room in enumerate(rooms)}
    steps = [rows for rows, length in seen if length == 1]
    assert len(steps) < sum(rooms) / 3 + ROOM  # three places, hardly ever empty
    assert max(steps) == 3


def test_prompts_are_read_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that rows which join together need no more memory than rows which run."""
    monkeypatch.setattr(greedy, "AT_ONCE", 2 * slots.ROUND)
    model = made(*SHARING["llama-grouped"])
    expected = one_by_one(model, PREFIX)
    decoder, seen = Decoder(model), []
    model.register_forward_pre_hook(
        lambda _, __, given: seen.append(tuple(given["input_ids"].shape)), with_kwargs=True
    )
    assert decoded(decoder, PREFIX, len(TEXTS)) == expected
    prompts = [rows for rows, length in seen[1:] if length > 1]
    assert sum(prompts) == len(TEXTS) and len(prompts) > 1
    assert all(rows * length <= greedy.AT_ONCE for rows, length in seen[1:] if length > 1)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_row_does_not_depend_on_who_runs_beside_it(dtype: torch.dtype) -> None:
    """Bit for bit, on a CPU: so that a resumed run gives the same bytes."""
    # The miniature: in models much smaller than it bfloat16 hides the difference.
    model = transformers.AutoModelForCausalLM.from_pretrained(models.folder("mini"), dtype=dtype)
    decoder = Decoder(model.eval())
    draw = random.Random(0)

    def ids(count: int) -> list[int]:
        return [draw.randrange(3, 2000) for _ in range(count)]

    prefix, texts = ids(480), [ids(draw.randint(1, 90)) for _ in range(40)]

    def run(which: Sequence[int], batch_size: int) -> dict[int, tuple[list[int], float]]:
        rows = [Row(index, list(texts[index]), 5 + index % 7) for index in which]
        done = decoder.decode(prefix, rows, full, batch_size)
        return {row.index: (row.written, row.log_probability) for row, _ in done}

    together = run(range(40), 40)
    for which, batch_size in ((range(40), 7), (range(0, 40, 3), 40), ([39], 40), ([5, 17], 1)):
        assert run(which, batch_size) == {index: together[index] for index in which}


def test_slots_grow_with_their_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(greedy, "GROWTH", 1)
    monkeypatch.setattr(slots, "GROWTH", 2)
    model = made(*SHARING["llama-grouped"])
    expected = one_by_one(model, PREFIX)
    assert decoded(Decoder(model), PREFIX, 2) == expected


@pytest.mark.usefixtures("unpadded")
@pytest.mark.parametrize("when", ["while they join", "while they run"])
def test_out_of_memory_halves_the_batch_and_loses_nothing(when: str) -> None:
    model = made(*SHARING["llama"])
    expected = one_by_one(model, PREFIX)
    decoder = Decoder(model)
    steps = []

    def small_machine(module: Any, args: Any, given: dict[str, Any]) -> None:
        rows = len(given["input_ids"])
        steps.append(rows)
        if rows > 2 and (when == "while they join" or len(steps) > 4):
            raise torch.OutOfMemoryError

    model.register_forward_pre_hook(small_machine, with_kwargs=True)
    assert decoded(decoder, PREFIX) == expected
    assert 7 in steps
    assert steps[-1] <= 2


def test_a_row_that_the_model_fails_on_is_found_and_set_aside() -> None:
    model = made(*SHARING["llama"])
    expected = one_by_one(model, PREFIX)
    decoder = Decoder(model)
    failures = []

    def poisoned(module: Any, args: Any, given: dict[str, Any]) -> None:
        if (given["input_ids"] == 96).any():  # a token that only one row has
            failures.append(len(given["input_ids"]))
            msg = "device-side assert"
            raise RuntimeError(msg)

    rows = [Row(index, list(text), ROOM) for index, text in enumerate(TEXTS)]
    rows[3].prompt[2] = 96
    model.register_forward_pre_hook(poisoned, with_kwargs=True)
    done = {row.index: (row.written, ended) for row, ended in decoder.decode(PREFIX, rows, full)}
    assert done.pop(3) == ([], "error")
    assert done == {i: (each, "length") for i, each in enumerate(expected) if i != 3}
    assert failures == [7, 1, 1]


def test_a_model_that_fails_on_everything_is_an_error() -> None:
    model = made(*SHARING["llama"])
    decoder = Decoder(model)

    def tiny_machine(*_: Any) -> None:
        msg = "tiny"
        raise torch.OutOfMemoryError(msg)

    model.lm_head.register_forward_pre_hook(tiny_machine)
    with pytest.raises(EngineError, match="failed on 3 rows, each of them alone: tiny"):
        decoded(decoder, [1])
