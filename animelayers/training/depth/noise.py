"""Noise on several scales, by which depth learns large even areas sooner (Marigold, arXiv 2312.02145)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional


def annealed(shape: Sequence[int], share: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """Normal noise, float32, on the CPU: the nearer to all noise, the more of it on coarse scales.

    (√2 n₀ + Σ sᵏ nₖ) / √(2 + Σ s²ᵏ), k = 1, 2, …, with s = strength · share. n₀ is white; nₖ is white on a grid whose
    sides are rᵏ times shorter than those of the grid before, r being drawn from 2 … 4 each time, the last grid having a
    side of 1; it is interpolated linearly, then brought to variance 1 at every pixel. So the sum has variance 1
    everywhere, and is white for s = 0. As in Marigold, but that it divides by the deviation that it happens to find.

    Args:
        shape: [b, …, h, w].
        share: how far each sample's noise level is towards all noise, 0..1, [b].
        strength: of the coarse scales at a share of 1, 0..1.
        generator: all that is random comes from it.
    """
    *some, height, width = shape
    part = (strength * share).view(-1, *(1,) * (len(shape) - 1))
    total, power = math.sqrt(2) * torch.randn(*shape, generator=generator), torch.full_like(part, 2)
    rows, columns, scale = height, width, 0
    while min(rows, columns) > 1:
        scale += 1
        shrink = (2 + 2 * float(torch.rand((), generator=generator))) ** scale
        rows, columns = (max(1, int(side / shrink)) for side in (rows, columns))
        coarse = torch.randn(*some, rows, columns, generator=generator)
        total += part**scale * (_stretch(rows, height).T @ coarse @ _stretch(columns, width))
        power += part ** (2 * scale)
    return total / power.sqrt()


def _stretch(few: int, many: int) -> Tensor:
    """[few, many]: interpolates linearly; white noise has variance 1 afterwards, too."""
    weights = functional.interpolate(torch.eye(few)[None], size=many, mode="linear")[0]
    return functional.normalize(weights, dim=0)
