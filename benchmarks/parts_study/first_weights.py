"""First weights with which a network already says what it is shown.

Networks that have learnt on millions of pictures can do that, and those of the paper begin with such weights. Learning
it by chance takes longer than all else here, and what is off shows: noise that is said with an error of 3 % leaves,
divided by the little that there is of a picture at high noise, a mosaic with which sampling begins; colours that are
off by a hue are of other hair.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn

CALM = 8.0
"""Constant beside what is shown in a group that is normalised."""


@torch.no_grad()
def let_through(net: nn.Module, resnet: nn.Module, outputs: slice, *, power: float, after: Any = None) -> None:
    """Have a UNet of diffusers' blocks give what it is shown as some of its outputs.

    It goes by the longest skip from entrance to exit, each channel with its negative, and a constant with its own, in a
    group of their own: so the group's mean is 0 and its deviation known. SiLU, u σ(u), of u and −u differs by u.

    Args:
        net: with `conv_in`, `conv_norm_out` and `conv_out`; each group of that norm has an even number of
            channels, four at least, and there are as many groups as channels that are shown.
        resnet: the last one; with its other input it sees what `conv_in` has given.
        outputs: which they are; the others begin with 0.
        power: mean square of what is shown.
        after: a layer behind `resnet` whose result is added to it, if there is one; it begins with 0.
    """
    parts: Any = net
    block: Any = resnet
    into, out, groups = parts.conv_in, parts.conv_out, parts.conv_norm_out.num_groups
    shown, each = into.in_channels, into.out_channels // groups
    signs = torch.tensor([1.0, -1.0]).repeat(shown * each // 2)
    own, skip = len(signs), block.conv_shortcut.in_channels - into.out_channels
    deviation = math.sqrt((2 * power + (each - 2) * CALM**2) / each)
    into.weight[:own], into.bias[:own] = 0, CALM * signs
    block.conv_shortcut.weight[:own], block.conv_shortcut.bias[:own] = 0, 0
    block.conv_shortcut.weight[range(own), range(skip, skip + own)] = 1
    for layer in (block.conv2, out, *([] if after is None else [after])):
        layer.weight.zero_()
        layer.bias.zero_()
    for channel, said in enumerate(range(out.out_channels)[outputs]):
        pair = slice(channel * each, channel * each + 2)
        into.bias[pair] = 0
        into.weight[pair, channel, 1, 1] = signs[:2]
        out.weight[said, pair, 1, 1] = deviation * signs[:2]
