"""Ctrl-C: once at the next safe point, twice at once, after a while anyway; nothing stays behind."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from selftranslate import interrupts


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_waits_for_a_safe_point(
    number: signal.Signals, capfd: pytest.CaptureFixture[str]
) -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), interrupts.gentle():
        interrupts.check()
        os.kill(os.getpid(), number)
        time.sleep(0.01)
        done.append("the row in flight")
        interrupts.check()
        done.append("too much")
    assert done == ["the row in flight"]
    assert "again to stop now" in capfd.readouterr().err


def test_the_second_signal_ends_at_once() -> None:
    with pytest.raises(KeyboardInterrupt), interrupts.gentle():
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)
        pytest.fail("went on")


def test_a_loop_that_never_looks_is_ended_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interrupts, "GRACE", 0.05)
    with pytest.raises(KeyboardInterrupt), interrupts.gentle():
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)


def test_the_alarm_does_not_ring_once_a_safe_point_was_reached(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(interrupts, "GRACE", 0.05)
    cleaned = []
    with pytest.raises(KeyboardInterrupt), interrupts.gentle():
        try:
            os.kill(os.getpid(), signal.SIGINT)
            interrupts.check()
        finally:
            time.sleep(0.1)  # what is in flight is being committed
            cleaned.append(True)
    assert cleaned


def test_afterwards_everything_is_as_it_was() -> None:
    def mine(*_: object) -> None:
        pytest.fail("not now")

    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)
    before = {number: signal.signal(number, mine) for number in signals}
    try:
        with pytest.raises(KeyboardInterrupt), interrupts.gentle():
            os.kill(os.getpid(), signal.SIGINT)
            interrupts.check()
        assert [signal.getsignal(number) for number in signals] == [mine] * 3
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
        interrupts.check()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_another_thread_has_no_signals_and_needs_none() -> None:
    passed = []

    def work() -> None:
        with interrupts.gentle():
            interrupts.check()
            passed.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert passed
