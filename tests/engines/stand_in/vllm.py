"""A stand-in for vLLM: its real signatures, its order of decisions, tokens from a real tiny model.

The signatures are those of the wheels' source (tests/data/vllm_signatures.json): what vLLM does
not take is a TypeError here too. What it decides, it decides as vLLM 0.33 does: EOS, length and
repetition in the scheduler, the stop text afterwards, in the detokeniser, overruling them.
"""

from __future__ import annotations

import inspect
import json
import os
import sys
from collections import deque
from enum import Enum
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

DATA = Path(__file__).parents[2] / "data" / "vllm_signatures.json"
__version__ = os.environ.get("VLLM_STAND_IN", "0.33.0")
KNOWN = json.loads(DATA.read_text())[__version__]
VALUES = KNOWN["values"]


def bind(name: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
    """Return the arguments by name, or raise the TypeError that the real thing raises."""
    spelled = KNOWN["calls"][name].replace("=", "=None")
    arguments = inspect.signature(eval(f"lambda {spelled}: None")).bind(*args, **kwargs).arguments
    more = arguments.pop("kwargs", {})
    return {**arguments, **more}


class Bound:
    """Anything that only carries what it was made of."""

    name: str

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.__dict__.update(bind(self.name, *args, **kwargs))


_exceptions: dict[str, Any] = {"Exception": Exception}
for _name, _base in VALUES["exceptions"].items():
    _exceptions[_name] = type(_name, (_exceptions[_base],), {})
VLLMValidationError = _exceptions["VLLMValidationError"]
EngineDeadError = _exceptions["EngineDeadError"]
RequestOutputKind = Enum("RequestOutputKind", VALUES["output_kinds"])


class RepetitionDetectionParams(Bound):
    name = "vllm.sampling_params.RepetitionDetectionParams"

    def found(self, ids: list[int]) -> bool:
        sizes = range(self.min_pattern_size, self.max_pattern_size + 1)
        spans = ((size, size * self.min_count) for size in sizes)
        return any(
            len(ids) >= span and ids[-span:][size:] == ids[-span:][:-size] for size, span in spans
        )


class SamplingParams(Bound):
    name = "vllm.SamplingParams"
    temperature, max_tokens, stop, logprobs = 1.0, 16, None, None
    output_kind, stream_interval, repetition_detection = RequestOutputKind.CUMULATIVE, None, None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stop = [self.stop] if isinstance(self.stop, str) else self.stop or []
        if self.max_tokens < 1 or not all(self.stop):
            msg = "max_tokens must be at least 1, stop not empty"
            raise VLLMValidationError(msg)


class LoRARequest(Bound):
    name = "vllm.lora.request.LoRARequest"


class CompletionOutput(Bound):
    name = "vllm.outputs.CompletionOutput"


class RequestOutput(Bound):
    name = "vllm.outputs.RequestOutput"


def tokens_input(*args: Any, **kwargs: Any) -> dict[str, Any]:
    return {"type": "token", **bind("vllm.inputs.tokens_input", *args, **kwargs)}


class LLM:
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        given = bind("vllm.LLM", *args, **kwargs)
        known = {p.removesuffix("=") for p in KNOWN["calls"]["vllm.LLM"].split(", ")}
        bind("vllm.EngineArgs", **{k: v for k, v in given.items() if k not in known})
        for key, values in (
            ("dtype", "dtypes"),
            ("tokenizer_mode", "tokenizer_modes"),
            ("config_format", "config_formats"),
            ("max_lora_rank", "lora_ranks"),
        ):
            if key in given and given[key] not in VALUES[values]:
                msg = f"1 validation error\n{key}: {given[key]}"
                raise ValueError(msg)
        self.llm_engine = LLMEngine(given)


class Running:
    """One request: what it has written, and its text so far."""

    def __init__(self, name: str, prompt: list[int], params: SamplingParams) -> None:
        from tokenizers.decoders import DecodeStream

        self.name, self.prompt, self.params = name, prompt, params
        self.ids: list[int] = []
        self.text = ""
        self.logprob = 0.0
        self.cache: Any = None
        self.sent_ids = self.sent_text = 0
        self.stream = DecodeStream(ids=prompt, skip_special_tokens=True)


class LLMEngine:
    made: ClassVar[list[LLMEngine]] = []

    def __init__(self, settings: dict[str, Any]) -> None:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        self.settings = settings
        self.model = AutoModelForCausalLM.from_pretrained(
            settings["model"], dtype=torch.float32
        ).eval()
        self.tokens = AutoTokenizer.from_pretrained(settings["model"])
        named = self.model.generation_config.eos_token_id
        self.primary = self.tokens.eos_token_id
        self.others = set(named if isinstance(named, list) else [named]) - {self.primary}
        self.longest = settings["max_model_len"]
        most = self.model.config.max_position_embeddings
        if self.longest > most:
            msg = f"max_model_len {self.longest} is greater than the model's {most}"
            raise ValueError(msg)
        self.waiting: deque[Running] = deque()
        self.running: list[Running] = []
        self.aborted: list[str] = []
        self.adapters: list[LoRARequest] = []
        self.worn: LoRARequest | None = None
        self.most_inside = 0
        self.alive = True
        self.engine_core = SimpleNamespace(shutdown=self._shutdown)
        LLMEngine.made.append(self)

    def _shutdown(self, *args: Any, **kwargs: Any) -> None:
        bind("vllm.v1.engine.core_client.EngineCoreClient.shutdown", *args, **kwargs)
        self.alive = False

    def has_unfinished_requests(self) -> bool:
        return bool(self.waiting or self.running)

    def add_lora(self, lora_request: LoRARequest) -> bool:
        from peft import PeftModel

        try:
            assert self.settings["enable_lora"]
            config = json.loads((Path(lora_request.lora_path) / "adapter_config.json").read_text())
            assert config["r"] <= self.settings["max_lora_rank"]
            name = str(lora_request.lora_int_id)
            if self.adapters:
                self.model.load_adapter(lora_request.lora_path, name)
            else:
                self.model = PeftModel.from_pretrained(self.model, lora_request.lora_path, name)
            self.model.eval()
        except Exception as error:
            msg = f"Call to add_lora method failed: {error}"
            raise Exception(msg) from None
        self.adapters.append(lora_request)
        return True

    def _wear(self, lora: LoRARequest | None) -> None:
        assert not self.has_unfinished_requests() or lora == self.worn
        self.worn = lora
        if lora is None:
            self.model.base_model.disable_adapter_layers()
        else:
            self.model.base_model.enable_adapter_layers()
            self.model.set_adapter(str(lora.lora_int_id))

    def add_request(self, *args: Any, **kwargs: Any) -> str:
        given = bind("vllm.LLMEngine.add_request", *args, **kwargs)
        prompt, params = given["prompt"], given["params"]
        assert prompt["type"] == "token"
        assert isinstance(params, SamplingParams)
        assert isinstance(given["request_id"], str)
        ids = prompt["prompt_token_ids"]
        if not 0 < len(ids) < self.longest:
            msg = f"The decoder prompt (length {len(ids)}) is longer than {self.longest}"
            raise VLLMValidationError(msg)
        if max(ids) >= self.model.config.vocab_size:
            msg = f"Token id {max(ids)} is out of vocabulary"
            raise VLLMValidationError(msg)
        lora = given.get("lora_request")
        assert lora is None or lora in self.adapters
        if self.adapters:
            self._wear(lora)
        self.waiting.append(Running(given["request_id"], list(ids), params))
        self.most_inside = max(self.most_inside, len(self.waiting) + len(self.running))
        return f"{given['request_id']}-0a1b2c3d"  # vLLM's own name for it, which outputs lack

    def abort_request(self, *args: Any, **kwargs: Any) -> None:
        names = bind("vllm.LLMEngine.abort_request", *args, **kwargs)["request_ids"]
        assert isinstance(names, list)
        self.aborted += names
        self.running = [r for r in self.running if r.name not in names]
        self.waiting = deque(r for r in self.waiting if r.name not in names)

    def step(self) -> list[RequestOutput]:
        while self.waiting and len(self.running) < (self.settings.get("max_num_seqs") or 256):
            self.running.append(self.waiting.popleft())
        outputs = []
        for one in list(self.running):
            self._write(one)
            finish, stop = self._schedule(one)
            finish, stop = self._detokenise(one, finish, stop)
            if finish:
                self.running.remove(one)
            if output := self._output(one, finish, stop):
                outputs.append(output)
        return outputs

    def _write(self, one: Running) -> None:
        import torch

        ids = [one.ids[-1]] if one.ids else one.prompt
        with torch.inference_mode():
            out = self.model(
                input_ids=torch.tensor([ids]), past_key_values=one.cache, use_cache=True
            )
        one.cache = out.past_key_values
        scores = out.logits[0, -1].log_softmax(-1)
        one.ids.append(int(scores.argmax()))
        one.logprob += float(scores.max())

    def _schedule(self, one: Running) -> tuple[str | None, Any]:
        params, newest = one.params, one.ids[-1]
        if newest == self.primary:
            return "stop", None
        if newest in self.others:
            return "stop", newest
        if len(one.prompt) + len(one.ids) >= self.longest or len(one.ids) >= params.max_tokens:
            return "length", None
        if params.repetition_detection and params.repetition_detection.found(one.ids):
            return "repetition", "repetition_detected"
        return None, None

    def _detokenise(self, one: Running, finish: str | None, stop: Any) -> tuple[str | None, Any]:
        before = len(one.text)
        if finish != "stop":  # the token that stops is not part of the text
            one.text += one.stream.step(self.tokens._tokenizer, one.ids[-1]) or ""
        for text in one.params.stop:
            place = one.text.find(text, max(0, before - len(text) + 1))
            if place >= 0:
                one.text = one.text[:place]
                return "stop", text
        return finish, stop

    def _output(self, one: Running, finish: str | None, stop: Any) -> RequestOutput | None:
        kind, every = one.params.output_kind, one.params.stream_interval or 1
        if not finish and kind is RequestOutputKind.FINAL_ONLY:
            return None
        ids, text = one.ids, one.text
        if kind is RequestOutputKind.DELTA:
            if not finish and one.sent_ids and len(one.ids) - one.sent_ids < every:
                return None
            held = 0 if finish else max((len(s) - 1 for s in one.params.stop), default=0)
            ready = max(one.sent_text, len(one.text) - held)
            ids, text = one.ids[one.sent_ids :], one.text[one.sent_text : ready]
            one.sent_ids, one.sent_text = len(one.ids), ready
        written = CompletionOutput(
            index=0,
            text=text,
            token_ids=list(ids),
            cumulative_logprob=None if one.params.logprobs is None else one.logprob,
            logprobs=None,
            finish_reason=finish,
            stop_reason=stop,
        )
        return RequestOutput(
            request_id=one.name,
            prompt=None,
            prompt_token_ids=one.prompt,
            prompt_logprobs=None,
            outputs=[written],
            finished=finish is not None,
        )


def _submodule(name: str, **content: Any) -> None:
    """Put each name where vLLM has it, and nowhere else."""
    module = ModuleType(f"vllm.{name}")
    module.__dict__.update(content)
    sys.modules[module.__name__] = module


_submodule("exceptions", **{n: e for n, e in _exceptions.items() if n.startswith("VLLM")})
_submodule("inputs", tokens_input=tokens_input)
_submodule("lora")
_submodule("lora.request", LoRARequest=LoRARequest)
_submodule(
    "sampling_params",
    SamplingParams=SamplingParams,
    RepetitionDetectionParams=RepetitionDetectionParams,
    RequestOutputKind=RequestOutputKind,
)
