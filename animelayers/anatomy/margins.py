"""The whole shape of a piece: where it goes on behind what covers it.

What is seen is known: this is inside, that is outside. Behind coverers there is only a guess, coarse and sometimes
wrong. Both are signed distances here, positive inside. The visible outline is carried on along its tangent from where
it dives under, farther in the guess is believed. Whatever the guess says, the piece laps some way under its coverers,
straight on and not sideways, so that none of them can be moved without something behind it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.raster import Mask, nearest
from animelayers.rendering.strokes import disc

Plane = npt.NDArray[np.float32]
"""float32 [h, w]."""

LEAST = 4
"""Least lap under a coverer, px."""

DENIED = 0.25
"""Level of the guess below which it denies that the piece is there: the less it says, the shorter the lap."""

TANGENT = 1.25
"""How far from where an outline dives under its tangent is followed, in margins."""

ROUND = 1 / 6
"""Radius to which the hidden outline is rounded, in margins."""

SURE = 64
"""Pixels of a piece that must be seen, for the level of its outline in the guess to be told by them."""

FAR = 1e6
"""Distance to what is nowhere, px."""


@dataclass(frozen=True, slots=True, eq=False)
class Surroundings:
    """A piece in a window of the canvas, and what is known of every pixel there."""

    seen: Mask
    """Where it is the piece that one sees."""
    covered: Mask
    """Where it may be unseen: something opaque is seen that lies above it."""
    guess: Plane
    """0..1: how much of it there is, hidden areas too."""
    margin: int
    """How far it shall reach under its coverers, px."""
    away: Plane
    """Distance to what is seen, px."""
    beyond: Plane
    """Distance to where it certainly is not."""
    under: Plane
    """Distance to its coverers."""

    @classmethod
    def of(cls, seen: Mask, covered: Mask, guess: Plane, margin: int) -> Surroundings:
        """With the distances measured."""
        planes = (_distance(mask) for mask in (seen, ~(seen | covered), covered))
        return cls(seen, covered, guess, margin, *planes)

    @property
    def outside(self) -> Mask:
        """Where it certainly is not: it would be seen."""
        return ~(self.seen | self.covered)


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """All of a piece."""

    alpha: Plane
    """0..1: 1 where it is seen, 0 where it would be seen and is not."""
    inside: Plane
    """Signed distance to its own outline, px; that of the lap is none."""
    outlined: Plane
    """0..1: how sure it is that its outline there is one, and not the guess' opinion of the border to a coverer."""


def whole_shape(at: Surroundings) -> Shape:
    """Seen and hidden areas in one."""
    guess, limit = _guessed(at), np.float32(at.margin)
    if not at.seen.any():
        return Shape(np.clip(guess + 0.5, 0, 1) * _tucked(at), guess, np.ones_like(guess))
    ahead, dive = _carried_on(at)
    near = _smoothstep(1 - dive / np.float32(TANGENT * at.margin))
    inside = near * np.clip(ahead, -limit, limit) + (1 - near) * np.clip(guess, -limit, limit)
    lap = np.maximum(LEAST, at.margin * np.clip(at.guess / DENIED, 0, 1)) - at.away
    lap = np.minimum(lap, (at.beyond - at.away) / np.float32(1.4))
    lap = np.minimum(lap, np.where(dive < TANGENT * at.margin, ahead, limit))
    whole = cv2.GaussianBlur(np.maximum(inside, lap), (0, 0), max(0.3, ROUND * at.margin))
    alpha = np.where(at.seen, np.float32(1), np.clip(whole + 0.5, 0, 1) * _tucked(at))
    return Shape(alpha, inside, np.maximum(near, _smoothstep(2 * at.away / limit - 1)))


def signed_distance(mask: Mask) -> Plane:
    """Distance to the border of a mask, px, positive inside; smooth enough to be drawn by."""
    return np.asarray(cv2.GaussianBlur(_distance(~mask) - _distance(mask), (0, 0), 0.7), np.float32)


def _smoothstep(x: Plane) -> Plane:
    """0 below 0, 1 above 1, and a smooth way between."""
    x = np.clip(x, 0, 1)
    return np.asarray(x * x * (3 - 2 * x), np.float32)


def _guessed(at: Surroundings) -> Plane:
    """Signed distance to the outline of the guess, px, within its own blur."""
    level = np.float32(_level(at))
    slope = np.hypot(*(cv2.Sobel(at.guess, cv2.CV_32F, dx, 1 - dx, scale=1 / 8) for dx in (1, 0)))
    edge = slope[(np.abs(at.guess - level) < 0.15) & (slope > 0)]
    blur = float(np.clip(1 / np.median(edge), 1, 4 * at.margin)) if edge.size else 1.0
    smooth = cv2.GaussianBlur(at.guess, (0, 0), blur / 3) if blur > 2 else at.guess
    return np.asarray((smooth - level) * np.float32(blur), np.float32)


def _level(at: Surroundings) -> float:
    """The level of the guess at its outline: the one that parts best, by IoU, what is seen of the piece from outside.

    Of what is thinner than the guess can tell, it says less than half everywhere.
    """
    if np.count_nonzero(at.seen) < SURE:
        there = at.guess[at.guess > 0.05]
        return float(np.clip(np.quantile(there, 0.95) / 2, 0.2, 0.5)) if there.size else 0.5
    levels = np.clip(at.guess * 64, 0, 63).astype(np.uint8)
    right, wrong = (np.cumsum(np.bincount(levels[of], minlength=64)[::-1])[::-1] for of in (at.seen, at.outside))
    return float(np.clip(np.argmax(right / (right[0] + wrong)) / 64, 0.25, 0.6))


def _carried_on(at: Surroundings) -> tuple[Plane, Plane]:
    """Signed distance to the visible outline and its continuation behind coverers; distance to where it dives under."""
    limit = np.float32(4 * at.margin)
    # Slivers, such as the soft rim of a coverer, have no outline worth following.
    radius = max(1, round(at.margin / 6))
    core = cv2.morphologyEx(at.seen.astype(np.uint8), cv2.MORPH_OPEN, disc(radius))
    solid = cv2.dilate(core, np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)) > 0
    dive = at.seen & np.asarray(solid) & (at.beyond < 1.5) & (at.under < 2.9)
    if not dive.any():
        return limit - at.away, np.full_like(at.away, FAR)
    inside = np.clip(np.where(at.seen, at.beyond - 0.5, 0.5 - at.away), -limit, limit).astype(np.float32)
    known = ~at.covered
    _, index = nearest(known)
    y, x = np.divmod(index, index.shape[1])
    rows, columns = np.ogrid[: index.shape[0], : index.shape[1]]
    down, across = _slopes(inside, known, max(2.5, at.margin / 4))
    ahead = inside[y, x] + down[y, x] * (rows - y) + across[y, x] * (columns - x)
    ahead = cv2.GaussianBlur(np.clip(ahead, -limit, limit).astype(np.float32), (0, 0), 1.0)
    return np.where(known, inside, ahead), _distance(dive)


def _slopes(plane: Plane, known: Mask, sigma: float) -> tuple[Plane, Plane]:
    """How `plane` rises downwards and to the right, by planes fitted to the known pixels around; never more than 1.

    `sigma` px is the width of the Gaussian weights of that fit.
    """
    height, width = plane.shape
    scale = max(1, round(sigma / 1.5))
    small = max(1, width // scale), max(1, height // scale)
    weight = cv2.resize(known.astype(np.float64), small, interpolation=cv2.INTER_AREA)
    value = cv2.resize(np.where(known, plane, 0).astype(np.float64), small, interpolation=cv2.INTER_AREA)
    rows, columns = np.mgrid[: small[1], : small[0]].astype(np.float64)
    sigma /= scale
    total = np.maximum(cv2.GaussianBlur(weight, (0, 0), sigma), 1e-9)

    def mean(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        return np.asarray(cv2.GaussianBlur(values, (0, 0), sigma) / total, np.float64)

    y, x, z = mean(weight * rows), mean(weight * columns), mean(value)
    ridge = 0.05 * sigma * sigma
    yy, xx = mean(weight * rows * rows) - y * y + ridge, mean(weight * columns * columns) - x * x + ridge
    xy, yz, xz = mean(weight * rows * columns) - x * y, mean(value * rows) - y * z, mean(value * columns) - x * z
    area = (yy * xx - xy * xy) * scale
    down, across = (yz * xx - xz * xy) / area, (xz * yy - yz * xy) / area
    steep = np.maximum(np.hypot(down, across), 1)
    at_size = [cv2.resize(slope / steep, (width, height)) for slope in (down, across)]
    return np.asarray(at_size[0], np.float32), np.asarray(at_size[1], np.float32)


def _tucked(at: Surroundings) -> Mask:
    """Where it may be hidden: a pixel short of where it would be seen, since the edges of its coverers are soft."""
    return np.asarray(at.covered & (at.beyond > 1.5))


def _distance(mask: Mask) -> Plane:
    """To the nearest true pixel, px."""
    if not mask.any():
        return np.full(mask.shape, np.float32(FAR))
    return np.asarray(cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5), np.float32)
