"""What every engine promises, whatever is behind it: one test for all of them.

A new engine adds its name and a function to ENGINES.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, get_args

import pytest

from selftranslate.engines import Completion, Engine, Request
from selftranslate.engines import openai as remote
from selftranslate.engines import transformers as local
from selftranslate.engines import vllm as gpu
from selftranslate.example import Ended
from selftranslate.runtime import Runtime

from .loopback import model, serving
from .stand_in import standing_in

CPU = Runtime(device="cpu")
CONTEXT = 96
"""Of the model below, in tokens."""

Make = Callable[[Path, ExitStack], Engine]


def transformers(folder: Path, until: ExitStack) -> Engine:
    return local.build(str(folder), CPU)


def openai(folder: Path, until: ExitStack) -> Engine:
    """The engine transformers again, behind a server that says why a text ended."""
    server = until.enter_context(serving(write=model(local.build(str(folder), CPU))))
    return remote.build(
        model=str(folder), runtime=CPU, base_url=server.url, context=CONTEXT, tokenizer=str(folder)
    )


def vllm(folder: Path, until: ExitStack) -> Engine:
    until.enter_context(standing_in())
    return gpu.build(str(folder), Runtime())


ENGINES: dict[str, Make] = {"transformers": transformers, "openai": openai, "vllm": vllm}


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, writer: Callable[..., Path]) -> Iterator[Engine]:
    """It writes "Zwei bcdü" and the fence after A, "fghj" and EOS after E, and 0123… after 0."""
    chains = ("A", "Zwei ", "bcdü", "`\n"), ("E", "fghj", "</s>"), ("0", "123", "0")
    with ExitStack() as until:
        yield ENGINES[request.param](writer(*chains, context=CONTEXT), until)


def answers(engine: Engine, *texts: str, **request: Any) -> list[Completion]:
    """Return the completions in order, each index having come exactly once."""
    asked = Request(**{"texts": texts, "max_new_tokens": 40, "fence": "`", **request})
    done = list(engine.generate(asked))
    assert sorted(c.index for c in done) == list(range(len(texts)))
    return sorted(done, key=lambda c: c.index)


def test_each_text_is_answered_once_up_to_the_fence_the_end_or_the_limit(engine: Engine) -> None:
    got = answers(engine, "A", "E", "xA", "0", "A", prefix="p")
    assert [(c.text, c.ended) for c in got] == [
        ("Zwei bcdü", "fence"), ("fghj", "eos"), ("Zwei bcdü", "fence"), ("1230" * 10, "length"),
        ("Zwei bcdü", "fence"),
    ]  # fmt: skip
    assert {c.ended for c in got} <= set(get_args(Ended))
    assert all(c.log_probability is None or c.log_probability <= 0 for c in got)


def test_without_a_fence_only_the_end_and_the_limit_count(engine: Engine) -> None:
    got = answers(engine, "E", "A", fence=None, max_new_tokens=12)
    assert (got[0].text, got[0].ended) == ("fghj", "eos")
    assert got[1].text.startswith("Zwei bcdü`") and got[1].ended == "length"


def test_a_limit_in_tokens_is_kept(engine: Engine) -> None:
    [got] = answers(engine, "0", max_new_tokens=3)
    assert (got.text, got.ended) == ("123", "length")


def test_an_answer_longer_than_is_worth_waiting_for_is_length(engine: Engine) -> None:
    got = answers(engine, "0", "0", most_characters=[4, 4], max_new_tokens=60)
    assert {c.ended for c in got} == {"length"}
    assert all(len(c.text) < 40 for c in got)


def test_what_does_not_fit_or_is_no_text_fails_alone(engine: Engine) -> None:
    got = answers(engine, "A", "x" * (2 * CONTEXT) + "A", "\ud800", "E")
    assert [c.ended for c in got] == ["fence", "error", "error", "eos"]
    assert [c.text for c in got[1:3]] == ["", ""]
    assert {c.ended for c in answers(engine, "A", prefix="x" * (2 * CONTEXT))} == {"error"}


def test_nothing_to_do_is_nothing_done(engine: Engine) -> None:
    assert answers(engine) == []


def test_the_same_request_gives_the_same_answers(engine: Engine) -> None:
    assert answers(engine, "A", "E", "0") == answers(engine, "A", "E", "0")


def test_a_request_may_be_left_in_the_middle_and_another_begun(engine: Engine) -> None:
    stream = engine.generate(Request(texts=["A"] * 40, max_new_tokens=40, fence="`"))
    assert next(stream).text == "Zwei bcdü"
    stream.close()
    assert answers(engine, "E")[0].text == "fghj"


def test_tokens_are_counted_and_the_engine_says_who_it_is(engine: Engine) -> None:
    assert engine.count_tokens("") == 0
    assert engine.count_tokens("ab") == 2
    assert engine.context_length == CONTEXT
    assert engine.identity == engine.identity and "\n" not in engine.identity
