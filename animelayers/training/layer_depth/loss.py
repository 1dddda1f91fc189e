"""The loss of Illustrator's Depth (CVPR 2026), as MiDaS's (arXiv 1907.01341): order and proportion count, units do not.

    D̂ = (D − median D) / mean |D − median D|,   L = mean |D̂ − D̂*|

Both sides have a mean |D̂| of 1, so L is 2 at most, and a constant prediction has exactly 1. That needs no clamp on the
truth: of a figure so small that its D̂* is in the hundreds, a pixel that is wrong pulls no harder than any other. What
can grow without bounds is the gradient of a prediction that is nearly constant; `LEAST` keeps it finite.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

LEAST = 1e-3
"""Of the mean distance from the median, in whatever the net says."""


def normalised(depth: Tensor) -> Tensor:
    """[b, h, w] less its median, over its mean distance from it; of an even count the lower median."""
    centred = depth - depth.flatten(1).median(1).values[:, None, None]
    return centred / centred.abs().mean((1, 2), keepdim=True).clamp(min=LEAST)


def normalised_error(said: Tensor, truth: Tensor) -> Tensor:
    """Mean |D̂ − D̂*| of maps, float [b, h, w]."""
    return (normalised(said) - normalised(truth)).abs().mean()


def ranking(said: Tensor, pairs: Tensor) -> Tensor:
    """Logistic loss of who is in front.

    What the net says is taken as it is: nothing else fixes its unit, so the unit becomes how sure it is.

    Args:
        said: float [b, h, w].
        pairs: int64 [b, 2, n], places in [h · w]: of each pair the one in front, then the one behind. One pixel twice
            adds a constant.
    """
    front, behind = said.flatten(1)[:, None].expand(-1, 2, -1).gather(2, pairs).unbind(1)
    return functional.softplus(behind - front).mean()
