"""What is worn at the neck: ribbons, bows, ties, necklaces, chokers, scarves, capes, towels, mufflers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from animelayers.artist import capes, collars, jewellery
from animelayers.artist.bows import Ribbon, bow
from animelayers.artist.curves import Curve, along, ellipse, path, sides, spline
from animelayers.artist.drawing import Colour, Fragment, Mark, Material, Plane
from animelayers.artist.fitting import BEHIND_NECK, Fitting, darker, signed
from animelayers.artist.folds import crease, frill, together
from animelayers.artist.jewellery import gem, piece
from animelayers.artist.palette import GOLD, WHITE, mix
from animelayers.artist.patterns import marks, weave
from animelayers.artist.trimmings import Finish, finished, lines, piping, readable
from animelayers.artist.wardrobe import Garment

UNDER_JACKET = ("blazer", "vest", "cardigan", "coat", "jacket", "uniform", "sweater")
"""Tops that a tie goes under."""


def draw(fit: Fitting) -> list[Fragment]:
    """What the outfit has at the neck; `fit` is that of the top."""
    kind = fit.outfit.neckwear.kind
    return KINDS[kind](fit) if kind in KINDS else []


def throat(fit: Fitting) -> tuple[float, float]:
    """Where a collar closes: the point of a sailor's collar, else the pit of the neck."""
    level = {"sailor": collars.sailor_point(fit) - 0.06, "kimono": 1.4}.get(fit.garment.kind, 0.68)
    return fit.torso.point(0.0, level)


def tied(fit: Fitting, size: float) -> Ribbon:
    """The ribbon of a bow at the throat; `size` in breadths."""
    worn = fit.outfit.neckwear
    stripe = readable(worn.colour, worn.trim) if fit.dice.of("neckwear stripe").chance(0.3) else None
    return Ribbon(throat(fit), size * fit.b, worn.colour, "neckwear", Plane.NECKWEAR, stripe)


def ribbon(fit: Fitting) -> list[Fragment]:
    """A narrow ribbon tied in a bow with long ends."""
    d = fit.dice.of("ribbon")
    tails, droop, plump = d.uniform(0.28, 0.55) * fit.b, d.uniform(0.25, 0.55), d.uniform(0.75, 1.0)
    return bow(tied(fit, d.uniform(0.15, 0.21)), d, tails=tails, droop=droop, plump=plump)


def big_bow(fit: Fitting) -> list[Fragment]:
    """A large plump bow, its ends short or none."""
    d, b = fit.dice.of("bow"), fit.b
    made = bow(tied(fit, d.uniform(0.22, 0.3)), d, tails=d.pick([0.0, 0.22, 0.35]) * b, plump=1.15)
    return [*made, gem(fit, throat(fit), 0.035 * b, Plane.NECKWEAR + 0.012)] if d.chance(0.2) else made


def tie(fit: Fitting) -> list[Fragment]:
    """A tie: its knot under the collar's points, the blade below jacket or vest; straight, loosened or short."""
    d, b, torso = fit.dice.of("tie"), fit.b, fit.torso
    z = Plane.TOPWEAR - 0.04 if fit.garment.kind in UNDER_JACKET else Plane.COLLAR - 0.012
    if fit.garment.kind == "sailor":
        z = Plane.NECKWEAR + 0.11
    x, y = throat(fit)
    low = max(torso.y(d.uniform(3.3, 4.1)), y + 0.6 * b)
    w, sway = d.uniform(0.05, 0.075) * b, d.near(0, 0.03) * b
    knot = path(
        [(x - 0.9 * w, y - 0.07 * b), (x + 0.9 * w, y - 0.07 * b)],
        [(x + 0.9 * w, y - 0.07 * b), (x + 0.8 * w, y), (x + 0.55 * w, y + 0.07 * b)],
        [(x + 0.55 * w, y + 0.07 * b), (x - 0.55 * w, y + 0.07 * b)],
        [(x - 0.55 * w, y + 0.07 * b), (x - 0.8 * w, y), (x - 0.9 * w, y - 0.07 * b)],
    )
    spine = spline([(x, y + 0.05 * b), (x + 0.6 * sway, (y + low) / 2), (x + sway, low)])
    half = np.interp(np.linspace(0, 1, len(spine)), [0, 0.15, 1], [0.55, 0.75, 1.35]) * w
    left, right = spine - np.stack([half, 0 * half], axis=1), spine + np.stack([half, 0 * half], axis=1)
    blade = np.concatenate([left, [(x + sway, low + 1.3 * w)], right[::-1]])
    cloth = _cloth(fit, d.pick({"plain": 2, "stripes": 2, "checks": 0.8, "dots": 0.7}))
    pattern = (
        _regimental(spine, w, cloth.trim)
        if cloth.pattern == "stripes"
        else Finish(marks(cloth, weave(left, right), 0.6 * b))
    )
    pull = crease(
        np.stack([along(spine, 0.02), along(spine, 0.12) + (0.1 * w, 0), along(spine, 0.3)]), 0.4 * w, line=0.5
    )
    return [finished(piece(fit, blade, z), pattern, pull), piece(fit, knot, z + 0.006, relief=0.02)]


def _cloth(fit: Fitting, pattern: str) -> Garment:
    """What is worn at the neck in a pattern that can be read on it."""
    worn = fit.outfit.neckwear
    return Garment(worn.kind, worn.colour, readable(worn.colour, worn.trim), pattern)


def _regimental(spine: Curve, w: float, colour: Colour) -> Finish:
    """Slanting stripes."""
    stripes = []
    for t in np.linspace(0.08, 0.97, 7):
        (x, y), k = along(spine, float(t)), 2.2 * w
        stripes.append(
            np.array(
                [
                    (x - k, y - 0.6 * k),
                    (x + k, y + 0.6 * k),
                    (x + k, y + 0.6 * k + 0.55 * w),
                    (x - k, y - 0.6 * k + 0.55 * w),
                ]
            )
        )
    return Finish((Mark(tuple(stripes), colour),))


def cravat(fit: Fitting) -> list[Fragment]:
    """Ruffles that fall from the throat, with a brooch."""
    d, b = fit.dice.of("cravat"), fit.b
    x, y = throat(fit)
    colour = mix(fit.outfit.inner, WHITE, 0.6) if d.chance(0.7) else fit.outfit.neckwear.colour
    out = []
    for k in reversed(range(3)):
        wide, top = (0.085 + 0.045 * k) * b, y + 0.1 * b * k
        line = spline([(x - wide, top + 0.02 * b), (x, top), (x + wide, top + 0.02 * b)])
        made = frill(line, (0.16 + 0.02 * k) * b, d.of(k), pitch=0.11 * b, flare=0.05 * b)
        out.append(finished(piece(fit, made.shape, Plane.NECKWEAR - 0.004 * k, colour), made.folds))
    ring = Fragment(
        "neckwear",
        Plane.NECKWEAR + 0.006,
        (ellipse(x, y, 0.068 * b, 0.075 * b, steps=20),),
        GOLD,
        material=Material.GLOSSY,
        relief=0.01,
    )
    return [*out, ring, gem(fit, (x, y), 0.05 * b, Plane.NECKWEAR + 0.01)]


def scarf(fit: Fitting) -> list[Fragment]:
    """A thin scarf knotted at the throat or to one side, its ends pointed."""
    d, b, torso, n = fit.dice.of("scarf"), fit.b, fit.torso, fit.torso.neck
    side = d.pick([0.0, 0.6, -0.6]) * n
    top = [(-1.22 * n, -0.75), (-0.8 * n, -0.2), (0.0, 0.05), (0.8 * n, -0.2), (1.22 * n, -0.75)]
    low = [(1.5 * n, -0.3), (1.0 * n, 0.3), (0.5 * side, 0.6), (-1.0 * n, 0.3), (-1.5 * n, -0.3)]
    wrap = path(torso.place(top), torso.place([top[-1], low[0]]), torso.place(low), torso.place([low[-1], top[0]]))
    rolls = [
        crease(torso.place([(-1.3 * n, -0.4), (-0.5 * n, 0.12), (side * 0.5, 0.3)]), 0.03 * b),
        crease(torso.place([(1.25 * n, -0.5), (0.6 * n, 0.02), (side * 0.5, 0.25)]), -0.03 * b),
    ]
    cloth = _cloth(fit, d.pick({"plain": 2, "stripes": 1, "dots": 0.8, "band": 1}))
    knot = torso.point(side, 0.42)
    out = [finished(piece(fit, wrap, Plane.NECKWEAR, relief=0.04), *rolls)]
    for sign, reach in ((-1, d.uniform(0.35, 0.6)), (1, d.uniform(0.45, 0.75))):
        drift = (0.12 * sign + 0.5 * side) * b
        out.append(_pointed(fit, cloth, knot, (drift, reach * b), d.of(sign).uniform(0.08, 0.13) * b, sign))
    half = np.array([(0, -0.06), (0.055, -0.03), (0.045, 0.05), (-0.045, 0.045), (-0.05, -0.04)]) * b
    return [*out, piece(fit, spline(half, closed=True) + knot, Plane.NECKWEAR + 0.016)]


def _pointed(
    fit: Fitting, cloth: Garment, start: tuple[float, float], way: tuple[float, float], wide: float, sign: int
) -> Fragment:
    """An end of a thin scarf."""
    (x, y), (dx, dy) = start, way
    spine = spline([(x, y), (x + 0.75 * dx, y + 0.45 * dy), (x + dx, y + dy)])
    half = wide * np.interp(np.linspace(0, 1, len(spine)), [0, 0.6, 0.85, 1.0], [0.25, 1.0, 0.8, 0.05])
    left, right = sides(spine, half)
    fold = crease(spine[: len(spine) * 3 // 4], 0.3 * wide * sign, line=0.5)
    pattern = Finish(marks(cloth, weave(right, left), 0.7 * fit.b))
    shape = np.concatenate([left, right[::-1]])
    return finished(piece(fit, shape, Plane.NECKWEAR - 0.004 * sign + 0.006), pattern, fold)


def muffler(fit: Fitting) -> list[Fragment]:
    """A thick knitted muffler: two rolls around the neck, one end in front with a fringe, perhaps one behind."""
    d, b, torso, n = fit.dice.of("muffler"), fit.b, fit.torso, fit.torso.neck
    worn = fit.outfit.neckwear
    cloth = _cloth(fit, d.pick({"plain": 2, "checks": 1.5, "stripes": 1}))
    side = d.sign()
    up, wide = -1.35, 2.25 * n
    back = path(
        torso.place([(-1.3 * n, 0.2), (-1.5 * n, -1.0), (0, up - 0.15), (1.5 * n, -1.0), (1.3 * n, 0.2)]),
        torso.place([(1.3 * n, 0.2), (-1.3 * n, 0.2)]),
    )
    out = [piece(fit, back, BEHIND_NECK + 0.03, darker(worn.colour, 0.25), relief=0.0)]
    low = _end(fit, cloth, side)
    under = _roll(fit, wide, 0.1, 1.35, 0.0)
    over = _roll(fit, 0.88 * wide, -0.75, 0.55, 0.1 * side)
    folds = [
        crease(torso.place(signed([(0.75 * wide, -0.05), (0.35 * wide, 0.5), (0.0, 0.62)], s)), s * -0.04 * b)
        for s in (-1, 1)
    ]
    upper = [
        crease(
            torso.place(signed([(0.7 * wide, -0.65), (0.3 * wide, -0.15), (-0.1 * wide, 0.05)], side)), side * -0.04 * b
        ),
        crease(torso.place(signed([(0.8 * wide, -0.3), (0.5 * wide, 0.1)], -side)), side * 0.04 * b),
    ]
    z = Plane.NECKWEAR + 0.12
    if d.chance(0.5):
        out.append(low.replace(z=z - 0.008))
    else:
        out += [low.replace(z=z - 0.008), _end(fit, cloth, -side).replace(z=z - 0.012)]
    out.append(finished(piece(fit, under, z, relief=0.05), together(folds)))
    out.append(finished(piece(fit, over, z + 0.012, relief=0.05), together(upper)))
    return out


def _roll(fit: Fitting, wide: float, top: float, low: float, askew: float) -> Curve:
    """One turn around the neck."""
    spots = [
        (-0.82 * wide, top - 0.35),
        (-0.45 * wide, top + 0.1 + askew),
        (0, top + 0.28),
        (0.45 * wide, top + 0.1 - askew),
        (0.82 * wide, top - 0.35),
    ]
    rest = [
        (0.82 * wide, top - 0.35),
        (1.02 * wide, 0.5 * (top + low) - 0.35),
        (0.92 * wide, low - 0.4),
        (0.45 * wide, low - 0.02 - askew),
        (0, low + 0.1),
        (-0.45 * wide, low - 0.02 + askew),
        (-0.92 * wide, low - 0.4),
        (-1.02 * wide, 0.5 * (top + low) - 0.35),
        (-0.82 * wide, top - 0.35),
    ]
    return path(fit.torso.place(spots), fit.torso.place(rest))


def _end(fit: Fitting, cloth: Garment, side: int) -> Fragment:
    """A hanging end with a fringe."""
    d, b, torso = fit.dice.of("end").of(side), fit.b, fit.torso
    low = d.uniform(2.9, 3.9)
    x, lean = 0.16 * side, d.near(0.03, 0.04) * side
    w = d.uniform(0.115, 0.15)
    left = torso.curve([(x - 0.8 * w, 0.6), (x - w + 0.6 * lean, 0.5 * (0.6 + low)), (x - 1.05 * w + lean, low)])
    right = torso.curve(
        [(x + 0.8 * w, 0.6), (x + w + 0.6 * lean, 0.5 * (0.6 + low) + 0.05), (x + 1.05 * w + lean, low + 0.08)]
    )
    count, hem = 6, []
    for k in range(count):
        a = right[-1] + (left[-1] - right[-1]) * (k / count)
        z = right[-1] + (left[-1] - right[-1]) * ((k + 1) / count)
        hem += [a + (0, 0.0), a + (z - a) * 0.15 + (0, 0.1 * b), a + (z - a) * 0.85 + (0, 0.105 * b), z - (0, 0.0)]
    shape = np.concatenate([left, np.array(hem)[::-1], right[::-1]])
    seam = lines(np.stack([left[-1], right[-1]]), weight=0.6)
    fold = crease(
        np.stack(
            [
                along(left, 0.0) + (0.4 * w * b, 0),
                along(left, 0.3) + (0.5 * w * b, 0),
                along(left, 0.7) + (0.7 * w * b, 0),
            ]
        ),
        0.05 * b,
        line=0.5,
    )
    return finished(
        piece(fit, shape, Plane.NECKWEAR, relief=0.04), Finish(marks(cloth, weave(left, right), b)), seam, fold
    )


def towel(fit: Fitting) -> list[Fragment]:
    """A towel around the neck, both ends in front."""
    d, b, torso, n = fit.dice.of("towel"), fit.b, fit.torso, fit.torso.neck
    colour = mix(fit.outfit.neckwear.colour, WHITE, 0.75)
    out = [
        piece(
            fit,
            torso.curve([(-1.5 * n, 0.1), (-1.35 * n, -0.9), (0, -1.1), (1.35 * n, -0.9), (1.5 * n, 0.1), (0, 0.4)]),
            BEHIND_NECK + 0.03,
            darker(colour, 0.15),
        )
    ]
    z = Plane.ARM + 0.024
    for sign in (-1, 1):
        low = d.of(sign).uniform(2.9, 3.4)
        inner = [(1.05 * n, -0.8), (1.1 * n, 0.2), (0.95 * n, 1.2), (0.9 * n, low)]
        outer = [
            (0.9 * n + 0.27, low - 0.04),
            (1.25 * n + 0.27, 1.2),
            (1.55 * n + 0.2, 0.15),
            (1.35 * n, -0.6),
            (1.05 * n, -0.8),
        ]
        shape = np.concatenate([torso.curve(signed(inner, sign)), torso.curve(signed(outer, sign))])
        band = torso.place(signed([(0.8 * n, low - 0.3), (0.9 * n + 0.32, low - 0.33)], sign))
        tape = piping(band, 0.045 * b, fit.outfit.neckwear.colour)
        folds = crease(
            torso.place(signed([(1.35 * n + 0.06, -0.2), (1.2 * n + 0.08, 0.8), (1.05 * n + 0.12, 1.9)], sign)),
            sign * 0.045 * b,
        )
        out.append(
            finished(piece(fit, shape, z, colour, relief=0.04), tape, folds, lines(band + (0, 0.12 * b), weight=0.3))
        )
    return out


KINDS: dict[str, Callable[[Fitting], list[Fragment]]] = {
    "ribbon": ribbon,
    "bow": big_bow,
    "tie": tie,
    "necklace": jewellery.necklace,
    "choker": jewellery.choker,
    "scarf": scarf,
    "cravat": cravat,
    "cape": capes.cape,
    "towel": towel,
    "muffler": muffler,
}
