"""Random weights for networks of any size, made where they will work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from animelayers.errors import MissingPackageError
from animelayers.models.base import Rung


def filled(module: Any, device: torch.device, *, seed: int, rung: Rung = "bf16", kept: Sequence[str] = ()) -> Any:
    """A module on the meta device with weights, normal of variance 1 / inputs; bf16, on a CPU float32 if it can.

    Every stream then keeps about unit variance behind each norm, as it does in a network that has learnt, and nothing
    overflows. They are drawn in bf16, the same on every rung, one tensor at a time: nothing is ever in memory twice.

    Args:
        module: is changed.
        device: where to make them.
        seed: of the weights.
        rung: on `nf4`, linear layers are packed into 4 bits, each as soon as it is drawn; `fp8` and `offload` begin in
            the computer's memory, as the product loads them.
        kept: modules that `nf4` leaves in bf16.
    """
    draw = torch.Generator(device).manual_seed(seed)
    wide = rung == "float32" or (device.type == "cpu" and rung not in ("fp8", "nf4"))
    dtype = torch.float32 if wide else torch.bfloat16
    home = "cpu" if rung in ("fp8", "offload") else device
    for name, layer in list(module.named_modules()):
        for own, outlined in list(layer.named_parameters(recurse=False)):
            values = _drawn(outlined.shape, own, draw)
            setattr(layer, own, nn.Parameter(values.to(home, dtype), requires_grad=False))
        if rung == "nf4" and isinstance(layer, nn.Linear) and not any(f"{name}.".startswith(f"{k}.") for k in kept):
            module.set_submodule(name, _in_4_bits(layer, device))
    module.is_loaded_in_4bit = rung == "nf4"  # PEFT asks for it
    return module.eval()


def _drawn(shape: Sequence[int], name: str, draw: torch.Generator) -> Tensor:
    how: dict[str, Any] = {"device": draw.device, "dtype": torch.bfloat16}
    if name == "gamma" or len(shape) == 1:  # of norms
        return (torch.zeros if name == "bias" else torch.ones)(shape, **how)
    inputs = torch.Size(shape[1:]).numel()
    return torch.randn(shape, generator=draw, **how).mul_(inputs**-0.5)


def _in_4_bits(layer: nn.Linear, device: torch.device) -> nn.Module:
    """As `rungs.arguments` has diffusers do it."""
    try:
        from bitsandbytes.nn import Linear4bit, Params4bit
    except ImportError:
        raise MissingPackageError("no bitsandbytes", hint="pip install bitsandbytes") from None
    how: dict[str, Any] = {"compress_statistics": True, "quant_type": "nf4"}
    out = Linear4bit(
        layer.in_features,
        layer.out_features,
        bias=layer.bias is not None,
        compute_dtype=torch.bfloat16,
        device="meta",
        **how,
    )
    out.weight = Params4bit(layer.weight.data, requires_grad=False, **how).to(device)
    out.bias = layer.bias
    return out
