"""Hands: a small skeleton in three dimensions, posed by gesture and seen from any side.

So foreshortening, overlaps and the side of the thumb come out right.

The hand's own frame: x from the wrist to the fingertips, y towards the thumb, z out of the back of the hand; lengths in
hands (wrist to tip of the middle finger = 1).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from animelayers.artist.contours import Contour, covers
from animelayers.artist.curves import Curve, arc, closed, ellipse, hull, positions, sides, spline
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
PALM = ((0.04, 0.03, 0.085), (0.04, -0.03, 0.085), (0.17, -0.105, 0.073), (0.17, 0.09, 0.08))
"""Root, heel and ball: x, y, radius; wrist and knuckles complete it."""
WEB = 0.22
"""Share of the first bones that the webs between the fingers cover."""

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


@dataclass(frozen=True, slots=True)
class Make:
    """How a hand is built."""

    size: float
    """From the wrist to the tip of the middle finger, head heights."""
    wrist: float
    """Radius of the wrist, head heights."""
    plump: float = 1.0
    """Times the thickness."""
    mitten: bool = False
    """Whether the four fingers are short and in one, as small figures have them."""


@dataclass(frozen=True, slots=True, eq=False)
class Hand:
    """A posed hand as it is seen."""

    contours: tuple[Contour, ...]
    wrapped: frozenset[str]
    """Contours that lie before what is held."""
    grip: tuple[float, float]
    """The middle of what the fingers close around."""
    nails: tuple[Curve, ...]
    """Those that are seen."""


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """From the hand's own frame to the picture."""

    wrist: tuple[float, float]
    along: Curve
    across: Curve
    matrix: Curve
    make: Make

    def __call__(self, points: Curve) -> tuple[Curve, Curve]:
        """Points float [n, 3] → float [n, 2] of the drawing, and depths in head heights [n]."""
        p = np.asarray(points, np.float64) @ self.matrix.T
        size = self.make.size
        return np.asarray(self.wrist) + size * (p[:, :1] * self.along + p[:, 1:2] * self.across), size * p[:, 2]

    def radii(self, hands: tuple[float, ...]) -> Curve:
        """Thicknesses in head heights."""
        return np.asarray(hands) * self.make.size * self.make.plump


def _view(wrist: tuple[float, float], angle: float, side: str, make: Make, turn: Turn) -> _View:
    roll, flex = math.radians(turn.roll), math.radians(turn.flex)
    nod = np.array([[math.cos(flex), 0, math.sin(flex)], [0, 1, 0], [-math.sin(flex), 0, math.cos(flex)]])
    spin = np.array([[1, 0, 0], [0, math.cos(roll), -math.sin(roll)], [0, math.sin(roll), math.cos(roll)]])
    along = np.array([math.cos(angle), math.sin(angle)])
    across = SIDES[side] * np.array([-along[1], along[0]])
    return _View(wrist, along, across, spin @ nod, make)


def hand(wrist: tuple[float, float], angle: float, side: str, make: Make, gesture: Gesture, turn: Turn) -> Hand:
    """A hand that points at `angle`, radians clockwise from the right."""
    view = _view(wrist, angle, side, make, turn)
    bones = {name: _finger(name, gesture, k, 0.6 if make.mitten else 1.0) for k, name in enumerate(KNUCKLES)}
    thumb = np.array(THUMBS[gesture.thumb]) * (0.82 if make.mitten else 1.0)
    palm = _palm(view, bones)
    fingers = [_mitten(view, bones)] if make.mitten else []
    if not make.mitten:
        for name, points in bones.items():
            fingers += _digit(name, points, FINGER, view, palm)
    fingers += _digit("thumb", thumb, THUMB, view, palm)
    wrapped = {c.name for c in fingers if c.depth > palm.depth + 0.02 * make.size}
    ((x, y),), _ = view(np.array([(0.4 if make.mitten else 0.47, 0.0, -0.13)]))
    nails = () if make.mitten else _nails(view, bones, gesture, fingers)
    return Hand((palm, *fingers), frozenset(wrapped), (float(x), float(y)), nails)


def _finger(name: str, gesture: Gesture, k: int, long_: float) -> Curve:
    """Joints of a finger, float [4, 3]."""
    spread, bends = math.radians(gesture.spread[k]), np.radians(np.cumsum(gesture.bend[k]))
    ways = np.stack([np.cos(bends) * math.cos(spread), np.cos(bends) * math.sin(spread), -np.sin(bends)], axis=1)
    steps = ways * np.array(BONES[name])[:, None] * long_
    return np.asarray(KNUCKLES[name] + np.concatenate([np.zeros((1, 3)), np.cumsum(steps, axis=0)]))


def _around(centres: Curve, radii: Curve) -> Curve:
    """The convex outline around circles."""
    t = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    circle = np.stack([np.cos(t), np.sin(t)], axis=1)
    return hull((centres[:, None] + radii[:, None, None] * circle).reshape(-1, 2))


def _ring(outline: Curve) -> tuple[Curve]:
    return (closed(outline),)


def _palm(view: _View, bones: dict[str, Curve]) -> Contour:
    """Wrist, ball, heel and knuckles with the webs between the fingers."""
    webs = [points[0] + (points[1] - points[0]) * WEB for points in bones.values()]
    flat, depth = view(np.array([(0.0, 0.0, 0.0), *((x, y, -0.02) for x, y, _ in PALM), *webs]))
    radii = view.radii((0.0, *(r for _, _, r in PALM), *(4 * (FINGER[0] * 0.98,))))
    radii[0] = view.make.wrist
    edge = _around(flat, radii)
    return Contour("palm", edge, _ring(edge), float(depth[1:].mean()), ("arm",))


def _mitten(view: _View, bones: dict[str, Curve]) -> Contour:
    flat, depth = view(np.concatenate(list(bones.values())))
    edge = _around(flat, view.radii(tuple(1.2 * r for r in FINGER) * 4))
    return Contour("mitten", edge, _ring(edge), float(depth.mean()), ("palm",))


def _digit(name: str, points: Curve, radii: tuple[float, ...], view: _View, palm: Contour) -> list[Contour]:
    """A finger as one tapering form, or as one form a bone where it is bent so far that it hides itself."""
    flat, depth = view(points)
    r = view.radii(radii)
    steps = np.diff(flat, axis=0)
    seen = np.hypot(steps[:, 0], steps[:, 1])
    ways = steps / np.maximum(seen, 1e-9)[:, None]
    if (ways[1:] * ways[:-1]).sum(axis=1).min() > 0.25 and (seen > 0.6 * r[1:]).all():
        mean = float(depth.mean())
        form = _tapering(flat, r)
        return [Contour(name, form, (form,), mean, ("palm",) if mean < palm.depth + 0.06 * view.make.size else ())]
    out = []
    for k in range(3):
        form = _around(flat[k : k + 2], r[k : k + 2])
        joins = (f"{name}{k - 1}" if k else "palm",)
        out.append(Contour(f"{name}{k}", form, _ring(form), float(depth[k : k + 2].mean()), joins))
    return out


def _tapering(joints: Curve, radii: Curve) -> Curve:
    """Around a finger's bones, from one side of its root over the tip to the other."""
    spine = spline(joints, steps=6)
    width = np.interp(positions(spine), positions(joints), radii)
    left, right = sides(spine, width)
    way = spine[-1] - spine[-2]
    a = math.atan2(way[1], way[0])
    (x, y), r = spine[-1], width[-1]
    cap = arc(x, y, r, r, a - math.pi / 2, a + math.pi / 2, steps=9)[1:-1]
    return np.concatenate([left, cap, right[::-1]])


def _nails(view: _View, bones: dict[str, Curve], gesture: Gesture, fingers: list[Contour]) -> tuple[Curve, ...]:
    """On the last bones that show their backs and lie under no other finger."""
    out = []
    for points, bend, name in zip(bones.values(), gesture.bend, bones, strict=True):
        angle = math.radians(sum(bend))
        facing = float(view.matrix[2] @ (math.sin(angle), 0.0, math.cos(angle)))
        if facing < 0.35:
            continue
        (base, tip), depth = view(points[2:])
        middle, way = base + 0.8 * (tip - base), tip - base
        over = [f for f in fingers if f.depth > depth.mean() and not f.name.startswith(name)]
        if not any(covers(f.area, middle[None])[0] for f in over):
            r = float(view.radii(FINGER)[3])
            out.append(
                ellipse(middle[0], middle[1], 0.8 * r, 0.55 * r * facing, turn=math.atan2(way[1], way[0]), steps=16)
            )
    return tuple(out)
