"""Rungs of memory for a module of diffusers: loaded on one, then settled on it. What they are is in `models.memory`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from diffusers import BitsAndBytesConfig
from diffusers.hooks import apply_layerwise_casting_hook
from diffusers.utils import is_bitsandbytes_available
from torch import nn

from animelayers.errors import MissingPackageError, ModelError
from animelayers.models import memory
from animelayers.models.base import Rung


def check(rung: Rung, device: torch.device) -> None:
    """
    Raises:
        ModelError: the device does not have that rung.
        MissingPackageError: `nf4` without bitsandbytes.
    """
    there = memory.ladder(device.type)
    if rung not in there:
        raise ModelError(f"memory {rung} cannot be had on {device}", hint=f"memory={' or '.join(there)}")
    if rung == "nf4" and not is_bitsandbytes_available():
        raise MissingPackageError("weights in 4 bits need the package bitsandbytes", hint="pip install bitsandbytes")


def arguments(rung: Rung, device: torch.device, kept: Sequence[str], *, packed: bool = False) -> dict[str, Any]:
    """What `from_pretrained` is told, so that the weights come as the rung wants them.

    Args:
        rung: one that the device has.
        device: where the module will work.
        kept: modules that `nf4` leaves in bf16.
        packed: the file has its weights in 4 bits already, and says which.
    """
    how: dict[str, Any] = {"torch_dtype": torch.float32 if rung == "float32" else torch.bfloat16}
    if rung not in ("fp8", "offload"):  # those are not on the card before they are small enough
        how["device_map"] = {"": device}
    if rung == "nf4" and not packed:
        how["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=torch.bfloat16,
            llm_int8_skip_modules=list(kept),
        )
    return how


def settled(module: Any, rung: Rung, device: torch.device, kept: Sequence[str], *, leaves: bool = False) -> Any:
    """The same module, ready to work on its rung; after this no adapter is added.

    `fp8` stores the weights in float8 and leaves those of a LoRA alone; a training has to checkpoint its blocks, or
    every weight that was worked with stays in bf16. `offload` moves weights to the card as they are needed.

    Args:
        module: as `arguments` has had it loaded.
        rung: the same.
        device: where it works.
        kept: modules that `fp8` leaves in bf16.
        leaves: `offload` moves layer by layer, for networks whose blocks are large; otherwise block by block.
    """
    if rung == "offload":
        size = {"offload_type": "leaf_level"} if leaves else {"offload_type": "block_level", "num_blocks_per_group": 1}
        module.enable_group_offload(onload_device=device, use_stream=device.type == "cuda", **size)
        return module
    if rung == "fp8":
        _store_in_float8(module, kept)
    return module.to(device)


def _store_in_float8(module: nn.Module, kept: Sequence[str]) -> None:
    """Diffusers' layerwise casting, of linear layers but those of a LoRA and `kept`.

    Its `enable_layerwise_casting` also keeps PEFT from casting the input of a LoRA, which then must not be float32.
    """
    for name, layer in module.named_modules():
        passed_over = ".lora_" in name or any(f"{name}.".startswith(f"{each}.") for each in kept)
        if isinstance(layer, nn.Linear) and not passed_over:
            apply_layerwise_casting_hook(
                layer, storage_dtype=torch.float8_e4m3fn, compute_dtype=torch.bfloat16, non_blocking=False
            )
