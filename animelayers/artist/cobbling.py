"""What shoes are made of: uppers, insides, soles, heels, straps, laces, and the bare foot."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from animelayers.artist.curves import Curve, along, ellipse, ribbon, spline
from animelayers.artist.drawing import Colour, Fragment, Mark, Material, Plane, Shade, Stroke
from animelayers.artist.feet import Foot
from animelayers.artist.legform import BOWED, around
from animelayers.artist.palette import shifted
from animelayers.artist.subject import Subject

BEHIND = -Plane.SHOE - 0.012
"""Behind the leg."""


def piece(form: Foot, shape: Curve, colour: Colour, z: float = 0.0, material: Material = Material.GLOSSY) -> Fragment:
    """A part of a shoe, `z` before its upper."""
    leg = form.leg
    return Fragment("footwear", leg.z + Plane.SHOE + z, (shape,), colour, leg.side, material, relief=0.2 * form.unit)


def upper(form: Foot, depth: float, *, ease: float = 0.07, toes: float = 0.0) -> Curve:
    """The closed outline of a low shoe: around heel and toes, and back along its opening."""
    outline, opening = form.outline(ease, toes=toes), form.collar(depth)
    half = len(outline) // 2
    first = int(np.argmin(np.hypot(*(outline[:half] - opening[0]).T)))
    last = half + int(np.argmin(np.hypot(*(outline[half:] - opening[-1]).T)))
    t = np.linspace(0, 1, len(opening))[:, None]
    fitted = opening + (outline[first] - opening[0]) * (1 - t) + (outline[last] - opening[-1]) * t
    return np.concatenate([outline[first : last + 1], fitted[::-1]])


def inside(form: Foot, depth: float, colour: Colour) -> Fragment:
    """The back of the opening, behind the ankle."""
    opening = form.collar(depth)
    a, z = opening[0], opening[-1]
    t = np.linspace(0, 1, 13)[:, None]
    behind = a + (z - a) * t - form.down(0.22 + 0.1 * depth) * 4 * t * (1 - t)
    shape = np.concatenate([opening, behind[::-1]])
    back = piece(form, shape, shifted(colour, lightness=-0.13), BEHIND)
    return back.replace(relief=0.0, casts=0.0, clip=(around(form, 0.93, form.outline(0.06)),))


def sole(form: Foot, thick: float, colour: Colour, *, ease: float = 0.1, toes: float = 0.0) -> Fragment:
    """The whole bed of the shoe; seen below the upper, thickest where it faces the eye."""
    edge = form.sole(ease, toes)
    swell = np.sin(np.linspace(0.0, math.pi, len(edge))) ** 0.35
    shape = edge + form.down(thick) * swell[:, None]
    return piece(form, shape, colour, BEHIND + 0.004).replace(relief=0.08 * form.unit, casts=0.5)


def heel(form: Foot, colour: Colour, *, broad: float, tip: float, low: float = 0.1) -> Fragment:
    """The block or spike under the heel, down to the ground that the toes stand on."""
    x, y = form.view(np.array([(0.0, 0.8), (-0.2, 0.78), (-0.24, 0.82)]))
    ground = y + 0.1 + low + form.hang * (0.45 + 0.35 * form.turn) * 0.85
    t = form.turn
    outline = [
        (x - broad * (1 - 0.2 * t), y - 0.25),
        (x - broad * (1 - 0.1 * t), y + 0.06),
        (x - tip - 0.08 * t * (broad - tip), ground),
        (x + tip, ground + 0.02),
        (x + broad * 0.8, y + 0.14),
        (x + broad, y - 0.25),
    ]
    return piece(form, form.place(outline), colour, BEHIND)


def strap(form: Foot, a: float, width: float, colour: Colour, z: float = 0.006, *, arch: float = 0.12) -> Fragment:
    """A band over the foot at share `a`."""
    low, high = form.across(a - width / 2, arch=arch, over=0.2), form.across(a + width / 2, arch=arch, over=0.2)
    return held(form, piece(form, np.concatenate([low, high[::-1]]), colour, z))


def held(form: Foot, band: Fragment) -> Fragment:
    """A band that ends where the foot turns away."""
    return band.replace(relief=0.06 * form.unit, casts=0.6, clip=(around(form, 0.9, form.outline(0.09)),))


def buckle(form: Foot, a: float, c: float, size: float, colour: Colour, z: float = 0.01) -> Fragment:
    """A small frame or a round button."""
    x, y = form.point(a, c)
    r = size * form.unit
    return piece(form, ellipse(x, y, r, r, steps=14), colour, z).replace(casts=0.3)


def apron(form: Foot, start: float, end: float, low: float = 0.14, high: float = 0.86) -> Curve:
    """A line from one side of the opening around the toes to the other."""
    inner = (0.5 * (start + end), end, 0.5 * (start + end))
    points = [form.point(start, low), form.point(inner[0], low + 0.02), form.point(end * 0.97, 0.3)]
    points += [form.point(end, 0.5), form.point(end * 0.97, 0.7), form.point(inner[2], high - 0.02)]
    return spline([*points, form.point(start, high)])


def toecap(form: Foot, a: float) -> Curve:
    """Everything in front of share `a`, larger than the foot: to be clipped to an upper."""
    line = form.across(a)
    first, last = line[0], line[-1]
    middle = 0.5 * (first + last)
    far = np.asarray(form.point(1.0, 0.5)) + form.down(0.6)
    ahead = far + (far - middle) * 1.5
    beside = 0.5 * (first - last)
    return np.array([first + beside, *line, last - beside, ahead + last - middle, ahead + first - middle])


def laces(form: Foot, start: float, stop: float, rows: int, colour: Colour) -> list[Mark]:
    """Crossed over a tongue, between two shares."""
    shares = np.linspace(start, stop, rows + 1)
    lines = [
        spline([form.point(a, c), form.point(z, d)], steps=4)
        for a, z in pairwise(shares)
        for c, d in ((0.3, 0.7), (0.7, 0.3))
    ]
    return [Mark(tuple(ribbon(line, 0.035 * form.unit) for line in lines), colour)]


def gloss(form: Foot, a: float = 0.72, c: float = 0.62, size: float = 0.16) -> Shade:
    """A spot of light on the toe."""
    p = np.array([form.point(a, c - 0.12), form.point(a + 0.09, c), form.point(a + 0.02, c + 0.12)])
    (x, y), r = p.mean(axis=0), size * form.unit
    oval = ellipse(float(x), float(y), r, 0.4 * r, turn=math.atan2(*(p[2] - p[0])[::-1]), steps=16)
    return Shade((oval,), -0.8, 0.02 * form.unit)


def bare(subject: Subject, form: Foot, z: float = 0.0) -> Fragment:
    """A foot with its toes; open at the ankle, where it goes on as the leg."""
    shape = around(form, 0.93, form.outline())
    strokes = (Stroke(shape[BOWED:], 1.0, (0.0, 0.0)), *_toes(form))
    skin = piece(form, shape, subject.palette.skin, z - 0.004, Material.SKIN)
    return skin.replace(outlined=False, strokes=strokes, relief=0.1 * subject.build.breadth, casts=0.0)


def _toes(form: Foot) -> list[Stroke]:
    """The lines between them: the big toe's lies apart from the others."""
    outwards = (form.heading > 0) == (form.leg.side == "l")
    shares = (0.34, 0.52, 0.68, 0.83) if outwards else (0.17, 0.32, 0.48, 0.66)
    return [
        Stroke(spline([form.point(0.8, c), form.point(0.9, c), form.point(1.0, c)], steps=4), 0.6, (0.6, 0.1))
        for c in shares
    ]


def creases(curve: Curve, inwards: Curve, count: int, reach: float) -> list[Stroke]:
    """Short curved folds from an edge towards a point, as at an ankle."""
    out = []
    for k in range(count):
        start = along(curve, (k + 0.5) / count)
        way = (inwards - start) * reach
        side = np.array([-way[1], way[0]]) * 0.2
        out.append(
            Stroke(
                spline([tuple(start), tuple(start + 0.5 * way + side), tuple(start + way)], steps=5), 0.6, (0.05, 0.8)
            )
        )
    return out
