"""How much memory a large network needs, said before anything is loaded, and which rung of the ladder fits.

    bf16      as trained; 2 bytes a parameter
    fp8       weights kept in float8 e4m3, worked with in bf16; 1 byte
    nf4       weights in 4 bits (QLoRA, arXiv 2305.14314), worked with in bf16; CUDA only
    offload   bf16 in the computer's own memory, block by block on the card: slow, and not for training
    float32   what a CPU does best; bf16 where that is too much

Everything is counted from the names and sizes of the parameters. GB are 10⁹ bytes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from animelayers.errors import ModelError
from animelayers.models.base import MemoryChoice, Rung

MARGIN = 1.06
"""What is free must be this many times what is counted: fragments, kernels' workspace."""
LIVE = 24
"""Tensors [tokens, width] of 16 bits that a block holds at a time without gradients, the allocator's slack included."""
LIVE_TRAINING = 32
"""The same while a block is computed again for the backward pass."""
LIVE_CONVOLVED = 29
"""Tensors [frames, width, height, width of the latent] of 16 bits that a UNet holds at a time without gradients, its
decoder afterwards no more. Fitted to what two runs of See-through are reported to reserve beyond 8.5 GB of weights:
6.2 GB at 1280 px and 15.7 GB at 2048 px, both of 13 frames and 320 channels."""
TRAINED = 16
"""Bytes a trained parameter: float32, its gradient, two moments of Adam."""
GB = 10**9

BLOCK = re.compile(r".*?\.\d+\.")
"""What of a parameter's name says the block that it is in."""
LEAF = re.compile(r".*\.")
"""The same of its layer."""
_BYTES: Mapping[Rung, float] = {
    "float32": 4,
    "bf16": 2,
    "fp8": 1,
    "nf4": 1 / 2 + (1 + 4 / 256) / 64,  # a scale of 1 byte for 64 values, one of 4 bytes for 256 scales
    "offload": 2,
}


@dataclass(frozen=True, slots=True)
class Estimate:
    """Bytes that a rung takes of the device's memory at its peak."""

    rung: Rung
    weights: int
    adapter: int
    activations: int
    vae: int

    @property
    def total(self) -> int:
        return self.weights + self.adapter + self.activations + self.vae

    def fits(self, free_bytes: int) -> bool:
        """Whether it goes into that much, with a margin."""
        return self.total * MARGIN <= free_bytes


def ladder(device: str, *, training: bool = False) -> tuple[Rung, ...]:
    """The rungs that a type of device (`cuda`, `cpu` …) has, the best first."""
    if device != "cuda":
        return "float32", "bf16"
    return ("bf16", "fp8", "nf4") if training else ("bf16", "fp8", "nf4", "offload")


def counted(module: Any) -> dict[str, int]:
    """Name → number of values of a module's parameters; it may be on the meta device."""
    return {name: parameter.numel() for name, parameter in module.named_parameters()}


def activations(tokens: int, width: int, blocks: int, *, batch: int = 1, training: bool = False) -> int:
    """Bytes of what a transformer of blocks computes at a time, in 16 bits; a training checkpoints every block."""
    one = batch * tokens * width * 2
    return one * (blocks + LIVE_TRAINING if training else LIVE)


def convolved(frames: int, size: tuple[int, int], width: int) -> int:
    """Bytes of what a UNet computes at a time, in 16 bits.

    Args:
        frames: all that are denoised at once.
        size: height and width of their latents.
        width: channels at that size.
    """
    return frames * size[0] * size[1] * width * 2 * LIVE_CONVOLVED


def estimate(
    parameters: Mapping[str, int],
    activations: int,
    rung: Rung,
    *,
    kept: Sequence[str] = (),
    adapter: int = 0,
    vae: int = 0,
    training: bool = False,
    moved: re.Pattern[str] = BLOCK,
) -> Estimate:
    """What a model takes on a rung.

    Args:
        parameters: name → number of values, as `counted` says.
        activations: bytes in 16 bits, as `activations` or `convolved` says.
        rung: of the ladder.
        kept: modules that `fp8` and `nf4` leave in bf16, by the beginnings of their names.
        adapter: values that it has.
        vae: bytes of one that stays beside the model.
        training: the adapter is trained.
        moved: what `offload` brings to the device at a time, `BLOCK` or `LEAF`.
    """
    wide = 2 if rung == "float32" else 1
    trained = TRAINED if training else 2 * wide
    return Estimate(rung, _weights(parameters, rung, kept, moved), adapter * trained, activations * wide, vae * wide)


def chosen(asked: MemoryChoice, estimates: Sequence[Estimate], free_bytes: int) -> Rung:
    """The rung to load on: the one that was asked for, or for `auto` the first that fits.

    Raises:
        ModelError: it does not fit, or the device does not have it.
    """
    fitting = [each.rung for each in estimates if each.fits(free_bytes)]
    named = next((each for each in estimates if each.rung == asked), None)
    if asked != "auto" and named is None:
        there = ", ".join(each.rung for each in estimates)
        raise ModelError(f"memory {asked} is not for this device or this work; it has {there}", hint="memory=auto")
    wanted: Rung | None = named.rung if named else fitting[0] if fitting else None
    if wanted is None or wanted not in fitting:
        hint = f"memory={fitting[0]}" if fitting else "a smaller picture or batch, or a card with more memory"
        said = f"{wanted} does not fit" if wanted else "nothing fits"
        raise ModelError(f"{said} into the memory that is free\n{table(estimates, free_bytes)}", hint=hint)
    return wanted


def table(estimates: Sequence[Estimate], free_bytes: int) -> str:
    """Estimates for people, in GB, a line each."""
    head = f"{'GB':8}{'weights':>9}{'adapter':>9}{'activations':>13}{'vae':>7}{'total':>8}"
    lines = (
        f"{each.rung:8}{each.weights / GB:9.1f}{each.adapter / GB:9.1f}{each.activations / GB:13.1f}"
        f"{each.vae / GB:7.1f}{each.total / GB:8.1f}{'  fits' if each.fits(free_bytes) else ''}"
        for each in estimates
    )
    return "\n".join((head, *lines, f"{'free':8}{free_bytes / GB:46.1f}"))


def free_memory(device: str) -> int:
    """Bytes that a device, `cuda:0` or `cpu`, has to give."""
    if not device.startswith("cuda"):
        import psutil

        return int(psutil.virtual_memory().available)
    import torch

    unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return int(torch.cuda.mem_get_info(device)[0] + unused)


def _weights(parameters: Mapping[str, int], rung: Rung, kept: Sequence[str], moved: re.Pattern[str]) -> int:
    if rung == "offload":
        return 2 * _resident(parameters, moved)
    if rung in ("float32", "bf16"):
        return int(_BYTES[rung]) * sum(parameters.values())
    whole = sum(count for name, count in parameters.items() if _is_kept(name, kept))
    return 2 * whole + round(_BYTES[rung] * (sum(parameters.values()) - whole))


def _resident(parameters: Mapping[str, int], moved: re.Pattern[str]) -> int:
    """Values on the card while blocks come and go: all that is in none, the block at work, and the next one."""
    blocks: dict[str, int] = {}
    outside = 0
    for name, count in parameters.items():
        if block := moved.match(name):
            blocks[block[0]] = blocks.get(block[0], 0) + count
        else:
            outside += count
    return outside + sum(sorted(blocks.values())[-2:])


def _is_kept(name: str, kept: Sequence[str]) -> bool:
    """Biases are kept, too: a layer in 4 bits has its own in bf16."""
    return name.endswith(".bias") or any(name.startswith(f"{module}.") for module in kept)
