"""An exponential average of the weights, which is what a training hands over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Average:
    """Of trained weights, in float32. With `keep` 0 there is none, and the weights themselves are handed over."""

    def __init__(self, weights: Sequence[nn.Parameter], keep: float) -> None:
        self.keep = keep
        self.values: list[Tensor] = [weight.detach().float().clone() for weight in weights] if keep else []

    def follow(self, weights: Sequence[nn.Parameter], step: int) -> None:
        """Move towards the weights; the younger, the faster."""
        if self.keep:
            keep = min(self.keep, (step + 1) / (step + 10))
            with torch.no_grad():
                torch._foreach_lerp_(self.values, [weight.detach().float() for weight in weights], 1 - keep)

    @contextmanager
    def applied(self, weights: Sequence[nn.Parameter]) -> Iterator[None]:
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


def _put(weights: Sequence[nn.Parameter], values: Sequence[Tensor]) -> None:
    with torch.no_grad():
        for weight, value in zip(weights, values, strict=True):
            weight.copy_(value)
