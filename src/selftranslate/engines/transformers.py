"""The engine that runs everywhere: transformers, with the common prefix computed once.

A row of a request with prefix "en: `Hi`\\nde: `Hallo`\\n" and text "en: `Two apples.`\\nde: `" is
the model's BOS, the prefix's tokens, the text's tokens; "Zwei Äpfel." comes back as "fence".
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selftranslate import model as models
from selftranslate.engines import Completion, Request
from selftranslate.errors import PluginError, unknown
from selftranslate.machine import device, fastest_precision, use_cores
from selftranslate.runtime import Runtime

if TYPE_CHECKING:
    from selftranslate.decoding.ending import Ending
    from selftranslate.decoding.greedy import Decoder, Row
    from selftranslate.decoding.loaded import Loaded

DTYPES = ("auto", "float32", "bfloat16", "float16")
ATTENTIONS = ("shared_prefix", "plain")


def build(
    model: str,
    runtime: Runtime,
    dtype: str = "auto",
    attention: str = "shared_prefix",
) -> TransformersEngine:
    """Name a model to decode with; its weights are read at the first `generate`.

    `dtype` "auto" is bfloat16 on a GPU; on a CPU that multiplies in it too, for a model whose
    weights are stored in 16 bits, else float32. `attention` "plain" repeats the
    prefix in every row: slower, for comparison.
    """
    if dtype not in DTYPES:
        raise PluginError(unknown("dtype of engines/transformers", dtype, DTYPES))
    if attention not in ATTENTIONS:
        raise PluginError(unknown("attention of engines/transformers", attention, ATTENTIONS))
    return TransformersEngine(model, runtime, None, dtype, attention)


class TransformersEngine:
    """A model and its tokenizer, each loaded when first needed."""

    def __init__(
        self, model: str, runtime: Runtime, adapter: Path | None, dtype: str, attention: str
    ) -> None:
        self._model = model
        self._runtime = runtime
        self._adapter = adapter
        self._dtype = dtype
        self._attention = attention
        self._endings: dict[str | None, Ending] = {}
        self._shared: list[Loaded] = []
        """What is loaded, shared with the engines that are the same model with an adapter."""

    def adapted(self, tuned: Path) -> TransformersEngine:
        """Return the same model with an adapter, or the whole model that a folder holds."""
        whole = (tuned / "config.json").exists()
        if not whole:
            models.check_base(self._model, tuned)
        model, adapter = (str(tuned), None) if whole else (self._model, tuned)
        made = TransformersEngine(model, self._runtime, adapter, self._precision, self._attention)
        made._shared = self._shared
        if not whole:
            made._endings = self._endings
        return made

    def close(self) -> None:
        """Give the memory back; the next request loads the model anew."""
        self._shared.clear()

    @cached_property
    def identity(self) -> str:
        """Model, adapter and precision, by content; read without loading the model."""
        from selftranslate.decoding.loading import adapter_fingerprint

        adapter = "none" if self._adapter is None else adapter_fingerprint(self._adapter)
        base = models.fingerprint(self._model)
        return f"transformers model={base} adapter={adapter} dtype={self._precision}"

    @cached_property
    def context_length(self) -> int:
        """The most tokens prompt and answer may have together."""
        return models.context_length(self._model)

    def count_tokens(self, text: str) -> int:
        """Return how many tokens a text has, without BOS or EOS."""
        return len(models.encode(self._tokens, text))

    def generate(self, request: Request) -> Iterator[Completion]:
        """Yield each text's completion as it finishes, in any order, each index once."""
        prefix = models.try_encode(self._tokens, request.prefix)
        rows: list[Row] = []
        if prefix is not None:
            prefix = models.begin(self._tokens) + prefix
        for index, text in enumerate(request.texts):
            row = None if prefix is None else self._row(index, text, prefix, request)
            if row is None:
                yield Completion(index=index, text="", ended="error")
            else:
                rows.append(row)
        if prefix is None or not rows:
            return
        decoder = self._decoder()
        ending = self._ending(request.fence, decoder)
        done = decoder.decode(
            prefix,
            rows,
            lambda row: ending.reached(row.written, row.room, row.most_characters),
            self._runtime.batch_size,
        )
        for row, ended in done:
            if ended == "error":
                beginning = request.texts[row.index][:60]
                self._runtime.progress.note(f"the model fails on this text: {beginning!r}")
                yield Completion(index=row.index, text="", ended="error")
                continue
            # Batches of another size add in another order; four digits do not show it.
            mean = round(row.log_probability / len(row.written), 4)
            text = ending.text(row.written, ended)
            yield Completion(
                index=row.index,
                text=text,
                ended=ended,
                log_probability=mean,
                tokens=len(row.written),
            )

    def _row(self, index: int, text: str, prefix: list[int], request: Request) -> Row | None:
        from selftranslate.decoding.greedy import Row

        ids = models.try_encode(self._tokens, text)
        if ids is None or not (prefix or ids):
            return None
        room = min(request.max_new_tokens, self.context_length - len(prefix) - len(ids))
        most = request.most_characters[index] if request.most_characters else None
        return Row(index, ids, room, most) if room > 0 else None

    @cached_property
    def _tokens(self) -> Any:
        return models.tokenizer(self._model)

    @cached_property
    def _precision(self) -> str:
        if self._dtype != "auto":
            return self._dtype
        where = device(self._runtime)
        exact = fastest_precision(where) != "bf16" or models.stored_dtype(self._model) == "float32"
        return "float32" if where.type == "cpu" and exact else "bfloat16"

    def _decoder(self) -> Decoder:
        import torch

        from selftranslate.decoding.loaded import Loaded

        sharing = self._attention == "shared_prefix"
        if not self._shared:
            use_cores()
            dtype = getattr(torch, self._precision)
            self._shared.append(Loaded(dtype, device(self._runtime), sharing))
        decoder, new = self._shared[0].decoder(models.folder(self._model), self._adapter)
        if new and sharing and not decoder.shares:
            kind = type(decoder.model).__name__
            self._runtime.progress.note(f"{kind} cannot share a prefix; each row repeats it")
        return decoder

    def _ending(self, fence: str | None, decoder: Decoder) -> Ending:
        """Return the rule for one fence; making it reads the whole vocabulary once."""
        from selftranslate.decoding.ending import Ending

        if fence not in self._endings:
            named = decoder.model.generation_config.eos_token_id
            ends = {*(named if isinstance(named, list) else [named]), self._tokens.eos_token_id}
            self._endings[fence] = Ending(self._tokens, frozenset(ends - {None}), fence)
        return self._endings[fence]
