"""Skirts that hang from a waist: of dresses, robes, aprons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from animelayers.artist.curves import Curve, along, spline
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Colour, Fragment, Plane, Stroke
from animelayers.artist.figure import SIDES
from animelayers.artist.fitting import Fitting, darker
from animelayers.artist.folds import Folds, crease, frill, gather, together
from animelayers.artist.patterns import Weave, weave
from animelayers.artist.trimmings import BLUNT, finished


@dataclass(frozen=True, slots=True)
class Fall:
    """How a skirt falls."""

    hem: float
    """Height of its lowest edge, head heights."""
    flare: float
    """How far it stands off the hips at the hem, breadths."""
    waist: float = 4.0
    """Level at which it is sewn on."""
    ease: float = 0.02
    """At the waist, breadths."""
    bell: float = 0.0
    """0 hangs straight from the hips, 1 swells at once as over a petticoat."""
    folds: int = 6
    wave: float = 0.05
    """How far the hem goes up and down, breadths."""
    gathered: bool = True
    """Whether small folds start at the waist."""


@dataclass(frozen=True, slots=True, eq=False)
class Drape:
    """The outline of a skirt in pieces, left and right as in the picture."""

    waist: Curve
    """From left to right."""
    sides: tuple[Curve, Curve]
    """From the waist down."""
    hem: Curve
    """From left to right."""
    folds: Folds
    cloth: Weave

    @property
    def outline(self) -> Curve:
        return np.concatenate([self.waist, self.sides[1], self.hem[::-1], self.sides[0][::-1]])

    def across(self, share: float) -> Curve:
        """A line from side to side that hangs as the hem does, at a share of the length."""
        u = np.linspace(-1, 1, 25)
        return self.cloth.place(np.stack([u, np.full(25, share)], axis=1))


def knees(fit: Fitting, share: float) -> float:
    """A height on the legs: 0 at the hips, 0.5 at the knees, 1 at the ankles; the mean of both legs."""
    joints = np.array([leg.joints for leg in fit.torso.figure.legs.values()])[:, :, 1].mean(axis=0)
    return float(np.interp(share, (0, 0.5, 1), joints))


def cut_skirt(fit: Fitting, fall: Fall, dice: Dice) -> Drape:
    """The shape of a skirt on a figure; it is wide enough for the legs."""
    torso, b = fit.torso, fit.b
    left, right = (_side(fit, fall, side, dice) for side in SIDES)
    x = torso.half(fall.waist) + fall.ease
    waist = torso.curve([(-x, fall.waist), (0, fall.waist + 0.12), (x, fall.waist)])
    waist[[0, -1]] = left[0], right[0]
    hem = _hem(fall, left[-1], right[-1], b, dice.of("hem"))
    cloth = weave(left, right, bow=0.07 * b)
    return Drape(waist, (left, right), hem, _hanging(fall, waist, hem, b, dice.of("folds")), cloth)


def _side(fit: Fitting, fall: Fall, side: str, dice: Dice) -> Curve:
    """From the waist over the hips to the hem, outside the legs all the way."""
    torso, b, sign = fit.torso, fit.b, SIDES[side]
    start, hip = torso.place([(sign * (torso.half(level) + fall.ease), level) for level in (fall.waist, 5.0)])
    low = fall.hem - 0.04 * b
    reach = (torso.half(5) + fall.flare + dice.of(side).near(0, 0.06 + 0.1 * fall.flare)) * b
    far = sign * torso.figure.middle(torso.y(6)) + reach
    y = np.array([*np.linspace(start[1], hip[1], 4)[1:], *np.linspace(hip[1], low, 5)[1:]])
    t = (y - start[1]) / (low - start[1])
    free = sign * start[0] + (far - sign * start[0]) * t ** (1 - 0.5 * fall.bell)
    body = [torso.half(torso.level(h)) * b + sign * torso.figure.middle(h) if h <= hip[1] else -9 for h in y]
    legs = [sign * torso.legs(side, h) if h > hip[1] else -9 for h in y]
    x = np.maximum(free, np.maximum(body, legs) + 0.025 * b)
    return spline(np.concatenate([start[None], np.stack([sign * x, y], axis=1)]), steps=6)


def _hem(fall: Fall, left: Curve, right: Curve, b: float, dice: Dice) -> Curve:
    """Waves between the two lower ends: down where a fold comes forward, up where it goes back."""
    count = 2 * fall.folds
    t = np.arange(count + 1) / count
    u = np.sin((2 * t - 1) * 1.2) / np.sin(1.2)
    jitter = np.array(dice.many(count + 1, 0.6, 1.3))
    wave = np.where(np.arange(count + 1) % 2, 1.0, -1.0) * 0.5 * fall.wave * b * jitter
    wave[[0, -1]] = 0
    points = left + (right - left) * ((u + 1) / 2)[:, None]
    points[:, 1] += 0.09 * b * (1 - u * u) + wave
    points[1:-1, 0] += 0.02 * b * np.array(dice.many(count - 1))
    return spline(points, steps=6)


def _hanging(fall: Fall, waist: Curve, hem: Curve, b: float, dice: Dice) -> Folds:
    """Folds from the hem's notches towards the waist, and small ones from the gathers down."""
    folds = []
    for k in range(1, fall.folds):
        d = dice.of(k)
        foot = hem[12 * k]
        head = along(waist, k / fall.folds)
        rise = d.uniform(0.4, 0.9)
        top = foot + (head - foot) * rise
        middle = (foot + top) / 2 + (d.near(0, 0.03) * b, 0)
        broad = b * fall.wave * d.uniform(0.9, 1.6) * d.sign()
        folds.append(crease(np.stack([foot, middle, top]), broad, peak=0.12, line=0.8, part=0.85))
    if fall.gathered:
        reach = -0.22 * (fall.hem - waist[0, 1])
        folds.append(gather(waist, reach, dice.of("gathers"), count=fall.folds + 1, width=0.035 * b))
    return together(folds)


def front(fit: Fitting, skirt: Drape, z: float, colour: Colour | None = None, *, patterned: bool = True) -> Fragment:
    """The skirt as it is seen from the front."""
    strokes = [*(Stroke(side, 1.0, BLUNT) for side in skirt.sides), Stroke(skirt.hem, 1.0, BLUNT)]
    piece = fit.piece(skirt.outline, z, colour, relief=0.1 * fit.b**0.5, outlined=False, strokes=tuple(strokes))
    return finished(piece, *([fit.pattern(skirt.cloth)] if patterned else []), skirt.folds)


def back(fit: Fitting, skirt: Drape, colour: Colour) -> Fragment:
    """The inside of its far half, behind the legs."""
    left, right = skirt.sides
    rise = np.array([0, 0.02 * fit.b])
    hem = spline([tuple(left[-1] - rise), tuple((left[-1] + right[-1]) / 2 + 1.4 * rise), tuple(right[-1] - rise)])
    shape = np.concatenate([skirt.waist, right[:-2], hem[::-1], left[:-2][::-1]])
    return fit.piece(shape, Plane.BEHIND_LEGS, darker(colour, 0.35), relief=0.0)


def flounce(fit: Fitting, skirt: Drape, share: float, depth: float, colour: Colour, z: float, dice: Dice) -> Fragment:
    """A frill sewn across a skirt at a share of its length; 1 is the hem."""
    line = skirt.hem if share >= 1 else skirt.across(share)
    made = frill(line, depth, dice, pitch=max(1.2 * depth, 0.09 * fit.b), flare=0.15 * depth)
    return finished(fit.piece(made.shape, z, colour, relief=0.03), made.folds)
