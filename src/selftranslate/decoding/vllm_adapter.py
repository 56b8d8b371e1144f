"""Which adapters vLLM can serve, decided from their settings before it is started."""

from __future__ import annotations

import json
from pathlib import Path

from selftranslate.errors import EngineError

RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
"""The adapter ranks that vLLM can be started for."""

NOT_IN_VLLM = {
    "use_dora": "DoRA",
    "lora_bias": "a bias",
    "modules_to_save": "modules trained whole (modules_to_save)",
    "trainable_token_indices": "trained tokens (trainable_token_indices)",
    "alora_invocation_tokens": "an invocation (activated LoRA)",
    "layer_replication": "replicated layers",
    "use_bdlora": "block-diagonal matrices",
    "use_qalora": "QALoRA",
    # Older versions ignore these two, and would write with another adapter than was trained.
    "rank_pattern": "a rank of its own in some modules (rank_pattern)",
    "alpha_pattern": "an alpha of its own in some modules (alpha_pattern)",
}


def rank(adapter: Path) -> int:
    """Return the rank that vLLM must be started for.

    Raises EngineError if it could not serve this adapter, or would serve it wrongly.
    """
    place = adapter / "adapter_config.json"
    config = json.loads(place.read_text(encoding="utf-8"))
    wrong = [what for key, what in NOT_IN_VLLM.items() if config.get(key)]
    if config.get("peft_type") != "LORA":
        wrong.insert(0, f"the kind {config.get('peft_type')}")
    if config.get("bias", "none") != "none":
        wrong.append(f"a bias ({config['bias']})")
    if not isinstance(config.get("init_lora_weights", True), bool):
        # PiSSA and its like change the model's own weights too.
        wrong.append(f"weights begun by {config['init_lora_weights']}")
    if wrong:
        msg = f"{place}: vllm cannot serve {', '.join(wrong)}; use the engine transformers"
        raise EngineError(msg)
    fitting = [size for size in RANKS if size >= config["r"]]
    if not fitting:
        msg = (
            f"{place}: rank {config['r']} is above vllm's {RANKS[-1]}; use the engine transformers"
        )
        raise EngineError(msg)
    return fitting[0]
