"""What nets of several tasks have in common: the encoder, and a pyramid from its coarsest view down to stride 4."""

from __future__ import annotations

from torch import Tensor, nn

from animelayers.training.lite.encoder import CHANNELS, Lite0
from animelayers.training.lite.rendering_net import convolution, twice

MULTIPLE = 32
"""Of which the sides of what it sees are multiples."""
FINE = 64
"""Channels at stride 4."""


class Pyramid(nn.Module):
    """The first half of a net.

    Args:
        width: channels at strides 8, 16 and 32.
    """

    def __init__(self, width: int = 96) -> None:
        super().__init__()
        self.encoder = Lite0()
        _, at4, at8, at16, at32 = CHANNELS
        self.lat32, self.lat16, self.lat8 = (convolution(channels, width, 1) for channels in (at32, at16, at8))
        self.lat4 = convolution(at4, FINE, 1)
        self.context: nn.Module = nn.Sequential(
            convolution(width, width, 5, groups=width), convolution(width, width, 1)
        )
        self.mix16, self.mix8 = convolution(width, width), convolution(width, width)
        self.to4 = convolution(width, FINE, 1)
        self.mix4 = nn.Sequential(convolution(FINE, FINE), convolution(FINE, FINE))

    def levels(self, seen: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """[b, 4, h, w], the fourth being alpha → strides 2, of the encoder alone, 4 and 16."""
        at2, at4, at8, at16, at32 = self.encoder(seen)
        x = self.lat32(at32)
        x = x + self.context(x)
        at16 = self.mix16(self.lat16(at16) + twice(x))
        at8 = self.mix8(self.lat8(at8) + twice(at16))
        return at2, self.mix4(self.lat4(at4) + self.to4(twice(at8))), at16
