"""The trunk of a garment: a frame to draw on, its outline from neckline to hem, the forms beneath it, its folds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from animelayers.artist.curves import Curve, directions, path, positions, spline
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Shade, Stroke
from animelayers.artist.figure import LEVELS, SIDES, Figure
from animelayers.artist.folds import Folds, crease, drape, radiating, together
from animelayers.artist.patterns import Weave, weave

Spots = Sequence[tuple[float, float]]
"""Places on the trunk as `(x, level)`: x in breadths of the body from its middle towards the character's left, level
as in `LEVELS`: 0 the pit of the neck, 1 the shoulders, 2 armpits, 3 bust, 4 waist, 5 hip, 6 crotch."""


def both(half: Spots) -> list[tuple[float, float]]:
    """A symmetric curve from its left half in the picture: the mirror image follows, a middle point counts once."""
    return [*half, *((-x, level) for x, level in reversed(half) if abs(x) > 1e-9)]


@dataclass(frozen=True, eq=False)
class Torso:
    """A trunk to dress."""

    figure: Figure
    bust: float = 0.0
    """0 (flat) … 1."""

    @property
    def b(self) -> float:
        """Breadth of the body, head heights."""
        return self.figure.build.breadth

    @property
    def small(self) -> bool:
        """Of a chibi: simple forms are better."""
        return self.figure.build.small

    @cached_property
    def _stations(self) -> tuple[Curve, Curve]:
        """Levels, and `y, x, right, left` there; levels go on above the neck and below the crotch."""
        s = np.asarray(self.figure.trunk)
        above = s[0] - (s[1, 0] - s[0, 0], 0, 0, 0)
        below = s[-1] + (40 * (s[-1, 0] - s[-2, 0]), 0, 0, 0)
        return np.array([-1.0, *range(len(LEVELS)), 46.0]), np.vstack([above, s, below])

    @cached_property
    def neck(self) -> float:
        """Half width of the neck, breadths."""
        b = self.b
        return float(min((0.15 + 0.06 * self.figure.build.masculine) * b**0.5, 0.24) / b)

    def y(self, level: float) -> float:
        levels, stations = self._stations
        return float(np.interp(level, levels, stations[:, 0]))

    def level(self, y: float) -> float:
        """The level at a height."""
        levels, stations = self._stations
        return float(np.interp(y, stations[:, 0], levels))

    def legs(self, side: str, y: float) -> float:
        """How far the legs reach to one side between the hips and a height: x, head heights; kicked shins left out."""
        sign, reach = SIDES[side], []
        for leg in self.figure.legs.values():
            t, way = positions(leg.spine), directions(leg.spine)
            above = (leg.spine[:, 1] < y) & ((t <= leg.bend) | (way[:, 1] > np.abs(way[:, 0])))
            reach.append(float((sign * leg.spine[above, 0] + leg.radius(t[above])).max(initial=-1.0)))
        return sign * max(reach)

    def half(self, level: float) -> float:
        """Half width of the body at a level, breadths."""
        return float(np.interp(level, range(len(LEVELS)), [(s[2] + s[3]) / 2 for s in self.figure.trunk])) / self.b

    def place(self, spots: Spots) -> Curve:
        """`(x, level)` → the drawing."""
        p = np.asarray(spots, np.float64)
        levels, stations = self._stations
        middle, y = (np.interp(p[:, 1], levels, stations[:, k]) for k in (1, 0))
        turn = 1 + 0.16 * self.figure.yaw * np.sign(p[:, 0])
        return np.stack([middle + p[:, 0] * self.b * turn, y], axis=1)

    def curve(self, spots: Spots) -> Curve:
        """A smooth line through places."""
        return spline(self.place(spots))

    def point(self, x: float, level: float) -> tuple[float, float]:
        px, py = self.place([(x, level)])[0]
        return float(px), float(py)

    def slope(self, x: float) -> float:
        """Level of a garment's shoulder line at a distance from the middle."""
        n, h = self.neck, self.half(1)
        return float(np.interp(abs(x), (n, 1.25 * n, 0.62 * h, h - 0.09, h), (-0.45, -0.1, 0.38, 0.8, 1.0)))

    def shoulder(self, x: float) -> tuple[float, float]:
        """The place on the shoulder line at a distance from the middle."""
        return x, self.slope(x)


@dataclass(frozen=True, slots=True)
class Cut:
    """How the trunk of a garment is cut."""

    neckline: Spots
    """Its left half in the picture (negative x), from the shoulder line to the middle; see `NECKLINES`."""
    armhole: float | None = None
    """Distance from the middle at which the shoulder ends; None: a sleeve is set in at the body's own shoulder."""
    top: float | None = None
    """Level of the upper edge at the sides where there are no shoulders: camisoles, corsets."""
    ease: tuple[float, float, float, float] = (0.0, 0.01, 0.02, 0.03)
    """How much wider than the body at armpit, bust, waist and hip (and below), breadths."""
    hem: float = 5.0
    """Level; below the hips (more than 5.4) the sides hang free."""
    flare: float = 0.0
    """How far they stand off at the hem, breadths."""
    sag: float = 0.03
    """How far the middle of the hem hangs below its ends, breadths."""
    sharp: bool = False
    """Whether the neckline has a corner in the middle."""


@dataclass(frozen=True, slots=True, eq=False)
class Trunk:
    """The outline of a garment's trunk in pieces, left and right as in the picture, all from the top down."""

    neckline: Curve
    """From left to right."""
    shoulders: tuple[Curve, Curve]
    armholes: tuple[Curve, Curve]
    sides: tuple[Curve, Curve]
    hem: Curve
    """From left to right."""
    cloth: Weave = field(repr=False)

    @property
    def outline(self) -> Curve:
        right = (self.shoulders[1], self.armholes[1], self.sides[1])
        left = (self.sides[0][::-1], self.armholes[0][::-1], self.shoulders[0][::-1])
        return np.concatenate([self.neckline, *right, self.hem[::-1], *left])

    def lines(self, *, neckline: float = 0.0, armholes: float = 0.0, hem: float = 1.0) -> tuple[Stroke, ...]:
        """What of the outline is inked; the weight 0 leaves an edge to the collar or the sleeve that covers it."""
        blunt = (0.0, 0.0)
        out = [
            Stroke(np.concatenate([s, a[:2]]), 1.0, blunt) for s, a in zip(self.shoulders, self.armholes, strict=True)
        ]
        out += [Stroke(side, 1.0, (0.15, 0.0)) for side in self.sides]
        for weight, curves in ((neckline, (self.neckline,)), (armholes, self.armholes), (hem, (self.hem,))):
            out += [Stroke(curve, weight, blunt) for curve in curves if weight]
        return tuple(out)


def trunk(torso: Torso, cut: Cut) -> Trunk:
    """The trunk of a garment on a body."""
    neckline = _neckline(torso, cut)
    left, right = (flank(torso, cut, side) for side in SIDES)
    hem_left, hem_right = left[2][-1], right[2][-1]
    middle = torso.figure.middle(float(hem_left[1])), float((hem_left[1] + hem_right[1]) / 2) + cut.sag * torso.b
    hem = spline(
        [
            tuple(hem_left),
            (0.6 * hem_left[0] + 0.4 * middle[0], 0.25 * hem_left[1] + 0.75 * middle[1]),
            middle,
            (0.6 * hem_right[0] + 0.4 * middle[0], 0.25 * hem_right[1] + 0.75 * middle[1]),
            tuple(hem_right),
        ]
    )
    top = min(float(neckline[:, 1].min()), *(float(side[0][:, 1].min()) for side in (left, right)))
    edges = [raised(np.concatenate([side[0][-1:], side[2]]), top) for side in (left, right)]
    cloth = weave(edges[0], edges[1], bow=(cut.sag + 0.02) * torso.b)
    return Trunk(neckline, (left[0], right[0]), (left[1], right[1]), (left[2], right[2]), hem, cloth)


def raised(edge: Curve, top: float) -> Curve:
    """An edge that starts straight above itself at a height: patterns reach up to the shoulders."""
    return np.concatenate([[(edge[0, 0], top)], edge])


def _neckline(torso: Torso, cut: Cut) -> Curve:
    first = cut.neckline[0]
    half = [torso.shoulder(first[0]) if cut.top is None else (first[0], cut.top), *cut.neckline[1:]]
    if cut.sharp:
        piece = torso.curve(half)
        other = torso.curve([(-x, level) for x, level in reversed(half)])
        return np.concatenate([piece, other[1:]])
    return torso.curve(both(half))


def flank(torso: Torso, cut: Cut, side: str) -> tuple[Curve, Curve, Curve]:
    """Shoulder line, armhole and side of one side."""
    sign = SIDES[side]
    edge = _side(torso, cut, side)
    if cut.top is not None:
        corner = torso.place([(sign * abs(cut.neckline[0][0]), cut.top)])
        return corner, np.stack([corner[0], edge[0]]), edge
    start, h = abs(cut.neckline[0][0]), torso.half(1)
    if cut.armhole is None:
        tip = h - 0.02
        shoulder = [(x, torso.slope(x)) for x in (start, 0.5 * (start + h - 0.13), h - 0.13, h - 0.05)] + [(tip, 1.08)]
        hole = [(tip, 1.08), (h - 0.0, 1.45), (torso.half(2) + cut.ease[0], 2.0)]
    else:
        x, low = cut.armhole, torso.half(2) + cut.ease[0]
        shoulder = [(start, torso.slope(start)), (x, torso.slope(x))]
        hole = [(x, torso.slope(x)), (x + 0.02, 1.2), (0.55 * x + 0.45 * low, 1.75), (low, 2.15)]
    signed = [[(sign * x, level) for x, level in spots] for spots in (shoulder, hole)]
    armhole = torso.curve(signed[1])
    return torso.curve(signed[0]), np.concatenate([armhole[:-1], edge[:1]]), edge


def _side(torso: Torso, cut: Cut, side: str) -> Curve:
    """The side seam with its ease, from the armpit (or the upper edge) to the hem."""
    top = cut.top if cut.top is not None else 2.0 if cut.armhole is None else 2.15
    hanging = cut.hem > 5.4
    edge = torso.figure.edge(side, torso.y(top), torso.y(5.0 if hanging else cut.hem))
    levels = [torso.y(level) for level in (2, 3, 4, 5)]
    edge[:, 0] += SIDES[side] * torso.b * np.interp(edge[:, 1], levels, cut.ease)
    if not hanging:
        return edge
    (x, y), low, sign = edge[-1], torso.y(cut.hem), SIDES[side]
    far = sign * max(sign * x + cut.flare * torso.b, sign * torso.legs(side, low) + 0.03 * torso.b)
    bend = 0.5 * (low - y)
    way = (edge[-1] - edge[-4]) / max(edge[-1, 1] - edge[-4, 1], 1e-6) * bend * 0.5
    return np.concatenate(
        [edge[:-1], spline([(x, y), (0.5 * (x + way[0]) + 0.5 * (x + far) / 2, y + bend), (far, low)])]
    )


def necklines(torso: Torso) -> dict[str, tuple[Spots, bool]]:
    """The left halves of necklines by name, and whether they have a corner."""
    n = torso.neck
    return {
        "high": (((-1.05 * n, 0), (-0.7 * n, 0.02), (0, 0.18)), False),
        "crew": (((-1.3 * n, 0), (-1.12 * n, 0.22), (-0.7 * n, 0.55), (0, 0.75)), False),
        "scoop": (((-1.5 * n, 0), (-1.4 * n, 0.5), (-0.95 * n, 1.25), (0, 1.6)), False),
        "boat": (((-0.7 * torso.half(1), 0), (-0.42 * torso.half(1), 0.68), (0, 0.9)), False),
        "v": (((-1.25 * n, 0), (-1.0 * n, 0.5), (-0.42 * n, 1.2), (0, 1.75)), True),
        "deep": (((-1.25 * n, 0), (-1.08 * n, 0.7), (-0.5 * n, 1.7), (0, 2.5)), True),
        "square": (((-1.75 * n, 0), (-1.6 * n, 1.2), (-1.5 * n, 1.62), (-1.2 * n, 1.66), (0, 1.7)), False),
        "collar": (((-1.15 * n, 0), (-0.8 * n, 0.15), (0, 0.45)), False),
    }


def bust_shade(torso: Torso, *, depth: float = 0.75, lines: bool = True, sides: Sequence[str] = tuple(SIDES)) -> Folds:
    """The shadow below the chest: two arcs that meet, soft on a soft body, a hint on a flat one."""
    size = torso.bust
    if size <= 0 or torso.small:
        return Folds()
    h, low, folds = torso.half(3), 3.08 + 0.22 * size, []
    for sign in (SIDES[side] for side in sides):
        under = [
            (sign * x, level)
            for x, level in (
                (1.02 * h, 2.72),
                (0.88 * h, low - 0.07),
                (0.55 * h, low + 0.02),
                (0.2 * h, low - 0.1),
                (0.03 * h, low - 0.32),
            )
        ]
        deeper = 0.16 + 0.22 * size
        fall = [
            (sign * x, level)
            for x, level in (
                (0.03 * h, low - 0.32),
                (0.14 * h, low + 0.3 * deeper),
                (0.5 * h, low + deeper),
                (0.92 * h, low + 1.2 * deeper),
                (1.04 * h, low),
            )
        ]
        shade = Shade((path(torso.place(under), torso.place(fall)),), depth, blur=0.012 * torso.b)
        line = torso.curve(under[:3])
        stroke = (Stroke(line, 0.6, (0.1, 0.8)),) if lines and size > 0.3 else ()
        folds.append(Folds((shade,), stroke))
    return together(folds)


FOLDS = {
    "crisp": (2, 3, 2, 0),
    "knit": (1, 0, 0, 2),
    "tight": (1, 2, 0, 0),
    "loose": (2, 1, 4, 0),
    "boxy": (2, 0, 1, 0),
}
"""Pulls at each armpit, creases at each side of the waist, folds that fall from the chest, folds that sink on a rib."""


def trunk_folds(
    torso: Torso, manner: str, dice: Dice, *, hem: float = 5.0, sides: Sequence[str] = tuple(SIDES)
) -> Folds:
    """Folds of the trunk: `crisp` woven shirts, `knit` heavy soft ones, `tight` stretched, `loose` hanging free,
    `boxy` stiff ones.
    """
    if torso.small:
        return _waist(torso, dice.of("waist"), 1, 0.8, sides)
    armpits, waist, fall, pool = FOLDS[manner]
    return together(
        [
            _armpits(torso, dice.of("armpits"), armpits, sides),
            _waist(torso, dice.of("waist"), waist, 1.0, sides),
            _fall(torso, dice.of("fall"), fall, hem),
            _pool(torso, dice.of("pool"), pool, hem, sides),
        ]
    )


def _armpits(torso: Torso, dice: Dice, count: int, sides: Sequence[str]) -> Folds:
    """Pulls from the armpits towards the chest."""
    folds = []
    for side in sides:
        sign, d = SIDES[side], dice.of(side)
        point = torso.point(sign * (torso.half(2) - 0.01), 1.85)
        angles = [(math.pi if sign > 0 else 0) - sign * math.radians(d.uniform(-35, 25) + 28 * k) for k in range(count)]
        folds.append(radiating(point, angles, 0.24 * torso.b, 0.028 * torso.b, d, gap=0.05))
    return together(folds)


def _waist(torso: Torso, dice: Dice, count: int, strength: float, sides: Sequence[str]) -> Folds:
    """Creases at the sides where the trunk bends: they start at the seam and run inwards, zigzagging."""
    folds, b = [], torso.b
    for side in sides:
        sign, d = SIDES[side], dice.of(side)
        for k in range(count):
            level = 3.72 + 0.3 * k + d.near(0, 0.1)
            reach, lean = strength * d.uniform(0.1, 0.24), d.uniform(0.02, 0.2) * (1 if k % 2 else -0.6)
            x = torso.half(level) + 0.01
            spots = [
                (sign * x, level),
                (sign * (x - 0.5 * reach), level + 0.7 * lean),
                (sign * (x - reach), level + lean),
            ]
            folds.append(
                crease(torso.place(spots), 0.028 * b * sign * (1 if lean > 0 else -1), line=d.pick([0.8, 0.6]))
            )
    return together(folds)


def _fall(torso: Torso, dice: Dice, count: int, hem: float) -> Folds:
    """Long soft folds that hang from the chest towards the hem."""
    folds = []
    for k in range(count):
        d = dice.of(k)
        x = (k + 0.5) / count * 1.5 - 0.75 + d.near(0, 0.12)
        start, stop = d.uniform(3.3, 3.7), min(d.uniform(4.2, 4.7), hem - 0.15)
        spots = [
            (x * torso.half(start), start),
            (0.95 * x * torso.half(4), (start + stop) / 2),
            (1.1 * x * torso.half(stop), stop),
        ]
        folds.append(crease(torso.place(spots), 0.05 * torso.b * d.sign(), depth=0.7, line=0.0, peak=0.6))
    return together(folds)


def _pool(torso: Torso, dice: Dice, count: int, hem: float, sides: Sequence[str]) -> Folds:
    """Cloth that sinks onto the rib at the hem: hanging folds from the sides above it."""
    folds, b = [], torso.b
    for side in sides:
        for k in range(count):
            sign, d = SIDES[side], dice.of(side).of(k)
            level = hem - 0.28 - 0.42 * k - d.uniform(0, 0.15)
            start = torso.point(sign * (torso.half(level) + 0.03), level - 0.1)
            stop = torso.point(sign * torso.half(level) * d.uniform(0.5, 0.75), level + d.uniform(0.0, 0.1))
            folds.append(drape(start, stop, 0.05 * b, 0.035 * b, line=d.pick([0.7, 0.0])))
    return together(folds)
