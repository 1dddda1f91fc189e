"""Flat pictures with anti-aliased edges, made of closed forms; and what resvg draws of an SVG."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
from PIL import Image

from animelayers.stack import Rgba

FINE = 8
"""Samples a pixel and axis."""
WHITE, SKIN, INK, BLUE = (255, 255, 255), (250, 220, 200), (20, 16, 24), (60, 120, 220)

Grid = npt.NDArray[np.float64]


def grid(height: int, width: int) -> tuple[Grid, Grid]:
    """`(x, y)` of all samples, px."""
    y, x = np.mgrid[: height * FINE, : width * FINE]
    return (x + 0.5) / FINE, (y + 0.5) / FINE


def averaged(fine: Grid) -> Grid:
    """Samples [h × FINE, w × FINE, …] → pixels."""
    height, width = fine.shape[0] // FINE, fine.shape[1] // FINE
    return fine.reshape(height, FINE, width, FINE, *fine.shape[2:]).mean(axis=(1, 3))


def face(height: int = 96, width: int = 80) -> Rgba:
    """A disc of skin with an outline of 2 px, a blue spot in it, a line across, on white; opaque."""
    x, y = grid(height, width)
    away = np.hypot(x - 40.3, y - 47.6)
    colour = np.broadcast_to(np.array(WHITE, float), (*x.shape, 3)).copy()
    colour[away < 31] = INK
    colour[away < 29] = SKIN
    colour[np.hypot(x - 33, y - 40) < 6.5] = BLUE
    colour[(np.abs(y - 62 - 0.05 * (x - 40)) < 1.1) & (np.abs(x - 40) < 14)] = INK
    rgba = np.full((height, width, 4), 255, np.uint8)
    rgba[..., :3] = np.rint(averaged(colour))
    return rgba


def disc(height: int = 40, width: int = 40, radius: float = 13.2, colour: tuple[int, int, int] = BLUE) -> Rgba:
    """A disc on nothing, its rim in the alpha."""
    x, y = grid(height, width)
    rgba = np.zeros((height, width, 4), np.uint8)
    rgba[..., 3] = np.rint(255 * averaged((np.hypot(x - width / 2 - 0.3, y - height / 2) < radius).astype(float)))
    rgba[rgba[..., 3] > 0, :3] = colour
    return rgba


def drawn(svg: str | bytes) -> Rgba:
    """What resvg makes of an SVG, uint8 [h, w, 4]."""
    import resvg_py

    coded = bytes(resvg_py.svg_to_bytes(svg_string=svg if isinstance(svg, str) else svg.decode()))
    return np.asarray(Image.open(io.BytesIO(coded)).convert("RGBA"))
