"""The parts net: which part is seen where, and what each part is as a whole, hidden areas too.

After See-through's design, in small. The picture is looked at twice with one set of weights: the whole figure, then the
head alone, so that an iris has pixels enough. Within a look every part has maps of its own, and at every place of a
coarse grid the parts attend to each other (*part-axis attention*): what one part takes, another leaves, and a sleeve
knows that there is an arm. Parts are told apart by a learnt vector each, added before they attend.

    picture ──► encoder (strides 2 … 32) ──► pyramid ──► stride 16: 23 parts × 32 channels, part-axis attention × 2
                                                │                      │ presence
                                                └─► stride 4: + that, 8 channels a part ──► the whole of every part
                                                                       │
                                                stride 2: sharpened beside the first features ──► who is seen
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from animelayers.training.lite.encoder import CHANNELS
from animelayers.training.lite.pyramid import FINE, Pyramid
from animelayers.training.lite.rendering_net import convolution, twice
from animelayers.training.lite.views import TAGS

OUT = {
    "visible": "[batch, 24, height / 2, width / 2]: who is seen, logits: nobody, then the tags",
    "whole": "[batch, 23, 5, height / 4, width / 4]: of every tag alpha, a logit; colour, RGB in -1..1; depth, -1..1",
    "side": "[batch, height / 4, width / 4]: whether what is seen is the character's left, a logit",
    "presence": "[batch, 23]: whether a tag is there, logits",
}
"""What it says, by name."""
WHOLE = 5
"""Maps of a whole part: alpha (a logit), colour, depth."""


class PartAxis(nn.Module):
    """Attention across the parts at every place by itself, [b, p, c, h, w] → the same shape."""

    def __init__(self, channels: int, heads: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(channels)
        self.qkv = nn.Linear(channels, 3 * channels)
        self.out = nn.Linear(channels, channels)
        self.norm2 = nn.LayerNorm(channels)
        self.mlp = nn.Sequential(nn.Linear(channels, 2 * channels), nn.GELU(), nn.Linear(2 * channels, channels))

    def forward(self, x: Tensor) -> Tensor:
        b, p, c, h, w = x.shape
        x = x.permute(0, 3, 4, 1, 2).reshape(b * h * w, p, c)
        q, k, v = self.qkv(self.norm(x)).reshape(-1, p, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        # Written out: of so few parts, PyTorch's fused attention takes a third of a training step on processors.
        taken = torch.softmax(q @ k.transpose(2, 3) * (c // self.heads) ** -0.5, 3) @ v
        x = x + self.out(taken.transpose(1, 2).reshape(-1, p, c))
        x = x + self.mlp(self.norm2(x))
        return x.reshape(b, h, w, p, c).permute(0, 3, 4, 1, 2)


class PartsNet(Pyramid):
    """RGBA on white, float [b, 4, h, w] in -1..1, sides multiples of 32 → four tensors; 3.4 M parameters, p = 23 parts.

    `visible` [b, 1 + p, h/2, w/2], logits, the first of nobody; `whole` [b, p, 5, h/4, w/4]: alpha (a logit), colour
    in -1..1, depth in -1..1; `side` [b, h/4, w/4], a logit: the visible piece is the character's left; `presence`
    [b, p], logits.
    """

    def __init__(self, parts: int = len(TAGS), dim: int = 32, width: int = 96, thin: int = 8) -> None:
        super().__init__(width)
        self.parts, self.dim, self.thin = parts, dim, thin
        # The parts at stride 16.
        self.part_in = nn.Conv2d(width, parts * dim, 1)
        self.identity = nn.Parameter(torch.randn(parts, dim) * 0.02)
        self.axis = nn.ModuleList(PartAxis(dim) for _ in range(2))
        self.part_thin = nn.Linear(dim, thin)
        self.presence = nn.Linear(dim, 1)
        # The parts at stride 4; grouped convolutions, so that each has weights of its own.
        self.fine = nn.Conv2d(FINE, parts * thin, 1)
        self.heads = nn.Sequential(
            nn.Conv2d(parts * thin, parts * 16, 3, padding=1, groups=parts),
            nn.ReLU(inplace=True),
            nn.Conv2d(parts * 16, parts * (1 + WHOLE), 1, groups=parts),
        )
        self.none = nn.Conv2d(FINE, 1, 1)
        self.side = nn.Conv2d(FINE, 1, 1)
        # Who is seen, at stride 2.
        self.sharp = nn.Sequential(
            convolution(CHANNELS[0] + parts + 1 + 16, 40), nn.Conv2d(40, parts + 1, 3, padding=1)
        )
        self.down4 = convolution(FINE, 16, 1)

    def forward(self, seen: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        at2, at4, at16 = self.levels(seen)
        coarse, presence = self._together(at16)
        fine = functional.relu(self.fine(at4) + _enlarged(coarse, 4.0))
        said = self.heads(fine).reshape(seen.shape[0], self.parts, 1 + WHOLE, *at4.shape[2:])
        visible = _enlarged(torch.cat([self.none(at4), said[:, :, 0]], 1), 2.0)
        visible = visible + self.sharp(torch.cat([at2, visible, twice(self.down4(at4))], 1))
        return visible, said[:, :, 1:], self.side(at4)[:, 0], presence

    def _together(self, at16: Tensor) -> tuple[Tensor, Tensor]:
        """Features [b, width, h, w] → those of all parts after attention [b, p · thin, h, w], and presence [b, p]."""
        b, _, h, w = at16.shape
        x = self.part_in(at16).reshape(b, self.parts, self.dim, h, w) + self.identity[None, :, :, None, None]
        for layer in self.axis:
            x = layer(x)
        presence = self.presence(x.mean((3, 4)) + x.amax((3, 4)))[..., 0]
        thin = self.part_thin(x.permute(0, 1, 3, 4, 2)).permute(0, 1, 4, 2, 3)
        return thin.reshape(b, self.parts * self.thin, h, w), presence


def _enlarged(x: Tensor, factor: float) -> Tensor:
    return functional.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=False)
