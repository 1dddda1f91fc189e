"""How a skirt hangs: its two sides around hips and legs, the frame between them, its hem and the inside behind."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from animelayers.artist.curves import Curve, spline
from animelayers.artist.figure import Figure, Limb
from animelayers.artist.legform import edges
from animelayers.artist.patterns import Weave

CROWDED = 1.3
"""Radians that the front of a skirt reaches around to either side: folds crowd there."""
ROWS = 25


@dataclass(frozen=True, slots=True)
class Measure:
    """What a skirt is cut to, in breadths of the body unless said otherwise."""

    waist: float
    """Share of the way from the waist (0) to the hip (1) at which it sits."""
    length: float
    """From the crotch: 1 reaches the knee, 2 the ankle."""
    hem: float
    """Half width of the hem."""
    sag: float
    """How far the front of the hem hangs below its sides; negative seen from below."""
    sway: float = 0.0
    """How far the hem swings to the character's left."""
    ease: float = 0.05
    """Room at the hips."""
    puff: float = 0.0
    """How far the sides bulge out above the straight line to the hem."""


@dataclass(frozen=True, slots=True, eq=False)
class Hang:
    """The front of a skirt as a frame: u from -1 (left in the picture) to 1, v from 0 (waist) to 1 (hem)."""

    left: Curve
    """Down the side in the picture, float [25, 2]."""
    right: Curve
    bows: tuple[float, float]
    """How far the middle hangs below the sides, at waist and hem."""

    @property
    def height(self) -> float:
        return float(self.left[-1, 1] - self.left[0, 1] + self.right[-1, 1] - self.right[0, 1]) / 2

    @property
    def width(self) -> float:
        """Of the hem."""
        return float(self.right[-1, 0] - self.left[-1, 0])

    def place(self, uv: Curve | list[tuple[float, float]]) -> Curve:
        """`(u, v)` → the drawing; v may leave 0..1 a little."""
        p = np.asarray(uv, np.float64)
        x = np.sin(p[:, 0] * CROWDED) / math.sin(CROWDED)
        at = np.linspace(0, 1, ROWS)
        v = np.clip(p[:, 1], 0, 1)
        beyond = (p[:, 1] - v) * self.height
        left, right = (
            np.stack([np.interp(v, at, side[:, 0]), np.interp(v, at, side[:, 1])], axis=1)
            for side in (self.left, self.right)
        )
        bow = self.bows[0] + (self.bows[1] - self.bows[0]) * v
        out = (left + right + (right - left) * x[:, None]) / 2
        out[:, 1] += bow * (1 - np.minimum(x * x, 1)) + beyond
        return np.asarray(out)

    def down(self, u: float, start: float = 0.0, stop: float = 1.0) -> Curve:
        """A thread from the waist down, float [13, 2]."""
        v = np.linspace(start, stop, 13)
        return self.place(np.stack([np.full(13, u), v], axis=1))

    def weft(self, v: float) -> Curve:
        """A line across, left to right, float [41, 2]."""
        u = np.linspace(-1, 1, 41)
        return self.place(np.stack([u, np.full(41, v)], axis=1))

    def outline(self, hem: Curve) -> Curve:
        """Closed: the waist, both sides, and a hem given as `(u, v)` from left to right."""
        low = self.place(hem)
        keep = round(ROWS * min(float(hem[:, 1].min()), 0.98)) - 1
        return np.concatenate([self.weft(0.0), self.right[1:keep], low[::-1], self.left[1:keep][::-1]])

    def weave(self) -> Weave:
        """For patterns that lie smoothly on it."""
        return Weave(self.left, self.right, 0.5 * sum(self.bows), 0.75 * self.width, self.height)


def hang(figure: Figure, measure: Measure) -> Hang:
    """The frame of a skirt on a figure: it falls from the hips and goes around both legs."""
    b = figure.build.breadth
    top = waistline(figure, measure.waist)
    hip, crotch = figure.level("hip"), figure.level("crotch")
    bottom = crotch + measure.length * _thigh(figure)
    middle = figure.middle(hip) + measure.sway * b
    sides = []
    for side, sign in (("r", -1), ("l", 1)):
        turn = 1 + 0.16 * figure.yaw * sign
        over = figure.edge(side, top, hip, ease=0.0)
        low = middle + sign * measure.hem * b * turn
        wide = over[-1, 0] + sign * measure.ease * b
        first = over[0, 0] + sign * 0.01 * b
        between = ((wide + low) / 2 + sign * measure.puff * b, (hip + 0.1 * b + bottom) / 2)
        points = [(first, top), (wide, min(hip, top + 0.45 * (bottom - top))), between, (low, bottom)]
        curve = spline(points, steps=12)
        y = np.linspace(top, bottom, ROWS)
        x = np.interp(y, curve[:, 1], curve[:, 0])
        pushed = np.where(y > hip + 0.08 * b, sign * _legs(figure, sign, y) + 0.03 * b, -np.inf)
        sides.append(np.stack([sign * _pushed(sign * x, pushed, hanging=measure.hem > 0.6), y], axis=1))
    return Hang(sides[0], sides[1], (0.035 * b, measure.sag * b))


def waistline(figure: Figure, share: float) -> float:
    """Height of a waistband that sits a share of the way from the waist to the hip."""
    waist, hip = figure.level("waist"), figure.level("hip")
    return waist + share * (hip - waist)


def _thigh(figure: Figure) -> float:
    """From the crotch to the knee; a thigh towards the eye shows the skirt on it shortened too."""
    knees = [leg.joints[1][1] for leg in figure.legs.values()]
    return max(max(knees) - figure.level("crotch"), 0.1)


def _legs(figure: Figure, sign: int, y: Curve) -> Curve:
    """How far both legs reach to one side at heights; where they are not, as far as at the nearest."""
    reach = [_reach(leg, sign, y) for leg in figure.legs.values()]
    return np.asarray(np.max(np.stack(reach) * sign, axis=0) * sign)


def _reach(leg: Limb, sign: int, y: Curve) -> Curve:
    edge = edges(leg, 0.0, 0.97)[0 if sign < 0 else 1]
    steps = np.diff(edge, axis=0)
    steep = np.concatenate([[True], np.abs(steps[:, 0]) < 1.2 * steps[:, 1]])
    edge = edge[np.logical_and.accumulate(steep)]
    return np.asarray(np.interp(y, edge[:, 1], edge[:, 0]))


def _pushed(cloth: Curve, legs: Curve, *, hanging: bool) -> Curve:
    """Half widths of cloth that legs push outwards; where it hangs free, it never comes back in below them."""
    out = np.where(legs > cloth, legs, -np.inf)
    out = np.maximum(cloth, np.maximum.accumulate(out) if hanging else out)
    kernel = np.array([1, 2, 3, 2, 1]) / 9
    soft = np.convolve(np.pad(out, 2, mode="edge"), kernel, mode="valid")
    return np.asarray(np.where(out > cloth + 1e-9, np.maximum(soft, out), soft))


def inside(frame: Hang, hem: Curve) -> Curve:
    """The closed outline of the back's inner side, from the middle of the skirt down to its own hem, `(u, v)`."""
    low = frame.place(hem)
    return np.concatenate([frame.weft(0.55), frame.right[15:], low[::-1], frame.left[15:][::-1]])
