"""A started vLLM, driven step by step so that every finished row can be kept at once."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from selftranslate import interrupts
from selftranslate.decoding.ending import CHECK_EVERY, LONGEST_PERIOD, REPEATED_TOKENS, REPEATS
from selftranslate.errors import EngineError
from selftranslate.example import Ended

REFUSALS = 3
"""Texts that vLLM may refuse before it has accepted one; then it refuses them all."""

STOPPED = "vllm stopped in the middle"

ENVIRONMENT = {
    "VLLM_LOGGING_LEVEL": "WARNING",
    "VLLM_LOGGING_STREAM": "ext://sys.stderr",
    "VLLM_NO_USAGE_STATS": "1",
}
"""What vLLM reads where the user has set nothing: standard output is ours, nobody calls home."""

ENDED: Mapping[str, Ended] = {"length": "length", "repetition": "repetition"}


@dataclass(slots=True)
class Row:
    """One text on its way."""

    index: int
    prompt: list[int]
    room: int
    most_characters: int | None
    text: str = ""
    """Cut by vLLM before the fence or the EOS, and before bytes that are no character yet."""
    tokens: int = 0
    log_probability: float | None = None
    """Sum over the tokens."""

    def take(self, output: Any) -> None:
        """Add what vLLM wrote since the last time."""
        self.text += output.text
        self.tokens += len(output.token_ids)
        self.log_probability = output.cumulative_logprob

    @property
    def mean_log_probability(self) -> float | None:
        """Return it to four digits, as many as batches of another size leave alone."""
        total = self.log_probability
        return None if total is None else round(total / max(1, self.tokens), 4)


class Started:
    """A started vLLM. Its requests stand in a mapping of the caller's, by name."""

    def __init__(self, root: Path, settings: Mapping[str, Any]) -> None:
        for variable, value in ENVIRONMENT.items():
            os.environ.setdefault(variable, value)
        with _imported():
            from vllm import LLM
            from vllm.exceptions import VLLMClientError, VLLMError

        self._errors = (VLLMError, RuntimeError, ValueError, OSError)
        self._refusals = (VLLMClientError, ValueError)
        with self._explained(f"{root}: vllm cannot start"):
            made = LLM(
                str(root),
                # What was fingerprinted is what is read: the same config, tokenizer and weights.
                config_format="hf",
                tokenizer_mode="hf",
                load_format="safetensors",
                trust_remote_code=False,
                enable_prefix_caching=True,
                use_tqdm_on_load=False,
                **settings,
            )
        self._engine = made.llm_engine
        self._lora: Any = None
        self._names = map(str, count())
        self._adapters = count(1)
        self._refused: int | None = 0
        """How many requests in a row, none before them having been accepted; then None."""

    def adapt(self, name: str, folder: Path) -> None:
        """Answer with an adapter, named by its content, for prefixes are cached under its name."""
        from vllm.lora.request import LoRARequest

        if self._lora is not None and self._lora.lora_name == name:
            return
        self._lora = LoRARequest(name, next(self._adapters), str(folder.resolve()))
        # Its process hands on what went wrong there as an Exception of no kind.
        with self._explained(f"{folder}: vllm cannot load the adapter", Exception):
            self._engine.add_lora(self._lora)

    def plain(self) -> None:
        """Answer without an adapter."""
        self._lora = None

    def add(self, inside: dict[str, Row], row: Row, fence: str | None) -> str | None:
        """Hand a row in; return why it is refused, or None.

        Raises EngineError if another caller's rows are still inside, or all are refused.
        """
        from vllm.inputs import tokens_input

        if not inside and self._engine.has_unfinished_requests():
            msg = "vllm still answers another request; finish or close that one first"
            raise EngineError(msg)
        name = next(self._names)
        inside[name] = row  # before it is handed in, so that whatever happens it is taken back
        prompt, params = tokens_input(row.prompt), _params(row, fence)
        with self._explained(STOPPED):
            try:
                self._engine.add_request(name, prompt, params, lora_request=self._lora)
            except self._refusals as error:
                del inside[name]
                return self._refuse(error)
        self._refused = None
        return None

    def _refuse(self, error: Exception) -> str:
        """Say why; raise EngineError if nothing but refusals came so far."""
        why = f"vllm refuses it: {_first_line(error)}"
        if self._refused is not None:
            self._refused += 1
            if self._refused == REFUSALS:
                msg = f"the first {REFUSALS} texts are not answered: {why}"
                raise EngineError(msg) from error
        return why

    def step(self, inside: dict[str, Row], fence: str | None) -> Iterator[tuple[Row, Ended]]:
        """Let every running row grow by a token; yield those that are done, now out of vLLM."""
        if not self._engine.has_unfinished_requests():  # stepping would wait for ever
            msg = f"vllm lost {len(inside)} texts that it had accepted"
            raise EngineError(msg)
        with self._explained(STOPPED):
            outputs = self._engine.step()
        for output in outputs:
            row = inside[output.request_id]
            [written] = output.outputs
            row.take(written)
            if output.finished:
                del inside[output.request_id]
                yield row, _ended(written, fence)
            elif row.most_characters is not None and len(row.text) > row.most_characters:
                self._engine.abort_request([output.request_id])
                del inside[output.request_id]
                yield row, "length"

    def abort(self, inside: Mapping[str, Row]) -> None:
        """Take all rows back."""
        self._engine.abort_request(list(inside))

    def stop(self) -> None:
        """End vLLM and free its memory."""
        self._engine.engine_core.shutdown()

    @contextmanager
    def _explained(self, what: str, *more: type[Exception]) -> Iterator[None]:
        try:
            yield
        except (*self._errors, *more) as error:
            interrupts.check()  # Ctrl-C reaches vLLM's own processes too, and they stop
            msg = (
                f"{what}: {_first_line(error)}; its own log is above. If memory is short, lower "
                "max_num_seqs, max_model_len or gpu_memory_utilization"
            )
            raise EngineError(msg) from error


def _params(row: Row, fence: str | None) -> Any:
    """Say how a row is to be written: greedily, until fence, EOS, room or repetition."""
    from vllm import SamplingParams
    from vllm.sampling_params import RepetitionDetectionParams, RequestOutputKind

    watched = row.most_characters is not None
    return SamplingParams(
        temperature=0.0,
        max_tokens=row.room,
        stop=[fence] if fence else None,
        logprobs=0,  # those of the chosen tokens alone
        flat_logprobs=True,
        output_kind=RequestOutputKind.DELTA if watched else RequestOutputKind.FINAL_ONLY,
        stream_interval=CHECK_EVERY,
        # A pattern of one token 64 times over is one of 8 tokens 8 times over.
        repetition_detection=RepetitionDetectionParams(
            min_pattern_size=REPEATED_TOKENS // REPEATS,
            max_pattern_size=LONGEST_PERIOD,
            min_count=REPEATS,
        ),
    )


def _ended(written: Any, fence: str | None) -> Ended:
    """Tell the fence from EOS: both are "stop", and only a text is a reason of type str."""
    if written.finish_reason == "stop":
        return "fence" if fence and written.stop_reason == fence else "eos"
    return ENDED.get(written.finish_reason, "error")


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:300] if lines else type(error).__name__


@contextmanager
def _imported() -> Iterator[None]:
    """Say how to get vLLM, or why the one that is there does not work."""
    try:
        yield
    except ImportError as error:
        there = not (isinstance(error, ModuleNotFoundError) and error.name == "vllm")
        why = f"cannot be imported ({_first_line(error)})" if there else "is not installed"
        msg = f"engine vllm: vllm {why}: pip install --upgrade 'selftranslate[vllm]'"
        raise EngineError(msg) from error
