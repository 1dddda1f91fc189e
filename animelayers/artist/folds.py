"""How cloth folds: creases pull at a point, hang between two, zigzag at a bent joint, rise from a gathered seam."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from animelayers.artist.curves import Curve, Point, Points, along, length, normals, positions, spline
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Shade, Stroke


@dataclass(frozen=True, slots=True, eq=False)
class Folds:
    """What creases add to a fragment: `Fragment(…, shades=folds.shades, strokes=folds.strokes)`."""

    shades: tuple[Shade, ...] = ()
    strokes: tuple[Stroke, ...] = ()

    def __add__(self, other: Folds) -> Folds:
        return Folds(self.shades + other.shades, self.strokes + other.strokes)


def tapered(spine: Curve, width: float, *, peak: float = 0.4) -> Curve:
    """A closed sliver on the left of the way `spine` runs (the right if negative), widest at share `peak`, both ends
    pointed.
    """
    t = positions(spine)
    swell = np.where(t < peak, t / peak, (1 - t) / (1 - peak)) ** 1.3
    return np.concatenate([spine, (spine + normals(spine) * (width * swell)[:, None])[::-1]])


def crease(
    points: Points, width: float, *, depth: float = 0.9, line: float = 0.7, peak: float = 0.4, part: float = 0.75
) -> Folds:
    """One fold along the points: a sliver of shadow on its left (the right if negative) and the line it turns at.

    `width` is in head heights; `line` the weight of the stroke, 0 for none; `part` the share of the fold that is inked,
    from its start.
    """
    spine = spline(points, steps=6)
    inked = spine[: max(int(len(spine) * part), 3)]
    strokes = (Stroke(inked, line, (0.15, 0.7)),) if line else ()
    return Folds((Shade((tapered(spine, width, peak=peak),), depth),), strokes)


def together(folds: Sequence[Folds]) -> Folds:
    """Several as one."""
    return sum(folds, Folds())


def radiating(
    point: Point,
    angles: Sequence[float],
    reach: float,
    width: float,
    dice: Dice,
    *,
    bend: float = 0.15,
    gap: float = 0.1,
) -> Folds:
    """Folds that pull at a point – an armpit, a button, the bust – one along each angle, radians clockwise from the
    right; `reach` is their length, `gap` the share of it left free at the point.
    """
    folds = []
    for k, angle in enumerate(angles):
        d = dice.of(k)
        far, bow = reach * d.uniform(0.6, 1.1), bend * d.uniform(-1, 1)
        along_, across = np.array([math.cos(angle), math.sin(angle)]), np.array([-math.sin(angle), math.cos(angle)])
        shares = ((gap * d.uniform(0.6, 1.6), 0.0), (0.55, bow * 0.5), (1.0, bow))
        points = [np.asarray(point) + far * (share * along_ + off * across) for share, off in shares]
        folds.append(crease(np.stack(points), width * d.uniform(0.6, 1.1) * d.sign(), line=d.pick([0.6, 0.7, 0.0])))
    return together(folds)


def drape(start: Point, stop: Point, sag: float, width: float, *, line: float = 0.7) -> Folds:
    """A fold that hangs between two points, its middle `sag` below the straight line."""
    a, z = np.asarray(start), np.asarray(stop)
    points = [
        a,
        a + (z - a) * 0.25 + (0, 0.8 * sag),
        a + (z - a) * 0.55 + (0, sag),
        a + (z - a) * 0.85 + (0, 0.5 * sag),
        z,
    ]
    return crease(np.stack(points), -width if z[0] > a[0] else width, line=line, peak=0.5, part=0.6)


def zigzag(inner: Point, outer: Point, along_angle: float, reach: float, width: float, dice: Dice) -> Folds:
    """Folds at a bent joint: they fan out from the inner side of the bend towards the outer, two before and one or two
    after it. `along_angle` is the way the limb runs there, radians; `reach` how far along it they spread.
    """
    across = np.asarray(outer) - np.asarray(inner)
    ahead = np.array([math.cos(along_angle), math.sin(along_angle)])
    folds = []
    for k, lean in enumerate((-1.0, -0.35, 0.3, 0.95)[: dice.integer(3, 4)]):
        d = dice.of(k)
        far = d.uniform(0.45, 0.8)
        start = np.asarray(inner) + ahead * reach * 0.22 * lean
        stop = np.asarray(inner) + across * far + ahead * reach * 0.6 * lean
        middle = (start + stop) / 2 + ahead * reach * 0.12 * d.uniform(-1, 1)
        folds.append(crease(np.stack([start, middle, stop]), width * math.copysign(d.uniform(0.6, 1.1), lean)))
    return together(folds)


def gather(
    line: Curve,
    reach: float,
    dice: Dice,
    *,
    count: int = 0,
    width: float = 0.02,
    weight: float = 0.6,
    depth: float = 0.9,
) -> Folds:
    """Folds that rise from a seam where cloth is gathered, to the left of the way `line` runs (`reach` < 0: right).

    `count` 0 takes one for every third of the reach.
    """
    count = count or max(int(length(line) / abs(reach) * 3), 2)
    shares = np.clip((np.arange(count) + 0.5 + 0.35 * np.array(dice.many(count))) / count, 0.02, 0.98)
    feet, ways = along(line, shares), normals(line)[np.searchsorted(positions(line), shares).clip(0, len(line) - 1)]
    folds = []
    for foot, way, share in zip(feet, ways, shares, strict=True):
        far = reach * dice.uniform(0.35, 1.0)
        lean = np.array([way[1], -way[0]]) * reach * (0.25 * dice.near(0, 1) + 0.2 * (share - 0.5))
        points = np.stack([foot, foot + way * far * 0.5 + lean * 0.3, foot + way * far + lean])
        inked = weight if dice.chance(0.8) else 0.0
        folds.append(crease(points, width * dice.uniform(0.6, 1.3), depth=depth, line=inked, peak=0.2, part=0.8))
    return together(folds)


@dataclass(frozen=True, slots=True, eq=False)
class Frill:
    """A strip of ruffled cloth."""

    shape: Curve
    """Closed."""
    folds: Folds


def frill(line: Curve, depth: float, dice: Dice, *, pitch: float = 0.0, flare: float = 0.0) -> Frill:
    """A ruffle sewn on `line`, hanging `depth` to the *right* of the way it runs (below a line from left to right).

    `pitch` is the length of one wave, 0 for 1.1 times the depth; `flare` widens it beyond both ends, head heights.
    """
    count = max(round(length(line) / (pitch or 1.1 * depth)), 2)
    t = np.linspace(0, 1, 8 * count + 1)
    seam, out = along(line, t), -normals(along(line, t))
    jitter = np.array(dice.many(count + 2, 0.75, 1.25))
    phase = t * count
    wave = 0.5 - 0.5 * np.cos(2 * np.pi * phase)
    tall = depth * np.interp(phase, np.arange(count + 2), jitter)
    sway = np.stack([-out[:, 1], out[:, 0]], axis=1) * (0.16 * depth * np.sin(4 * np.pi * phase))[:, None]
    wide = np.zeros_like(seam)
    wide[:, 0] = flare * (2 * t - 1) * np.sign(line[-1, 0] - line[0, 0])
    hem = seam + out * (tall * (0.86 + 0.14 * wave))[:, None] + sway + wide
    folds = []
    for k in range(1, count):
        foot, low = seam[8 * k], hem[8 * k]
        start = foot + (low - foot) * dice.uniform(0.0, 0.2)
        folds.append(crease(np.stack([low, (start + low) / 2, start]), 0.22 * depth * dice.sign(), peak=0.15, part=0.7))
    for k in range(count):
        if dice.chance(0.6):
            foot, low = seam[8 * k + 4], hem[8 * k + 4]
            folds.append(crease(np.stack([foot, foot + (low - foot) * dice.uniform(0.35, 0.6)]), 0.1 * depth, part=1.0))
    return Frill(np.concatenate([seam, hem[::-1]]), together(folds))
