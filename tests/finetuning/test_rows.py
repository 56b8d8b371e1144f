"""What the model is trained on, token by token, and in which order."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from selftranslate import model
from selftranslate.errors import DataError
from selftranslate.example import Sample
from selftranslate.finetuning.rows import IGNORED, Collate, order, tokenise


def sample(prompt: str = "1 + 1 = ", completion: str = "2", id: str = "a") -> Sample:
    return Sample(id=id, prompt=prompt, completion=completion, languages="en>en")


@pytest.fixture
def tokens(tiny_model: Path) -> Any:
    return model.tokenizer(str(tiny_model))


def test_a_row_is_one_bos_prompt_completion_eos_and_only_the_last_two_are_learned(
    tokens: Any,
) -> None:
    (row,) = tokenise([sample()], tokens, None).kept
    prompt, completion = model.encode(tokens, "1 + 1 = "), model.encode(tokens, "2")
    assert row["input_ids"] == [tokens.bos_token_id, *prompt, *completion, tokens.eos_token_id]
    assert row["input_ids"].count(tokens.bos_token_id) == 1
    assert row["labels"] == [IGNORED] * (1 + len(prompt)) + [*completion, tokens.eos_token_id]


def test_prompt_ids_are_those_that_inference_sees_even_where_tokens_would_merge(
    tokens: Any,
) -> None:
    prompt, completion = "x ", "`y"  # " `" is one token of this vocabulary
    together = model.encode(tokens, prompt + completion)
    apart = model.encode(tokens, prompt)
    assert together[: len(apart)] != apart
    (row,) = tokenise([sample(prompt, completion)], tokens, None).kept
    assert row["input_ids"][1 : 1 + len(apart)] == apart


def test_the_end_is_learned_where_it_also_pads(tokens: Any) -> None:
    tokens.pad_token = tokens.eos_token
    rows = tokenise([sample(), sample(completion="2" * 30)], tokens, None).kept
    batch = Collate(tokens.pad_token_id, can_choose=False)(rows)
    assert (batch["labels"] == tokens.eos_token_id).sum(1).tolist() == [1, 1]


def test_batches_are_padded_on_the_right_and_no_further_than_the_longest(tokens: Any) -> None:
    rows = tokenise([sample(), sample(completion="2" * 30)], tokens, None).kept
    batch = Collate(tokens.pad_token_id, can_choose=False)(rows)
    length, longest = (len(row["labels"]) for row in rows)
    assert batch["input_ids"].shape[1] == longest
    assert batch["input_ids"][0, :length].tolist() == rows[0]["input_ids"]
    assert set(batch["input_ids"][0, length:].tolist()) == {tokens.pad_token_id}
    assert set(batch["labels"][0, length:].tolist()) == {IGNORED}


def test_logits_are_asked_for_where_the_next_token_is_learned_and_nowhere_else(
    tokens: Any,
) -> None:
    rows = tokenise([sample(), sample("a longer prompt ", "345")], tokens, None).kept
    batch = Collate(tokens.pad_token_id)(rows)
    learned = [label for row in rows for label in row["labels"] if label != IGNORED]
    assert batch["labels"].tolist() == batch["shift_labels"].tolist() == learned
    for row, kept in zip(rows, batch["logits_to_keep"].tolist(), strict=True):
        after = [*row["labels"][1:], *[IGNORED] * (len(kept) - len(row["labels"]) + 1)]
        assert kept == [label != IGNORED for label in after]


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
def test_padded_packed_and_plain_batches_have_the_same_loss_and_gradient(
    attention: str, tokens: Any, tiny_model: Path
) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    texts = [("1 + 1 = ", "2"), ("a longer prompt ", "345, or so"), ("x ", "yyyyyyyyyyyy")]
    rows = tokenise([sample(*text) for text in texts], tokens, None).kept
    network = AutoModelForCausalLM.from_pretrained(
        tiny_model, dtype=torch.float32, attn_implementation=attention
    )
    found = []
    for given in (
        {"can_choose": False},
        {},
        {"packed": True},
        {"packed": True, "can_choose": False},
    ):
        batch = Collate(tokens.pad_token_id, **given)(rows)
        network.zero_grad()
        loss = network(**batch).loss
        loss.backward()
        found.append((loss.item(), network.model.layers[0].mlp.up_proj.weight.grad.clone()))
    for loss, gradient in found[1:]:
        assert loss == pytest.approx(found[0][0], abs=1e-5)
        assert torch.allclose(gradient, found[0][1], atol=1e-5)


def test_rows_longer_than_the_context_are_left_out_and_named(tokens: Any) -> None:
    rows = tokenise([sample(), sample("long " * 9, id="b")], tokens, 20)
    assert rows.too_long == ["b"]
    assert len(rows.kept) == 1


def test_samples_with_nothing_to_learn_are_left_out_and_named(tokens: Any) -> None:
    rows = tokenise([sample(), sample(completion="", id="b")], tokens, None)
    assert (rows.empty, len(rows.kept)) == (["b"], 1)
    with pytest.raises(DataError, match="no training samples"):
        tokenise([], tokens, None)


def test_every_row_is_drawn_equally_often_in_full_batches() -> None:
    drawn = order(list(range(10)), steps=7, batch_size=4, seed=0)
    assert len(drawn) == 28
    assert sorted(Counter(drawn).values()) == [2, 2, 3, 3, 3, 3, 3, 3, 3, 3]


def test_the_order_follows_the_seed_alone() -> None:
    lengths = [n * 7 % 31 for n in range(100)]
    assert order(lengths, 20, 8, seed=1) == order(lengths, 20, 8, seed=1)
    assert order(lengths, 20, 8, seed=1) != order(lengths, 20, 8, seed=2)


def test_batches_of_like_length_need_little_padding_and_the_longest_comes_first() -> None:
    lengths = [n * 37 % 101 + 20 for n in range(640)]
    drawn = order(lengths, steps=40, batch_size=16, seed=0)
    batches = [[lengths[at] for at in drawn[n : n + 16]] for n in range(0, 640, 16)]
    assert sum(lengths) / sum(16 * max(batch) for batch in batches) > 0.9
    assert max(batches[0]) == max(lengths)
    middle = [max(batch) for batch in batches[1:]]
    assert middle != sorted(middle) and middle != sorted(middle, reverse=True)
