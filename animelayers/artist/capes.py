"""Capes: the cloth behind, the shoulders in front, the clasp."""

from __future__ import annotations

import numpy as np

from animelayers.artist import drapery
from animelayers.artist.curves import Curve, along, ellipse, spline
from animelayers.artist.drawing import Colour, Fragment, Material, Plane
from animelayers.artist.figure import SIDES
from animelayers.artist.fitting import Fitting, darker, signed
from animelayers.artist.folds import crease, together
from animelayers.artist.palette import GOLD, mix
from animelayers.artist.trimmings import Finish, beside, finished, piping, readable

BEHIND = Plane.ARM_BEHIND - 0.08
"""Behind arms and legs, before the hair on the back."""


def cape(fit: Fitting) -> list[Fragment]:
    """A cape from the shoulders to the hips, the knees or the heels."""
    d = fit.dice.of("cape")
    worn = fit.outfit.neckwear
    lining = readable(worn.colour, worn.trim) if d.chance(0.6) else darker(worn.colour, 0.25)
    low = drapery.knees(fit, d.pick({0.1: 1, 0.5: 2, 0.9: 2}))
    out = [_cloth(fit, low, lining), *_shoulders(fit, worn.colour)]
    x, y = fit.torso.point(0, 0.95)
    b = fit.b
    if d.chance(0.5):
        chain = spline([(x - 0.2 * b, y - 0.06 * b), (x, y + 0.05 * b), (x + 0.2 * b, y - 0.06 * b)])
        out.append(
            Fragment(
                "neckwear",
                Plane.ARM + 0.05,
                (beside(chain, 0.014 * b, -0.014 * b),),
                GOLD,
                material=Material.GLOSSY,
                relief=0.0,
            )
        )
        spots = [(x - 0.2 * b, y - 0.06 * b), (x + 0.2 * b, y - 0.06 * b)]
    else:
        spots = [(x, y)]
    discs = tuple(ellipse(px, py, 0.05 * b, 0.05 * b, steps=20) for px, py in spots)
    out.append(Fragment("neckwear", Plane.ARM + 0.056, discs, GOLD, material=Material.GLOSSY, relief=0.014))
    return out


def _cloth(fit: Fitting, low: float, lining: Colour) -> Fragment:
    """The inside of the cape, seen behind the figure; it widens and waves at the hem."""
    torso, b, d = fit.torso, fit.b, fit.dice.of("cloth")
    h = torso.half(1)
    edges = []
    for side, sign in SIDES.items():
        top = torso.place(signed([(0.5 * h, torso.slope(0.5 * h) - 0.02), (h + 0.03, 1.1)], sign))
        far = d.of(side).uniform(0.24, 0.5) * b + 0.1 * (low - top[1, 1])
        end = (float(top[1, 0]) + sign * far, low + d.of(side).near(0, 0.04) * b)
        bend = (float(top[1, 0]) + sign * (0.35 * far + 0.05 * b), float(top[1, 1]) + 0.45 * (low - float(top[1, 1])))
        edges.append(spline([tuple(top[0]), tuple(top[1]), bend, end]))
    left, right = edges
    t = np.linspace(0, 1, 13)
    wave = np.where(np.arange(13) % 2, 1, -1) * 0.04 * b * np.array(d.many(13, 0.5, 1.3))
    wave[[0, -1]] = 0
    points = left[-1] + (right[-1] - left[-1]) * t[:, None]
    points[:, 1] += wave
    hem = spline(points, steps=6)
    folds = [
        crease(
            np.stack([hem[12 * k], (hem[12 * k] + _up(left, right, k / 6)) / 2, _up(left, right, k / 6)]),
            0.07 * b * d.sign(),
            peak=0.15,
        )
        for k in range(1, 6)
    ]
    shape = np.concatenate([left, hem, right[::-1]])
    piece = Fragment("neckwear", BEHIND, (shape,), lining, relief=0.06)
    return finished(
        piece, together(folds), piping(hem, 0.05 * b, mix(lining, GOLD, 0.7)) if d.chance(0.4) else Finish()
    )


def _up(left: Curve, right: Curve, share: float) -> Curve:
    """A point a third down the cape at a share of its breadth."""
    a, z = along(left, 0.4), along(right, 0.4)
    return np.asarray(a + (z - a) * share)


def _shoulders(fit: Fitting, colour: Colour) -> list[Fragment]:
    """The cape over both shoulders, folded back; a standing or rolled collar."""
    torso, n, h, b, d = fit.torso, fit.torso.neck, fit.torso.half(1), fit.b, fit.dice.of("shoulders")
    low = d.uniform(1.6, 2.3)
    out = []
    for sign in (-1, 1):
        inner = [(1.1 * n, -0.75), (1.0 * n, 0.1), (0.08, 0.9)]
        front = [(0.08, 0.9), (0.3 * h, 1.2), (0.62 * h, low - 0.1), (h - 0.02, low + 0.35)]
        outer = [
            (h - 0.02, low + 0.35),
            (h + 0.14, low),
            (h + 0.13, 1.3),
            (h + 0.02, 0.78),
            (0.62 * h, torso.slope(0.62 * h) - 0.12),
            (1.1 * n, -0.75),
        ]
        shape = np.concatenate([torso.curve(signed(spots, sign)) for spots in (inner, front, outer)])
        folds = [
            crease(
                torso.place(
                    signed([(0.14, 0.85), (0.3 * h + 0.08 * k, 0.62 + 0.2 * k), (0.7 * h, 0.7 + 0.55 * k)], sign)
                ),
                sign * 0.04 * b,
            )
            for k in range(3)
        ]
        edge = torso.curve(signed(front, sign))
        tape = piping(edge, sign * 0.03 * b, mix(colour, GOLD, 0.75)) if d.of("tape").chance(0.45) else Finish()
        out.append(
            finished(Fragment("neckwear", Plane.ARM + 0.036, (shape,), colour, relief=0.05), together(folds), tape)
        )
    return out
