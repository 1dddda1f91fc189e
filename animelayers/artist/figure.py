"""The body under the clothes: proportions and pose → joints, limbs and the outlines that garments follow."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from animelayers.artist.build import Build
from animelayers.artist.carriage import Carriage, carry
from animelayers.artist.curves import Curve, along, cut, directions, positions, profile, ribbon, spline, turned
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Plane
from animelayers.artist.reach import ARM_POSES, BOTH, CLASHES, LONG_ARMED, PAIRS, SINGLE, Goal, bend, joints, lifted
from animelayers.artist.reach import contour as arm_contour
from animelayers.artist.reach import spine as arm_spine
from animelayers.artist.stance import FREQUENT, LEG_POSES, contour

SIDES = {"r": -1, "l": 1}
"""The character's sides and where they lie along x."""


@dataclass(frozen=True, slots=True, eq=False)
class Limb:
    """An arm or a leg: a bent tube."""

    side: str
    spine: Curve
    """From the trunk to the wrist or ankle."""
    radii: tuple[tuple[float, ...], tuple[float, ...]]
    """Shares of the length, and the radius at each."""
    joints: tuple[tuple[float, float], ...]
    """Shoulder, elbow, wrist; or hip, knee, ankle."""
    z: float
    pose: str
    bend: float
    """Share of the length at which the elbow or knee lies."""
    foot: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Of a leg: how far the foot points outwards (sine), how far its toes hang (0..1), and 1 where it follows the
    shin instead of the ground."""
    z_end: float = 0.0
    """Of an arm: the depth of forearm and hand."""

    def radius(self, t: np.ndarray | float) -> np.ndarray:
        """Of the bare limb at shares `t` of its length."""
        return profile(*self.radii, np.atleast_1d(np.asarray(t, np.float64)))

    def tube(self, start: float = 0.0, stop: float = 1.0, *, ease: float | tuple[float, float] = 0.0) -> Curve:
        """Closed outline of the part between two shares of the length, wider by `ease` at its start and end."""
        spine, radius = self.sleeve(start, stop, ease=ease)
        return ribbon(spine, radius)

    def sleeve(self, start: float, stop: float, *, ease: float | tuple[float, float] = 0.0) -> tuple[Curve, np.ndarray]:
        """Spine and radii of that part, for builders that shape it further."""
        spine = cut(self.spine, start, stop)
        at = positions(spine)
        first, last = ease if isinstance(ease, tuple) else (ease, ease)
        return spine, self.radius(start + (stop - start) * at) + first + (last - first) * at

    def point(self, t: float) -> tuple[float, float]:
        x, y = along(self.spine, t)
        return float(x), float(y)

    def direction(self, t: float) -> float:
        """Angle of the way the limb runs at share `t`, radians clockwise from the right."""
        d = directions(self.spine)
        x, y = d[min(int(np.searchsorted(positions(self.spine), t)), len(d) - 1)]
        return math.atan2(y, x)


@dataclass(frozen=True, slots=True)
class Head:
    """The head's own frame: `(u, v)` with u to the character's left, v down, the crown at v = -0.5, the chin at 0.5."""

    x: float
    y: float
    """Of its middle."""
    tilt: float
    """Radians, clockwise."""
    yaw: float
    """-0.75 (to its right, the picture's left) … 0.75: sine of the angle."""
    pitch: float
    """-0.5 (looking up) … 0.5 (down)."""
    neck: tuple[float, float] = (0.0, 0.0)
    """Where the head turns on the neck."""

    def place(self, points: Curve | list[tuple[float, float]]) -> Curve:
        """Flat `(u, v)` of the head's silhouette → the drawing: tilt only."""
        return turned(np.asarray(points, np.float64) + (self.x, self.y), self.tilt, self.neck)

    def turn(self, points: Curve | list[tuple[float, float]]) -> Curve:
        """`(u, v)` on the front of the head → `(u, v)` of the silhouette, as far as yaw and pitch move it.

        The far half narrows, the near half keeps its breadth and the side of the head behind it opens up; the crown
        stays on its axis, the outermost points (`u` = ±0.46) where they are.
        """
        u, v = np.array(points, np.float64).T
        front = 1 - 0.65 * np.clip((-0.05 - v) / 0.45, 0.0, 1.0) ** 2
        yaw, slack = self.yaw * front, 1 - np.minimum((u / 0.46) ** 2, 1.0)
        x = u + slack * (0.19 * yaw - 0.6 * yaw * yaw * u)
        y = v + self.pitch * (0.14 * (1 - np.minimum((v / 0.56) ** 2, 1.0)) - 0.25 * u * u)
        return np.stack([x, y], axis=1)

    def face(self, points: Curve | list[tuple[float, float]]) -> Curve:
        """`(u, v)` on the front of the head → the drawing: turned and nodded, then tilted."""
        return self.place(self.turn(points))

    def point(self, u: float, v: float) -> tuple[float, float]:
        """One point of the face."""
        x, y = self.face([(u, v)])[0]
        return float(x), float(y)


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """A posed body."""

    build: Build
    head: Head
    arms: dict[str, Limb]
    legs: dict[str, Limb]
    trunk: tuple[tuple[float, float, float, float], ...]
    """Stations from the neck to the crotch: y, x of the middle, and half widths to the right and the left."""
    yaw: float
    """Of the body; sine of the angle."""
    carriage: Carriage
    """Everything above is upright; what is drawn on it is bent by this at last."""

    def edge(self, side: str, top: float, bottom: float, *, ease: float = 0.0) -> Curve:
        """The trunk's outline on one side between two heights, wider by `ease`."""
        s = np.asarray(self.trunk)
        curve = spline(np.stack([s[:, 1] + SIDES[side] * (s[:, 2 if side == "r" else 3] + ease), s[:, 0]], axis=1))
        inside = curve[(curve[:, 1] > top) & (curve[:, 1] < bottom)]
        ends = [(float(np.interp(y, curve[:, 1], curve[:, 0])), y) for y in (top, bottom)]
        return np.concatenate([[ends[0]], inside, [ends[1]]])

    def middle(self, y: float) -> float:
        """The x of the trunk's middle at a height."""
        s = np.asarray(self.trunk)
        return float(np.interp(y, s[:, 0], s[:, 1]))

    def level(self, name: str) -> float:
        """Height of a landmark: `shoulder`, `armpit`, `bust`, `waist`, `hip`, `crotch`."""
        return self.trunk[LEVELS.index(name)][0]


LEVELS = ("neck", "shoulder", "armpit", "bust", "waist", "hip", "crotch")


def pose(build: Build, dice: Dice, holding: Collection[str] = (), barred: Collection[str] = ()) -> Figure:
    """A body of these proportions in a pose.

    `holding` are the arm's poses that can hold what is to be held, `barred` those that the outfit forbids.
    """
    s, b, man = build.scale, build.breadth, build.masculine
    yaw = dice.near(0, 0.45)
    crotch = 5.25 * s * float(np.interp(build.heads, (2.5, 6), (0.5, 0.4)))
    waist = 0.335 + 0.13 * man
    stations = (
        (-0.02, 0.15 + 0.05 * man),
        (0.075, 0.47 + 0.18 * man),
        (0.21, 0.415 + 0.16 * man),
        (0.34, 0.425 + 0.125 * man),
        (0.57, waist),
        (0.88, 0.53 - 0.04 * man),
        (1.0, 0.50 - 0.06 * man),
    )
    near, far = b * (1 - 0.16 * yaw), b * (1 + 0.16 * yaw)
    trunk = tuple((share * crotch, 0.0, half * near, half * far) for share, half in stations)
    head = _head(build, dice.of("head"), yaw)
    arms = _arms(build, trunk, head, _poses(build, dice.of("arms"), holding, barred), dice.of("arms"))
    legs = _legs(build, trunk, dice.of("legs"))
    heavy = max(SIDES, key=lambda side: legs[side].z)
    ground = max(leg.joints[2][1] for leg in legs.values())
    levels = tuple(y for y, *_ in trunk)
    carriage = carry(legs[heavy].pose, SIDES[heavy], levels, -build.neck, ground, s, dice.of("carriage"))
    return Figure(build, head, arms, legs, trunk, yaw, carriage)


def _head(build: Build, dice: Dice, body_yaw: float) -> Head:
    yaw = min(
        max(0.6 * body_yaw + dice.pick({0.0: 2, 0.25: 3, -0.25: 3, 0.5: 1.5, -0.5: 1.5}) + dice.near(0, 0.15), -0.72),
        0.72,
    )
    tilt = dice.near(0, 0.16) * (1.4 if dice.chance(0.25) else 1)
    chin = -build.neck
    return Head(x=0.05 * yaw, y=chin - 0.5, tilt=tilt, yaw=yaw, pitch=dice.near(0, 0.4), neck=(0.0, chin - 0.1))


def _bent(points: list[tuple[float, float]], soft: float) -> Curve:
    """A limb's spine through its three joints, the middle one rounded over `soft` of each bone."""
    a, m, z = (np.asarray(p) for p in points)
    return spline(np.stack([a, a + (m - a) * 0.5, m + (a - m) * soft, m + (z - m) * soft, m + (z - m) * 0.5, z]))


def _poses(build: Build, dice: Dice, holding: Collection[str], barred: Collection[str]) -> dict[str, str]:
    """What each arm does; one of them at least holds what is to be held."""
    barred = {*barred, *(LONG_ARMED if build.small else ())}
    one_each, pairs = _able(SINGLE, SINGLE.keys() - barred), _able(BOTH, BOTH.keys() - barred)
    both = dice.of("both").pick(_able(pairs, ("", *holding)) if holding else pairs)
    first, second = dice.of("first").pick([("l", "r"), ("r", "l")])
    if both:
        return dict(zip((first, second), PAIRS.get(both, (both, both)), strict=True))
    one = dice.of("one").pick(_able(one_each, holding))
    other = dice.of("other").pick(_able(one_each, [name for name in one_each if (one, name) not in CLASHES]))
    return {first: one, second: other}


def _able(poses: dict[str, float], names: Collection[str]) -> dict[str, float]:
    """Those of the names, or all where there are none."""
    return {name: weight for name, weight in poses.items() if name in names} or poses


def _arms(
    build: Build, trunk: tuple[tuple[float, ...], ...], head: Head, poses: dict[str, str], dice: Dice
) -> dict[str, Limb]:
    front = dice.pick(["l", "r"])
    return {side: _arm(build, trunk, head, side, poses[side], side == front, dice.of(side)) for side in SIDES}


def _arm(
    build: Build, trunk: tuple[tuple[float, ...], ...], head: Head, side: str, pose_: str, near: bool, dice: Dice
) -> Limb:
    """An arm from the shoulder's joint, its middle bowed so that both contours are its own."""
    b, sign, reach = build.breadth, SIDES[side], ARM_POSES[pose_][0 if near else 1]
    y, x, right, left = trunk[1]
    shoulder = (x + sign * ((right if sign < 0 else left) - 0.085 * b), y + 0.1 * b)
    shoulder = lifted(shoulder, sign, reach.upper[0], b)
    goal = _goal(reach.fore, sign, trunk, head) if isinstance(reach.fore, Goal) else shoulder
    bone = build.scale**0.95
    elbow, wrist = joints(reach, shoulder, goal, (bone, 0.9 * bone), sign, dice.of("joints"))
    first, second = math.dist(shoulder, elbow), math.dist(elbow, wrist)
    share = first / (first + second)
    outer, inner = arm_contour(build, share, bend(shoulder, elbow, wrist))
    spine = arm_spine(shoulder, elbow, wrist)
    t = positions(spine)
    bow = 0.5 * (np.interp(t, *outer.T) - np.interp(t, *inner.T))
    spine = spine - sign * b * bow[:, None] * np.stack([-directions(spine)[:, 1], directions(spine)[:, 0]], axis=1)
    radii = (tuple(outer[:, 0]), tuple(0.5 * b * (outer[:, 1] + inner[:, 1])))
    z = 0.012 * near
    return Limb(side, spine, radii, (shoulder, elbow, wrist), reach.z + z, pose_, share, z_end=reach.z_fore + z)


def _goal(goal: Goal, sign: int, trunk: tuple[tuple[float, ...], ...], head: Head) -> tuple[float, float]:
    """Where on the trunk or the head a wrist goes."""
    if goal.on == "head":
        x, y = head.place([(sign * goal.across + 0.1 * head.yaw, goal.level)])[0]
        return float(x), float(y)
    y, x, right, left = (float(np.interp(goal.level, range(len(trunk)), column)) for column in zip(*trunk, strict=True))
    return x + sign * goal.across * (right if (sign < 0) == (goal.across > 0) else left), y


def _legs(build: Build, trunk: tuple[tuple[float, ...], ...], dice: Dice) -> dict[str, Limb]:
    name, front = dice.pick(FREQUENT), dice.pick(["l", "r"])
    return {side: _leg(build, trunk, side, name, side == front, dice.of(side)) for side in SIDES}


def _leg(build: Build, trunk: tuple[tuple[float, ...], ...], side: str, pose_: str, near: bool, dice: Dice) -> Limb:
    """A leg whose outline goes on from the hip's, its middle bowed so that both contours are its own."""
    b, sign, stance = build.breadth, SIDES[side], LEG_POSES[pose_][0 if near else 1]
    bend = stance.seen[0] / sum(stance.seen)
    outer, inner = contour(build, bend)
    y, x, right, left = trunk[-2]
    bone = 0.5 * (5.25 * build.scale - y - 0.27 * b)
    joints = [(x + sign * ((right if sign < 0 else left) - outer[0, 1] * b), y)]
    for (low, high), seen in zip((stance.thigh, stance.shin), stance.seen, strict=True):
        angle, (from_x, from_y) = math.radians(dice.uniform(low, high)), joints[-1]
        step = (sign * math.sin(angle), math.cos(angle))
        joints.append((from_x + bone * seen * step[0], from_y + bone * seen * step[1]))
    spine = _bent(joints, 0.12)
    t = positions(spine)
    bow = 0.012 * np.sin(2 * np.pi * t) + 0.5 * (np.interp(t, *outer.T) - np.interp(t, *inner.T))
    spine = spine - sign * b * bow[:, None] * np.stack([-directions(spine)[:, 1], directions(spine)[:, 0]], axis=1)
    radii = (tuple(outer[:, 0]), tuple(0.5 * b * (outer[:, 1] + inner[:, 1])))
    foot = (dice.uniform(*stance.turned), dice.uniform(*stance.toes), 1.0 if stance.hanging else 0.0)
    z = Plane.LEG_NEAR if near else Plane.LEG_FAR
    return Limb(side, spine, radii, (joints[0], joints[1], joints[2]), z, pose_, bend, foot)
