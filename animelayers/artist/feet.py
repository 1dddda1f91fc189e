"""Feet: one form in three views, from the front to the side, between which every foot is interpolated."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from animelayers.artist.build import Build
from animelayers.artist.curves import Curve, Points, spline
from animelayers.artist.figure import SIDES, Limb

_TURNS = (0.0, 0.55, 1.0)
"""Front, three quarters, side: the views of every table below. x runs towards the toes, y down, the ankle is the origin
and its half breadth 0.36."""

_OUTLINE = np.array(
    [
        [(-0.36, -0.1), (-0.38, 0.2), (-0.47, 0.55), (-0.57, 0.9), (-0.5, 1.2), (0.0, 1.34), (0.5, 1.2), (0.57, 0.9)]
        + [(0.47, 0.55), (0.38, 0.2), (0.36, -0.1)],
        [(-0.36, -0.1), (-0.42, 0.2), (-0.53, 0.5), (-0.46, 0.8), (0.05, 1.0), (0.55, 1.16), (1.06, 1.19), (1.26, 1.0)]
        + [(1.02, 0.68), (0.58, 0.28), (0.36, -0.1)],
        [(-0.36, -0.1), (-0.42, 0.2), (-0.56, 0.55), (-0.48, 0.88), (0.3, 0.9), (1.0, 0.95), (1.5, 0.95), (1.68, 0.8)]
        + [(1.32, 0.55), (0.68, 0.24), (0.36, -0.1)],
    ]
)
"""From the back of the ankle around heel, sole and toes to its front."""
_ALONG = np.array(
    [
        (0.0, 0.1, 0.4, 0.8, 1.0, 1.0, 1.0, 0.8, 0.4, 0.1, 0.0),
        (0.0, 0.0, 0.0, 0.05, 0.45, 0.8, 1.0, 0.95, 0.7, 0.3, 0.0),
        (0.0, 0.0, 0.0, 0.05, 0.4, 0.75, 1.0, 1.0, 0.75, 0.35, 0.0),
    ]
)
"""How far in front of the heel each of those points lies: what sinks where the toes hang."""
_BACK_RAIL = np.array([(1.2, 1.9, 3.0, 4.3), (1.9, 3.3, 4.9, 5.8), (3.5, 4.2, 5.0, 5.9)])
_TOE_RAIL = np.array([(8.8, 8.1, 7.0, 5.7), (9.7, 9.0, 8.0, 7.1), (9.7, 9.0, 8.0, 7.2)])
"""Which points of the outline lie on either side of the top of the foot, at four places from the ankle to the toes."""
_COLLAR = np.array(
    [
        [
            [(-0.4, 0.02), (-0.22, 0.1), (0.0, 0.13), (0.22, 0.1), (0.4, 0.02)],
            [(-0.44, 0.0), (-0.2, 0.1), (0.08, 0.13), (0.3, 0.08), (0.42, 0.0)],
            [(-0.44, 0.0), (-0.2, 0.08), (0.05, 0.11), (0.28, 0.06), (0.42, 0.0)],
        ],
        [
            [(-0.5, 0.66), (-0.36, 0.88), (0.0, 1.02), (0.36, 0.88), (0.5, 0.66)],
            [(-0.5, 0.32), (-0.2, 0.62), (0.3, 0.86), (0.72, 0.82), (0.96, 0.6)],
            [(-0.52, 0.32), (-0.2, 0.6), (0.35, 0.7), (0.85, 0.58), (1.16, 0.46)],
        ],
    ]
)
"""The opening of a shoe, seen from the front: closed around the ankle, and as low as a pump's."""


@dataclass(frozen=True, eq=False)
class Foot:
    """A foot in its view."""

    leg: Limb
    unit: float
    """Head heights of 1 in the tables."""
    heading: int
    """Where the toes point in the picture: -1 to its left, 1 to its right."""
    turn: float
    """0 from the front … 1 from the side."""
    hang: float
    """How far the toes hang below standing flat, 0..1."""
    roll: float
    """Radians, clockwise."""

    def place(self, points: Points, along: Sequence[float] | Curve = ()) -> Curve:
        """Of the tables → the drawing; `along` says how far each point sinks with the toes."""
        p = np.array(points, np.float64)
        if len(along):
            far = np.asarray(along)
            p[:, 1] += self.hang * far * (0.45 + 0.35 * self.turn)
            p[:, 0] *= 1 - self.hang * far * (0.12 + 0.18 * self.turn)
        p[:, 0] *= self.heading
        c, s = math.cos(self.roll), math.sin(self.roll)
        return np.asarray(self.unit * (p @ np.array([[c, s], [-s, c]])) + self.leg.joints[2])

    def view(self, table: Curve) -> Curve:
        """A table, float [3, …], between its views."""
        at = np.interp(self.turn, _TURNS, (0.0, 1.0, 2.0))
        k = min(int(at), 1)
        return np.asarray(table[k] + (table[k + 1] - table[k]) * (at - k))

    def down(self, far: float) -> Curve:
        """The step towards the ground, float [2]."""
        return np.asarray(np.array([-math.sin(self.roll), math.cos(self.roll)]) * far * self.unit)

    def outline(self, ease: float = 0.0, *, toes: float = 0.0) -> Curve:
        """From the back of the ankle around heel, sole and toes to its front.

        `ease` widens it, in units; `toes` makes the toe end longer and rounder.
        """
        p, far = self.view(_OUTLINE), self.view(_ALONG)
        middle = np.array([0.5 * (p[:, 0].min() + p[:, 0].max()), 0.45])
        away = p - middle
        p = p + away / np.maximum(np.hypot(*away.T), 0.2)[:, None] * ease
        p[4:8] += toes * (p[4:8] - (p[3] + p[8]) / 2)
        return spline(self.place(p, far))

    def sole(self, ease: float, toes: float = 0.0) -> Curve:
        """The lower edge of that outline, from the back of the heel to the tip of the toes."""
        return self.outline(ease, toes=toes)[26:76]

    def collar(self, depth: float) -> Curve:
        """The opening of a shoe, from the back to the front; `depth` 0 closes around the ankle, 1 bares the instep."""
        high, low = (self.view(table) for table in _COLLAR)
        p = high + (low - high) * depth
        return spline(self.place(p, np.linspace(0.1, 0.9, 5) * 0.6 * depth))

    def across(self, a: float, *, arch: float = 0.1, over: float = 0.0) -> Curve:
        """A line over the top of the foot at share `a` to the toes, from the rail at the heel's side to the other.

        `over` lengthens it at both ends, by that share.
        """
        first, last = (self._on_rail(rail, a) for rail in (_BACK_RAIL, _TOE_RAIL))
        middle, d = 0.5 * (first + last), last - first
        rise = arch * (1 + self.turn) * np.array([d[1], -d[0]]) * (1 if d[0] > 0 else -1)
        line = [first - over * (d + 3 * rise), first, middle + rise, last, last + over * (d - 3 * rise)]
        return spline(np.array(line if over else line[1:-1]))

    def _on_rail(self, rail: Curve, a: float) -> Curve:
        at = 10 * np.interp(a, (0, 1 / 3, 2 / 3, 1), self.view(rail))
        k = int(at)
        return np.asarray(self.form[k] + (self.form[k + 1] - self.form[k]) * (at - k))

    @cached_property
    def form(self) -> Curve:
        """The bare outline."""
        return self.outline()

    def point(self, a: float, c: float) -> tuple[float, float]:
        """A point on top of the foot: `a` from the ankle to the toes, `c` from one rail (0) to the other (1)."""
        curve = self.across(a)
        at = c * (len(curve) - 1)
        k = min(int(at), len(curve) - 2)
        x, y = curve[k] + (curve[k + 1] - curve[k]) * (at - k)
        return float(x), float(y)


HEELS = {"pumps": 0.62, "longboots": 0.34, "strapped": 0.14, "boots": 0.1, "greaves": 0.1}
"""How far the heel of a shoe tips the foot, as toes that hang."""


def foot(leg: Limb, build: Build, shoe: str) -> Foot:
    """The foot at the end of a leg, in a kind of shoe; small figures wear low heels."""
    turned, hang, follows = leg.foot
    sign = SIDES[leg.side]
    heel = HEELS.get(shoe, 0.0) * float(np.interp(build.heads, (3, 5), (0.3, 1)))
    roll = (leg.direction(0.97) - math.pi / 2) * (1.0 if follows else 0.35)
    unit = 1.1 * float(leg.radius(1.0)[0]) / 0.36
    return Foot(leg, unit, sign if turned >= 0 else -sign, min(abs(turned), 1.0), max(hang, heel), roll)
