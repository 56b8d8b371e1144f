"""The engine for GPUs: vLLM, with prefix caching, driven step by step.

It writes what engines/transformers.py writes: the same prompt tokens, the same reasons to end.
Tested against vLLM's signatures, not yet run on a GPU: docs/engines.md.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

from selftranslate import model as models
from selftranslate.decoding import vllm_adapter
from selftranslate.decoding.vllm_started import Row, Started
from selftranslate.engines import Completion, Request
from selftranslate.errors import EngineError, PluginError, unknown
from selftranslate.example import Ended
from selftranslate.runtime import Runtime

DTYPES = ("auto", "float32", "bfloat16", "float16")
DEVICES = ("auto", "cuda", "cuda:0")

AHEAD = 2048
"""Requests inside vLLM at once: enough that rows always wait, few enough to be held in memory."""

GAVE_UP = "vllm gave it up"


def build(  # noqa: PLR0913 - what vLLM is started with, each named as vLLM names it
    model: str,
    runtime: Runtime,
    dtype: str = "auto",
    max_model_len: int | None = None,
    max_num_seqs: int | None = None,
    tensor_parallel_size: int = 1,
    gpu_memory_utilization: float | None = None,
) -> VllmEngine:
    """Name a model to decode with; vLLM is started at the first `generate`.

    `dtype` "auto" is bfloat16. `max_model_len` is the context in tokens, by default the model's.
    What is None is left to vLLM; so is the number of rows if the runtime names none.
    Raises EngineError if the runtime names a device that vLLM would not take.
    """
    if dtype not in DTYPES:
        raise PluginError(unknown("dtype of engines/vllm", dtype, DTYPES))
    if runtime.device not in DEVICES:
        msg = (
            f"device {runtime.device!r}: vllm takes the first GPUs it sees; "
            "leave the device at auto and choose GPUs with CUDA_VISIBLE_DEVICES"
        )
        raise EngineError(msg)
    chosen = {
        "max_num_seqs": max_num_seqs or runtime.batch_size or None,
        "tensor_parallel_size": tensor_parallel_size,
        "gpu_memory_utilization": gpu_memory_utilization,
    }
    settings = {name: value for name, value in chosen.items() if value is not None}
    precision = "bfloat16" if dtype == "auto" else dtype
    return VllmEngine(model, runtime, None, {"dtype": precision, **settings}, max_model_len)


class VllmEngine:
    """A model's name and tokenizer, and vLLM once it is needed."""

    def __init__(
        self,
        model: str,
        runtime: Runtime,
        adapter: Path | None,
        settings: Mapping[str, Any],
        max_model_len: int | None,
    ) -> None:
        self._model = model
        self._runtime = runtime
        self._adapter = adapter
        self._settings = settings
        self._max_model_len = max_model_len
        self._server = Server()

    def adapted(self, tuned: Path) -> VllmEngine:
        """Return the same model with an adapter, or the whole model that a folder holds."""
        whole = (tuned / "config.json").exists()
        if not whole:
            models.check_base(self._model, tuned)
        model, adapter = (str(tuned), None) if whole else (self._model, tuned)
        made = VllmEngine(model, self._runtime, adapter, self._settings, self._max_model_len)
        made._server = self._server
        return made

    def close(self) -> None:
        """End vLLM and its processes; the next request starts it anew."""
        self._server.stop()

    @cached_property
    def identity(self) -> str:
        """Model, adapter, precision and context, by content; read without starting vLLM.

        Not the version of vLLM, as for any engine: kernels round differently from GPU to GPU too.
        """
        base = models.fingerprint(self._model)
        dtype = self._settings["dtype"]
        return (
            f"vllm model={base} adapter={self._adapter_name} dtype={dtype} "
            f"context={self.context_length}"
        )

    @cached_property
    def context_length(self) -> int:
        """The most tokens prompt and answer may have together."""
        return self._max_model_len or models.context_length(self._model)

    def count_tokens(self, text: str) -> int:
        """Return how many tokens a text has, without BOS or EOS."""
        return len(models.encode(self._tokens, text))

    def generate(self, request: Request) -> Iterator[Completion]:
        """Yield each text's completion as it finishes, in any order, each index once.

        Raises EngineError if vLLM cannot be started, stops, or refuses everything.
        """
        inside: dict[str, Row] = {}
        running: Started | None = None
        ahead = max(AHEAD, 2 * self._settings.get("max_num_seqs", 0))
        try:
            for row in chain(self._rows(request), [None]):
                if isinstance(row, Completion):
                    yield row
                    continue
                if row is not None:
                    running = running or self._running()
                    if why := running.add(inside, row, request.fence):
                        yield self._answer(row, "error", request, why)
                while running and inside and (row is None or len(inside) >= ahead):
                    for done, ended in running.step(inside, request.fence):
                        yield self._answer(done, ended, request)
        finally:
            if running and inside:
                running.abort(inside)

    def _rows(self, request: Request) -> Iterator[Row | Completion]:
        """Tokenise one text after another; one that cannot be asked is an "error" already."""
        prefix = models.try_encode(self._tokens, request.prefix)
        if prefix is not None:
            prefix = models.begin(self._tokens) + prefix
        for index, text in enumerate(request.texts):
            ids = models.try_encode(self._tokens, text)
            prompt = None if prefix is None or ids is None else prefix + ids
            room = min(request.max_new_tokens, self.context_length - len(prompt or ()))
            most = request.most_characters[index] if request.most_characters else None
            if prompt and room > 0:
                yield Row(index, prompt, room, most)
            else:
                yield Completion(index=index, text="", ended="error")

    def _answer(self, row: Row, ended: Ended, request: Request, why: str = GAVE_UP) -> Completion:
        if ended == "error":
            beginning = request.texts[row.index][:60]
            self._runtime.progress.note(f"no answer to this text: {beginning!r}: {why}")
            return Completion(index=row.index, text="", ended="error")
        return Completion(
            index=row.index,
            text=row.text,
            ended=ended,
            log_probability=row.mean_log_probability,
            tokens=row.tokens,
        )

    @cached_property
    def _tokens(self) -> Any:
        return models.tokenizer(self._model)

    @cached_property
    def _adapter_name(self) -> str:
        if self._adapter is None:
            return "none"
        from selftranslate.decoding.loading import adapter_fingerprint

        return adapter_fingerprint(self._adapter)

    def _running(self) -> Started:
        lora = 0 if self._adapter is None else vllm_adapter.rank(self._adapter)
        settings = {**self._settings, "max_model_len": self.context_length}
        running = self._server.started(models.folder(self._model), settings, lora)
        if self._adapter is None:
            running.plain()
        else:
            running.adapt(self._adapter_name, self._adapter)
        return running


class Server:
    """The one vLLM that engines of a model share, started again only for another need."""

    def __init__(self) -> None:
        self._running: Started | None = None
        self._root: Path | None = None
        self._rank = 0

    def started(self, root: Path, settings: Mapping[str, Any], rank: int) -> Started:
        """Return vLLM with this model, ready for adapters up to this rank; 0 is none."""
        if self._running is not None and root == self._root and rank <= self._rank:
            return self._running
        self.stop()
        lora = {"enable_lora": True, "max_lora_rank": rank, "max_loras": 1} if rank else {}
        self._running = Started(root, {**settings, **lora})
        self._root, self._rank = root, rank
        # Its memory is needed elsewhere as soon as nobody uses these engines any more.
        weakref.finalize(self, self._running.stop)
        return self._running

    def stop(self) -> None:
        """End vLLM, if it runs."""
        if self._running is not None:
            self._running.stop()
        self._running = None
