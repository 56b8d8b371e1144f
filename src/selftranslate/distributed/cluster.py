"""Ray: joined or started, and what of it one worker takes."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from selftranslate.distributed.job import RETRIES
from selftranslate.errors import EngineError, SelfTranslateError
from selftranslate.runtime import Cluster

GLANCE = 0.001
"""Of a GPU, for work that only looks at it: precision, and so keys, hang on where it runs."""

PATIENCE = 10.0
"""Seconds for a cluster to answer the door."""

PASSED_ON = ("HF_HUB_OFFLINE", "HF_HOME", "ACCELERATE_USE_FSDP", "SELFTRANSLATE_FAILPOINT")
"""Variables that workers of a cluster get from this process; secrets come with their machines."""


def light(size: Cluster) -> dict[str, Any]:
    """Return what a task takes that asks no model."""
    return {"num_cpus": 1, "num_gpus": GLANCE if _gpus(size) else 0, "max_retries": RETRIES}


def heavy(size: Cluster) -> dict[str, Any]:
    """Return what a worker takes that holds a model."""
    stated = {"memory": size.memory} if size.memory else {}
    return {"num_cpus": size.cpus, "num_gpus": _gpus(size), **stated}


def training(size: Cluster) -> dict[str, Any]:
    """Return what one run of training takes."""
    # A model over several GPUs is asked by one worker, and trained by a process on each of them.
    one = {**heavy(size), "num_gpus": min(1, _gpus(size))}
    each = {name: size.train_processes * amount for name, amount in one.items()}
    return {**each, "max_retries": RETRIES}


def _gpus(size: Cluster) -> float:
    import ray

    return float(ray.cluster_resources().get("GPU", 0) > 0) if size.gpus is None else size.gpus


@contextmanager
def joined() -> Iterator[None]:
    """Join the cluster of RAY_ADDRESS, or start one on this machine for as long as this is open.

    Raises EngineError if Ray is not installed, or the cluster does not answer.
    """
    # Read when Ray is imported: nothing is reported to anybody, and what goes wrong is said once.
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    try:
        import ray
    except ImportError as error:
        msg = "--runtime ray needs Ray: pip install 'selftranslate[ray]'"
        raise EngineError(msg) from error
    if ray.is_initialized():  # by the program that calls this
        yield
        return
    address = os.environ.get("RAY_ADDRESS")
    _knock(address)
    ours = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    there = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    how = {"runtime_env": {"env_vars": there}} if address else {"include_dashboard": False}
    try:
        with _hushed():
            ray.init(
                address=address or "local",
                log_to_driver=False,
                logging_level=logging.ERROR,
                **how,
            )
    except (ConnectionError, RuntimeError, ValueError) as error:
        msg = f"RAY_ADDRESS={address}: no cluster answers: {' '.join(str(error).split())[:200]}"
        raise EngineError(msg) from error
    finally:
        for number, handler in ours.items():  # Ray takes SIGTERM for itself
            if threading.current_thread() is threading.main_thread():
                signal.signal(number, handler)
    try:
        yield
    finally:
        ray.shutdown()


@contextmanager
def _hushed() -> Iterator[None]:
    """Keep what Ray's own programs write past Python from the terminal."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _knock(address: str | None) -> None:
    """Raise EngineError if nobody listens there: Ray itself would try for minutes."""
    host, _, port = (address or "").rpartition("://")[2].rpartition(":")
    if not (host and port.isdecimal()):
        return
    try:
        socket.create_connection((host, int(port)), PATIENCE).close()
    except OSError as error:
        msg = (
            f"RAY_ADDRESS={address}: {error.strerror or error}; start the cluster, or unset the "
            "variable to work on this machine"
        )
        raise EngineError(msg) from error


@contextmanager
def own_errors() -> Iterator[None]:
    """Raise what went wrong in a worker as it was raised there, without what Ray says around it.

    Raises EngineError if Ray gave up.
    """
    import ray

    try:
        yield
    except ray.exceptions.RayError as error:
        met: BaseException | None = error
        while met is not None:
            for one in (met, getattr(met, "cause", None)):
                if isinstance(one, SelfTranslateError) and not isinstance(
                    one, ray.exceptions.RayError
                ):
                    raise one from None
            met = met.__cause__ or met.__context__
        if isinstance(error, ray.exceptions.RayTaskError):  # nobody foresaw it: show where
            raise
        msg = f"Ray gave up after {RETRIES} new tries: {' '.join(str(error).split())[:300]}"
        raise EngineError(msg) from error
