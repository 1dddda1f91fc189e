"""Hands: a small skeleton in three dimensions, posed by gesture and seen from any side, so that foreshortening, overlaps
and the side of the thumb come out right.

The hand's own frame: x from the wrist to the fingertips, y towards the thumb, z out of the back of the hand; lengths in
hands (wrist to tip of the middle finger = 1).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from animelayers.artist.contours import Contour
from animelayers.artist.curves import Curve, arc, hull, positions, sides, spline
from animelayers.artist.figure import SIDES

KNUCKLES = {
    "index": (0.50, 0.145, 0.0),
    "middle": (0.525, 0.05, 0.015),
    "ring": (0.50, -0.045, 0.01),
    "little": (0.45, -0.13, -0.01),
}
BONES = {
    "index": (0.215, 0.14, 0.105),
    "middle": (0.235, 0.155, 0.115),
    "ring": (0.22, 0.145, 0.11),
    "little": (0.175, 0.11, 0.09),
}
FINGER = (0.056, 0.05, 0.043, 0.031)
"""Radii at knuckle, middle joint, end joint and tip."""
THUMB = (0.085, 0.066, 0.056, 0.038)
PALM = ((0.0, 0.04, 0.085), (0.0, -0.035, 0.085), (0.16, -0.105, 0.075), (0.17, 0.09, 0.08))
"""Wrist, heel and ball: x, y, radius; the knuckles complete it."""
SHORT_FLESH = 0.045
"""How far the webs between the fingers lie beyond the knuckles."""

THUMBS: dict[str, tuple[tuple[float, float, float], ...]] = {
    "beside": ((0.13, 0.10, -0.04), (0.29, 0.19, -0.09), (0.43, 0.22, -0.13), (0.54, 0.21, -0.15)),
    "out": ((0.13, 0.10, -0.03), (0.26, 0.23, -0.06), (0.36, 0.34, -0.08), (0.44, 0.43, -0.08)),
    "across": ((0.14, 0.09, -0.06), (0.29, 0.17, -0.20), (0.42, 0.09, -0.31), (0.45, -0.04, -0.33)),
    "up": ((0.13, 0.10, -0.04), (0.24, 0.23, -0.07), (0.30, 0.37, -0.08), (0.31, 0.49, -0.07)),
    "hook": ((0.14, 0.09, -0.06), (0.28, 0.17, -0.17), (0.40, 0.15, -0.27), (0.48, 0.08, -0.31)),
}


@dataclass(frozen=True, slots=True)
class Gesture:
    """Where the fingers are, degrees; index to little."""

    bend: tuple[tuple[float, float, float], ...]
    """At the three joints of each finger, towards the palm."""
    spread: tuple[float, ...] = (2, 0.5, -1, -3)
    """Towards the thumb."""
    thumb: str = "beside"


def _all(*bend: float) -> tuple[tuple[float, float, float], ...]:
    first, second, third = bend
    return tuple((first + 2 * k, second + 2 * k, third) for k in range(4))


_SHUT = (84.0, 98.0, 58.0)
GESTURES = {
    "relaxed": Gesture(((12, 16, 10), (20, 24, 14), (27, 30, 18), (33, 34, 20))),
    "open": Gesture(_all(2, 4, 3), (11, 3, -6, -17), "out"),
    "flat": Gesture(_all(4, 5, 4)),
    "curved": Gesture(_all(22, 26, 18)),
    "fist": Gesture((_SHUT,) * 4, (0, 0, 0, 0), "across"),
    "grip": Gesture(_all(68, 82, 46), (0, 0, 0, 0), "hook"),
    "cup": Gesture(_all(34, 44, 28), (2, 0, -2, -4), "hook"),
    "point": Gesture(((4, 6, 4), _SHUT, _SHUT, _SHUT), (2, 0, 0, 0), "across"),
    "peace": Gesture(((2, 4, 3), (2, 4, 3), _SHUT, _SHUT), (10, -9, 0, 0), "across"),
    "thumb": Gesture((_SHUT,) * 4, (0, 0, 0, 0), "up"),
    "pinch": Gesture(((46, 48, 24), (40, 40, 22), (34, 34, 20), (28, 30, 18)), (2, 1, -2, -6), "hook"),
}


@dataclass(frozen=True, slots=True)
class Turn:
    """How the hand is held, degrees."""

    roll: float = 0.0
    """0 shows its back, 90 the thumb's edge, 180 the palm, -90 the little finger's edge."""
    flex: float = 0.0
    """Of the wrist, towards the palm."""
    lean: float = 0.0
    """Of the wrist, in the plane of the hand towards the thumb."""


@dataclass(frozen=True, slots=True, eq=False)
class Hand:
    """A posed hand as it is seen."""

    contours: tuple[Contour, ...]
    wrapped: frozenset[str]
    """Contours that lie before what is held."""
    grip: tuple[float, float]
    """The middle of what the fingers close around."""
    axis: float
    """Angle towards the thumb's side: the way a held shaft runs, radians clockwise from the right."""
    tips: Curve
    """Fingertips, index to little, float [4, 2]."""
    size: float


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """From the hand's own frame to the picture."""

    wrist: tuple[float, float]
    along: np.ndarray
    across: np.ndarray
    matrix: np.ndarray
    size: float

    def __call__(self, points: Curve) -> tuple[Curve, np.ndarray]:
        """float [n, 3] → float [n, 2] of the drawing, and depths in head heights [n]."""
        p = np.asarray(points, np.float64) @ self.matrix.T
        flat = np.asarray(self.wrist) + self.size * (p[:, :1] * self.along + p[:, 1:2] * self.across)
        return flat, self.size * p[:, 2]


def _view(wrist: tuple[float, float], angle: float, side: str, size: float, turn: Turn) -> _View:
    roll, flex, lean = (math.radians(a) for a in (turn.roll, turn.flex, turn.lean))
    swing = np.array([[math.cos(lean), -math.sin(lean), 0], [math.sin(lean), math.cos(lean), 0], [0, 0, 1]])
    nod = np.array([[math.cos(flex), 0, math.sin(flex)], [0, 1, 0], [-math.sin(flex), 0, math.cos(flex)]])
    spin = np.array([[1, 0, 0], [0, math.cos(roll), -math.sin(roll)], [0, math.sin(roll), math.cos(roll)]])
    along = np.array([math.cos(angle), math.sin(angle)])
    across = SIDES[side] * np.array([-along[1], along[0]])
    return _View(wrist, along, across, spin @ nod @ swing, size)


def hand(
    wrist: tuple[float, float],
    angle: float,
    side: str,
    size: float,
    gesture: Gesture,
    turn: Turn,
    *,
    plump: float = 1.0,
    mitten: bool = False,
) -> Hand:
    """A hand at the end of a forearm that runs at `angle` (radians clockwise from the right); `size` head heights.

    A `mitten` has its four fingers in one, as small figures have them.
    """
    view = _view(wrist, angle, side, size, turn)
    bones = {name: _finger(name, gesture, k) for k, name in enumerate(KNUCKLES)}
    palm = _palm(view, plump, bones)
    contours = [palm]
    wrapped = set()
    if mitten:
        contours.append(_mitten(view, bones, plump, palm))
    else:
        for name, points in bones.items():
            contours += _digit(name, points, FINGER, view, plump, palm)
    contours += _digit("thumb", np.array(THUMBS[gesture.thumb]), THUMB, view, plump, palm)
    wrapped = {c.name for c in contours if c is not palm and c.depth > palm.depth + 0.02 * size}
    hollow, _ = view(np.array([(0.47, 0.0, -0.13), (0.47, 1.0, -0.13), *(p[-1] for p in bones.values())]))
    axis = hollow[1] - hollow[0]
    return Hand(
        tuple(contours),
        frozenset(wrapped),
        (float(hollow[0, 0]), float(hollow[0, 1])),
        math.atan2(axis[1], axis[0]),
        hollow[2:],
        size,
    )


def _finger(name: str, gesture: Gesture, k: int) -> Curve:
    """Joints of a finger, float [4, 3]."""
    spread, bends = math.radians(gesture.spread[k]), np.radians(np.cumsum(gesture.bend[k]))
    ways = np.stack([np.cos(bends) * math.cos(spread), np.cos(bends) * math.sin(spread), -np.sin(bends)], axis=1)
    steps = ways * np.array(BONES[name])[:, None]
    return np.array(KNUCKLES[name]) + np.concatenate([np.zeros((1, 3)), np.cumsum(steps, axis=0)])


def _palm(view: _View, plump: float, bones: dict[str, Curve]) -> Contour:
    knuckles = np.array([points[0] + (points[1] - points[0]) / 0.2 * SHORT_FLESH for points in bones.values()])
    fixed = np.array([(x, y, -0.02) for x, y, _ in PALM])
    flat, depth = view(np.concatenate([fixed, knuckles]))
    radii = view.size * plump * np.array([r for _, _, r in PALM] + [FINGER[0] * 0.98] * 4)
    edge = hull(
        np.concatenate([arc(x, y, r, r, 0, 2 * math.pi, steps=16) for (x, y), r in zip(flat, radii, strict=True)])
    )
    ring = np.concatenate([edge, edge[:1]])
    return Contour("palm", edge, (ring,), float(depth.mean()), ("arm",))


def _mitten(view: _View, bones: dict[str, Curve], plump: float, palm: Contour) -> Contour:
    flat, depth = view(np.concatenate(list(bones.values())))
    radii = view.size * plump * np.tile(np.array(FINGER) * 1.25, 4)
    edge = hull(
        np.concatenate([arc(x, y, r, r, 0, 2 * math.pi, steps=14) for (x, y), r in zip(flat, radii, strict=True)])
    )
    return Contour("mitten", edge, (np.concatenate([edge, edge[:1]]),), float(depth.mean()), ("palm",))


def _digit(
    name: str, points: Curve, radii: tuple[float, ...], view: _View, plump: float, palm: Contour
) -> list[Contour]:
    """A finger as one tapering form, or as one form a bone where it is bent so far that it hides itself."""
    flat, depth = view(points)
    r = np.asarray(radii) * view.size * plump
    steps = np.diff(flat, axis=0)
    seen = np.hypot(steps[:, 0], steps[:, 1])
    ways = steps / np.maximum(seen, 1e-9)[:, None]
    straight = (ways[1:] * ways[:-1]).sum(axis=1).min() > 0.25 and (seen > 0.6 * r[1:]).all()
    if straight:
        mean = float(depth.mean())
        joins = ("palm",) if mean < palm.depth + 0.06 * view.size else ()
        area = _tapering(flat, r)
        return [Contour(name, area, (area,), mean, joins)]
    out = []
    for k in range(3):
        area = _tapering(flat[k : k + 2], r[k : k + 2])
        neighbour = (f"{name}{k - 1}",) if k else ("palm",)
        out.append(
            Contour(f"{name}{k}", area, (np.concatenate([area, area[:1]]),), float(depth[k : k + 2].mean()), neighbour)
        )
    return out


def _tapering(joints: Curve, radii: np.ndarray) -> Curve:
    """Around a finger's bones, from one side of its root over the tip to the other; a single bone is round at both ends."""
    if len(joints) == 2:
        way = joints[1] - joints[0]
        a = math.atan2(way[1], way[0])
        ends = [
            arc(*joints[k], radii[k], radii[k], a + turn, a + turn + math.pi, steps=9)
            for k, turn in ((1, -math.pi / 2), (0, math.pi / 2))
        ]
        return np.concatenate(ends)
    spine = spline(joints, steps=6)
    width = np.interp(positions(spine), positions(joints), radii)
    left, right = sides(spine, width)
    way = spine[-1] - spine[-2]
    a = math.atan2(way[1], way[0])
    cap = arc(*spine[-1], width[-1], width[-1], a - math.pi / 2, a + math.pi / 2, steps=9)[1:-1]
    return np.concatenate([left, cap, right[::-1]])
