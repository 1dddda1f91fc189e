"""How legs stand, and the contour of a leg."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from animelayers.artist.build import Build
from animelayers.artist.curves import Curve, spline
from animelayers.artist.dice import Range


@dataclass(frozen=True, slots=True)
class Stance:
    """What one leg does."""

    thigh: Range
    """Degrees outwards from straight down."""
    shin: Range
    seen: tuple[float, float] = (1.0, 1.0)
    """Lengths of thigh and shin as foreshortened."""
    turned: Range = (0.15, 0.45)
    """How far the foot points outwards: the sine, negative inwards."""
    toes: Range = (0.0, 0.05)
    """How far the toes point down: 0 stands flat, 1 hangs."""
    hanging: bool = False
    """Whether the foot follows the shin instead of the ground."""


LEG_POSES: dict[str, tuple[Stance, Stance]] = {
    "straight": (Stance((-1, 3), (-2, 2)), Stance((0, 4), (-1, 3))),
    "contrapposto": (Stance((-5, -1), (-4, -1), turned=(0, 0.2)), Stance((6, 11), (1, 8), turned=(0.45, 0.9))),
    "apart": (Stance((7, 13), (6, 12), turned=(0.3, 0.7)), Stance((8, 14), (6, 12), turned=(0.3, 0.7))),
    "together": (Stance((-3, -1), (-1, 2), turned=(0.0, 0.15)), Stance((-3, 0), (-1, 2), turned=(0.0, 0.2))),
    "crossed": (Stance((-11, -8), (-9, -6), turned=(-0.3, 0.1)), Stance((-5, -2), (-7, -4), turned=(0.1, 0.5))),
    "knees-in": (Stance((-6, -3), (7, 12), turned=(-0.45, -0.1)), Stance((-6, -3), (6, 11), turned=(-0.45, 0.0))),
    "walk": (
        Stance((-4, 0), (-3, 1), (1.0, 1.03), turned=(-0.05, 0.2)),
        Stance((0, 4), (1, 6), (1.0, 0.82), turned=(0.0, 0.35), toes=(0.5, 0.8)),
    ),
    "bent": (
        Stance((-4, 0), (-2, 1), turned=(0.1, 0.35)),
        Stance((3, 9), (-22, -14), (0.9, 0.86), turned=(0.0, 0.4), toes=(0.4, 0.7)),
    ),
    "kick": (
        Stance((-4, 0), (-2, 1), turned=(0.0, 0.3)),
        Stance((-3, 3), (30, 52), (0.97, 0.56), turned=(0.5, 0.8), toes=(0.5, 0.8), hanging=True),
    ),
    "coy": (
        Stance((-4, -1), (-3, 0), turned=(0.0, 0.25)),
        Stance((-9, -5), (9, 15), (0.99, 0.96), turned=(-0.45, -0.15), toes=(0.1, 0.35)),
    ),
}
"""What the nearer and the farther leg do."""

FREQUENT = {
    "straight": 3.0,
    "contrapposto": 4.5,
    "apart": 2.0,
    "together": 2.5,
    "crossed": 1.0,
    "knees-in": 1.5,
    "walk": 1.5,
    "bent": 1.0,
    "kick": 0.5,
    "coy": 1.5,
}

_SHARES = (0.0, 0.1, 0.22, 0.36, 0.46, 0.53, 0.61, 0.7, 0.82, 0.93, 1.0)
_CONTOURS = {
    "slim": (
        (0.262, 0.283, 0.264, 0.213, 0.168, 0.150, 0.170, 0.160, 0.114, 0.086, 0.086),
        (0.255, 0.252, 0.226, 0.182, 0.154, 0.152, 0.148, 0.160, 0.132, 0.088, 0.085),
    ),
    "strong": (
        (0.262, 0.285, 0.270, 0.225, 0.180, 0.168, 0.190, 0.180, 0.128, 0.096, 0.096),
        (0.255, 0.250, 0.230, 0.190, 0.168, 0.166, 0.165, 0.176, 0.142, 0.098, 0.096),
    ),
    "small": (
        (0.262, 0.285, 0.280, 0.262, 0.243, 0.235, 0.230, 0.218, 0.182, 0.145, 0.136),
        (0.255, 0.262, 0.258, 0.245, 0.232, 0.228, 0.224, 0.216, 0.182, 0.145, 0.136),
    ),
}
"""Half widths outside and inside of the bone: the calf swells higher outside, the thigh only there."""


def contour(build: Build, bend: float) -> tuple[Curve, Curve]:
    """A leg's outer and inner half widths, each float [n, 2] of (share of the length, breadths of the body).

    `bend` is the share at which the knee lies.
    """
    outer, inner = build.between(_CONTOURS)
    shares = np.interp(_SHARES, (0, 0.5, 1), (0, bend, 1))
    return spline(np.stack([shares, outer], axis=1), steps=5), spline(np.stack([shares, inner], axis=1), steps=5)
