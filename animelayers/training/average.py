"""An exponential average of the weights, which is what a training hands over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


def averaged(module: nn.Module) -> list[Tensor]:
    """What an average is kept of: the weights that are trained, and the statistics of BatchNorm, which go with them."""
    norms = (norm for norm in module.modules() if isinstance(norm, _BatchNorm) and norm.track_running_stats)
    statistics = [tensor for norm in norms for tensor in (norm.running_mean, norm.running_var) if tensor is not None]
    return [*(weight for weight in module.parameters() if weight.requires_grad), *statistics]


class Average:
    """Of what `averaged` gives, in float32. With `keep` 0 there is none, and the weights themselves are handed over."""

    def __init__(self, weights: Sequence[Tensor], keep: float) -> None:
        self.keep = keep
        self.values: list[Tensor] = [weight.detach().float().clone() for weight in weights] if keep else []

    def follow(self, weights: Sequence[Tensor], step: int) -> None:
        """Move towards the weights; the younger, the faster."""
        if self.keep:
            keep = min(self.keep, (step + 1) / (step + 10))
            with torch.no_grad():
                torch._foreach_lerp_(self.values, [weight.detach().float() for weight in weights], 1 - keep)

    @contextmanager
    def applied(self, weights: Sequence[Tensor]) -> Iterator[None]:
        """Let the average stand in the place of the weights, as long as it lasts."""
        if not self.keep:
            yield
            return
        own = [weight.detach().clone() for weight in weights]
        _put(weights, self.values)
        try:
            yield
        finally:
            _put(weights, own)


def _put(weights: Sequence[Tensor], values: Sequence[Tensor]) -> None:
    with torch.no_grad():
        for weight, value in zip(weights, values, strict=True):
            weight.copy_(value)
