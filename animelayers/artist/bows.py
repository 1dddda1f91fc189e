"""Bows: two loops, a knot, two ends."""

from __future__ import annotations

import numpy as np

from animelayers.artist.curves import Curve, path, spline, turned
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Colour, Fragment, Mark, Stroke
from animelayers.artist.folds import Folds, crease, together
from animelayers.artist.palette import shifted
from animelayers.artist.trimmings import Finish, beside, finished

Point = tuple[float, float]


def bow(
    at: Point,
    size: float,
    colour: Colour,
    tag: str,
    z: float,
    dice: Dice,
    *,
    tails: float = 0.0,
    droop: float | None = None,
    stripe: Colour | None = None,
    plump: float = 1.0,
) -> list[Fragment]:
    """A bow with its knot at a point; `size` is the length of a loop, `tails` that of the ends, `droop` how far the
    loops hang (radians), `plump` their height.
    """
    fall = dice.uniform(-0.05, 0.3) if droop is None else droop
    out = []
    if tails:
        out += [
            _tail(at, size, tails, sign, colour, tag, z - 0.006, dice.of("tail").of(sign), stripe) for sign in (-1, 1)
        ]
    out += [
        _loop(at, size, sign, fall + dice.near(0, 0.1), plump, colour, tag, z, dice.of("loop").of(sign), stripe)
        for sign in (-1, 1)
    ]
    return [*out, _knot(at, size, colour, tag, z + 0.006, dice)]


def _loop(
    at: Point,
    size: float,
    sign: int,
    droop: float,
    plump: float,
    colour: Colour,
    tag: str,
    z: float,
    dice: Dice,
    stripe: Colour | None,
) -> Fragment:
    tall = plump * size * dice.uniform(0.42, 0.55)
    top = [(0.05 * size, -0.1 * size), (0.5 * size, -0.8 * tall), (0.92 * size, -tall), (1.05 * size, -0.55 * tall)]
    low = [
        (1.05 * size, -0.55 * tall),
        (1.02 * size, 0.1 * tall),
        (1.0 * size, 0.62 * tall),
        (0.88 * size, 0.95 * tall),
    ]
    back = [(0.88 * size, 0.95 * tall), (0.48 * size, 0.62 * tall), (0.05 * size, 0.12 * size)]

    def place(points: list[Point] | Curve) -> Curve:
        return turned(np.asarray(points), droop) * (sign, 1) + at

    inside = path(
        place(low), place([(0.88 * size, 0.95 * tall), (0.74 * size, 0.1 * tall), (1.05 * size, -0.55 * tall)])
    )
    folds = [
        crease(
            place([(0.1 * size, -0.02 * size), (0.35 * size, -0.2 * tall), (0.6 * size, -0.28 * tall)]),
            sign * 0.06 * size,
            peak=0.25,
            part=1.0,
        ),
        crease(
            place([(0.1 * size, 0.04 * size), (0.34 * size, 0.22 * tall), (0.52 * size, 0.34 * tall)]),
            -sign * 0.06 * size,
            peak=0.25,
            part=1.0,
        ),
    ]
    rim = Stroke(
        spline(place([(0.88 * size, 0.95 * tall), (0.74 * size, 0.1 * tall), (1.05 * size, -0.55 * tall)])),
        0.7,
        (0.0, 0.0),
    )
    marks = (
        (
            Mark(
                (
                    beside(spline(place(top)), -sign * 0.06 * size, -sign * 0.13 * size),
                    beside(spline(place(back)), -sign * 0.06 * size, -sign * 0.13 * size),
                ),
                stripe,
            ),
        )
        if stripe
        else ()
    )
    hollow = Finish((*marks, Mark((inside,), shifted(colour, lightness=-0.1))), strokes=(rim,))
    shape = path(place(top), place(low), place(back))
    return finished(Fragment(tag, z, (shape,), colour, relief=0.03), hollow, together(folds))


def _tail(
    at: Point,
    size: float,
    length: float,
    sign: int,
    colour: Colour,
    tag: str,
    z: float,
    dice: Dice,
    stripe: Colour | None,
) -> Fragment:
    """An end that widens, waves and is cut askew or notched."""
    out, wide = dice.uniform(0.1, 0.38) * length, size * dice.uniform(0.24, 0.34)
    long_ = length * dice.uniform(0.85, 1.1)
    wave = dice.near(0, 0.08) * length
    spine = spline([(0, 0), (0.45 * out + wave, 0.45 * long_), (out, long_)])
    left = spline([(-0.3 * wide, 0), (0.45 * out + wave - 0.75 * wide, 0.45 * long_), (out - wide, long_ * 0.96)])
    right = spline([(0.3 * wide, 0), (0.45 * out + wave + 0.75 * wide, 0.45 * long_), (out + wide, long_ * 1.02)])
    notch = (
        np.array([(out + 0.05 * wide, long_ * 1.0 - 0.55 * wide)])
        if dice.chance(0.5)
        else np.array([(out, long_ * 1.0)])
    )
    shape = np.concatenate([left, notch, right[::-1]]) * (sign, 1) + at
    fold = crease(spline(spine[: len(spine) * 2 // 3]) * (sign, 1) + at, sign * 0.35 * wide, peak=0.2, line=0.5)
    tape = (
        Finish((Mark((beside(right * (sign, 1) + at, sign * 0.08 * size, sign * 0.16 * size),), stripe),))
        if stripe
        else Folds()
    )
    return finished(Fragment(tag, z, (shape,), colour, relief=0.025), fold, tape)


def _knot(at: Point, size: float, colour: Colour, tag: str, z: float, dice: Dice) -> Fragment:
    w, h = 0.16 * size * dice.uniform(0.9, 1.2), 0.2 * size * dice.uniform(0.9, 1.2)
    shape = (
        spline(
            [(-w, -0.8 * h), (0, -h), (w, -0.8 * h), (1.1 * w, 0), (w, 0.8 * h), (0, h), (-w, 0.8 * h), (-1.1 * w, 0)],
            closed=True,
        )
        + at
    )
    lines_ = [crease(np.array([(-0.5 * w, -0.9 * h), (-0.25 * w, 0), (-0.45 * w, 0.6 * h)]) + at, 0.2 * w, line=0.5)]
    return finished(Fragment(tag, z, (shape,), colour, relief=0.02), together(lines_))
