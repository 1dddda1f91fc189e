"""Colour and alpha: the only place where ranges and encodings change.

Everything blends on gamma-encoded sRGB values, as PSD readers and Cubism do; linear light differs from
them by up to 73 levels on a soft black line. Colour of a fully transparent pixel means nothing here:
`clear_hidden` removes it on the way in, `bleed` puts a harmless one there on the way out.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.raster import nearest
from animelayers.stack import Rgba


def to_uint8(levels: npt.NDArray[np.floating]) -> npt.NDArray[np.uint8]:
    """Levels 0..255 as floats → uint8: half rounds up, out of range is clipped."""
    return np.asarray(np.clip(np.floor(levels + 0.5), 0, 255), np.uint8)


def to_lab(rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """uint8 sRGB [h, w, 3] → float32 CIELAB (D65) [h, w, 3]; L 0..100."""
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(rgb, np.float32) / np.float32(255), cv2.COLOR_RGB2LAB))


def clear_hidden(rgba: Rgba) -> Rgba:
    """A copy whose fully transparent pixels are (0, 0, 0, 0), so that nothing hidden reaches a result."""
    return np.where(rgba[..., 3:] == 0, np.uint8(0), rgba)


def premultiplied(rgba: Rgba) -> npt.NDArray[np.float32]:
    """Levels 0..255, float32 [h, w, 4]: colour × alpha, and alpha."""
    levels = rgba.astype(np.float32)
    levels[..., :3] *= levels[..., 3:] / 255
    return levels


def straight(premul: npt.NDArray[Any]) -> Rgba:
    """The inverse: levels 0..255 of colour × alpha, and alpha, [h, w, 4] → uint8; colour under alpha 0 is arbitrary."""
    levels = premul.astype(np.float32)
    levels[..., :3] *= 255 / np.maximum(levels[..., 3:], np.float32(1e-3))
    return to_uint8(levels)


def matte(rgba: Rgba, background: tuple[int, int, int] = (255, 255, 255)) -> npt.NDArray[np.uint8]:
    """uint8 [h, w, 4] laid over one colour → uint8 [h, w, 3]."""
    alpha = rgba[..., 3:].astype(np.float32) / 255
    return to_uint8(rgba[..., :3] * alpha + np.asarray(background, np.float32) * (1 - alpha))


def bleed(rgba: Rgba, px: int = 8) -> Rgba:
    """Carry colour up to `px` pixels outwards under alpha 0, from the nearest visible pixel; alpha stays.

    Texture filters read the colour of transparent neighbours. Without a bleed, Live2D and game engines
    show dark seams along every edge.
    """
    visible = rgba[..., 3] > 0
    out = clear_hidden(rgba)
    if visible.all() or not visible.any():
        return out
    distance, index = nearest(visible)
    near = ~visible & (distance <= px)
    out[near, :3] = rgba.reshape(-1, 4)[index[near], :3]
    return out
