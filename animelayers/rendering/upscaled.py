"""What a model says of a picture at its own resolution, carried to the picture's."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np

from animelayers.color import premultiplied, straight, to_uint8
from animelayers.rendering.guided import guided
from animelayers.rendering.solve import RenderingGuess, Rgb
from animelayers.rendering.strokes import fill_from
from animelayers.stack import Rgba

HAZE = 0.07
"""Alpha that a VAE leaves where there is nothing, and takes off where there is all."""


def native_guess(layers: Mapping[str, Rgba], source: Rgba) -> RenderingGuess:
    """The guess at the size of a picture that four decoded layers of it mean.

    Args:
        layers: `flat`, `shadow`, `highlight` and `line`, all in Normal mode; uint8 [a, b, 4] of any size.
        source: the picture, uint8 [h, w, 4].
    """
    size = source.shape[1], source.shape[0]
    sheets = {name: _resized(_clean(layers[name]), size) for name in ("flat", "shadow", "highlight", "line")}
    covered = sheets["flat"][..., 3] >= 128
    flat = fill_from(sheets["flat"][..., :3], covered) if covered.any() else source[..., :3]
    base = _over(_over(flat, sheets["shadow"]), sheets["highlight"])
    return guided(RenderingGuess(flat, sheets["line"], base), source)


def _clean(rgba: Rgba) -> Rgba:
    """A layer without haze, and opaque where it almost is."""
    out = rgba.copy()
    out[..., 3] = to_uint8((rgba[..., 3] - np.float32(255 * HAZE)) / np.float32(1 - 2 * HAZE))
    return out


def _resized(rgba: Rgba, size: tuple[int, int]) -> Rgba:
    if rgba.shape[1::-1] == size:
        return rgba
    way = cv2.INTER_AREA if size[1] < rgba.shape[0] else cv2.INTER_CUBIC
    return straight(cv2.resize(premultiplied(rgba), size, interpolation=way))


def _over(below: Rgb, above: Rgba) -> Rgb:
    """Normal mode on opaque ground."""
    alpha = above[..., 3:] / np.float32(255)
    return to_uint8(above[..., :3] * alpha + below * (1 - alpha))
