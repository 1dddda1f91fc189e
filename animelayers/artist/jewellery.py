"""Jewellery at the neck: chokers, chains, gems."""

from __future__ import annotations

import numpy as np

from animelayers.artist.curves import Curve, along, ellipse, normals, spline
from animelayers.artist.drawing import Colour, Fragment, Material, Plane, Shade
from animelayers.artist.fitting import Fitting
from animelayers.artist.folds import frill
from animelayers.artist.motifs import heart, star
from animelayers.artist.palette import GOLD, SILVER, WHITE, mix
from animelayers.artist.trimmings import beside, finished, lines, readable


def piece(fit: Fitting, shape: Curve, z: float, colour: Colour | None = None, relief: float = 0.025) -> Fragment:
    """A fragment of neckwear."""
    return Fragment("neckwear", z, (shape,), fit.outfit.neckwear.colour if colour is None else colour, relief=relief)


def choker(fit: Fitting) -> list[Fragment]:
    """A band around the throat: plain, lace, with a pendant or a bell."""
    d, b, n = fit.dice.of("choker"), fit.b, fit.torso.neck * fit.b
    y, tall = -0.42 * fit.subject.build.neck, d.uniform(0.03, 0.055) * b
    lean = -0.04 * fit.torso.figure.head.yaw
    top = spline([(-0.98 * n + lean, y - 0.03 * b), (lean, y + 0.03 * b), (0.98 * n + lean, y - 0.03 * b)])
    shape = np.concatenate([top, top[::-1] + (0, tall)])
    out = [piece(fit, shape, Plane.NECK + 0.008, relief=0.01).replace(ground=Plane.SURFACE)]
    if d.chance(0.3):
        made = frill(top + (0, tall), 0.03 * b, d, pitch=0.04 * b)
        out.insert(
            0,
            finished(piece(fit, made.shape, Plane.NECK + 0.006, mix(fit.outfit.neckwear.trim, WHITE, 0.6)), made.folds),
        )
    kind = d.pick({"none": 2, "gem": 2, "bell": 1, "ring": 1})
    middle = (lean, y + 0.03 * b + tall * 1.2)
    if kind == "gem":
        out.append(gem(fit, middle, 0.03 * b, Plane.NECK + 0.014))
    elif kind != "none":
        ball = ellipse(*middle, 0.032 * b, 0.034 * b, steps=20)
        metal = Fragment(
            "neckwear",
            Plane.NECK + 0.014,
            (ball,),
            GOLD if kind == "bell" else SILVER,
            material=Material.GLOSSY,
            relief=0.012,
        )
        slit = lines(np.array([middle, (middle[0], middle[1] + 0.03 * b)]), weight=0.6)
        out.append(finished(metal, slit) if kind == "bell" else metal)
    return out


def necklace(fit: Fitting) -> list[Fragment]:
    """A chain with a pendant, or pearls."""
    d, b, torso, n = fit.dice.of("necklace"), fit.b, fit.torso, fit.torso.neck
    low = d.uniform(0.9, 2.0)
    chain = torso.curve(
        [
            (-1.2 * n, -0.35),
            (-0.95 * n, 0.35),
            (-0.45 * n, 0.5 + 0.36 * low),
            (0, low),
            (0.45 * n, 0.5 + 0.36 * low),
            (0.95 * n, 0.35),
            (1.2 * n, -0.35),
        ]
    )
    metal = d.pick([GOLD, SILVER])
    if d.chance(0.3):
        pearls = [ellipse(x, y, 0.019 * b, 0.019 * b, steps=10) for x, y in along(chain, np.linspace(0.02, 0.98, 27))]
        strung = Fragment(
            "neckwear", Plane.NECKWEAR, tuple(pearls), mix(metal, WHITE, 0.75), material=Material.GLOSSY, relief=0.008
        )
        return [strung.replace(casts=0.4)]
    w = 0.009 * b
    thin = lines(chain + normals(chain) * w, chain - normals(chain) * w, weight=0.3)
    links = Fragment("neckwear", Plane.NECKWEAR, (beside(chain, w, -w),), metal, relief=0.0, casts=0.4, outlined=False)
    links = finished(links, thin)
    x, y = torso.point(0, low)
    kind = d.pick(["gem", "cross", "star", "heart"])
    if kind == "gem":
        return [links, gem(fit, (x, y + 0.04 * b), 0.045 * b, Plane.NECKWEAR + 0.008)]
    shape = PENDANTS[kind] * 0.055 * b + (x, y + 0.05 * b)
    return [
        links,
        Fragment("neckwear", Plane.NECKWEAR + 0.008, (shape,), metal, material=Material.GLOSSY, relief=0.01, casts=0.5),
    ]


def gem(fit: Fitting, at: tuple[float, float], size: float, z: float) -> Fragment:
    """A polished stone in the trim's colour."""
    colour = readable(fit.outfit.neckwear.colour, fit.outfit.neckwear.trim)
    stone = Fragment(
        "neckwear", z, (ellipse(*at, 0.85 * size, size, steps=20),), colour, material=Material.GLOSSY, relief=0.012
    )
    glint = Shade((ellipse(at[0] - 0.25 * size, at[1] - 0.35 * size, 0.28 * size, 0.2 * size, steps=10),), -1.0)
    return stone.replace(shades=(glint,))


PENDANTS = {
    "heart": heart(),
    "star": star(),
    "cross": np.array(
        [
            (-0.2, -1),
            (0.2, -1),
            (0.2, -0.45),
            (0.7, -0.45),
            (0.7, -0.05),
            (0.2, -0.05),
            (0.2, 1.1),
            (-0.2, 1.1),
            (-0.2, -0.05),
            (-0.7, -0.05),
            (-0.7, -0.45),
            (-0.2, -0.45),
        ]
    ),
}
