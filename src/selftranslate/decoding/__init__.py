"""Greedy decoding of many rows behind one prefix: what the `transformers` engine is made of.

`loading` gives a model, `shared_prefix` its attention, `greedy` runs the rows, `ending` says
when a row is done and what it wrote. These modules import torch; whoever uses them does so
inside a function. `vllm_started` and `vllm_adapter`, of the engine `vllm`, import no torch.
"""
