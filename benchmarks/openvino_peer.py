"""OpenVINO GenAI on given prompts: `openvino_peer.py MODEL ASK ANSWER`, called by translate.py.

Its environment: `pip install openvino-genai optimum-intel`. Continuous batching with prefix
caching; every row runs to its own length.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path


def main(model: str, ask: str, answer: str) -> None:
    """Export the model if need be, decode the prompts, write texts and tokens a second."""
    import numpy
    import openvino
    import openvino_genai

    job = json.loads(Path(ask).read_text())
    exported = Path(model + "_openvino")
    if not exported.exists():
        from optimum.intel import OVModelForCausalLM

        OVModelForCausalLM.from_pretrained(
            model, export=True, compile=False, load_in_8bit=False
        ).save_pretrained(exported)
    scheduler = openvino_genai.SchedulerConfig()
    scheduler.enable_prefix_caching = True
    scheduler.cache_size = 2
    scheduler.max_num_batched_tokens = 1024
    scheduler.max_num_seqs = 64
    hint = "f32" if job["dtype"] == "float32" else "bf16"
    options = {
        "INFERENCE_PRECISION_HINT": hint,
        "KV_CACHE_PRECISION": hint,
        "INFERENCE_NUM_THREADS": 2,
    }
    pipeline = openvino_genai.ContinuousBatchingPipeline(exported, scheduler, "CPU", options)
    configs = []
    for length in job["lengths"]:
        config = openvino_genai.GenerationConfig()
        config.max_new_tokens = length
        config.ignore_eos = True
        config.do_sample = False
        configs.append(config)
    prompts = [openvino.Tensor(numpy.array([ids], dtype=numpy.int64)) for ids in job["prompts"]]
    begun = time.perf_counter()
    results = pipeline.generate(prompts, configs)
    seconds = time.perf_counter() - begun
    answers = [list(result.m_generation_ids[0]) for result in results]
    found = {
        "texts_per_s": len(answers) / seconds,
        "tokens_per_s": sum(map(len, answers)) / seconds,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "answers": answers,
    }
    Path(answer).write_text(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
