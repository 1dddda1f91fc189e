"""What closes a garment at the waist: bands, belts and their buckles, ties."""

from __future__ import annotations

import numpy as np

from animelayers.artist.curves import Curve, along, ellipse, path, positions, ribbon, spline
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Colour, Fragment, Material, Plane, Shade, Stroke
from animelayers.artist.figure import Figure
from animelayers.artist.palette import mix, shifted
from animelayers.artist.subject import Subject

METALS: tuple[Colour, ...] = ((206.0, 176.0, 104.0), (186.0, 190.0, 200.0), (110.0, 106.0, 112.0))


def around(figure: Figure, top: float, bottom: float, ease: float, sag: float) -> tuple[Curve, Curve]:
    """The upper and the lower line of a band about the trunk, both left to right."""
    lines = []
    for y in (top, bottom):
        ends = [figure.edge(side, y, y + 0.01, ease=ease)[0] for side in ("r", "l")]
        t = np.linspace(0, 1, 25)[:, None]
        lines.append(ends[0] + (ends[1] - ends[0]) * t + np.array([0, sag]) * 4 * t * (1 - t))
    return lines[0], lines[1]


def band(subject: Subject, top: float, height: float, colour: Colour) -> Fragment:
    """The waistband of a skirt or of trousers."""
    b = subject.build.breadth
    upper, lower = around(subject.figure, top, top + height, 0.022 * b, 0.035 * b)
    shape = np.concatenate([upper, lower[::-1]])
    return Fragment("bottomwear", Plane.BOTTOMWEAR + 0.012, (shape,), colour, relief=0.05 * b, casts=0.6)


def belt(subject: Subject, top: float, height: float, colour: Colour, dice: Dice) -> list[Fragment]:
    """A leather belt with a buckle, its loose end, holes; off the middle as the body turns."""
    b, figure = subject.build.breadth, subject.figure
    upper, lower = around(figure, top, top + height, 0.035 * b, 0.04 * b)
    strap = Fragment("bottomwear", Plane.BOTTOMWEAR + 0.024, (np.concatenate([upper, lower[::-1]]),), colour)
    centre = 0.5 + 0.12 * figure.yaw
    stitching = tuple(
        Stroke(upper * (1 - k) + lower * k, 0.35, (0, 0), shifted(colour, lightness=0.16)) for k in (0.2, 0.8)
    )
    strap = strap.replace(material=Material.GLOSSY, relief=0.05 * b, strokes=stitching if dice.chance(0.4) else ())
    x, y = 0.5 * (along(upper, centre) + along(lower, centre))
    r = 0.68 * height
    if dice.of("round").chance(0.3):
        frame = ellipse(float(x), float(y), 1.05 * r, r)
        hole = ellipse(float(x), float(y), 0.65 * r, 0.6 * r)
    else:
        frame, hole = (_plate(float(x), float(y), w * r, h * r) for w, h in ((1.2, 1.0), (0.8, 0.55)))
    metal = dice.of("metal").pick(METALS)
    buckle = Fragment("bottomwear", Plane.BOTTOMWEAR + 0.032, (frame, hole), metal, "", Material.GLOSSY, 0.02)
    prong = Stroke(np.array([(x + 0.1 * r, y), (x - r, y)]), 0.9, (0, 0))
    return [strap, buckle.replace(hollow=True, strokes=(prong,), casts=0.3)]


def _plate(x: float, y: float, w: float, h: float) -> Curve:
    return path(
        [(x - w, y - h), (x, y - 1.04 * h), (x + w, y - h)],
        [(x + w, y - h), (x + w, y + h)],
        [(x + w, y + h), (x, y + 1.04 * h), (x - w, y + h)],
        [(x - w, y + h), (x - w, y - h)],
    )


def sash(subject: Subject, top: float, height: float, colour: Colour, dice: Dice) -> list[Fragment]:
    """A ribbon about the waist, tied at one side, its ends hanging."""
    b, figure = subject.build.breadth, subject.figure
    upper, lower = around(figure, top, top + height, 0.03 * b, 0.04 * b)
    folds = tuple(Stroke(upper * (1 - k) + lower * k, 0.45, (0.4, 0.5)) for k in (0.35, 0.65))
    ribbon_ = Fragment("bottomwear", Plane.BOTTOMWEAR + 0.022, (np.concatenate([upper, lower[::-1]]),), colour)
    side = dice.sign()
    x, y = 0.5 * (along(upper, 0.5 + 0.3 * side) + along(lower, 0.5 + 0.3 * side))
    z = Plane.BOTTOMWEAR + 0.03
    ends = []
    for k, lean in enumerate((0.25, -0.05)):
        far = b * dice.of(k).uniform(0.38, 0.6)
        way = [(x, y), (x + side * lean * far * 0.8, y + 0.5 * far), (x + side * lean * far, y + far)]
        spine = spline(way)
        tail = ribbon(spine, b * (0.035 + 0.05 * positions(spine)))
        ends.append(Fragment("bottomwear", z + 0.002 * k, (tail,), colour, relief=0.03 * b))
    loops = [
        spline([(x, y), (x + s * 0.16 * b, y - 0.11 * b), (x + s * 0.21 * b, y + 0.06 * b)], closed=True)
        for s in (-1, 1)
    ]
    bow = Fragment("bottomwear", z + 0.008, (*loops, ellipse(float(x), float(y), 0.045 * b, 0.05 * b)), colour)
    crease = tuple(Stroke(np.array([(x + s * 0.05 * b, y), (x + s * 0.13 * b, y)]), 0.5, (0.1, 0.8)) for s in (-1, 1))
    return [ribbon_.replace(strokes=folds, relief=0.05 * b), *ends, bow.replace(strokes=crease, relief=0.04 * b)]


def loops(figure: Figure, top: float, height: float, colour: Colour) -> Fragment:
    """Belt loops on jeans."""
    b = figure.build.breadth
    upper, lower = around(figure, top, top + height, 0.03 * b, 0.035 * b)
    shapes = []
    for share in (0.12, 0.3, 0.7, 0.88):
        a, z = along(upper, share) - (0, 0.012 * b), along(lower, share) + (0, 0.012 * b)
        shapes.append(ribbon(np.stack([a, z]), 0.016 * b))
    return Fragment("bottomwear", Plane.BOTTOMWEAR + 0.03, tuple(shapes), shifted(colour, lightness=-0.02), relief=0.0)


def button(figure: Figure, y: float, radius: float, colour: Colour) -> Fragment:
    """The one button of a waistband."""
    x = figure.middle(y) + 0.08 * figure.yaw * figure.build.breadth
    shine = Shade((ellipse(x - 0.3 * radius, y - 0.3 * radius, 0.35 * radius, 0.3 * radius, steps=10),), -0.8)
    shape = ellipse(x, y + 0.035 * figure.build.breadth, radius, radius, steps=16)
    made = Fragment("bottomwear", Plane.BOTTOMWEAR + 0.022, (shape,), mix(colour, METALS[0], 0.6), "", Material.GLOSSY)
    return made.replace(relief=0.0, shades=(shine,), casts=0.3)
