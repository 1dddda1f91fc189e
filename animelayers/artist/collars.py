"""Collars: what lies around the neck and belongs to the top, front and back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from animelayers.artist.bodice import Spots
from animelayers.artist.curves import Curve, along, cut, length, normals, path, spline
from animelayers.artist.drawing import Colour, Fragment, Mark, Plane
from animelayers.artist.fitting import BEHIND_NECK, Fitting, darker, signed
from animelayers.artist.folds import crease, frill, together
from animelayers.artist.palette import shifted
from animelayers.artist.patterns import scallops
from animelayers.artist.trimmings import Finish, beside, finished, lines, piping, rib

OVER_ARM = Plane.ARM + 0.02
"""Broad collars lie on the shoulders of the sleeves."""


def flaps(fit: Fitting, half: Sequence[Spots], z: float, colour: Colour, **how: object) -> list[Fragment]:
    """A piece and its mirror image; `half` are the smooth stretches of the left one's outline."""
    return [
        fit.piece(
            np.concatenate([fit.torso.curve(signed(spots, sign)) for spots in half]),
            z,
            colour,
            relief=0.02,
            **how,
        )
        for sign in (-1, 1)
    ]


def band_behind(fit: Fitting, colour: Colour, *, width: float, rise: float, low: float = 0.5) -> Fragment:
    """A collar where it goes round the back of the neck; `width` times the neck's, `rise` its upper level."""
    n = fit.torso.neck * width
    spots = [
        (-n, low - 0.5),
        (-n * 0.98, rise + 0.25),
        (-0.5 * n, rise),
        (0, rise - 0.06),
        (0.5 * n, rise),
        (n * 0.98, rise + 0.25),
        (n, low - 0.5),
    ]
    shape = path(fit.torso.place(spots), fit.torso.place([(n, low - 0.5), (0, low), (-n, low - 0.5)]))
    return fit.piece(shape, BEHIND_NECK + 0.02, shifted(colour, lightness=-0.08), relief=0.0)


def shirt(fit: Fitting, colour: Colour, *, open_: float = 0.0, z: float = Plane.COLLAR) -> list[Fragment]:
    """Two points of a shirt's collar; `open_` 0 is buttoned up, 1 shows the collarbones."""
    n, d = fit.torso.neck, fit.dice.of("shirt collar")
    tip, spread = d.uniform(0.95, 1.35), d.uniform(0.0, 0.06)
    inner = [
        (1.0 * n, -0.72),
        (0.92 * n, -0.1),
        (0.42 * n + 0.02, 0.2 + 0.3 * open_),
        (0.0 + 0.16 * n * open_, 0.42 + 0.85 * open_),
    ]
    point = (0.14 + spread + 0.05 * open_, tip + 0.42 * open_)
    edge = [inner[-1], ((inner[-1][0] + point[0]) / 2, (inner[-1][1] + point[1]) / 2 + 0.06), point]
    outer = [point, (1.25 * n + 0.03, 0.45 + 0.1 * open_), (1.5 * n, -0.08), (1.32 * n, -0.5), (1.0 * n, -0.72)]
    out = [band_behind(fit, colour, width=1.06, rise=-0.95), *flaps(fit, (inner, edge, outer), z, colour)]
    if open_ == 0:
        return out
    stand = [signed(inner, sign) for sign in (-1, 1)]
    return [
        out[0],
        *(
            finished(flap, lines(fit.torso.curve(spots), weight=0.8))
            for flap, spots in zip(out[1:], stand, strict=True)
        ),
    ]


def peter_pan(fit: Fitting, colour: Colour, *, lace: bool = False) -> list[Fragment]:
    """Two rounded flaps, their edge plain or scalloped."""
    n, b = fit.torso.neck, fit.b
    inner = [(1.05 * n, -0.45), (0.85 * n, 0.15), (0.0, 0.5)]
    outer = [(0.01, 0.5), (0.09, 1.15), (0.24, 1.22), (0.38, 0.85), (1.7 * n, 0.1), (1.4 * n, -0.3), (1.05 * n, -0.45)]
    out = [band_behind(fit, colour, width=1.1, rise=-0.55)]
    for sign in (-1, 1):
        edge = fit.torso.curve(signed(outer, sign))
        seam = lines(edge + normals(edge) * 0.025 * b * sign, weight=0.4)
        if lace:
            edge = scallops(edge, sign * 0.035 * b)
        shape = np.concatenate([fit.torso.curve(signed(inner, sign)), edge])
        out.append(finished(fit.piece(shape, Plane.COLLAR, colour, relief=0.02), seam))
    return out


def sailor_point(fit: Fitting) -> float:
    """The level at which a sailor's collar comes together."""
    return fit.dice.of("sailor point").uniform(2.15, 2.7)


def sailor(fit: Fitting, colour: Colour, stripe: Colour) -> list[Fragment]:
    """The collar of a sailor's suit: broad flaps from the shoulders to a point on the chest, tapes along their edge."""
    torso, n, d = fit.torso, fit.torso.neck, fit.dice.of("sailor")
    low, wide, h = sailor_point(fit), d.uniform(0.62, 0.76), fit.torso.half(1)
    inner = [(1.05 * n, -0.5), (0.9 * n, 0.3), (0.42 * n, 0.5 * low + 0.25), (0.0, low)]
    outer = [
        (0.0, low),
        (0.4 * wide * h, low - 0.3),
        (0.85 * wide * h, 1.55),
        (wide * h, 0.75),
        (wide * h - 0.02, torso.slope(wide * h)),
    ]
    top = [
        (wide * h - 0.02, torso.slope(wide * h) - 0.04),
        (0.5 * wide * h, torso.slope(0.5 * wide * h) - 0.1),
        (1.05 * n, -0.5),
    ]
    tapes, gap = d.pick({1: 2, 2: 3, 3: 2}), 0.045
    out = [band_behind(fit, colour, width=1.25, rise=-0.62)]
    for sign, flap in zip((-1, 1), flaps(fit, (inner, outer, top), OVER_ARM, colour), strict=True):
        edge = torso.curve(signed(outer, sign))
        unit = sign * fit.b
        lanes = tuple(beside(edge, (0.03 + gap * k) * unit, (0.05 + gap * k) * unit) for k in range(tapes))
        out.append(finished(flap, Finish((Mark(lanes, stripe),))))
    return out


def dickey(fit: Fitting, colour: Colour, stripe: Colour) -> Fragment:
    """The piece of cloth that closes the opening of a sailor's collar."""
    n = fit.torso.neck
    level = fit.dice.of("dickey").uniform(0.75, 1.2)
    top = fit.torso.curve([(-0.95 * n, level - 0.25), (0, level), (0.95 * n, level - 0.25)])
    point = sailor_point(fit) - 0.1
    low = fit.torso.place([(0.5 * n, 0.5 * (level + point)), (0, point), (-0.5 * n, 0.5 * (level + point))])
    cloth = fit.piece(np.concatenate([top, low]), Plane.TOPWEAR + 0.004, colour, relief=0.0)
    taped = fit.dice.of("tape").chance(0.5)
    return finished(cloth, piping(top, -0.025 * fit.b, stripe, gap=-0.03 * fit.b) if taped else Finish())


def turtleneck(fit: Fitting, colour: Colour) -> list[Fragment]:
    """A knitted tube up to the chin, folded over or pushed together."""
    torso, n, neck, d = fit.torso, fit.torso.neck, fit.subject.build.neck, fit.dice.of("turtleneck")
    up = -max(neck * d.uniform(0.55, 0.75), 0.06)
    top = torso.place([(-1.1 * n, 0), (-0.6 * n, 0), (0, 0), (0.6 * n, 0), (1.1 * n, 0)])
    top[:, 1] = up + np.array([-0.01, 0.02, 0.032, 0.02, -0.01]) * fit.b
    right = [(1.1 * n, 0.0), (1.2 * n, 0.0), (1.42 * n, 0.12)]
    side = torso.place(right)
    side[:2, 1] = up - 0.01 * fit.b, up * 0.45
    low = torso.place([(1.42 * n, 0.12), (0.7 * n, 0.48), (0, 0.62), (-0.7 * n, 0.48), (-1.42 * n, 0.12)])
    other = torso.place([(-1.42 * n, 0.12), (-1.2 * n, 0.0), (-1.1 * n, 0.0)])
    other[1:, 1] = up * 0.45, up - 0.01 * fit.b
    tube = fit.piece(path(top, side, low, other), Plane.COLLAR, colour, relief=0.05)
    height = float(np.mean(low[:, 1]) - up)
    knit = rib(spline(low[::-1]), height * 0.85, pitch=0.055 * fit.b, weight=0.3)
    fold = crease(
        np.stack([side[1], side[1] + (low[2] - side[1]) * 0.5, low[2] + (-0.1 * fit.b, -0.2 * height)]), 0.03 * fit.b
    )
    return [finished(tube, Finish(strokes=knit.strokes[1:]), fold)]


def stand(
    fit: Fitting, colour: Colour, *, trim: Colour | None = None, height: float = 0.85, gap: float = 0.0
) -> list[Fragment]:
    """A standing collar, closed or ajar in front by `gap` breadths."""
    n = fit.torso.neck
    inner = [(gap, 0.55), (gap + 0.06 * n, 0.5 - 0.75 * height)]
    top = [inner[-1], (0.65 * n, 0.3 - 1.0 * height), (1.12 * n, -0.12 - height)]
    low = [(1.12 * n, -0.12 - height), (1.22 * n, -0.3), (1.38 * n, 0.05), (0.8 * n, 0.45), (gap, 0.62)]
    out = [band_behind(fit, colour, width=1.1, rise=-0.2 - height)]
    for sign, flap in zip((-1, 1), flaps(fit, (inner, top, low), Plane.COLLAR, colour), strict=True):
        edge = fit.torso.curve(signed(top, sign))
        out.append(
            finished(flap, piping(edge, -sign * 0.03 * fit.b, trim, gap=-sign * 0.008 * fit.b)) if trim else flap
        )
    return out


def hood(fit: Fitting, colour: Colour, lining: Colour) -> list[Fragment]:
    """A hood on the back, and its rolled edge around the neckline with two cords."""
    torso, n, h, d = fit.torso, fit.torso.neck, fit.torso.half(1), fit.dice.of("hood")
    puff = d.uniform(0.0, 0.12)
    back = [
        (-0.78 * h, 0.75),
        (-0.74 * h, -0.05),
        (-0.55 * h - puff, -0.85 - puff),
        (-0.25 * h, -1.15 - puff),
        (0, -1.2 - puff),
    ]
    shape = torso.curve([*back, *((-x, level) for x, level in back[-2::-1])])
    behind = fit.piece(
        np.concatenate([shape, torso.curve([(0.78 * h, 0.75), (0, 1.0), (-0.78 * h, 0.75)])]),
        BEHIND_NECK,
        darker(colour, 0.16),
        relief=0.05,
    )
    low = d.uniform(0.95, 1.35)
    inner = [(1.15 * n, -0.85), (1.12 * n, 0.0), (0.65 * n, 0.55), (0.015, low)]
    outer = [
        (0.015, low),
        (0.1, low + 0.2),
        (0.42 * h, 1.0),
        (0.72 * h, 0.55),
        (0.8 * h, 0.3),
        (0.7 * h, -0.22),
        (1.5 * n, -0.72),
        (1.15 * n, -0.85),
    ]
    out = [behind]
    for sign, flap in zip((-1, 1), flaps(fit, (inner, outer), Plane.COLLAR, colour), strict=True):
        seam = torso.curve(signed(inner, sign))
        fold = crease(
            torso.place(signed([(0.75 * h, 0.4), (0.5 * h, 0.35), (1.4 * n, 0.1)], sign)), sign * 0.04 * fit.b
        )
        mark = Finish((Mark((beside(seam, 0, sign * 0.03 * fit.b),), lining),))
        out.append(finished(flap, mark, lines(seam + normals(seam) * sign * 0.05 * fit.b, weight=0.4), fold))
    if d.chance(0.75):
        out += [_cord(fit, sign, low, fit.trim) for sign in (-1, 1)]
    return out


def _cord(fit: Fitting, sign: int, level: float, colour: Colour) -> Fragment:
    """A hood's cord with a tip."""
    d = fit.dice.of("cord").of(sign)
    end = level + d.uniform(0.8, 1.3)
    spine = fit.torso.curve(
        signed(
            [(0.07, level - 0.05), (0.085 + d.near(0, 0.03), (level + end) / 2), (0.08 + d.near(0, 0.04), end)], sign
        )
    )
    w = 0.013 * fit.b
    shape = np.concatenate([beside(spine, w, -w)])
    tip = beside(cut(spine, 0.85, 1.0), 1.3 * w, -1.3 * w)
    return finished(
        fit.piece(shape, Plane.COLLAR + 0.012, colour, relief=0.01), Finish((Mark((tip,), darker(colour, 0.45)),))
    )


def cowl(fit: Fitting, colour: Colour) -> list[Fragment]:
    """A wide roll of knit around the neck that hangs in front."""
    torso, n = fit.torso, fit.torso.neck
    top = [(-1.25 * n, -0.65), (-0.9 * n, -0.2), (0, 0.2), (0.9 * n, -0.2), (1.25 * n, -0.65)]
    side = [
        (1.25 * n, -0.65),
        (1.75 * n, -0.4),
        (2.0 * n, 0.15),
        (1.5 * n, 0.85),
        (0, 1.2),
        (-1.5 * n, 0.85),
        (-2.0 * n, 0.15),
        (-1.75 * n, -0.4),
        (-1.25 * n, -0.65),
    ]
    roll = fit.piece(path(torso.place(top), torso.place(side)), Plane.COLLAR, colour, relief=0.06)
    folds = [
        crease(
            torso.place([(-1.7 * n, 0.1), (-0.8 * n, 0.5 + 0.1 * k), (0.3 * n, 0.55 + 0.2 * k)][:: 1 - 2 * (k % 2)]),
            0.03 * fit.b,
        )
        for k in range(2)
    ]
    folds.append(crease(torso.place([(1.6 * n, -0.05), (0.9 * n, 0.3), (0.1 * n, 0.4)]), -0.03 * fit.b))
    return [band_behind(fit, colour, width=1.35, rise=-0.95), finished(roll, together(folds))]


def fur(fit: Fitting, colour: Colour) -> list[Fragment]:
    """A collar of fur: tufts all around."""
    torso, n, h = fit.torso, fit.torso.neck, fit.torso.half(1)
    inner = [(1.1 * n, -0.9), (1.0 * n, -0.1), (0.03, 0.9)]
    outer = [(0.03, 0.9), (0.1, 1.55), (0.45 * h, 1.3), (0.72 * h, 0.55), (0.62 * h, -0.25), (1.1 * n, -0.9)]
    out = [band_behind(fit, colour, width=1.5, rise=-1.15)]
    for sign in (-1, 1):
        edge = tufts(torso.curve(signed(outer, sign)), 0.05 * fit.b * sign)
        hairs = [[(0.3 + 0.05 * k, 0.5 + 0.25 * k), (0.34 + 0.03 * k, 0.65 + 0.25 * k)] for k in range(3)]
        tips = lines(*(torso.curve(signed(hair, sign)) for hair in hairs), weight=0.5, taper=(0.3, 0.6))
        shape = np.concatenate([torso.curve(signed(inner, sign)), edge])
        out.append(finished(fit.piece(shape, Plane.COLLAR + 0.001 * sign, colour, relief=0.05), tips))
    return out


def tufts(edge: Curve, depth: float) -> Curve:
    """An edge of fur: pointed tufts that stand off to the right of the way it runs, and lean along it."""
    count = max(int(length(edge) / (1.3 * abs(depth))), 3)
    base = along(edge, np.linspace(0, 1, 4 * count + 1))
    swing = np.tile([0.0, 0.55, 1.0, 0.15], count + 1)[: len(base)]
    vary = 0.75 + 0.25 * np.sin(2.7 * (np.arange(len(base)) // 4))
    return np.asarray(base - normals(base) * (depth * swing * vary)[:, None])


def ruffle(fit: Fitting, line: Curve, depth: float, colour: Colour, *, z: float = Plane.COLLAR) -> Fragment:
    """A frill sewn along a line, hanging from it."""
    made = frill(line, depth, fit.dice.of("ruffle").of(round(z * 1e4)))
    return finished(fit.piece(made.shape, z, colour, relief=0.02), made.folds)
