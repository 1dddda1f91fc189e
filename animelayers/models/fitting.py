"""Pictures of any size on the canvas of a model that has a size of its own, and back."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np

from animelayers.color import clear_hidden, premultiplied, straight
from animelayers.errors import DataError
from animelayers.raster import tight_box
from animelayers.stack import Rgba

Size = tuple[int, int]
"""`(height, width)`, px."""
Box = tuple[int, int, int, int]
"""`(top, left, bottom, right)`, px; bottom and right are exclusive."""

STEP = 16
"""Sides are multiples of it, px: a token is 2 × 2 latent pixels, a latent pixel 8 × 8 px."""
MARGIN = 0.04
"""Room kept around what is visible, as a share of its height and of its width."""


def window(rgba: Rgba) -> Box:
    """The box around what is visible in uint8 [h, w, 4], with `MARGIN`, cut at the canvas; four zeros for nothing."""
    top, left, bottom, right = tight_box(rgba[..., 3] > 0)
    down, across = (math.ceil(MARGIN * side) for side in (bottom - top, right - left))
    height, width = rgba.shape[:2]
    return max(0, top - down), max(0, left - across), min(height, bottom + down), min(width, right + across)


def bucket(aspect: float, area: int, step: int = STEP) -> Size:
    """The largest size of at most `area` px whose height / width is `aspect`, but for rounding the longer side.

    Args:
        aspect: height / width.
        area: px.
        step: sides are multiples of it, itself one of `STEP`; a coarser one makes fewer sizes, of more pictures each.

    Raises:
        DataError: the area is too small for this aspect.
    """
    if aspect < 1:
        height, width = bucket(1 / aspect, area, step)
        return width, height
    sizes = [(max(1, round(short * aspect / step)) * step, short) for short in range(step, area // step + 1, step)]
    fitting = [size for size in sizes if size[0] * size[1] <= area]
    if not fitting:
        raise DataError(f"no size of {area} px is {aspect:.3g} times as long as wide", hint="raise the area")
    return max(fitting, key=lambda size: size[0] * size[1])


@dataclass(frozen=True, slots=True)
class Fitting:
    """A part of a picture as large as a canvas holds it, in the middle."""

    box: Box
    """Of the picture."""
    size: Size
    """Of the canvas."""

    @classmethod
    def of(cls, box: Box, size: Size) -> Self:
        """The same.

        Raises:
            DataError: a side of `size` is no multiple of `STEP`.
        """
        if any(side < STEP or side % STEP for side in size):
            below = " × ".join(str(max(STEP, side // STEP * STEP)) for side in size)
            raise DataError(
                f"a size of {size[0]} × {size[1]} px was wanted, sides are multiples of {STEP}", hint=f"try {below}"
            )
        return cls(box, size)

    @property
    def part(self) -> tuple[slice, slice]:
        """Rows and columns of the canvas on which the box lies."""
        top, left, bottom, right = self.box
        scale = min(self.size[0] / (bottom - top), self.size[1] / (right - left))
        height, width = max(1, round((bottom - top) * scale)), max(1, round((right - left) * scale))
        y, x = (self.size[0] - height) // 2, (self.size[1] - width) // 2
        return slice(y, y + height), slice(x, x + width)

    def onto(self, rgba: Rgba) -> Rgba:
        """A picture, uint8 [h, w, 4], → the canvas, transparent around it.

        Scaled in premultiplied colour: by area where it shrinks, cubically where it grows.
        """
        top, left, bottom, right = self.box
        rows, columns = self.part
        out = np.zeros((*self.size, 4), np.uint8)
        out[rows, columns] = resized(
            rgba[top:bottom, left:right], (rows.stop - rows.start, columns.stop - columns.start)
        )
        return out


def resized(rgba: Rgba, size: Size, growing: int = cv2.INTER_CUBIC) -> Rgba:
    """A picture, uint8 [h, w, 4], at another size, nothing hidden; scaled in premultiplied colour, down by area."""
    if rgba.shape[:2] == size:
        return clear_hidden(rgba)
    way = cv2.INTER_AREA if size[0] <= rgba.shape[0] else growing
    return clear_hidden(straight(cv2.resize(premultiplied(rgba), size[::-1], interpolation=way)))
