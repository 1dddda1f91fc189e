"""Flow matching: the straight path between clean latents and noise, and which moments of it are learnt.

x_σ = (1 − σ)·x₀ + σ·ε, velocity ε − x₀, hence x̂₀ = x_σ − σ·v̂. The paper (arXiv 2603.14925, eq. 3–5) runs the other way,
t = 1 − σ and x₀ − ε; its losses are the same for either sign, and the base's head predicts this one.
"""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor

from animelayers.training.settings import Settings


class TimeSettings(Settings):
    """How σ is drawn."""

    density: Literal["uniform", "logit-normal"] = "uniform"
    """`uniform`: the paper's. `logit-normal`: the base's, most often in the middle."""
    mean: float = 0.0
    std: Annotated[float, Field(gt=0)] = 1.0
    """Of the logit."""
    shift: Annotated[float, Field(gt=0)] = 1.0
    """σ' = s·σ / (1 + (s − 1)·σ): above 1, more is learnt of high noise, as sampling then sees it."""


def drawn(settings: TimeSettings, count: int, generator: torch.Generator) -> Tensor:
    """σ of so many samples, float32 [count], in (0, 1)."""
    if settings.density == "uniform":
        sigma = torch.rand(count, generator=generator)
    else:
        sigma = torch.sigmoid(settings.mean + settings.std * torch.randn(count, generator=generator))
    return shifted(sigma, settings.shift).clamp(1e-3, 1 - 1e-3)


def shifted(sigma: Tensor, shift: float) -> Tensor:
    """σ moved towards 1 where `shift` is above it."""
    return shift * sigma / (1 + (shift - 1) * sigma)


def noised(clean: Tensor, noise: Tensor, sigma: Tensor) -> Tensor:
    """x_σ of clean latents [b, …] and noise of the same shape; σ is [b]."""
    sigma = _over(sigma, clean)
    return (1 - sigma) * clean + sigma * noise


def cleaned(noisy: Tensor, velocity: Tensor, sigma: Tensor) -> Tensor:
    """x̂₀: the clean latents that a velocity means."""
    return noisy - _over(sigma, noisy) * velocity


def _over(sigma: Tensor, like: Tensor) -> Tensor:
    return sigma.to(like.device, like.dtype).view(-1, *[1] * (like.ndim - 1))
