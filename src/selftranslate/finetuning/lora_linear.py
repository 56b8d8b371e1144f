"""A linear layer with LoRA as one step forward and one backward, for CPUs.

PEFT's own makes about ten passes over the activations and keeps three copies of them; a third of
a training step goes into drawing its dropout. The mathematics here is the same. This module
imports torch; whoever uses it does so inside a function.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import linear

_STEPS = 2**16
"""Dropout's probability is rounded to this many steps, as its random numbers have 16 bits."""


def fuse(model: Any) -> None:
    """Let every plain LoRA layer of a PEFT model on a CPU compute in one step."""
    from peft.tuners import lora

    for module in model.modules():
        if type(module) is lora.Linear and type(module.base_layer) is torch.nn.Linear:
            (name,) = module.active_adapters
            if name in module.lora_A and name not in module.lora_variant:
                module.forward = partial(_forward, module, name)


def _forward(module: Any, name: str, x: Tensor) -> Tensor:
    a, b = module.lora_A[name].weight, module.lora_B[name].weight
    chance = getattr(module.lora_dropout[name], "p", 0.0) if module.training else 0.0
    base, how = module.base_layer, (module.scaling[name], round(chance * _STEPS))
    adapted: Any = _Adapted.apply
    result: Tensor = adapted(x, base.weight, base.bias, a, b, how)
    return result


class _Adapted(torch.autograd.Function):
    """y = W x + bias + s B A dropout(x); W and the bias are frozen."""

    @staticmethod
    def forward(ctx: Any, *given: Any) -> Tensor:
        x, weight, bias, a, b, (scale, dropped) = given
        cast = torch.is_autocast_enabled(x.device.type)
        ctx.dtype = torch.get_autocast_dtype(x.device.type) if cast else x.dtype
        ctx.scale = scale * _STEPS / (_STEPS - dropped)
        with torch.autocast(x.device.type, enabled=False):
            flat = x.reshape(-1, x.shape[-1]).to(ctx.dtype)
            y = linear(flat, weight.to(ctx.dtype), None if bias is None else bias.to(ctx.dtype))
            kept = _draw(flat.shape, dropped) if dropped else None
            low = _only(kept, flat) @ a.to(ctx.dtype).T
            y.addmm_(low, b.to(ctx.dtype).T, alpha=ctx.scale)
        ctx.save_for_backward(x, weight, a, b, low, kept)
        return y.view(*x.shape[:-1], -1)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        x, weight, a, b, low, kept = ctx.saved_tensors
        y_grad = grads[0].reshape(-1, grads[0].shape[-1]).to(ctx.dtype)
        low_grad = (y_grad @ b.to(ctx.dtype)).mul_(ctx.scale)
        b_grad = (y_grad.T @ low).mul_(ctx.scale).to(b.dtype)
        flat = x.reshape(-1, x.shape[-1]).to(ctx.dtype)
        a_grad = (low_grad.T @ _only(kept, flat)).to(a.dtype)
        x_grad = None
        if ctx.needs_input_grad[0]:
            x_grad = y_grad @ weight.to(ctx.dtype)
            x_grad += _only(kept, low_grad @ a.to(ctx.dtype))
            x_grad = x_grad.to(x.dtype).view(x.shape)
        return x_grad, None, None, a_grad, b_grad, None


def _draw(shape: torch.Size, dropped: int) -> Tensor:
    """Say of each place whether it is kept: four 16-bit numbers out of every 64 random bits."""
    bits = torch.empty(-(-shape.numel() // 4), dtype=torch.int64).random_(-(2**63), None)
    return (bits.view(torch.int16)[: shape.numel()] >= dropped - _STEPS // 2).view(shape)


def _only(kept: Tensor | None, values: Tensor) -> Tensor:
    return values if kept is None else torch.where(kept, values, 0.0)
