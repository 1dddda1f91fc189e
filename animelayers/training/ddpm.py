"""Diffusion as DDPM has it (arXiv 2006.11239): pictures among noise, what a network is asked, how much it counts.

Everything depends on ᾱ, the share of the clean picture's power at a noise level; a scheduler of diffusers has it of
every level as `alphas_cumprod`. Flow matching, which newer models learn, is in `flow`.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

Target = Literal["epsilon", "v_prediction"]
"""What a network says: the noise, or the velocity (arXiv 2202.00512); in diffusers' words."""


def drawn(levels: int, count: int, generator: torch.Generator) -> Tensor:
    """Noise levels of as many samples, int64 [count], each as likely as any other."""
    return torch.randint(levels, (count,), generator=generator)


def noised(clean: Tensor, noise: Tensor, kept: Tensor) -> Tensor:
    """√ᾱ x + √(1 − ᾱ) ε.

    Args:
        clean: [b, …].
        noise: the same shape.
        kept: ᾱ, [b].
    """
    signal, rest = _along(kept, clean)
    return signal * clean + rest * noise


def wanted(clean: Tensor, noise: Tensor, kept: Tensor, target: Target) -> Tensor:
    """What a network should say of them: ε, or √ᾱ ε − √(1 − ᾱ) x. Arguments as of `noised`."""
    if target == "epsilon":
        return noise
    signal, rest = _along(kept, clean)
    return signal * noise - rest * clean


def min_snr(kept: Tensor, gamma: float) -> Tensor:
    """How much a squared error of noise counts at a noise level, [b]: Min-SNR-γ (arXiv 2303.09556, §3.4).

    min(S, γ) / S, with S = ᾱ / (1 − ᾱ).

    Args:
        kept: ᾱ, [b].
        gamma: γ; infinite for 1 everywhere.
    """
    signal = kept / (1 - kept)
    return signal.clamp(max=gamma) / signal


def _along(kept: Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
    """√ᾱ and √(1 − ᾱ), [b, 1, …]."""
    share = kept.to(like).view(-1, *(1,) * (like.dim() - 1))
    return share.sqrt(), (1 - share).sqrt()
