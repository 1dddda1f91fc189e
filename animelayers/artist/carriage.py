"""How a body carries itself: a line of action that everything drawn on it follows.

Builders dress a body that stands upright; the finished drawing is bent as a whole. So the weight on one leg pushes the
hip out and up, the shoulders answer it, and hems, belts and sleeves all go along.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from animelayers.artist.curves import Curve, profile, spline
from animelayers.artist.dice import Dice

Levels = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Weight:
    """How much a stance moves the trunk, at most and at least."""

    sway: tuple[float, float]
    """Of the hip towards the leg that bears the weight, head heights of an ordinary body."""
    hip: tuple[float, float]
    """Degrees that the pelvis rises on that side."""
    shoulders: tuple[float, float]
    """Degrees that the shoulders fall there."""


_EVEN = Weight((-0.06, 0.12), (-1.0, 3.0), (-4.0, 4.0))
_SHIFTED = Weight((0.08, 0.2), (3.0, 6.5), (2.0, 7.0))
WEIGHTS = {
    "straight": Weight((0.0, 0.17), (0.5, 5.0), (-2.0, 6.0)),
    "contrapposto": Weight((0.17, 0.32), (5.5, 10.0), (4.0, 9.5)),
    "apart": Weight((-0.13, 0.13), (-3.0, 3.0), (-5.5, 5.5)),
    "together": Weight((0.0, 0.15), (0.0, 4.5), (-2.0, 5.5)),
    "crossed": _SHIFTED,
    "coy": Weight((0.12, 0.22), (4.0, 7.5), (3.0, 7.5)),
    "walk": Weight((0.04, 0.14), (2.0, 5.5), (3.0, 7.0)),
    "bent": _SHIFTED,
    "kick": _SHIFTED,
}
"""By pose of the legs."""


@dataclass(frozen=True, slots=True, eq=False)
class Carriage:
    """A bend of the plane: heights move sideways and tilt about the body's middle."""

    heights: Levels
    """y, rising, float [n]."""
    shifts: Levels
    """Along x at each height."""
    slopes: Levels
    """How far a point falls by its distance to the left of the middle."""

    def __call__(self, points: Curve) -> Curve:
        """Where points of the upright body lie, float [n, 2]."""
        x, y = points[:, 0], points[:, 1]
        shift, slope = np.interp(y, self.heights, self.shifts), np.interp(y, self.heights, self.slopes)
        return np.stack([x + shift, y + slope * x], axis=1)

    def stiff(self, anchor: tuple[float, float]) -> Carriage:
        """How a thing moves that does not bend, held at `anchor`."""
        y = anchor[1]
        slope = float(np.interp(y, self.heights, self.slopes))
        shift = float(np.interp(y, self.heights, self.shifts))
        ends = np.array([-8.0, 12.0])
        return Carriage(ends, shift - slope * (ends - y), np.full(2, slope))


def carry(
    pose: str, heavy: int, levels: tuple[float, ...], chin: float, ground: float, scale: float, dice: Dice
) -> Carriage:
    """The carriage of a stance; `heavy` is the sign along x of the leg that bears the weight.

    `levels` are the heights of neck, shoulder, armpit, bust, waist, hip and crotch; above the `chin` all is stiff.
    """
    weight = WEIGHTS.get(pose, _EVEN)
    sway = heavy * scale * dice.of("sway").uniform(*weight.sway)
    hip = -heavy * math.radians(dice.of("hip").uniform(*weight.hip))
    shoulders = heavy * math.radians(dice.of("shoulders").uniform(*weight.shoulders))
    head = math.tan(0.5 * shoulders)
    neck, shoulder, _, bust, waist, hips, crotch = levels
    knots = [
        (bust, -0.12 * sway),
        (waist, 0.45 * sway),
        (0.4 * hips + 0.6 * crotch, sway),
        (0.5 * (crotch + ground), 0.52 * sway),
        (ground, 0.0),
    ]
    first = -0.05 * sway
    top = [(chin - k, first + head * k) for k in (0.6, 0.3)]
    line = spline([*top, (min(neck, chin), first), *knots])
    heights = np.linspace(-4.0, ground, 400)
    shifts = np.interp(heights, *line.T)
    stiff = heights < chin - 0.1
    shifts[stiff] = first + head * (chin - heights[stiff])
    stations = (chin, shoulder, bust, hips, crotch, ground)
    slopes = (head, math.tan(shoulders), 0.75 * math.tan(shoulders), math.tan(hip), math.tan(hip), 0.0)
    return Carriage(heights, shifts, profile(stations, slopes, heights))
