"""The small net of illustrator's depth: which pixel was painted over which, at half the size of the picture.

An encoder that has seen ImageNet, and a pyramid down to stride 2. What is ground and what is figure cannot be told from
near by, so the coarsest level looks around widely, and at the mean of everything.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from animelayers.training.lite.encoder import CHANNELS
from animelayers.training.lite.pyramid import FINE, MULTIPLE, Pyramid
from animelayers.training.lite.rendering_net import convolution, twice


class Face(NamedTuple):
    """What the net looks like from outside, for the file that ships."""

    multiple: int
    out: dict[str, str]


FACE = Face(
    MULTIPLE, {"index": "[batch, height / 2, width / 2]: in which layer a pixel lies, larger nearer, in no unit"}
)


class Context(nn.Module):
    """[b, c, h, w] → what lies around every place, and what there is at all."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.around = nn.Sequential(convolution(width, width, 5, groups=width), convolution(width, width, 1))
        self.whole = nn.Sequential(nn.Conv2d(width, width, 1), nn.ReLU(inplace=True), nn.Conv2d(width, width, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.around(x) + self.whole(x.mean((2, 3), keepdim=True))


class DepthNet(Pyramid):
    """RGBA on white, float [b, 4, h, w] in -1..1, sides multiples of 32 → float [b, h/2, w/2]; 3.5 M parameters."""

    def __init__(self, width: int = 128) -> None:
        super().__init__(width)
        self.context = Context(width)
        self.down4 = convolution(FINE, 32, 1)
        self.sharp = nn.Sequential(convolution(CHANNELS[0] + 32, 32), nn.Conv2d(32, 1, 3, padding=1))

    def forward(self, seen: Tensor) -> Tensor:
        at2, at4, _ = self.levels(seen)
        said: Tensor = self.sharp(torch.cat([at2, twice(self.down4(at4))], 1))
        return said[:, 0]
