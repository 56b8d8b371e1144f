"""A model without its weights: config, tokenizer, what LoRA would train, whether it fits."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from selftranslate import machine, model, plugins
from selftranslate.amounts import size
from selftranslate.doctor import Line, number, spoken
from selftranslate.translate.fence import FENCES

SHORT = 2048
"""Tokens of context below which eight shots and a long text do not fit (4.4)."""


def lines(name: str, codes: Sequence[str]) -> Iterator[Line]:
    """Look at a model. Raises EngineError if there is none of this name, or it cannot be read."""
    root = model.without_weights(name)
    context, dtype = model.context_length(str(root)), model.stored_dtype(str(root))
    tokens = model.tokenizer(str(root))
    network, problem = _network(root)
    if network is None:
        yield Line("model", "do", problem, "take a causal language model that transformers knows")
    else:
        count = sum(weight.numel() for weight in network.parameters())
        yield Line("model", "ok", f"{type(network).__name__}, {number(count)} parameters")
        yield _weights(name, root, dtype)
        yield _room(count)
    yield _context(context)
    yield from _special(tokens)
    yield spoken.fence(tokens, FENCES[0], ["en", *codes])
    if network is not None:
        yield _lora(network)
    yield from spoken.lines(tokens, codes)


def _network(root: Path) -> tuple[Any, str]:
    """Build the model out of its config, without weights; or say why it cannot be."""
    import torch
    import transformers

    config = transformers.AutoConfig.from_pretrained(root, local_files_only=True)
    try:
        with torch.device("meta"):
            return transformers.AutoModelForCausalLM.from_config(config), ""
    except (ValueError, ImportError, AttributeError, KeyError, TypeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        if getattr(config, "auto_map", None):
            reason = "it brings code of its own, which is never run"
        return None, f"{root.name}: cannot be built: {reason[:200]}"


def _weights(name: str, root: Path, dtype: str) -> Line:
    files = {path.name: path.stat().st_size for path in root.glob("*.safetensors")}
    place = "on this disk"
    if not files and not (name == "mini" or Path(name).expanduser().is_dir()):
        found = _on_the_hub(name)
        if found is None:
            return Line("weights", "warning", "not here, and the hub cannot be asked", "go online")
        files, place = found, "on the hub, not downloaded yet"
    if not files:
        advice = "only safetensors are read: load it with transformers once and save_pretrained it"
        return Line("weights", "do", "no .safetensors", advice)
    whole = f"{size(sum(files.values()))} in {len(files)} file{'s' * (len(files) > 1)}"
    return Line("weights", "ok", f"{whole} {place}, said to be {dtype}")


def _on_the_hub(name: str) -> dict[str, int] | None:
    import huggingface_hub
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    try:
        info = huggingface_hub.HfApi().model_info(name, files_metadata=True)
    except (HfHubHTTPError, OfflineModeIsEnabled, OSError):
        return None
    there = info.siblings or []
    return {f.rfilename: f.size or 0 for f in there if f.rfilename.endswith(".safetensors")}


def _room(count: int) -> Line:
    """Compare what the weights need with the memory they would be in."""
    import torch

    gpu = torch.cuda.is_available()
    room = torch.cuda.mem_get_info(0)[1] if gpu else machine.memory()
    each, precision = (2, "bfloat16") if gpu else (4, "float32")
    place = "GPU 0" if gpu else "this machine"
    found = f"{size(count * each)} of weights in {precision}; {place} has {size(room)}"
    if room and count * each > 0.8 * room:
        advice = "take a smaller model, a larger machine, or for training quantize: nf4 (on a GPU)"
        return Line("room", "do", found, advice)
    return Line("room", "ok", found)


def _context(length: int) -> Line:
    found = f"{length:,} tokens for prompt and answer together"
    if length < SHORT:
        advice = "long texts leave room for fewer shots; say by_sentence for long fields"
        return Line("context", "warning", found, advice)
    return Line("context", "ok", found)


def _special(tokens: Any) -> Iterator[Line]:
    begun = [tokens.decode([each]) for each in model.begin(tokens)]
    yield Line(
        "BOS",
        "ok",
        f"{' '.join(begun)} begins a prompt" if begun else "none: the tokenizer adds none",
    )
    if tokens.eos_token_id is None:
        advice = "name one in tokenizer_config.json (eos_token): a model must learn to stop"
        yield Line("EOS", "do", "none", advice)
        return
    yield Line("EOS", "ok", f"{tokens.eos_token} ends an answer, and is learned")
    own = tokens.pad_token_id != tokens.eos_token_id
    yield Line("padding", "ok", tokens.pad_token if own else "EOS, which is never learned as such")


def _lora(network: Any) -> Line:
    """Say which layers the default `training: lora` trains."""
    import peft

    rank = plugins.parameter("training", "lora", {}, "r")
    targets = plugins.parameter("training", "lora", {}, "target_modules")
    config = peft.LoraConfig(task_type="CAUSAL_LM", r=rank, target_modules=targets)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # peft's, of transformers
            adapted = peft.get_peft_model(network, config)
    except (ValueError, NotImplementedError) as error:
        advice = "name layers with training: {name: lora, target_modules: [...]}"
        return Line("LoRA", "do", f"{targets}: {' '.join(str(error).split())[:200]}", advice)
    hit = Counter(
        name.rpartition(".")[2]
        for name, module in adapted.named_modules()
        if hasattr(module, "lora_A") and len(module.lora_A)
    )
    trained = sum(weight.numel() for weight in adapted.parameters() if weight.requires_grad)
    layers = ", ".join(f"{layer} ×{times}" for layer, times in hit.items())
    return Line("LoRA", "ok", f"r {rank} trains {number(trained)} parameters: {layers}")
