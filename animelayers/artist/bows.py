"""Bows: two loops, a knot, two ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from animelayers.artist.curves import Curve, Point, path, spline, turned
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Colour, Fragment, Mark, Stroke
from animelayers.artist.folds import Folds, crease, together
from animelayers.artist.palette import shifted
from animelayers.artist.trimmings import BLUNT, Finish, beside, finished


@dataclass(frozen=True, slots=True)
class Ribbon:
    """What a bow is tied of, and where."""

    at: Point
    """Its knot."""
    size: float
    """Length of a loop, head heights."""
    colour: Colour
    tag: str
    z: float
    stripe: Colour | None = None
    """Of a tape along its edges."""
    side: str = ""

    def piece(self, shape: Curve, rise: float, relief: float) -> Fragment:
        """A fragment of it; `rise` is its depth over the loops', `relief` a share of the size."""
        return Fragment(self.tag, self.z + rise, (shape,), self.colour, self.side, relief=relief * self.size)


def bow(
    ribbon: Ribbon, dice: Dice, *, tails: float = 0.0, droop: float | None = None, plump: float = 1.0
) -> list[Fragment]:
    """A bow; `tails` is the length of its ends, `droop` how far the loops hang (radians), `plump` their height."""
    fall = dice.uniform(-0.05, 0.3) if droop is None else droop
    ends = [_tail(ribbon, tails, sign, dice.of("tail").of(sign)) for sign in (-1, 1)] if tails else []
    loops = [_loop(ribbon, sign, fall + dice.near(0, 0.1), plump, dice.of("loop").of(sign)) for sign in (-1, 1)]
    return [*ends, *loops, _knot(ribbon, dice)]


def _loop(ribbon: Ribbon, sign: int, droop: float, plump: float, dice: Dice) -> Fragment:
    """One loop: its front, and the hollow one looks into at its end."""
    tall = plump * dice.uniform(0.42, 0.55)
    fold = -sign * 0.06 * ribbon.size

    def place(points: list[Point]) -> Curve:
        """Where lengths are one, and heights that of the loop → the drawing."""
        return turned(np.asarray(points) * (1, tall) * ribbon.size, droop) * (sign, 1) + ribbon.at

    top = place([(0.05, -0.2), (0.5, -0.8), (0.92, -1), (1.05, -0.55)])
    end = place([(1.05, -0.55), (1.02, 0.1), (1.0, 0.62), (0.88, 0.95)])
    back = place([(0.88, 0.95), (0.48, 0.62), (0.05, 0.24)])
    rim = place([(0.88, 0.95), (0.74, 0.1), (1.05, -0.55)])
    creases = [
        crease(place([(0.1, -0.04), (0.35, -0.2), (0.6, -0.28)]), -fold, peak=0.25, part=1.0),
        crease(place([(0.1, 0.08), (0.34, 0.22), (0.52, 0.34)]), fold, peak=0.25, part=1.0),
    ]
    hollow = Mark((path(end, rim),), shifted(ribbon.colour, lightness=-0.1))
    tapes = tuple(beside(spline(edge), fold, 2.2 * fold) for edge in (top, back))
    marks = (Mark(tapes, ribbon.stripe), hollow) if ribbon.stripe else (hollow,)
    front = ribbon.piece(path(top, end, back), 0.0, 0.15)
    return finished(front, Finish(marks, strokes=(Stroke(spline(rim), 0.7, BLUNT),)), together(creases))


def _tail(ribbon: Ribbon, length: float, sign: int, dice: Dice) -> Fragment:
    """An end that widens, waves and is cut askew or notched."""
    out, wide = dice.uniform(0.1, 0.38) * length, ribbon.size * dice.uniform(0.24, 0.34)
    long_ = length * dice.uniform(0.85, 1.1)
    bend = 0.45 * out + dice.near(0, 0.08) * length
    notch = (out + 0.05 * wide, long_ - 0.55 * wide) if dice.chance(0.5) else (out, long_)
    spine, left, right = (
        spline([(0.3 * s * wide, 0), (bend + 0.75 * s * wide, 0.45 * long_), (out + s * wide, long_ * (1 + 0.03 * s))])
        * (sign, 1)
        + ribbon.at
        for s in (0, -1, 1)
    )
    tip = np.asarray([notch]) * (sign, 1) + ribbon.at
    fold = crease(spine[: len(spine) * 2 // 3], sign * 0.35 * wide, peak=0.2, line=0.5)
    edge = beside(right, sign * 0.08 * ribbon.size, sign * 0.16 * ribbon.size)
    tape = Finish((Mark((edge,), ribbon.stripe),)) if ribbon.stripe else Folds()
    shape = np.concatenate([left, tip, right[::-1]])
    return finished(ribbon.piece(shape, -0.006, 0.12), fold, tape)


def _knot(ribbon: Ribbon, dice: Dice) -> Fragment:
    w, h = (share * ribbon.size * dice.uniform(0.9, 1.2) for share in (0.16, 0.2))
    half = np.array([(0, -h), (w, -0.8 * h), (1.1 * w, 0), (w, 0.8 * h), (0, h)])
    shape = spline(np.concatenate([half, half[-2:0:-1] * (-1, 1)]), closed=True) + ribbon.at
    fold = crease(np.array([(-0.5 * w, -0.9 * h), (-0.25 * w, 0), (-0.45 * w, 0.6 * h)]) + ribbon.at, 0.2 * w, line=0.5)
    return finished(ribbon.piece(shape, 0.006, 0.1), fold)
