"""Soft edges: pixels on the border of two pieces that show both, taken apart into one over the other.

Such a pixel is `I = a·O + (1 − a)·U`. Clean colours of both pieces are found a little way inside them. Two witnesses
tell `a`: the colour, by projection onto the way from `U` to `O`, worth the more the farther they differ; and the shape
of the border, for which a hard border smoothed is a good guess. Where `I` lies far from that way, it shows an outline
of which no clean pixel is known: then the shape alone tells, and `O` is what explains the pixel. Where nothing does,
the edge stays hard and the pixel its owner's.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.color import to_uint8
from animelayers.raster import Mask
from animelayers.rendering.solve import Rgb, explain
from animelayers.stack import Rgba

Owners = npt.NDArray[np.int16]
"""int16 [h, w]: the place in the draw order of the piece that is seen; -1 where nothing is."""

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

NOBODY = -1
REACH = 1
"""How far from its border a piece may show in pixels of another, px."""
FARTHEST = 3
"""How far inside a piece its clean colour is looked for, px."""
THIN, THICK = 20, 235
"""Alphas below and above are not worth a soft pixel: the edge is hard there."""
UNEXPLAINED = 16.0
"""Distance in RGB, levels, from the way between two colours up to which a pixel is a mixture of them."""
LEEWAY = 0.1
"""By how much an outline may take more of a pixel than the shape says, so that there is a colour for it."""
DOUBT_OF_COLOUR = 24.0
"""Standard deviation of colours, levels: of shading, texture and codecs more than of noise."""
DOUBT_OF_SHAPE = 0.2
"""Standard deviation of the share that the shape of a border tells."""
BLUR, STEEPNESS = 0.8, 1.9
"""Of hard borders: smoothed by a Gaussian of so many px, and so much steeper, they are nearest to drawn ones."""


@dataclass(frozen=True, slots=True, eq=False)
class SoftEdges:
    """Pixels that show two pieces; arrays of [n]."""

    y: Ints
    x: Ints
    over: npt.NDArray[np.int16]
    """Place of the upper piece in the draw order."""
    under: npt.NDArray[np.int16]
    colour: Rgb
    """uint8 [n, 3]: of the upper piece."""
    alpha: npt.NDArray[np.uint8]
    """Of the upper piece, `THIN`..`THICK`; the lower one is opaque."""
    beneath: Rgb
    """uint8 [n, 3]: colour of the lower piece. Both composite to the source exactly."""


def soft_edges(source: Rgba, owner: Owners) -> SoftEdges:
    """The border pixels of `source`, uint8 [h, w, 4], that are mixtures of two pieces; opaque pixels only."""
    y, x, over, under = _borders(owner, source[..., 3] == 255)
    core = _core(owner)
    target = source[y, x, :3]
    upper, has_upper = _clean(source, owner, core, y, x, over)
    lower, has_lower = _clean(source, owner, core, y, x, under)
    alpha, ink = _mixture(target, upper, lower, _shape(owner, y, x, over))
    soft = has_upper & has_lower & (alpha >= THIN) & (alpha <= THICK)
    exact, beneath, colour = explain(target[soft], lower[soft], ink[soft], alpha[soft], lower[soft])
    kept = np.flatnonzero(soft)[exact]
    return SoftEdges(y[kept], x[kept], over[kept], under[kept], colour[exact], alpha[kept], beneath[exact])


def _borders(owner: Owners, opaque: Mask) -> tuple[Ints, Ints, npt.NDArray[np.int16], npt.NDArray[np.int16]]:
    """Opaque pixels next to exactly one other piece: rows, columns, and the places of the upper and the lower piece.

    Where three pieces meet nobody can tell their shares.
    """
    highest = cv2.dilate(owner, _SQUARE)
    lowest = cv2.erode(np.where(owner == NOBODY, np.int16(_BEYOND), owner), _SQUARE)
    y, x = np.nonzero(opaque & (owner != NOBODY) & (highest != lowest) & ((owner == highest) | (owner == lowest)))
    between = np.zeros(len(y), bool)
    for dy, dx in _offsets(1.5 * REACH):
        near = _at(owner, y + dy, x + dx)
        between |= (near > lowest[y, x]) & (near < highest[y, x])
    y, x = y[~between], x[~between]
    return y, x, np.asarray(highest[y, x], np.int16), np.asarray(lowest[y, x], np.int16)


def _core(owner: Owners) -> Mask:
    """Where all eight neighbours are of the same piece: what shows nothing of others."""
    return np.asarray(cv2.dilate(owner, _SQUARE) == cv2.erode(owner, _SQUARE))


def _clean(
    source: Rgba, owner: Owners, core: Mask, y: Ints, x: Ints, piece: npt.NDArray[np.int16]
) -> tuple[Rgb, npt.NDArray[np.bool_]]:
    """The colour of the nearest pixel of `piece`, uint8 [n, 3], inside it if possible, and whether there is one."""
    best_y, best_x, found = y.copy(), x.copy(), np.zeros(len(y), bool)
    for inside in (True, False):
        for dy, dx in _offsets(FARTHEST):
            left = np.flatnonzero(~found)
            ny, nx = y[left] + dy, x[left] + dx
            hit = _at(owner, ny, nx) == piece[left]
            if inside:
                hit[hit] = core[ny[hit], nx[hit]]
            here = left[hit]
            best_y[here], best_x[here], found[here] = ny[hit], nx[hit], True
    return source[best_y, best_x, :3], found


def _shape(owner: Owners, y: Ints, x: Ints, over: npt.NDArray[np.int16]) -> Floats:
    """The share of the upper piece that the shape of the border suggests."""
    total, above = 1.0, (owner[y, x] >= over).astype(np.float32)
    for dy, dx in _offsets(2.9):
        weight = float(np.exp(-(dy * dy + dx * dx) / (2 * BLUR * BLUR)))
        above += np.float32(weight) * (_at(owner, y + dy, x + dx) >= over)
        total += weight
    return np.asarray(np.clip(0.5 + STEEPNESS * (above / total - 0.5), 0, 1), np.float32)


def _mixture(target: Rgb, upper: Rgb, lower: Rgb, shape: Floats) -> tuple[npt.NDArray[np.uint8], Rgb]:
    """Alpha, 0..255, and colour of the upper piece that make the target most likely; alpha 0 where none do."""
    way = upper.astype(np.float32) - lower
    gone = target.astype(np.float32) - lower
    room = np.where(gone > 0, 255 - lower.astype(np.float32), lower)
    least = (np.abs(gone) / np.maximum(room, 1)).max(axis=1)  # the share with which any colour at all explains it
    colour, prior = 1 / DOUBT_OF_COLOUR**2, 1 / DOUBT_OF_SHAPE**2
    told = np.einsum("nc,nc->n", gone, way) * colour + shape * prior
    share = np.clip(told / (np.einsum("nc,nc->n", way, way) * colour + prior), least, 1)
    outline = np.linalg.norm(gone - share[:, None] * way, axis=1) > UNEXPLAINED
    share = np.where(outline, np.where(least <= shape + LEEWAY, np.maximum(shape, least), 0), share)
    alpha = np.ceil(255 * share)
    ink = np.where(outline[:, None], lower + gone * (255 / np.maximum(alpha, 1))[:, None], upper)
    return alpha.astype(np.uint8), to_uint8(ink)


def _at(owner: Owners, y: Ints, x: Ints) -> npt.NDArray[np.int16]:
    """Owners at places that may lie beyond the canvas, where nobody is."""
    height, width = owner.shape
    inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
    return np.where(inside, owner[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)], np.int16(NOBODY))


def _offsets(radius: float) -> list[tuple[int, int]]:
    """Steps of at most `radius` px, the shortest first; not the step of nothing."""
    reach = range(-int(radius), int(radius) + 1)
    steps = [(dy, dx) for dy in reach for dx in reach if 0 < dy * dy + dx * dx <= radius * radius]
    return sorted(steps, key=lambda step: (step[0] ** 2 + step[1] ** 2, step))


_SQUARE = np.ones((2 * REACH + 1, 2 * REACH + 1), np.uint8)
_BEYOND = np.iinfo(np.int16).max
