"""An arm as a tube with two edges: what skin, sleeves, gloves and bands are cut from."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from animelayers.artist.curves import Curve, cut, positions, sides
from animelayers.artist.drawing import Fragment
from animelayers.artist.figure import SIDES, Limb
from animelayers.artist.reach import bend

Widths = tuple[tuple[float, ...], tuple[float, ...]]
"""Shares of a piece's own length, and head heights at each."""

ROOT = 0.2
"""Share of the arm's length at which the armpit lies."""

UNDER = 0.06
"""Breadths of the body by which the farther half of an arm goes on under the nearer one."""


LAP = 3.0
"""What is worn begins by this times its height over the skin before the skin's own near half, which never shows so."""

OVER_ELBOW = 0.003
"""Of a forearm over its own upper arm, where their depths are the same."""


@dataclass(frozen=True, slots=True, eq=False)
class Tube:
    """A piece of an arm or what surrounds it; edges run from the trunk to the hand."""

    outer: Curve
    inner: Curve
    sign: int
    """Of the arm's side along x."""
    hem: float = 0.22
    """Bulge of lines across it, in radii of its end; negative where one looks into it."""

    @property
    def bulge(self) -> float:
        """Of its hem, head heights."""
        return self.hem * self.radius(-1)

    def end(self, bulge: float = 0.0) -> Curve:
        """Across the far end, from the outer to the inner edge, bulging outwards by `bulge` head heights."""
        return bulging(self.outer[-1], self.inner[-1], self.sign * bulge)

    def start(self, bulge: float = 0.0) -> Curve:
        """Across the near end, from the inner to the outer edge, bulging towards the trunk."""
        return bulging(self.inner[0], self.outer[0], self.sign * bulge)

    def area(self, start: float = 0.0, end: float = 0.0) -> Curve:
        """The closed outline, with both ends' bulges."""
        return np.concatenate([self.outer, self.end(end), self.inner[::-1], self.start(start)])

    def across(self, share: float, bulge: float | None = None) -> Curve:
        """A line across at a share of the length, from the outer to the inner edge; None: bulging as the hem does."""
        bulge = self.bulge if bulge is None else bulge
        a, z = cut(self.outer, share, 1.0)[0], cut(self.inner, share, 1.0)[0]
        return np.concatenate([[a], bulging(a, z, self.sign * bulge), [z]])

    def piece(self, start: float, stop: float) -> Tube:
        """Part of it between two shares of its own length."""
        return Tube(cut(self.outer, start, stop), cut(self.inner, start, stop), self.sign, self.hem)

    def radius(self, at: int) -> float:
        """Half the width at its start (0) or end (-1)."""
        return math.dist(self.outer[at], self.inner[at]) / 2


def bulging(a: Curve, b: Curve, bulge: float) -> Curve:
    """Half an ellipse from one point to another, bulging to the left of its way; without the end points."""
    way = b - a
    normal = np.array([way[1], -way[0]]) / max(float(np.hypot(*way)), 1e-9)
    t = np.linspace(0, np.pi, 13)[1:-1, None]
    return np.asarray((a + b) / 2 - np.cos(t) * way / 2 + np.sin(t) * bulge * normal)


def folded(limb: Limb) -> bool:
    """Whether the forearm lies back over the upper arm: then each is a form of its own."""
    return bend(*limb.joints) < 0.25


def spans(limb: Limb, start: float, stop: float) -> list[tuple[float, float]]:
    """The same reach in pieces that are one form each: two where a folded elbow lies within."""
    if not folded(limb) or stop <= limb.bend + 0.02 or start >= limb.bend - 0.02:
        return [(start, stop)]
    return [(start, limb.bend), (limb.bend, stop)]


def tube(limb: Limb, start: float, stop: float, ease: Widths | float = 0.0, beyond: float = 0.0) -> Tube:
    """The part of an arm between two shares of its length, wider by `ease`, and `beyond` its end in head heights.

    Of a folded arm only one of its `spans` at a time.
    """
    spine, radius = limb.sleeve(start, stop)
    if folded(limb):
        spine, radius = _bone(limb, start, stop)
    if beyond:
        way = spine[-1] - spine[-3]
        spine = np.concatenate([spine, [spine[-1] + way / np.hypot(*way) * beyond * k for k in (0.5, 1.0)]])
        radius = np.concatenate([radius, radius[-1:], radius[-1:]])
    radius = radius + (ease if isinstance(ease, float) else np.interp(positions(spine), *ease))
    left, right = sides(spine, radius)
    left, right = _outside(left, spine, radius), _outside(right, spine, radius)
    sign = SIDES[limb.side]
    return Tube(left, right, sign) if sign > 0 else Tube(right, left, sign)


def _bone(limb: Limb, start: float, stop: float) -> tuple[Curve, npt.NDArray[np.float64]]:
    """Straight along one bone of a folded arm, with radii."""
    joints, at = np.array(limb.joints), np.linspace(start, stop, 13)
    first, last = (0, 1) if stop <= limb.bend + 0.02 else (1, 2)
    low, high = (0.0, limb.bend) if first == 0 else (limb.bend, 1.0)
    share = ((at - low) / (high - low))[:, None]
    return joints[first] + share * (joints[last] - joints[first]), limb.radius(at)


def part(ease: Widths, whole: tuple[float, float], piece: tuple[float, float]) -> Widths:
    """The widths of one span of a sleeve that is given for its whole reach."""
    at = np.linspace(0.0, 1.0, 9)
    shares = (piece[0] + at * (piece[1] - piece[0]) - whole[0]) / (whole[1] - whole[0])
    return tuple(at), tuple(np.interp(shares, *ease))


def _outside(edge: Curve, spine: Curve, radius: npt.NDArray[np.float64]) -> Curve:
    """An edge without what a sharp bend folds into the tube itself: a crease is left."""
    far = np.hypot(*(edge[:, None] - spine[None]).transpose(2, 0, 1))
    keep = (far > radius[None] * 0.97).all(axis=1)
    keep[[0, -1]] = True
    return np.asarray(edge[keep])


def halved(made: Fragment, arm: Limb, breadth: float, start: float = 0.0) -> list[Fragment]:
    """A fragment that begins at share `start`, at the depths of its arm: cut at the elbow where these differ.

    `made.z` is for the upper arm. Both halves keep the whole form, so that its shading runs on.
    """
    rise = arm.z_end - arm.z
    if start >= arm.bend - 0.02:
        return [made.replace(z=made.z + (rise or OVER_ELBOW))]
    if abs(rise) < 1e-6 or folded(arm):
        return [made]
    lap = LAP * (made.z - arm.z)
    upper, fore = (UNDER * breadth, lap) if rise > 0 else (lap, UNDER * breadth)
    out = []
    for way, more, z in ((-1, upper, made.z), (1, fore, made.z + rise)):
        clip = _half(made, arm, way, more)
        if clip is not None:
            casts = made.casts * min(1.0, 0.06 / max(abs(rise), 0.06)) * (0.0 if rise < -0.4 else 1.0)
            out.append(made.replace(z=z, clip=(clip,), casts=casts))
    return out


def _half(made: Fragment, arm: Limb, way: int, more: float) -> Curve | None:
    """The area on one side of the elbow, `more` beyond it; None where the fragment has nothing there."""
    shoulder, elbow, wrist = (np.asarray(joint) for joint in arm.joints)
    first, last = elbow - shoulder, wrist - elbow
    along = first / np.hypot(*first) + last / np.hypot(*last)
    along = way * along / max(float(np.hypot(*along)), 1e-9)
    points = np.concatenate(made.shape)
    inside = points[(points - elbow) @ along > -more]
    if len(inside) < 3 or (inside - elbow).dot(along).max() < 0.02:
        return None
    (left, top), (right, bottom) = inside.min(axis=0) - 0.15, inside.max(axis=0) + 0.15
    box = np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
    return _cut_box(box, (box - elbow) @ along + more)


def _cut_box(box: Curve, beyond: npt.NDArray[np.float64]) -> Curve:
    """The part of a convex outline whose corners lie `beyond` 0 (Sutherland & Hodgman 1974)."""
    out = []
    for k in range(len(box)):
        a, b, da, db = box[k], box[(k + 1) % len(box)], beyond[k], beyond[(k + 1) % len(box)]
        if da >= 0:
            out.append(a)
        if (da < 0) != (db < 0):
            out.append(a + (b - a) * da / (da - db))
    return np.array(out)
