"""From noise to layers: the sampling loop with one fixed prompt.

With the composite kept it does what diffusers' `QwenImageLayeredPipeline` does, and no more: no text encoder, no
caption of the picture, no bucket of sizes. Batches keep the layers of a picture together; every picture has its seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from animelayers.models.base import OnStep
from animelayers.models.qwen_layered.frames import PATCH, Frames, placed, velocity

BASE_TOKENS = 256
"""Tokens of the condition at which the scheduler's shift is 1."""


@dataclass(frozen=True, slots=True, eq=False)
class Guidance:
    """Classifier-free guidance, which costs a second forward a step."""

    negative: Tensor
    """The other prompt, [tokens, width]."""
    scale: float
    normalise: bool = True
    """Give the combined prediction the length that the conditional one has, token by token."""


def noise(seeds: Sequence[int], shape: tuple[int, ...], device: torch.device) -> Tensor:
    """Normal noise [b, *shape], float32, drawn on the CPU: a seed is the same on every machine and in every batch."""
    drawn = [torch.randn(shape, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
    return torch.stack(drawn).to(device)


def sigmas(scheduler: Any, steps: int, condition_tokens: int) -> Tensor:
    """Noise levels of so many steps, falling to 0, [steps + 1]; `scheduler` is set to them.

    The shift is √(tokens of the condition / 256): larger pictures spend more steps at high noise.
    """
    shift = (condition_tokens / BASE_TOKENS) ** 0.5
    scheduler.set_timesteps(sigmas=np.linspace(1.0, 0.0, steps + 1)[:-1], mu=shift)
    scheduler.set_begin_index(0)
    return torch.as_tensor(scheduler.sigmas)


@torch.no_grad()
def denoised(
    transformer: Any,
    scheduler: Any,
    condition: Tensor,
    prompt: Tensor,
    frames: Frames,
    start: Tensor,
    *,
    steps: int = 20,
    guidance: Guidance | None = None,
    on_step: OnStep | None = None,
) -> Tensor:
    """Latents of the predicted frames, [b, f, c, h, w], float32.

    Args:
        transformer: a `QwenImageTransformer2DModel`.
        scheduler: a `FlowMatchEulerDiscreteScheduler`; its state is changed.
        condition: latents of the pictures, [b, c, h, w].
        prompt: [tokens, width].
        frames: what is predicted.
        start: noise, [b, f, c, h, w].
        steps: forwards of the transformer, twice as many with guidance.
        guidance: None, since a prompt that is always the same guides nowhere.
        on_step: told after every step.
    """
    grid = condition.shape[-2] // PATCH, condition.shape[-1] // PATCH
    sigmas(scheduler, steps, grid[0] * grid[1])
    kind = transformer.dtype
    latents, clean, words = start.float(), condition.to(kind), prompt.to(kind)
    with placed(transformer, frames):
        for done, moment in enumerate(scheduler.timesteps, 1):
            sigma = (moment.to(latents.device, kind) / 1000).expand(len(latents))
            noisy = latents.to(kind)
            with transformer.cache_context("cond"):
                said = velocity(transformer, noisy, clean, sigma, words, frames)
            if guidance is not None:
                with transformer.cache_context("uncond"):
                    other = velocity(transformer, noisy, clean, sigma, guidance.negative.to(kind), frames)
                said = _guided(said, other, guidance)
            latents = scheduler.step(said.float(), moment, latents, return_dict=False)[0]
            if on_step is not None:
                on_step(done, steps)
    return latents


def _guided(said: Tensor, other: Tensor, guidance: Guidance) -> Tensor:
    """Away from what the other prompt makes of it."""
    combined = other + guidance.scale * (said - other)
    if not guidance.normalise:
        return combined
    long, short = (_token_norm(latents) for latents in (said, combined))
    return combined * (long / short.clamp_min(1e-12))


def _token_norm(latents: Tensor) -> Tensor:
    """The length of every token's vector, [b, f, 1, h, w]: of all channels of 2 × 2 latent pixels."""
    squares = latents.square().sum(dim=2)
    cells = squares.unflatten(-1, (-1, PATCH)).unflatten(-3, (-1, PATCH)).sum(dim=(-3, -1))
    return cells.sqrt().repeat_interleave(PATCH, -1).repeat_interleave(PATCH, -2)[:, :, None]
