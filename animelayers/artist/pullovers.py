"""Tops that are pulled over the head: knitted, jersey and close-fitting ones."""

from __future__ import annotations

import numpy as np

from animelayers.artist import collars, shirts
from animelayers.artist.bodice import Trunk
from animelayers.artist.curves import along, spline
from animelayers.artist.drawing import Colour, Fragment, Mark, Plane, Shade, Stroke
from animelayers.artist.fitting import Fitting, cut_of, darker, nape, shell, signed
from animelayers.artist.folds import Folds
from animelayers.artist.palette import mix
from animelayers.artist.trimmings import (
    BLUNT,
    Finish,
    beside,
    finished,
    lines,
    printed,
    rib,
    zip_,
)


def tshirt(fit: Fitting) -> list[Fragment]:
    """A T-shirt: round, wide or pointed neckline with a rib; printed, or with a pocket."""
    d, b = fit.dice.of("cut"), fit.b
    neckline = d.pick({"crew": 5, "v": 1.5, "scoop": 1.5, "boat": 0.7})
    tucked = fit.tucked(0.35)
    hem = 5.3 if tucked else d.uniform(4.9, 5.5)
    ease = (0.0, 0.02, 0.05, 0.0) if tucked else (0.0, 0.02, d.uniform(0.05, 0.12), 0.05)
    body, made = shell(
        fit,
        cut_of(fit, neckline, hem=hem, ease=ease),
        "loose",
        z=Plane.TUCKED if tucked else Plane.TOPWEAR,
        lines={"neckline": 1.0},
    )
    ringer = fit.trim if d.chance(0.35) else None
    extra: list[Finish | Folds] = [neckband(made, 0.045 * b, ringer)]
    if fit.garment.pattern == "print" or (fit.garment.pattern == "plain" and d.chance(0.35)):
        extra.append(chest_print(fit))
    elif d.chance(0.2):
        extra.append(shirts.chest_pocket(fit))
    extra.append(shirts.blousing(fit) if tucked else lines(made.hem - (0, 0.045 * b), weight=0.4))
    return [finished(body, *extra), nape(fit, made)]


def neckband(made: Trunk, width: float, colour: Colour | None = None) -> Finish:
    """The strip along a round neckline."""
    edge = made.neckline
    marks = (Mark((beside(edge, 0, -width),), colour),) if colour else ()
    return Finish(marks) + lines(beside(edge, -width, -width)[: len(edge)], weight=0.5)


def chest_print(fit: Fitting) -> Finish:
    """A print on the chest."""
    d = fit.dice.of("print")
    return printed(fit.torso.point(0, d.uniform(2.5, 3.0)), 0.2 * fit.b, fit.trim, fit.colour, d)


def knit_hem(fit: Fitting, made: Trunk, colour: Colour, *, z: float, width: float = 0.16) -> Fragment:
    """The rib of a sweater's hem, narrower than the cloth above it."""
    edge, w = made.hem, width * fit.b
    middle = edge[len(edge) // 2, 0]
    high, low = (
        np.stack([middle + (edge[:, 0] - middle) * pull, edge[:, 1] + drop * w], axis=1)
        for pull, drop in ((0.97, -0.25), (0.955, 0.75))
    )
    shape = np.concatenate([high, low[::-1]])
    band = fit.piece(shape, z, colour, relief=0.03)
    knit = rib(edge[::-1], 0.66 * w, pitch=0.05 * fit.b, weight=0.3)
    return finished(band, Finish(strokes=knit.strokes[1:]))


def cables(fit: Fitting, hem: float) -> Finish:
    """Plaits down the front of a sweater, as pairs of lines that cross."""
    strokes: list[Stroke] = []
    b = fit.b
    for x in (-0.2, 0.2) if not fit.torso.small else (0.0,):
        spine = fit.torso.curve([(x, 1.4), (x * 0.92, 3.2), (x, hem - 0.3)])
        count = 7
        for k in range(count):
            y0, y1 = along(spine, k / count), along(spine, (k + 1) / count)
            for side in (-1, 1):
                a, z = y0 + (side * 0.035 * b, 0), y1 + (-side * 0.035 * b, 0)
                curve = spline([tuple(a), tuple((a + z) / 2 + (side * 0.012 * b, 0)), tuple(z)])
                strokes.append(Stroke(curve if side > 0 else curve[: len(curve) // 2 - 1], 0.4, BLUNT))
        strokes += [Stroke(spine + (side * 0.055 * b, 0), 0.35, BLUNT) for side in (-1, 1)]
    return Finish(strokes=tuple(strokes))


def sweater(fit: Fitting) -> list[Fragment]:
    """A loose knit that sinks onto its rib."""
    d, b = fit.dice.of("cut"), fit.b
    hem = d.uniform(4.7, 5.2)
    neckline = d.pick({"crew": 3, "v": 1.5, "boat": 1, "high": 1.5})
    loose = d.uniform(0.06, 0.14)
    body, made = shell(
        fit,
        cut_of(fit, neckline, hem=hem, ease=(0.0, 0.03, loose + 0.04, 0.05)),
        "knit",
        lines={"neckline": 1.0, "hem": 0.0},
    )
    knit = rib(made.neckline, -0.06 * b, pitch=0.05 * b, weight=0.35, colour=fit.trim if d.chance(0.3) else None)
    extra: list[Finish | Folds] = [knit] if neckline != "high" else []
    if fit.garment.pattern == "plain" and d.chance(0.4):
        extra.append(cables(fit, hem))
    elif fit.garment.pattern == "print":
        extra.append(chest_print(fit))
    out = [finished(body, *extra), nape(fit, made), knit_hem(fit, made, fit.colour, z=Plane.TOPWEAR + 0.006)]
    if neckline == "high":
        out += collars.cowl(fit, fit.colour)
    elif neckline != "boat" and d.chance(0.35):
        out += collars.shirt(fit, fit.outfit.inner, open_=0.0, z=Plane.COLLAR)
    return out


def turtleneck(fit: Fitting) -> list[Fragment]:
    """A close knit with a tube around the neck, tucked in or with a rib."""
    d = fit.dice.of("cut")
    tucked = fit.tucked(0.5)
    cut = cut_of(fit, "high", hem=5.3 if tucked else d.uniform(4.7, 5.1), ease=(0.0, 0.01, 0.03, 0.01))
    body, made = shell(fit, cut, "tight", z=Plane.TUCKED if tucked else Plane.TOPWEAR)
    v = [fit.torso.curve([(x, 1.3), (0.9 * x, 4.6)]) for x in np.linspace(-0.36, 0.36, 9)] if d.chance(0.35) else []
    body = finished(body, lines(*v, weight=0.25))
    hem = [] if tucked else [knit_hem(fit, made, fit.colour, z=Plane.TOPWEAR + 0.006, width=0.13)]
    return [body, *hem, *collars.turtleneck(fit, fit.colour)]


def hoodie(fit: Fitting) -> list[Fragment]:
    """A hooded sweater with a pouch, or with a zip."""
    d, b = fit.dice.of("cut"), fit.b
    hem = d.uniform(4.8, 5.25)
    body, made = shell(
        fit, cut_of(fit, "collar", hem=hem, ease=(0.0, 0.04, d.uniform(0.1, 0.16), 0.06)), "knit", lines={"hem": 0.0}
    )
    extra: list[Finish | Folds] = []
    if d.chance(0.65):
        extra.append(pouch(fit, hem))
        if fit.garment.pattern == "print" or d.chance(0.35):
            extra.append(chest_print(fit))
    else:
        metal = mix(fit.trim, (200, 200, 205), 0.6)
        slits = [fit.torso.curve(signed([(0.3, 4.05), (0.4, 4.4), (0.44, 4.75)], sign)) for sign in (-1, 1)]
        extra += [
            zip_(fit.torso.curve([(0, 0.9), (0, 3), (0, hem + 0.2)]), 0.035 * b, metal),
            lines(*slits, weight=0.8),
        ]
    out = [finished(body, *extra), knit_hem(fit, made, fit.colour, z=Plane.TOPWEAR + 0.006)]
    lining = fit.trim if d.chance(0.5) else darker(fit.colour, 0.2)
    return out + collars.hood(fit, fit.colour, lining)


def pouch(fit: Fitting, hem: float) -> Finish:
    """A kangaroo's pocket."""
    top, low = hem - 0.95, hem - 0.08
    side = [(0.2, top), (0.2, top + 0.02), (0.33, top + 0.5), (0.34, low)]
    right, left = fit.torso.place(side), fit.torso.place(signed(side, -1))
    edges = [spline(curve[1:]) for curve in (left, right)]
    seam = np.concatenate([edges[0][::-1], edges[1]])
    mouths = tuple(
        Shade((beside(edge[: len(edge) // 2 + 2], 0, -0.025 * fit.b * s),), 0.9)
        for edge, s in zip(edges, (-1, 1), strict=True)
    )
    return Finish(shades=mouths) + lines(seam, weight=0.7) + lines(seam - (0, -0.03 * fit.b), weight=0.3)
