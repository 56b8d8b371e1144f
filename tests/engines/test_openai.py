"""The engine against a real server on this machine: what it sends, what it makes of every fault."""

from __future__ import annotations

import asyncio
import json
import threading
import time
import traceback
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from selftranslate import model as models
from selftranslate.cli import main
from selftranslate.engines import Completion, Request
from selftranslate.engines.openai import build
from selftranslate.engines.transformers import build as transformers
from selftranslate.errors import EngineError, RecipeError
from selftranslate.mini.problems import math_problems
from selftranslate.progress import Silent
from selftranslate.runtime import Runtime
from selftranslate.verbs.demo import DEMO

from .loopback import (
    OVERFLOW,
    Loopback,
    answer,
    choice,
    drip,
    echo,
    html,
    model,
    no_json,
    reset,
    serving,
    stall,
    status,
    truncated,
)

CANARY = "sk-canary-1234567890abcdef"


@dataclass
class Notes(Silent):
    """What the engine told the user."""

    notes: list[str] = field(default_factory=list)

    said: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        self.notes.append(text)

    def say(self, text: str) -> None:
        self.said.append(text)


def engine(server: Loopback, notes: Notes | None = None, **params: Any) -> Any:
    return build(
        model="m",
        runtime=Runtime(progress=notes or Notes()),
        **{"base_url": server.url, "timeout": 60, "patience": 60, **params},
    )


def ask(engine: Any, *texts: str, **request: Any) -> list[Completion]:
    """Return the completions in order, each index having come exactly once."""
    done = list(
        engine.generate(Request(**{"texts": texts, "max_new_tokens": 9, "fence": "`", **request}))
    )
    assert sorted(c.index for c in done) == list(range(len(texts)))
    return sorted(done, key=lambda c: c.index)


# What is sent and how the answer is read.


def test_a_row_is_prefix_and_text_greedy_with_the_fence_as_stop() -> None:
    with serving() as server:
        got = ask(engine(server, extra={"top_k": 1}), "b one", "b two", prefix="a ")
    assert [(c.text, c.ended, c.tokens) for c in got] == [("ONE", "fence", 3), ("TWO", "fence", 3)]
    assert sorted(seen.body["prompt"] for seen in server.seen) == ["a b one", "a b two"]
    sent = {**server.seen[0].body, "prompt": ""}
    assert sent == {
        "model": "m", "prompt": "", "temperature": 0, "max_tokens": 9, "stop": ["`"],
        "logprobs": 1, "top_k": 1,
    }  # fmt: skip


def test_nothing_but_the_request_leaves_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    monkeypatch.setenv("OPENAI_ORG_ID", CANARY)
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", f"X-Secret: {CANARY}\nAuthorization: {CANARY}")
    with serving() as server:
        assert ask(engine(server), "one")[0].text == "ONE"
    headers = {name.lower() for name in server.seen[0].headers}
    assert headers <= {
        "host", "accept", "accept-encoding", "connection", "content-type", "content-length"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "text", "ended"),
    [
        ({"finish_reason": "stop", "stop_reason": "`"}, "Zwei", "fence"),
        ({"finish_reason": "stop", "stop_reason": None}, "Zwei", "unverified"),
        ({"finish_reason": "stop", "stop_reason": None, "matched_stop": "`"}, "Zwei", "fence"),
        ({"finish_reason": "stop", "stop_reason": 151645}, "Zwei", "eos"),
        ({"finish_reason": "stop", "stop_reason": "<|im_end|>"}, "Zwei", "eos"),
        ({"finish_reason": "stop", "stop_reason": {}}, "Zwei", "unverified"),
        ({"finish_reason": "stop", "matched_stop": "`"}, "Zwei", "fence"),
        ({"finish_reason": "stop", "matched_stop": 2}, "Zwei", "eos"),
        ({"finish_reason": "stop"}, "Zwei", "unverified"),
        ({"finish_reason": "stop", "text": "Zwei`\nen"}, "Zwei", "fence"),
        ({"finish_reason": "eos_token"}, "Zwei", "eos"),
        ({"finish_reason": "stop_sequence"}, "Zwei", "fence"),
        ({"finish_reason": "length", "text": "Zw\ufffd"}, "Zw", "length"),
        ({"finish_reason": "repetition"}, "Zwei", "repetition"),
        ({"finish_reason": "content_filter"}, "", "error"),
    ],
)
def test_why_an_answer_ended(given: dict[str, Any], text: str, ended: str) -> None:
    with serving(write=lambda body: {"text": "Zwei", **given}) as server:
        [got] = ask(engine(server), "x")
    assert (got.text, got.ended) == (text, ended)


def naming(body: Any) -> dict[str, Any]:
    """Write 'Zwei' up to a stop text, as vLLM does; then EOS, but the fence where it is asked."""
    text, stop = ("Zwei" if "none" not in body["prompt"] else ""), body["stop"][0]
    reached = stop in text or "fence" in body["prompt"]
    return {
        "text": text.partition(stop)[0],
        "finish_reason": "stop",
        "stop_reason": stop if reached else None,
    }


def test_null_is_the_end_at_a_server_that_names_what_it_stops_at_whatever_comes_first() -> None:
    for texts in (["fence", "x", "y"], ["x", "fence", "y"], ["x", "y", "none"]):
        notes = Notes()
        with serving(write=naming) as server:
            got = ask(engine(server, notes, concurrency=1), *texts)
        assert [c.ended for c in got] == ["fence" if t == "fence" else "eos" for t in texts]
        assert {c.text for c in got} <= {"Zwei", ""} and notes.notes == []
        asked = [seen.body["stop"] for seen in server.seen]
        assert asked.count(["Z"]) == (texts[0] != "fence") and len(asked) <= 4


def test_null_proves_nothing_at_a_server_that_always_says_null() -> None:
    notes = Notes()
    with serving(write=lambda body: {**naming(body), "stop_reason": None}) as server:
        got = ask(engine(server, notes), *"xxxxxxxx", "none", "fence")
    assert {c.ended for c in got} == {"unverified"}
    assert len(server.seen) == 11 and len(notes.notes) == 1
    with serving(write=naming) as server:  # an empty answer shows nothing, and says nothing
        assert ask(engine(server, notes), "none")[0].ended == "unverified"
    assert len(notes.notes) == 1


def test_a_server_that_cannot_tell_is_named_once() -> None:
    notes = Notes()
    with serving(write=lambda body: {"text": "Zwei", "finish_reason": "stop"}) as server:
        one = engine(server, notes)
        ask(one, "x", "y")
        ask(one, "z")
    assert [note.partition("; ")[2] for note in notes.notes] == ["its translations are unverified"]


def test_without_a_fence_a_stop_is_the_end() -> None:
    with serving(write=lambda body: {"text": "4 `x`", "finish_reason": "stop"}) as server:
        [got] = ask(engine(server), "x", fence=None)
    assert (got.text, got.ended) == ("4 `x`", "eos")
    assert "stop" not in server.seen[0].body


def test_a_longer_answer_than_is_worth_waiting_for_is_length() -> None:
    with serving(write=lambda body: {"text": "abcdef", "finish_reason": "stop"}) as server:
        got = ask(engine(server), "x", "y", most_characters=[5, 6], max_new_tokens=500)
    assert [c.ended for c in got] == ["length", "unverified"]
    assert sorted(seen.body["max_tokens"] for seen in server.seen) == [32, 36]


def test_log_probabilities_are_the_mean_and_not_asked_for_twice_where_there_are_none() -> None:
    values = {"token_logprobs": [None, -0.5, -1.0]}
    with serving(write=lambda b: {"text": "x", "finish_reason": "stop", "logprobs": values}) as s:
        assert ask(engine(s), "x")[0].log_probability == -0.75
    content = {"content": [{"token": "x", "logprob": -0.25}]}
    with serving(write=lambda b: {"text": "x", "finish_reason": "stop", "logprobs": content}) as s:
        assert ask(engine(s, api="chat", logprobs=True), "x")[0].log_probability == -0.25
        assert s.seen[0].body["logprobs"] is True

    for value in ("NaN", "-Infinity", "-1e999", "-" + "9" * 400):
        body = f'{{"choices": [{{"text": "x", "finish_reason": "length", "logprobs": {{"token_logprobs": [-1, {value}]}}}}]}}'
        with serving(replies=[lambda h, body=body: h.send(200, body.encode())]) as server:
            [got] = ask(engine(server), "x")
            assert (got.text, got.ended, got.log_probability) == ("x", "length", None)

    notes = Notes()
    with serving(replies=[status(400, "logprobs is not supported")]) as server:
        one = engine(server, notes, concurrency=1)
        assert ask(one, "one", "two")[1].text == "TWO"
    assert ["logprobs" in seen.body for seen in server.seen] == [True, False, False]
    assert sum("no log-probabilities" in note for note in notes.notes) == 1


def test_a_server_with_another_name_for_the_limit_is_understood() -> None:
    refusal = status(400, "Unsupported parameter: use 'max_completion_tokens' instead.")
    with serving(replies=[refusal]) as server:
        assert ask(engine(server, api="chat"), "one")[0].text == "ONE"
    assert server.seen[1].body["max_completion_tokens"] == 9


def test_ids_are_those_that_training_sees(tiny_model: Path) -> None:
    with serving() as server:
        one = engine(server, tokenizer=str(tiny_model), send_ids=True, context=64)
        got = ask(one, "b`", "x" * 70, prefix="a\n")
        assert one.count_tokens("abc") == 3
    tokens = models.tokenizer(str(tiny_model))
    parts = models.begin(tokens), models.encode(tokens, "a\n"), models.encode(tokens, "b`")
    assert [seen.body["prompt"] for seen in server.seen] == [[i for part in parts for i in part]]
    assert [c.ended for c in got] == ["fence", "error"]  # what does not fit is not even sent


def test_without_a_tokenizer_the_count_is_the_most_that_any_gives(tiny_model: Path) -> None:
    one = build(model="m", runtime=Runtime())
    mini = transformers("mini", Runtime())
    for text in (
        "",
        "Two apples and 12 pears.",
        "Дайте два яблока.",
        "给我两个苹果。",
        "แอปเปิลสองลูก",
        "ᚠᛇᚻ 𓀀 🧮",  # a token for each byte
    ):
        assert mini.count_tokens(text) <= one.count_tokens(text)
    assert one.count_tokens("\ud800") > 0
    with serving() as server:  # the server decides what is too long, not the estimate
        assert ask(engine(server, context=64), "one", prefix="a " * 99)[0].text == "ONE"


def test_a_chat_gets_the_prompt_in_stated_words_and_writes_the_fence_itself() -> None:
    write = {"one": "`Eins`", "two": "Zwei", "three": "Drei`\nen: `x`", "four": "`Vier"}
    with serving(
        write=lambda body: {
            "text": write[body["messages"][1]["content"].split()[-1]], "finish_reason": "stop",
        }
    ) as server:  # fmt: skip
        got = ask(engine(server, api="chat"), *write, prefix="p ")
    assert [(c.text, c.ended) for c in got] == [
        ("Eins", "fence"), ("Zwei", "eos"), ("Drei", "fence"), ("Vier", "eos")
    ]  # fmt: skip
    body = next(s.body for s in server.seen if s.body["messages"][1]["content"] == "p one")
    assert server.seen[0].path == "/v1/chat/completions"
    assert "stop" not in body and "logprobs" not in body
    assert [m["role"] for m in body["messages"]] == ["system", "user"]
    assert body["messages"][0]["content"].endswith("end the continuation with the closing `.")


@pytest.mark.parametrize(
    ("reply", "reason", "text"),
    [
        ("Zwei`", "stop", "Zwei"),
        ("\n`Zwei`", "stop", "Zwei"),
        ("`Zwei`\nI hope this helps!", "stop", "Zwei"),
        ("Zwei`\nen: `x`\nde: `y`", "stop", "Zwei"),
        ("Zwei`\nen: `x", "length", "Zwei"),
        ("Here is the translation: `Zwei`", "stop", None),
        ("Here is the translation:\n`Zwei`", "stop", None),
        ("Here is the translation: `Zwei", "stop", None),
        ("Here it is: `\nZwei`", "stop", None),
        ("Use `x` and `y`", "stop", None),
        ("`Use `x``", "stop", None),
        ("```\nZwei\n```", "stop", None),
    ],
)
def test_talk_around_a_chats_translation_is_never_taken_for_it(
    reply: str, reason: str, text: str | None
) -> None:
    notes = Notes()
    with serving(write=lambda body: {"text": reply, "finish_reason": reason}) as server:
        [got] = ask(engine(server, notes, api="chat"), "x")
    assert (got.text, got.ended) == ((text, "fence") if text else ("", "error"))
    told = ["m: 1 texts failed: the reply is more than the text and its closing mark"]
    assert notes.notes == ([] if text else told)
    assert len(server.seen) == 1


def test_the_identity_names_model_and_place_and_no_secret() -> None:
    def identity(**params: Any) -> str:
        return build(model="m", runtime=Runtime(), **params).identity

    base = identity(
        base_url="https://host:1/v1", api_key="env:SECRET", price={"input": 1, "output": 2}
    )
    assert base == "openai model=m at=host:1/v1 api=completions"
    assert identity(base_url="https://host:1/v1", concurrency=2, timeout=1) == base
    others = [
        identity(base_url="https://host:1/v2"), identity(base_url="https://host:1/v1", api="chat"),
        identity(base_url="https://host:1/v1", served_as="n"),
        identity(base_url="https://host:1/v1", extra={"top_k": 2}),
    ]  # fmt: skip
    assert len({base, *others}) == 5


def test_tokens_and_cost_are_counted() -> None:
    notes = Notes()
    with serving() as server:
        one = engine(server, notes, price={"input": 1.5, "output": 10})
        ask(one, "one", "two")
        ask(one, "three")
    assert notes.notes == []
    assert notes.said[1] == "m: 3 texts answered so far, 30 tokens in, 9 out, 0.0001 at your prices"


def test_so_many_at_once_and_no_more_than_are_asked_for() -> None:
    running, most = 0, 0
    lock = threading.Lock()

    def write(body: Any) -> dict[str, Any]:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.1)
        with lock:
            running -= 1
        return {"text": "x", "finish_reason": "stop"}

    with serving(write=write) as server:
        ask(engine(server, concurrency=3), *"abcdefghi")
        assert most == 3
        server.seen.clear()
        stream = engine(server, concurrency=2).generate(
            Request(texts=[*"abcdefghi"], max_new_tokens=9)
        )
        next(stream)
        before = threading.active_count()
        stream.close()
        assert len(server.seen) <= 4 and threading.active_count() < before


def test_what_is_under_way_is_taken_back_when_nobody_waits_for_it() -> None:
    with serving(poison={"slow": stall(30)}) as server:
        stream = engine(server).generate(Request(texts=["slow", "a"], max_new_tokens=9))
        assert next(stream).text == "A"
        begun = time.monotonic()
        stream.close()
        assert time.monotonic() - begun < 20


def test_it_works_inside_a_running_loop() -> None:
    async def notebook() -> list[Completion]:
        with serving() as server:
            return ask(engine(server), "one")

    assert asyncio.run(notebook())[0].text == "ONE"


# Faults that pass.


PASSING = {
    "429": status(429),
    "429 with seconds": status(429, Retry_After="0.3"),
    "429 with a date": lambda h: h.send(
        429, {}, {"Retry-After": formatdate(time.time() + 2, usegmt=True)}
    ),
    "500": status(500),
    "502 with HTML": html,
    "503": status(503),
    "reset in the body": reset,
    "truncated JSON": truncated,
    "no JSON": no_json,
    "an error with 200": answer({"error": {"message": "overloaded", "code": 503}}),
    "an error with 200 and no code": answer({"error": "CUDA error"}),
    "null finish_reason": choice(text="Zw", finish_reason=None),
    "no finish_reason": choice(text="Zw"),
    "strange finish_reason": choice(text="Zw", finish_reason="abort"),
    "a finish_reason that is no text": choice(text="Zw", finish_reason=["stop"]),
    "far too deep": lambda h: h.send(200, b"[" * 100_000),
    "no choices": answer({"choices": []}),
    "choices missing": answer({"id": "1"}),
    "null": answer(None),
    "a list": answer([1]),
    "a choice without a text": choice(text=["Z"], finish_reason="stop"),
}


@pytest.mark.parametrize("name", PASSING)
def test_a_fault_that_passes_costs_another_try(name: str) -> None:
    notes = Notes()
    with serving(replies=[PASSING[name]]) as server:
        got = ask(engine(server, notes), "one")
    assert [(c.text, c.ended) for c in got] == [("ONE", "fence")]
    assert len(server.seen) == 2
    waited = server.seen[1].at - server.seen[0].at
    assert waited >= {"429 with seconds": 0.3, "429 with a date": 0.9}.get(name, 0.2)


def test_retry_after_holds_all_rows_back() -> None:
    def write(body: Any) -> dict[str, Any]:
        time.sleep(0.4)  # the rows in flight finish after the 429
        return echo(body)

    with serving(replies=[status(429, Retry_After="1.5")], write=write) as server:
        ask(engine(server, concurrency=4), *"abcdefgh")
    # On a slow machine some of the first four may not have left before the 429 came back.
    assert len(server.seen) == 9
    assert sum(seen.at - server.seen[0].at >= 1.5 for seen in server.seen) >= 5


@pytest.mark.parametrize("reply", [stall(30), drip])
def test_a_stall_ends_at_the_deadline_of_the_request(reply: Any) -> None:
    with serving(replies=[reply]) as server:
        begun = time.monotonic()
        got = ask(engine(server, timeout=1), "one")
    assert got[0].text == "ONE" and time.monotonic() - begun < 20


def test_a_server_that_restarts_in_the_middle_is_waited_for() -> None:
    with serving() as server:
        stream = engine(server, concurrency=2, patience=20).generate(
            Request(texts=[f"t{n}" for n in range(12)], max_new_tokens=9)
        )
        got = [next(stream) for _ in range(3)]
        server.stop()
        again = threading.Timer(0.6, server.start)
        again.start()
        got += list(stream)
    assert sorted(c.index for c in got) == list(range(12))
    assert {c.text for c in got} == {f"T{n}" for n in range(12)}


# Faults of a row.


@pytest.mark.parametrize(
    "reply",
    [status(400, OVERFLOW), status(400, "no such luck"), status(413), status(422, body={"detail": [1]}),
     status(500), truncated, choice(text="x", finish_reason=None), status(429, "Request too large")],
)  # fmt: skip
def test_what_is_about_a_row_fails_the_row(reply: Any) -> None:
    notes = Notes()
    with serving(poison={"bad": reply}) as server:
        got = ask(engine(server, notes, attempts=2), "one", "bad", "two")
    assert [(c.text, c.ended) for c in got] == [("ONE", "fence"), ("", "error"), ("TWO", "fence")]
    assert sum("1 texts failed: " in note for note in notes.notes) == 1


def test_text_that_is_not_unicode_fails_alone() -> None:
    with serving() as server:
        got = ask(engine(server), "one", "\ud800", "two")
    assert [c.ended for c in got] == ["fence", "error", "fence"]


def test_a_server_that_fails_at_any_row_ends_the_run_unless_they_are_all_too_long() -> None:
    with serving(poison={"": status(400, OVERFLOW)}) as server:
        assert {c.ended for c in ask(engine(server), *["x"] * 30)} == {"error"}
    for reply, tries in (status(400, "unknown model"), 2), (status(500), 4):
        with serving(poison={"": reply}) as server:
            with pytest.raises(EngineError, match=r"unknown model|500 Internal Server Error: no$"):
                ask(engine(server, attempts=2, concurrency=1), "first", "second")
            assert len(server.seen) == tries
            assert server.seen[-1].body["prompt"] == "f" and server.seen[-1].body["max_tokens"] == 1


# Faults of the server.


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (status(401, "bad key"), r"401 Unauthorized: bad key; check `api_key`"),
        (status(403), r"403 Forbidden"),
        (status(404), r"404 Not Found: no; check `base_url`"),
        (status(429, body={"error": {"code": "insufficient_quota"}}), "out of credit"),
        (status(429, Retry_After="600"), r"asks to wait 600 s, longer than `patience` \(60 s\)"),
        (status(307, Location="http://127.0.0.1:9/"), "307 Temporary Redirect"),
    ],
)
def test_what_is_about_the_server_ends_the_run_at_once(reply: Any, words: str) -> None:
    with serving(poison={"": reply}) as server:
        with pytest.raises(EngineError, match=words) as caught:
            ask(engine(server, concurrency=1), "one", "two")
        assert len(server.seen) == 1
        assert caught.value.exit_code == 4 and "\n" not in str(caught.value)


def test_a_server_that_is_down_at_the_start_is_said_at_once() -> None:
    with serving() as server:
        pass
    begun = time.monotonic()
    with pytest.raises(EngineError, match=rf"m at {server.url}: no connection"):
        ask(engine(server, patience=60), "one", "two")
    assert time.monotonic() - begun < 30


def test_a_server_that_stays_away_ends_the_run_when_patience_does() -> None:
    with serving() as server:
        one = engine(server, concurrency=2, patience=1)
        stream = one.generate(Request(texts=[*"abcdefgh"], max_new_tokens=9))
        next(stream)
        server.stop()
        with pytest.raises(EngineError, match=r"no answer to anybody for as long as `patience`"):
            list(stream)
        server.start()


def test_answers_that_came_before_the_end_are_kept() -> None:
    ready = threading.Event()

    def write(body: Any) -> dict[str, Any]:
        if body["prompt"] != "a":
            ready.wait(30)
        return {"status": 401, "message": "x"} if body["prompt"] == "last" else echo(body)

    with serving(write=write) as server:
        stream = engine(server).generate(Request(texts=["last", "a", "b", "c"], max_new_tokens=9))
        got = [next(stream).text]
        ready.set()
        time.sleep(2)  # all others come while nobody waits for them
        with pytest.raises(EngineError, match="401"):
            for completion in stream:
                got.append(completion.text)
    assert got[0] == "A" and sorted(got[1:]) == ["B", "C"]


def test_the_whole_request_has_a_deadline() -> None:
    with serving(poison={"": stall(30)}) as server:
        begun = time.monotonic()
        with pytest.raises(EngineError, match=r"not done within `deadline`: 0.3 s"):
            ask(engine(server, deadline=0.3), "one")
        assert time.monotonic() - begun < 20


# Secrets.


@pytest.mark.parametrize("reply", [None, status(401, f"Incorrect key {CANARY}"), status(400, f"k={CANARY}"),
                                   status(500, CANARY), answer({"error": CANARY})])  # fmt: skip
def test_the_key_is_sent_and_never_said(
    reply: Any, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], caplog: Any
) -> None:
    monkeypatch.setenv("CANARY_KEY", f"{CANARY}\n")
    notes = Notes()
    caplog.set_level(0)
    with serving(poison={"one": reply} if reply else {}) as server:
        one = engine(server, notes, api_key="env:CANARY_KEY", attempts=1)
        said = ""
        try:
            said += repr(ask(one, "one"))
        except EngineError:
            said += traceback.format_exc()
    assert server.seen[0].headers["authorization"] == f"Bearer {CANARY}"
    said += "".join([one.identity, repr(one), *notes.notes, caplog.text, *capfd.readouterr()])
    assert "canary-123" not in said
    if reply is not None:
        assert "[key]" in said


@pytest.mark.parametrize("name", ["max_tokens", "logprobs", "prompt", "api_key", "Authorization"])
def test_what_is_not_for_extra_is_refused_and_not_repeated(name: str) -> None:
    with pytest.raises(RecipeError, match=f"extra: '{name}'") as refused:
        build(model="m", runtime=Runtime(), extra={name: CANARY})
    assert CANARY not in str(refused.value)


@pytest.mark.parametrize("key", [CANARY, f"env:{CANARY}", f"env: {CANARY}", "env:", 12345678])
def test_a_literal_key_is_refused_and_not_repeated(key: Any) -> None:
    with pytest.raises(RecipeError, match="write env:NAME") as caught:
        build(model="m", runtime=Runtime(), api_key=key)
    assert str(key).removeprefix("env:") == "" or str(key) not in str(caught.value)


def test_a_key_that_is_not_set_is_named_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    one = build(model="m", runtime=Runtime(), api_key="env:NO_SUCH_KEY")
    with pytest.raises(EngineError, match="NO_SUCH_KEY is not set"):
        ask(one, "x")


@pytest.mark.parametrize(
    "params",
    [
        {"base_url": f"http://me:{CANARY}@host/v1"}, {"base_url": f"http://host/v1?key={CANARY}"},
        {"base_url": "host/v1"}, {"base_url": "http://host:99999/v1"}, {"base_url": None},
        {"concurrency": 0}, {"timeout": "soon"}, {"attempts": 1.5}, {"deadline": -1},
        {"price": {"in": 1}}, {"send_ids": True},
    ],
)  # fmt: skip
def test_parameters_are_checked_before_anything_is_sent(params: dict[str, Any]) -> None:
    with pytest.raises(RecipeError, match=next(iter(params))) as caught:
        build(model="m", runtime=Runtime(), **params)
    assert CANARY not in str(caught.value)


def test_an_unknown_api_names_the_known() -> None:
    with pytest.raises(RecipeError, match="Known: chat, completions"):
        build(model="m", runtime=Runtime(), api="chats")


# Through the command.


def run(tmp_path: Path, **engine: Any) -> int:
    """Run the demo's recipe with this engine; it gets as far as the first translation."""
    wanted = {"name": "openai", **engine}
    change = [f"translation_engine={json.dumps(wanted)}", "limit=2", 'languages=["de"]']
    arguments = [part for text in change for part in ("--set", text)]
    return main(["run", str(DEMO), *arguments, "--store", str(tmp_path / "store")])


def test_the_command_ends_with_4_and_tells_nothing_of_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CANARY_KEY", CANARY)
    with serving(poison={"": status(401, f"Incorrect key: {CANARY}")}) as server:
        assert run(tmp_path, base_url=server.url, api_key="env:CANARY_KEY") == 4
    assert run(tmp_path, base_url=server.url, api_key="env:CANARY_KEY") == 4
    said = capfd.readouterr().err.splitlines()
    wrong, away = (line for line in said if line.startswith("selftranslate: "))
    assert "401 Unauthorized: Incorrect key: [key]; check `api_key`" in wrong
    assert f"mini at {server.url}: no connection" in away
    assert run(tmp_path, base_url=server.url, api_key=CANARY) == 2
    out = capfd.readouterr()
    assert "canary-123" not in f"{said}{out.out}{out.err}"
    files = [path for path in (tmp_path / "store").rglob("*") if path.is_file()]
    assert files and not any(CANARY.encode() in path.read_bytes() for path in files)


def test_a_server_is_refused_for_trained_models_before_anything_is_translated(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    change = ["--set", "engine=openai", "--set", "limit=2"]
    assert main(["run", str(DEMO), *change, "--store", str(tmp_path / "store")]) == 2
    assert "a server cannot be given an adapter" in capfd.readouterr().err
    assert not (tmp_path / "store" / "translate").exists()


def test_the_miniature_behind_a_server_translates_as_it_does_at_home() -> None:
    shots = math_problems("shots", 8)
    prefix = "".join(f"en: `{s.question['en']}`\nde: `{s.question['de']}`\n" for s in shots)
    texts = [f"en: `{problem.question['en']}`\nde: `" for problem in math_problems("test", 50)]
    cpu = Runtime(device="cpu")
    home = ask(transformers("mini", cpu), *texts, prefix=prefix, max_new_tokens=60)
    with serving(write=model(transformers("mini", cpu), prefix)) as server:
        away = ask(engine(server, timeout=60), *texts, prefix=prefix, max_new_tokens=60)
    assert [(c.text, c.ended) for c in away] == [(c.text, c.ended) for c in home]
    assert {c.ended for c in home} == {"fence"} and len({c.text for c in home}) > 40
    for there, here in zip(away, home, strict=True):
        assert there.log_probability == pytest.approx(here.log_probability, abs=2e-3)
