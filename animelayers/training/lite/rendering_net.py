"""The rendering net: which pixels are line, in what colour, and what lies beneath.

A plain U-Net of 3 × 3 convolutions in pixel space; BatchNorm folds away when it is shipped. Its levels begin at half
resolution, four pixels unshuffled into channels, which buys twice the parameters for half the time; two convolutions at
full resolution, with the picture itself beside them, then put back strokes as thin as one pixel. Flat and base are
learnt as differences from the picture: where nothing is drawn over a surface, nothing has to be said.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

MULTIPLE = 16
"""Of which the sides of what it sees are multiples."""
OUT = {"layers": "[batch, 10, height, width]: line alpha, a logit; colours of line, flat and base, RGB in -1..1"}
"""What it says, by name."""


def convolution(channels: int, out: int, kernel: int = 3, *, groups: int = 1) -> nn.Sequential:
    """Convolution, BatchNorm, ReLU."""
    return nn.Sequential(
        nn.Conv2d(channels, out, kernel, padding=kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(out),
        nn.ReLU(inplace=True),
    )


def twice(x: Tensor) -> Tensor:
    """Every pixel as four."""
    return functional.interpolate(x, scale_factor=2.0, mode="nearest")


class RenderingNet(nn.Module):
    """RGBA on white, float [b, 4, h, w] in -1..1 → [b, 10, h, w]; 3.1 M parameters at width 40.

    Channels 0: line alpha, a logit; 1..3: line colour; 4..6: flat; 7..9: base, which is the picture without its lines.
    Colours are in -1..1, and may reach a little beyond.
    """

    def __init__(self, width: int = 40) -> None:
        super().__init__()
        widths = [width, 2 * width, 4 * width, 8 * width]
        steps = list(pairwise(widths))
        self.enter = convolution(16, width)
        self.down = nn.ModuleList([nn.Sequential(convolution(width, width))])
        self.down.extend(nn.Sequential(convolution(a, b), convolution(b, b)) for a, b in steps)
        self.up = nn.ModuleList(nn.Sequential(convolution(a + b, a), convolution(a, a)) for a, b in steps)
        self.leave = nn.Conv2d(width, 40, 3, padding=1)
        self.polish = nn.Sequential(
            nn.Conv2d(14, 16, 3, padding=1), nn.ReLU(inplace=True), nn.Conv2d(16, 10, 3, padding=1)
        )

    def forward(self, seen: Tensor) -> Tensor:
        x = self.enter(functional.pixel_unshuffle(seen, 2))
        skips = []
        for depth, level in enumerate(self.down):
            x = level(functional.max_pool2d(x, 2) if depth else x)
            skips.append(x)
        for level, skip in zip(reversed(self.up), reversed(skips[:-1]), strict=True):
            x = level(torch.cat([twice(x), skip], 1))
        coarse = functional.pixel_shuffle(self.leave(x), 2)
        out = coarse + self.polish(torch.cat([seen, coarse], 1))
        rgb = seen[:, :3]
        return torch.cat([out[:, :4], out[:, 4:7] + rgb, out[:, 7:10] + rgb], 1)
