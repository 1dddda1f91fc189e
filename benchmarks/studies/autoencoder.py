"""What small autoencoders are taught by, whatever their class."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

SPREAD = -6.0
"""Logarithm of the variance with which latents are drawn at first: at 1 nothing would be heard for noise."""
HALVED = torch.full((2, 2), 0.25)
DOUBLED = torch.outer(*(torch.tensor([0.25, 0.5, 0.25]),) * 2)
"""What 2 × 2 pixels become, and how they come back."""
OTHERS = 0.3
"""How large other channels begin beside the pictures' own."""


def he(net: nn.Module) -> None:
    """He's first weights for all convolutions of a net, of whose kernels over time the last slice counts."""
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d | nn.Conv3d):
            inputs = layer.weight.shape[1] * math.prod(layer.weight.shape[-2:])
            nn.init.normal_(layer.weight, std=math.sqrt(2 / inputs))
            nn.init.zeros_(layer.bias)


def let_through(weight: Tensor, kernel: Tensor, count: int | None = None, *, scale: float = 1.0) -> None:
    """Have a convolution give its first `count` inputs as its first outputs, filtered; the other weights are scaled."""
    with torch.no_grad():
        weight *= scale
        through = min(weight.shape[:2]) if count is None else count
        weight[:through] = 0
        down, across = kernel.shape
        at = (weight.shape[-1] - across) // 2 if across % 2 else 0
        for channel in range(through):
            own = weight[channel, channel] if weight.dim() == 4 else weight[channel, channel, -1]
            own[at : at + down, at : at + across] = kernel


def sampled(mean: Tensor, spread: Tensor, generator: torch.Generator) -> Tensor:
    """Latents of a posterior, `spread` being the logarithm of its variance."""
    return mean + (0.5 * spread).exp() * torch.randn(mean.shape, generator=generator)


def divergence(mean: Tensor, spread: Tensor) -> Tensor:
    """Of a posterior from a normal distribution (Kullback–Leibler), mean over elements."""
    return 0.5 * (mean.square() + spread.exp() - 1 - spread).mean()


def edges(said: Tensor, true: Tensor) -> Tensor:
    """Mean absolute error of differences between neighbours, along rows and columns, of planes [b, c, h, w]."""
    return torch.stack([(said.diff(dim=way) - true.diff(dim=way)).abs().mean() for way in (-1, -2)]).mean()
