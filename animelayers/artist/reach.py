"""What arms do, and the contour of an arm."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from animelayers.artist.build import Build
from animelayers.artist.curves import Curve, Point, spline
from animelayers.artist.dice import Dice, Range
from animelayers.artist.drawing import Plane


@dataclass(frozen=True, slots=True)
class Goal:
    """Where a wrist is put."""

    on: str
    """`trunk` or `head`."""
    across: float
    """From the middle towards the arm's own side: in half widths of the trunk, or in head heights."""
    level: float
    """On the trunk: 0 neck, 1 shoulder, 2 armpit, 3 bust, 4 waist, 5 hip, 6 crotch; on the head its `v`."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What one arm does."""

    upper: Range
    """Degrees outwards from straight down."""
    fore: Range | Goal
    """Degrees likewise, or where the wrist goes."""
    seen: Range = (1.0, 1.0)
    """Length of the forearm as foreshortened; with a goal, what it may shrink to and what is aimed at."""
    z: float = Plane.ARM
    """Of the upper arm."""
    z_fore: float = Plane.ARM
    """Of forearm and hand."""


_NEAR = Plane.ARM + 0.05
_DOWN = Reach((5, 12), (1, 8))
_RELAXED = Reach((11, 20), (-6, 5), (0.96, 1.0))
_APART = Reach((26, 46), (24, 50))
_BEHIND = Reach((13, 23), Goal("trunk", 0.12, 4.75), (0.72, 0.85), z_fore=Plane.ARM_BEHIND)
_TOGETHER = Reach((7, 15), Goal("trunk", 0.3, 5.15), (0.7, 0.9), z_fore=_NEAR)
_HIP = Reach((36, 56), Goal("trunk", 1.22, 4.4), (0.75, 0.95), z_fore=Plane.ARM + 0.01)

ARM_POSES: dict[str, tuple[Reach, Reach]] = {
    "down": (_DOWN, _DOWN),
    "relaxed": (_RELAXED, _RELAXED),
    "apart": (_APART, _APART),
    "hip": (_HIP, _HIP),
    "behind": (_BEHIND, _BEHIND),
    "together": (
        Reach((7, 15), Goal("trunk", 0.27, 5.2), (0.7, 0.9), z_fore=_NEAR + 0.02),
        Reach((7, 15), Goal("trunk", 0.33, 5.1), (0.7, 0.9), z_fore=_NEAR),
    ),
    "crossed": (
        Reach((12, 20), Goal("trunk", -0.35, 3.1), (0.6, 0.9), z_fore=_NEAR + 0.03),
        Reach((10, 18), Goal("trunk", -0.5, 3.5), (0.6, 0.9), z_fore=Plane.ARM - 0.04),
    ),
    "chest": (Reach((12, 24), Goal("trunk", 0.5, 2.9), (0.55, 0.8), z_fore=_NEAR + 0.04),) * 2,
    "face": (Reach((34, 58), Goal("head", 0.36, 0.52), (0.7, 0.95), z_fore=Plane.ARM_FRONT),) * 2,
    "wave": (Reach((18, 44), (150, 172), z_fore=Plane.ARM_FRONT),) * 2,
    "raised": (Reach((132, 158), (158, 190), z_fore=Plane.ARM_FRONT),) * 2,
    "hold": (Reach((8, 18), Goal("trunk", 0.5, 3.9), (0.6, 0.8), z_fore=_NEAR + 0.02),) * 2,
    "offer": (Reach((14, 30), (100, 132), (0.6, 0.8), z_fore=_NEAR),) * 2,
    "clasped": (
        Reach((14, 24), Goal("trunk", 0.5, 3.15), (0.55, 0.8), z_fore=_NEAR + 0.04),
        Reach((14, 24), Goal("trunk", 0.54, 3.2), (0.55, 0.8), z_fore=_NEAR + 0.02),
    ),
    "nape": (Reach((116, 136), Goal("head", 0.26, 0.02), (0.6, 0.95), z_fore=Plane.BACK_HAIR - 0.03),) * 2,
    "stretch": (
        Reach((148, 160), Goal("head", 0.04, -1.0), (0.6, 0.9), z_fore=Plane.ARM_FRONT + 0.02),
        Reach((148, 160), Goal("head", 0.1, -0.95), (0.6, 0.9), z_fore=Plane.ARM_FRONT),
    ),
    "salute": (Reach((48, 66), Goal("head", 0.67, 0.02), (0.6, 0.95), z_fore=Plane.ARM_FRONT),) * 2,
    "chin": (Reach((8, 16), Goal("head", 0.16, 0.77), (0.7, 0.95), z_fore=Plane.ARM_FRONT),) * 2,
    "across": (Reach((8, 16), Goal("trunk", -0.5, 3.75), (0.6, 0.85), z_fore=_NEAR),) * 2,
    "elbow": (Reach((12, 20), Goal("trunk", -0.8, 3.85), (0.6, 0.95), z_fore=_NEAR),) * 2,
}
"""What the nearer and the farther arm do."""

BOTH = {
    "down": 2.0,
    "relaxed": 2.6,
    "apart": 1.0,
    "behind": 1.6,
    "together": 1.6,
    "crossed": 1.0,
    "hip": 0.6,
    "clasped": 0.6,
    "nape": 0.4,
    "stretch": 0.4,
    "thinking": 0.7,
    "elbow": 0.6,
    "": 13.0,
}
"""Poses of both arms, and how often; empty: each its own."""

PAIRS = {"thinking": ("chin", "across"), "elbow": ("elbow", "down")}
"""Poses of both arms in which each does something else."""

SINGLE = {
    "down": 3.0,
    "relaxed": 3.0,
    "hip": 2.4,
    "chest": 1.2,
    "face": 0.9,
    "wave": 1.0,
    "raised": 0.5,
    "hold": 1.6,
    "offer": 0.8,
    "behind": 0.8,
    "nape": 0.6,
    "salute": 0.4,
}
"""Poses of one arm, and how often."""

_INWARDS = ("chest", "hold")
CLASHES = {(a, b) for a in _INWARDS for b in _INWARDS}
"""Pairs in which the hands would meet."""

LONG_ARMED = frozenset({"nape", "stretch", "thinking"})
"""Poses that small figures' arms are too short for."""

HATLESS = frozenset({"nape", "stretch", "salute"})
"""Poses that a brim is in the way of."""

_SHARES = (0.0, 0.08, 0.17, 0.3, 0.44, 0.52, 0.58, 0.66, 0.8, 0.93, 1.0)
_CONTOURS = {
    "slim": (
        (0.122, 0.134, 0.132, 0.108, 0.092, 0.092, 0.103, 0.102, 0.079, 0.060, 0.056),
        (0.122, 0.122, 0.118, 0.108, 0.090, 0.082, 0.088, 0.088, 0.072, 0.058, 0.056),
    ),
    "strong": (
        (0.150, 0.178, 0.172, 0.138, 0.120, 0.118, 0.138, 0.136, 0.104, 0.078, 0.074),
        (0.150, 0.150, 0.148, 0.146, 0.118, 0.104, 0.114, 0.114, 0.094, 0.074, 0.074),
    ),
    "small": (
        (0.160, 0.165, 0.160, 0.148, 0.138, 0.135, 0.134, 0.130, 0.120, 0.110, 0.108),
        (0.160, 0.160, 0.155, 0.146, 0.136, 0.130, 0.130, 0.128, 0.118, 0.110, 0.108),
    ),
}
"""Half widths outside and inside of the bone: the deltoid and the forearm's belly swell outside."""


def contour(build: Build, share: float, bent: float) -> tuple[Curve, Curve]:
    """An arm's outer and inner half widths, each float [n, 2] of (share of the length, breadths of the body).

    Its elbow lies at `share`; bone shows there where it is `bent` (see `bend`).
    """
    outer, inner = (spline(np.stack([_SHARES, edge], axis=1), steps=5) for edge in build.between(_CONTOURS))
    outer[:, 1] += 0.02 * min(1 - bent, 1.0) * np.exp(-(((outer[:, 0] - 0.52) / 0.035) ** 2))
    for edge in (outer, inner):
        edge[:, 0] = np.interp(edge[:, 0], (0, 0.52, 1), (0, share, 1))
    return outer, inner


def lifted(shoulder: Point, sign: int, upper: float, breadth: float) -> Point:
    """The shoulder of an arm raised by `upper` degrees: it rises and comes in."""
    lift = min(max((upper - 60) / 90, 0.0), 1.0)
    return shoulder[0] - sign * 0.04 * breadth * lift, shoulder[1] - 0.1 * breadth * lift


def joints(
    reach: Reach, shoulder: Point, goal: Point, bones: tuple[float, float], sign: int, dice: Dice
) -> tuple[Point, Point]:
    """Elbow and wrist; `bones` are the full lengths. What is out of reach is reached for."""
    low, high = reach.upper
    seen = dice.uniform(*reach.seen) * bones[1]
    if not isinstance(reach.fore, Goal):
        elbow = _step(shoulder, sign, dice.uniform(low, high), bones[0])
        return elbow, _step(elbow, sign, dice.uniform(*reach.fore), seen)
    elbows = [_step(shoulder, sign, angle, bones[0]) for angle in np.linspace(low - 4, high + 8, 25).tolist()]
    elbow = min(elbows, key=lambda e: abs(math.dist(e, goal) - seen))
    far = max(math.dist(elbow, goal), 1e-6)
    stretch = min(max(far, 0.9 * reach.seen[0] * bones[1]), bones[1]) / far
    return elbow, (elbow[0] + stretch * (goal[0] - elbow[0]), elbow[1] + stretch * (goal[1] - elbow[1]))


def spine(shoulder: Point, elbow: Point, wrist: Point) -> Curve:
    """The middle of an arm: straight bones, the elbow rounded the less the more it is bent."""
    a, m, z = (np.asarray(p) for p in (shoulder, elbow, wrist))
    soft = 0.05 + 0.1 * max(bend(shoulder, elbow, wrist), 0.0)
    first, last = m + (a - m) * soft, m + (z - m) * soft
    t = np.linspace(0, 1, 11)[:, None]
    corner = (1 - t) ** 2 * first + 2 * t * (1 - t) * m + t * t * last
    t = np.linspace(0, 1, 12)[:, None]
    return np.concatenate([a + t * (first - a), corner[1:-1], last + t * (z - last)])


def bend(shoulder: Point, elbow: Point, wrist: Point) -> float:
    """Cosine of the angle at which the forearm goes on: 1 is a straight arm."""
    (ax, ay), (mx, my), (zx, zy) = shoulder, elbow, wrist
    return ((mx - ax) * (zx - mx) + (my - ay) * (zy - my)) / (math.dist(shoulder, elbow) * math.dist(elbow, wrist))


def _step(start: Point, sign: int, degrees: float, length: float) -> Point:
    angle = math.radians(degrees)
    return start[0] + sign * length * math.sin(angle), start[1] + length * math.cos(angle)
