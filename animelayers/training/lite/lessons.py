"""What differs between the two modes, in one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from animelayers.models.registry import Mode
from animelayers.training.lite import augment, encoder, figures, losses, parts_net, pyramid, rendering_net
from animelayers.training.lite.augment import Batch
from animelayers.training.lite.config import AugmentSettings, PartsShape, RenderingShape
from animelayers.training.lite.losses import Terms


@dataclass(frozen=True, slots=True)
class Lesson:
    """One net, and how it is taught."""

    batch: Callable[[dict[str, Tensor], AugmentSettings, torch.Generator], Batch]
    """Views → what is seen, and the truth."""
    loss: Callable[[Any, Batch], Terms]
    """Of what the net says, in float32."""
    figures: Callable[[figures.Asked, figures.HeldOut], dict[str, Any]]
    """What a net is worth, JSON values."""
    multiple: int
    """Of which the sides of what the net sees are multiples."""
    out: Mapping[str, str]
    """What the net's tensors are called, and are."""


LESSONS: Mapping[Mode, Lesson] = MappingProxyType(
    {
        "rendering": Lesson(
            augment.rendering, losses.rendering, figures.rendering, rendering_net.MULTIPLE, rendering_net.OUT
        ),
        "parts": Lesson(augment.parts, losses.parts, figures.parts, pyramid.MULTIPLE, parts_net.OUT),
    }
)


def built(shape: RenderingShape | PartsShape, *, pretrained: bool = False) -> nn.Module:
    """A new net; with `pretrained`, its encoder begins as the shape says.

    Raises:
        MissingPackageError: the package with the encoder's weights is not installed.
    """
    if isinstance(shape, RenderingShape):
        return rendering_net.RenderingNet(shape.width)
    net = parts_net.PartsNet()
    if pretrained and shape.pretrained:
        net.encoder.load_state_dict(encoder.published(), strict=False)
    return net
