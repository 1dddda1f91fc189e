"""What lies behind the figure: the background that is seen, and behind the figure a smooth continuation of it."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.color import to_uint8
from animelayers.raster import Mask
from animelayers.rendering.solve import Rgb
from animelayers.stack import Rgba

CLEAR = 3
"""Distance from the figure, px, from which on the background shows nothing of its edge, nor of its glow in a codec."""
FRAMED = 0.9
"""Share of the canvas's edge that is opaque where a picture has a background, and is not cut out."""


def is_ground(source: Rgba, unowned: Mask) -> bool:
    """Whether what nobody owns of a picture, uint8 [h, w, 4], is a background that goes on behind the figure.

    In a picture on transparent ground it is not: what nobody owns there are left-overs of the figure.
    """
    cover = source[..., 3]
    edge = np.concatenate([cover[0], cover[-1], cover[:, 0], cover[:, -1]]) == 255
    return bool(unowned.any() and edge.mean() >= FRAMED)


def continued(source: Rgba, unowned: Mask) -> Rgb:
    """Colours of the background, uint8 [h, w, 3]: of the source where it is seen, continued smoothly elsewhere."""
    clear = cv2.erode(unowned.astype(np.uint8), np.ones((2 * CLEAR + 1, 2 * CLEAR + 1), np.uint8)).astype(bool)
    filled = pulled(source[..., :3], clear if clear.any() else unowned)
    return np.where(unowned[..., None], source[..., :3], filled)


def pulled(rgb: Rgb, known: Mask) -> Rgb:
    """Unknown pixels of `rgb`, uint8 [h, w, 3], as smooth as known ones allow: averages of ever larger squares."""
    weight = known.astype(np.float32)
    return to_uint8(_pulled(rgb * weight[..., None], weight))


def _pulled(colour: npt.NDArray[np.float32], weight: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """`colour`, [h, w, 3], comes multiplied by `weight`, [h, w] in 0..1."""
    height, width = weight.shape
    if max(height, width) == 1 or weight.min() == 1:
        return np.asarray(colour / np.maximum(weight, np.float32(1e-6))[..., None])
    half = ((width + 1) // 2, (height + 1) // 2)
    smaller = _pulled(
        np.asarray(cv2.resize(colour, half, interpolation=cv2.INTER_AREA), np.float32).reshape(half[1], half[0], 3),
        np.asarray(cv2.resize(weight, half, interpolation=cv2.INTER_AREA), np.float32).reshape(half[::-1]),
    )
    coarse = np.asarray(cv2.resize(smaller, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    return np.asarray(colour + (1 - weight)[..., None] * coarse.reshape(height, width, 3), np.float32)
