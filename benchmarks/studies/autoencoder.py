"""What small autoencoders are taught by, whatever their class."""

from __future__ import annotations

import torch
from torch import Tensor

SPREAD = -6.0
"""Logarithm of the variance with which latents are drawn at first: at 1 nothing would be heard for noise."""


def sampled(mean: Tensor, spread: Tensor, generator: torch.Generator) -> Tensor:
    """Latents of a posterior, `spread` being the logarithm of its variance."""
    return mean + (0.5 * spread).exp() * torch.randn(mean.shape, generator=generator)


def divergence(mean: Tensor, spread: Tensor) -> Tensor:
    """Of a posterior from a normal distribution (Kullback–Leibler), mean over elements."""
    return 0.5 * (mean.square() + spread.exp() - 1 - spread).mean()


def edges(said: Tensor, true: Tensor) -> Tensor:
    """Mean absolute error of differences between neighbours, along rows and columns, of planes [b, c, h, w]."""
    return torch.stack([(said.diff(dim=way) - true.diff(dim=way)).abs().mean() for way in (-1, -2)]).mean()
