"""The body under the clothes: proportions and pose → joints, limbs and the outlines that garments follow."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from animelayers.artist.curves import Curve, along, cut, directions, positions, profile, ribbon, spline, turned
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Plane

SIDES = {"r": -1, "l": 1}
"""The character's sides and where they lie along x."""


@dataclass(frozen=True, slots=True)
class Build:
    """Proportions, in head heights."""

    heads: float
    """Height of the whole figure, 2.2 (chibi) to 8."""
    masculine: float
    """0..1: shoulders, neck, jaw, waist."""
    stout: float
    """Times the breadth of limbs and trunk, about 1."""
    neck: float
    """From the chin to the pit of the neck."""

    @property
    def scale(self) -> float:
        """Length of the body compared with one of 6.5 heads."""
        return (self.heads - 1 - self.neck) / 5.25

    @property
    def breadth(self) -> float:
        """Of trunk and limbs compared with one of 6.5 heads: small bodies are stocky."""
        return self.scale**0.72 * self.stout


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

    def face(self, points: Curve | list[tuple[float, float]]) -> Curve:
        """`(u, v)` on the front of the head → the drawing: turned and nodded, then tilted."""
        p = np.array(points, np.float64)
        u, v = p[:, 0].copy(), p[:, 1].copy()
        p[:, 0] = u + 0.25 * self.yaw * (1 - np.minimum((u / 0.46) ** 2, 1.0))
        p[:, 1] = v + self.pitch * (0.1 * (1 - np.minimum((v / 0.56) ** 2, 1.0)) - 0.25 * u * u)
        return self.place(p)

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

    def edge(self, side: str, top: float, bottom: float, *, ease: float = 0.0) -> Curve:
        """The trunk's outline on one side between two heights, wider by `ease`."""
        s = np.asarray(self.trunk)
        curve = spline(np.stack([s[:, 1] + SIDES[side] * (s[:, 2 if side == "r" else 3] + ease), s[:, 0]], axis=1))
        inside = curve[(curve[:, 1] > top) & (curve[:, 1] < bottom)]
        ends = [(float(np.interp(y, curve[:, 1], curve[:, 0])), y) for y in (top, bottom)]
        return np.concatenate([[ends[0]], inside, [ends[1]]])

    def middle(self, y: float) -> float:
        """x of the trunk's middle at a height."""
        s = np.asarray(self.trunk)
        return float(np.interp(y, s[:, 0], s[:, 1]))

    def level(self, name: str) -> float:
        """Height of a landmark: `shoulder`, `armpit`, `bust`, `waist`, `hip`, `crotch`."""
        return self.trunk[LEVELS.index(name)][0]


LEVELS = ("neck", "shoulder", "armpit", "bust", "waist", "hip", "crotch")

ARM_POSES = {
    "down": ((4, 14), (2, 10)),
    "relaxed": ((12, 24), (-8, 6)),
    "apart": ((28, 52), (24, 56)),
    "hip": ((42, 56), (-66, -52)),
    "behind": ((12, 24), (-48, -34)),
    "together": ((4, 12), (-36, -26)),
    "crossed": ((10, 18), (-104, -90)),
    "chest": ((12, 22), (-146, -128)),
    "face": ((14, 30), (-172, -156)),
    "wave": ((22, 50), (150, 178)),
    "raised": ((138, 166), (164, 196)),
    "hold": ((6, 16), (-78, -50)),
}
"""Degrees outwards from straight down, of the upper arm and of the forearm."""

LEG_POSES = {
    "straight": ((-1, 4), (-2, 3)),
    "apart": ((7, 14), (5, 12)),
    "together": ((-3, 1), (-2, 2)),
    "crossed": ((-9, -6), (-9, -5)),
    "knees-in": ((-5, 0), (5, 12)),
    "walk": ((-6, 6), (-4, 8)),
    "sit": ((8, 26), (-8, 4)),
}


def choose_build(dice: Dice) -> Build:
    """Proportions; small figures have short necks, men broad shoulders."""
    heads = dice.pick({2.5: 1.6, 3.4: 0.8, 5.2: 2, 6.0: 4, 6.6: 4, 7.3: 2}) + dice.near(0, 0.4)
    masculine = dice.pick({0.0: 7, 0.35: 1.5, 0.9: 2}) if heads > 4.5 else dice.pick({0.0: 3, 0.3: 1})
    neck = float(np.interp(heads, (2.3, 4.5, 6.5), (0.0, 0.13, 0.24))) + dice.near(0, 0.03)
    return Build(heads, masculine, dice.near(1.0, 0.1), max(neck, 0.0))


def pose(build: Build, dice: Dice) -> Figure:
    """A body of these proportions in a pose."""
    s, b, man = build.scale, build.breadth, build.masculine
    yaw = dice.near(0, 0.45)
    sway, lean = dice.near(0, 0.1) * s, dice.near(0, 0.05)
    crotch = 5.25 * s * float(np.interp(build.heads, (2.5, 6), (0.5, 0.41)))
    waist = 0.36 + 0.12 * man
    stations = (
        (-0.02, 0.15 + 0.05 * man, 0.0),
        (0.075, 0.50 + 0.17 * man, 0.0),
        (0.21, 0.44 + 0.15 * man, 0.1),
        (0.34, 0.44 + 0.12 * man, 0.2),
        (0.57, waist, 0.5),
        (0.88, 0.53 - 0.04 * man, 1.0),
        (1.0, 0.50 - 0.06 * man, 1.0),
    )
    trunk = []
    for share, half, moved in stations:
        x = moved * sway + lean * share * crotch
        trunk.append((share * crotch, x, half * b * (1 - 0.16 * yaw), half * b * (1 + 0.16 * yaw)))
    head = _head(build, dice.of("head"), yaw)
    arms = _arms(build, tuple(trunk), dice.of("arms"))
    legs = _legs(build, tuple(trunk), dice.of("legs"))
    return Figure(build, head, arms, legs, tuple(trunk), yaw)


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


def _arms(build: Build, trunk: tuple[tuple[float, ...], ...], dice: Dice) -> dict[str, Limb]:
    s, b = build.scale, build.breadth
    both = dice.pick({"down": 3, "relaxed": 3, "apart": 2, "behind": 1.6, "together": 1.2, "crossed": 1, "": 6})
    arms = {}
    for side, sign in SIDES.items():
        d = dice.of(side)
        name = both or d.pick(
            {
                "down": 3,
                "relaxed": 2,
                "hip": 2.2,
                "chest": 1,
                "face": 0.9,
                "wave": 1,
                "raised": 0.8,
                "hold": 1.4,
                "behind": 0.6,
            }
        )
        (low, high), (low2, high2) = ARM_POSES[name]
        upper, fore = math.radians(d.uniform(low, high)), math.radians(d.uniform(low2, high2))
        y, x, right, left = trunk[1]
        shoulder = (x + sign * ((right if sign < 0 else left) - 0.085 * b), y + 0.1 * b)
        reach = 1.0 * s**0.95
        elbow = (shoulder[0] + sign * reach * math.sin(upper), shoulder[1] + reach * math.cos(upper))
        shorter = 0.9 * (0.82 if name in ("crossed", "chest", "hold", "together") else 1.0) * reach
        wrist = (elbow[0] + sign * shorter * math.sin(fore), elbow[1] + shorter * math.cos(fore))
        z = {"behind": Plane.ARM_BEHIND, "face": Plane.ARM_FRONT, "wave": Plane.ARM, "raised": Plane.ARM}.get(
            name, Plane.ARM
        )
        z += {"crossed": 0.03, "together": 0.03, "hold": 0.05, "chest": 0.05}.get(name, 0.0) + (
            0.012 if side == "l" else 0
        )
        thick = b * (1 + 0.3 * build.masculine)
        radii = ((0, 0.12, 0.3, 0.5, 0.62, 1), tuple(r * thick for r in (0.13, 0.135, 0.115, 0.092, 0.1, 0.06)))
        arms[side] = Limb(side, _bent([shoulder, elbow, wrist], 0.1), radii, (shoulder, elbow, wrist), z, name, 0.52)
    return arms


def _legs(build: Build, trunk: tuple[tuple[float, ...], ...], dice: Dice) -> dict[str, Limb]:
    s, b = build.scale, build.breadth
    name = dice.pick(
        {"straight": 4, "apart": 2.5, "together": 2.5, "crossed": 1, "knees-in": 1.5, "walk": 1.5, "sit": 0.5}
    )
    front = dice.pick(["l", "r"])
    y, x, right, left = trunk[-2]
    total = 5.25 * s - y - 0.16 * b
    legs = {}
    for side, sign in SIDES.items():
        d = dice.of(side)
        (low, high), (low2, high2) = LEG_POSES[name]
        upper, lower = math.radians(d.uniform(low, high)), math.radians(d.uniform(low2, high2))
        bone = total * 0.5
        hip = (x + sign * (right if sign < 0 else left) * 0.52, y)
        short = 0.62 if name == "sit" else 0.86 if name == "walk" and side != front else 1.0
        knee = (
            hip[0] + sign * bone * math.sin(upper),
            hip[1] + bone * math.cos(upper) * (short if name == "sit" else 1),
        )
        ankle = (knee[0] + sign * bone * math.sin(lower), knee[1] + bone * math.cos(lower) * short)
        thick = b * (1 + 0.1 * build.masculine)
        radii = ((0, 0.2, 0.48, 0.52, 0.68, 1), tuple(r * thick for r in (0.27, 0.245, 0.16, 0.155, 0.165, 0.085)))
        z = Plane.LEG_NEAR if side == front else Plane.LEG_FAR
        legs[side] = Limb(side, _bent([hip, knee, ankle], 0.12), radii, (hip, knee, ankle), z, name, 0.5)
    return legs
