"""`classic`, of layer order: regions of flat colour, and small trees that judge which of two lies in front."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.color import matte
from animelayers.models.base import OnStep
from animelayers.picture import Picture
from animelayers.raster import nearest
from animelayers.regions.borders import Rgb
from animelayers.regions.order import Judges, read_judges, region_order

LARGEST = 24_000_000
"""Px that are looked at; of larger pictures a smaller copy is, and edges are as exact as it."""
RIM = 3
"""Px from what is opaque within which less than half of it is its soft edge, and nothing by itself."""
WEIGHTS = Path(__file__).with_name("weights") / "region_order.json"


class ClassicDepth:
    """The region-graph model: one height for a whole region, never half of one in front; the seed changes nothing."""

    about: Mapping[str, Any] = {}

    def predict(
        self,
        picture: Picture,
        *,
        seed: int = 0,  # noqa: ARG002
        on_step: OnStep | None = None,
    ) -> npt.NDArray[np.float32]:
        """float32 [h, w]: the height of the layer that shows at each pixel, larger nearer, in no unit.

        A transparent picture is seen on white; what is fully transparent lies behind everything.
        """
        labels, heights = region_order(looked_at(picture), judges())
        index = laid(picture, heights.astype(np.float32)[labels])
        if on_step is not None:
            on_step(1, 1)
        return index


def looked_at(picture: Picture) -> Rgb:
    """A picture on white, uint8 [h, w, 3], reduced to `LARGEST` px: regions take 120 bytes each."""
    rgb = matte(picture.rgba)
    shrunk = min(1.0, (LARGEST / (rgb.shape[0] * rgb.shape[1])) ** 0.5)
    if shrunk == 1:
        return rgb
    size = [max(1, int(side * shrunk)) for side in rgb.shape[1::-1]]
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def laid(picture: Picture, index: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Heights in what was `looked_at`, as a map of the picture; what is fully transparent lies behind.

    The soft edge of a cut-out is as high as what it is the edge of: on white it looks like the ground.
    """
    behind = index.min() - 1
    if index.shape != picture.rgba.shape[:2]:
        index = np.asarray(
            cv2.resize(index, (picture.width, picture.height), interpolation=cv2.INTER_NEAREST), np.float32
        )
    alpha = picture.rgba[..., 3]
    if (opaque := alpha >= 128).any() and not opaque.all():
        away, place = nearest(opaque)
        edge = ~opaque & (away <= RIM)
        index[edge] = index.ravel()[place[edge]]
    index[alpha == 0] = behind
    return index


@functools.cache
def judges() -> Judges:
    """The trees that are part of the package."""
    return read_judges(WEIGHTS)
