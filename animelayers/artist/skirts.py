"""Skirts: pleated, flared, short, narrow, long and frilled, each with the inside of its back behind the legs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np

from animelayers.artist import patterns
from animelayers.artist.curves import Curve
from animelayers.artist.dice import Dice, Range
from animelayers.artist.drawing import Fragment, Mark, Plane, Shade, Stroke
from animelayers.artist.folds import Folds, crease, frill, radiating, together
from animelayers.artist.hang import Measure, hang, waistline
from animelayers.artist.palette import SILVER, WHITE, mix
from animelayers.artist.skirt import Skirt, edging, flute, flutes, gathers, plain_hem, raised_back, tension
from animelayers.artist.subject import Subject
from animelayers.artist.trimmings import Finish, buttons, finished, lines, stitches, zip_
from animelayers.artist.waist import Girth, belt, button, tied


def draw_skirt(subject: Subject, dice: Dice) -> list[Fragment]:
    """The skirt a subject wears."""
    garment = subject.outfit.bottom
    measure = measured(garment.kind, dice.of("measure"))
    swing = subject.figure.legs["l"].pose in ("walk", "kick", "bent")
    measure = replace(measure, sway=dice.of("sway").near(0, 0.12 if swing else 0.05) * measure.length**0.5)
    skirt = Skirt(subject, garment, hang(subject.figure, measure), measure, dice)
    return [*KINDS[garment.kind](skirt), *_waistband(skirt)]


def draw_cloth(subject: Subject, measure: Measure, dice: Dice) -> list[Fragment]:
    """A plain flared skirt to lie under armour."""
    skirt = Skirt(subject, subject.outfit.bottom, hang(subject.figure, measure), measure, dice)
    hem, back, folds = flutes(skirt, 4 if skirt.small else 6, 0.04)
    return [skirt.back(back), skirt.front(hem, folds)]


def _waistband(skirt: Skirt) -> list[Fragment]:
    """A band of its own cloth, a belt, or a sash."""
    subject, b, d = skirt.subject, skirt.breadth, skirt.dice.of("waist")
    top = waistline(subject.figure, skirt.measure.waist)
    kind = d.pick(WAISTS.get(skirt.garment.kind, {"band": 1.0}))
    height = d.uniform(0.09, 0.13) * b
    girth = Girth(subject.figure, "bottomwear", Plane.BOTTOMWEAR + 0.012, top - 0.02 * b, height, ease=0.022)
    over = replace(girth, z=girth.z + 0.01, ease=0.033)
    out = [girth.strap(skirt.garment.colour).replace(casts=0.6)]
    if kind == "belt":
        out += belt(replace(over, top=top, height=0.085 * b), subject.palette.dark, d.of("belt"))
    elif kind == "sash":
        sashed = replace(over, top=top - 0.03 * b, height=0.13 * b)
        out += tied(sashed, skirt.garment.trim, d.of("sash"), d.pick([0.2, 0.8]))
    elif kind == "button":
        out.append(button(girth, 0.032 * b, skirt.garment.trim))
    return out


WAISTS = {
    "pleated": {"band": 4.0, "belt": 0.7},
    "flared": {"band": 2.0, "sash": 1.0, "belt": 1.0},
    "mini": {"band": 1.0, "belt": 2.0, "button": 1.0},
    "pencil": {"band": 2.0, "belt": 1.0},
    "long": {"band": 2.0, "belt": 1.0, "sash": 1.0},
    "frilled": {"band": 1.0, "sash": 2.0},
}


def _pleated(skirt: Skirt) -> list[Fragment]:
    """Knife or box pleats: panels with stepped hems, each throwing its shadow on the next."""
    d = skirt.dice.of("pleats")
    count = d.integer(5, 7) if skirt.small else d.integer(8, 14)
    u = np.linspace(-1, 1, count + 1)
    u[1:-1] += np.array(d.many(count - 1, -0.22, 0.22)) / count
    step, way = d.uniform(0.012, 0.028), d.sign()
    box = d.chance(0.3)
    ways = [way if not box else (1 if k < count / 2 else -1) for k in range(count)]
    wave = d.uniform(0.008, 0.022) * np.sin(math.pi * (d.uniform(1.5, 3) * u + d.uniform(-1, 1)))
    hem, folds = [], []
    for k in range(count):
        low, high = (0.0, step) if ways[k] > 0 else (step, 0.0)
        hem += [(u[k], 1 - wave[k] - low), ((u[k] + u[k + 1]) / 2, 1 - (wave[k] + wave[k + 1]) / 2 - step / 3)]
        hem.append((u[k + 1], 1 - wave[k + 1] - high))
        folds.append(_pleat(skirt, u[k], u[k + 1], ways[k], k > 0, d.of(k)))
    shape = np.array(hem)
    inner = np.stack([np.linspace(-1, 1, 31), 0.985 - raised_back(skirt, 31, 9.0, 0.012)], axis=1)
    return [skirt.back(inner), skirt.front(shape, together(folds), _on_pleats(skirt, shape, u))]


def _pleat(skirt: Skirt, left: float, right: float, way: int, lined: bool, dice: Dice) -> Folds:
    """The line of a pleat's edge and the shadow beside it, both opening towards the hem."""
    frame, broad = skirt.frame, right - left
    top = 0.06 + dice.uniform(0.0, 0.12)
    edge, inward = (left, right) if way > 0 else (right, left)
    far = edge + (inward - edge) * dice.uniform(0.25, 0.5)
    sliver = frame.place([(edge, top), (edge, 1.03), (far, 1.03), (edge + 0.15 * (far - edge), 0.4)])
    strokes = []
    if lined:
        strokes.append(Stroke(frame.down(left, 0.04, 0.99), 0.75, (0.3, 0.0)))
    if broad > 0.16 and dice.chance(0.3):
        middle = left + broad * dice.uniform(0.4, 0.7)
        strokes.append(Stroke(frame.down(middle, dice.uniform(0.5, 0.7), 0.97), 0.4, (0.6, 0.3)))
    return Folds((Shade((sliver,), dice.uniform(0.8, 1.1)),), tuple(strokes))


def _on_pleats(skirt: Skirt, hem: Curve, u: Curve) -> tuple[Mark, ...] | None:
    """Checks as pleats are sewn to them: across along the hem, upright alike in every pleat."""
    garment, frame, b = skirt.garment, skirt.frame, skirt.breadth
    if garment.pattern != "checks":
        return None
    colour = patterns.contrasting(garment)
    rows = max(round(frame.height / (0.2 * b)), 2)
    pitch, broad = 1 / rows, 0.36 / rows
    bands = [skirt.strip(hem, (k + 0.3) * pitch, (k + 0.3) * pitch + broad) for k in range(rows)]
    thin = [skirt.strip(hem, (k + 0.9) * pitch, (k + 0.9) * pitch + 0.08 * pitch) for k in range(rows)]
    upright: list[Curve] = []
    fine: list[Curve] = []
    for left, right in pairwise(u):
        for start, stop, into in ((0.42, 0.74, upright), (0.12, 0.19, fine)):
            a, z = left + (right - left) * start, left + (right - left) * stop
            into.append(np.concatenate([frame.down(a), frame.down(z)[::-1]]))
    bright = mix(colour, WHITE, 0.6)
    return (
        Mark(tuple(bands), colour, 0.5),
        Mark(tuple(upright), colour, 0.5),
        Mark((*thin, *fine), bright, 0.75),
    )


def _flared(skirt: Skirt) -> list[Fragment]:
    d = skirt.dice.of("flared")
    count = d.integer(3, 4) if skirt.small else d.integer(4, 7)
    hem, back, folds = flutes(skirt, count, d.uniform(0.035, 0.075))
    front = skirt.front(hem, folds + gathers(skirt, d.of("gathers")))
    return [skirt.back(back), front, *edging(skirt, hem, d.of("edging"))]


def _mini(skirt: Skirt) -> list[Fragment]:
    """Short and plain, of firm cloth: a zip, a row of buttons, a wrap, pockets."""
    d, b, frame = skirt.dice.of("mini"), skirt.breadth, skirt.frame
    hem = plain_hem(d.uniform(0.0, 0.014), d)
    folds = together([flute(skirt, u, 0.99, d.of(k)) for k, u in enumerate((-0.66, 0.6)) if d.chance(0.8)])
    front = finished(skirt.front(hem, folds + tension(skirt, d.of("tension"))), _work(skirt, d.of("work")))
    seam = lines(frame.place(hem - (0, 0.045 * b / frame.height + 0.02)), weight=0.4)
    back = hem + np.stack([np.zeros(len(hem)), 0.004 - raised_back(skirt, len(hem), 3.0, 0.004)], axis=1)
    return [skirt.back(back), finished(front, seam)]


def _work(skirt: Skirt, dice: Dice) -> Finish:
    """What a tailor adds to the front of a plain skirt."""
    frame, b, garment = skirt.frame, skirt.breadth, skirt.garment
    kind = dice.pick({"none": 2.0, "zip": 1.0, "buttons": 1.2, "wrap": 1.2, "pockets": 1.2})
    if kind == "zip":
        return zip_(frame.down(0.0, 0.05, 1.0), 0.035 * b, SILVER)
    if kind == "buttons":
        spots = frame.place([(0.0, v) for v in np.linspace(0.16, 0.9, 5)])
        return lines(frame.down(0.07, 0.03), weight=0.5) + buttons(spots, 0.026 * b, garment.trim)
    if kind == "wrap":
        u = 0.3 * dice.sign()
        edge = frame.place([(u * 0.6, 0.03), (u * 0.9, 0.5), (u, 1.0)])
        shadow = Shade((frame.place([(u * 0.6, 0.03), (u, 1.02), (u * 1.25, 1.02)]),), 0.9)
        return lines(edge, weight=0.9) + Finish(shades=(shadow,)) + stitches(frame.down(u * 0.86, 0.05, 0.97), 0.05 * b)
    if kind == "pockets":
        openings = [frame.place([(0.86 * s, 0.2), (0.6 * s, 0.16), (0.42 * s, 0.05)]) for s in (-1, 1)]
        return lines(*openings, weight=0.6)
    return Finish()


def _pencil(skirt: Skirt) -> list[Fragment]:
    """Narrow to the knees: pulled across the hips, sunk between the thighs, slit at one side."""
    d, b, frame = skirt.dice.of("pencil"), skirt.breadth, skirt.frame
    hem = plain_hem(0.003, d)
    between = frame.place([(-0.22, 0.34), (0.2, 0.34), (0.1, 0.6), (0.02, 0.8), (-0.1, 0.58)])
    sunk = Folds((Shade((between,), 0.5, 0.05 * b),))
    hip = radiating(
        (frame.down(0.0)[4][0], frame.down(0.0)[4][1]), (0.25, 2.9), 0.3 * b, 0.03 * b, d.of("pull"), gap=0.3
    )
    front = skirt.front(hem, tension(skirt, d.of("tension")) + sunk + hip)
    darts = [frame.down(u, 0.04, 0.16) for u in (-0.45, 0.45)]
    front = finished(front, lines(*darts, weight=0.4, taper=(0.0, 0.6)), lines(frame.weft(0.965), weight=0.35))
    if d.chance(0.5):
        u = 0.5 * d.sign()
        slit = frame.place([(u, 0.7), (u - 0.05, 1.02), (u + 0.07, 1.02)])
        front = finished(front, Finish(shades=(Shade((slit,), 1.5),)), lines(frame.down(u, 0.7, 1.0), weight=0.8))
    back = hem - np.stack([np.zeros(len(hem)), raised_back(skirt, len(hem), 2.0, 0.002)], axis=1)
    return [skirt.back(back), front]


def _frilled(skirt: Skirt) -> list[Fragment]:
    """Tiers of ruffles, the upper over the lower."""
    d, b, frame = skirt.dice.of("frills"), skirt.breadth, skirt.frame
    hem, back, folds = flutes(skirt, 4 if skirt.small else 6, 0.03)
    tiers = d.integer(1, 2) if skirt.small else d.integer(1, 3)
    other = d.pick([skirt.garment.colour, skirt.subject.palette.pale, skirt.garment.trim])
    cut = 0.1
    short = hem - (0, cut)
    out = [skirt.back(back), skirt.front(short, folds + gathers(skirt, d.of("gathers")))]
    for k in range(tiers):
        share = 1 - cut - k * 0.26
        line = frame.place(np.stack([short[:, 0], short[:, 1] - k * 0.26], axis=1))
        deep = (0.16 if tiers > 1 else 0.2) * frame.height + 0.02 * b
        ruffle = frill(line, deep, d.of(k), pitch=(0.3 if skirt.small else 0.17) * b, flare=0.03 * b * share)
        z = Plane.BOTTOMWEAR + (-0.006 if k == 0 and tiers == 1 else 0.002 + 0.003 * k)
        made = Fragment("bottomwear", z, (ruffle.shape,), other if k % 2 == 0 else skirt.garment.colour)
        edge = Mark((_near(ruffle.shape, 0.02 * b),), skirt.garment.trim)
        lined = d.of("edge").chance(0.4) and other != skirt.garment.trim
        out.append(
            made.replace(
                shades=ruffle.folds.shades,
                strokes=ruffle.folds.strokes,
                marks=(edge,) if lined else (),
                relief=0.05 * b,
                casts=0.7,
            )
        )
    return out


def _near(shape: Curve, width: float) -> Curve:
    """A strip along the lower half of a frill's outline."""
    edge = shape[len(shape) // 2 :]
    return np.concatenate([edge + (0, 0.01), (edge - (0, width))[::-1]])


def _long(skirt: Skirt) -> list[Fragment]:
    """To calves or ankles in few deep folds; knees push through it."""
    d, frame, b = skirt.dice.of("long"), skirt.frame, skirt.breadth
    hem, back, folds = flutes(skirt, 4 if skirt.small else d.integer(4, 6), d.uniform(0.012, 0.03))
    knees = []
    for side, leg in skirt.subject.figure.legs.items():
        x, y = leg.joints[1]
        if y < frame.left[-1, 1] - 0.2 * b:
            sign = 1 if side == "l" else -1
            below = [(x - sign * 0.08 * b, y - 0.12 * b), (x + sign * 0.02 * b, y + 0.3 * b), (x, y + 0.8 * b)]
            knees.append(crease(below, 0.05 * b * sign, line=0.6, peak=0.3))
    front = skirt.front(hem, folds + gathers(skirt, d.of("gathers")) + together(knees))
    return [skirt.back(back), front, *edging(skirt, hem, d.of("edging"))]


KINDS: dict[str, Callable[[Skirt], list[Fragment]]] = {
    "pleated": _pleated,
    "flared": _flared,
    "mini": _mini,
    "pencil": _pencil,
    "long": _long,
    "frilled": _frilled,
}

MEASURES: dict[str, tuple[Range, Range, Range, Range]] = {
    "pleated": ((0.0, 0.25), (0.22, 0.6), (0.78, 0.98), (-0.03, 0.09)),
    "flared": ((0.0, 0.15), (0.3, 0.8), (0.86, 1.15), (-0.03, 0.1)),
    "mini": ((0.1, 0.5), (0.16, 0.36), (0.62, 0.76), (-0.02, 0.07)),
    "pencil": ((0.0, 0.1), (0.75, 1.0), (0.46, 0.55), (0.02, 0.06)),
    "long": ((0.0, 0.1), (1.25, 1.85), (0.9, 1.35), (0.0, 0.12)),
    "frilled": ((0.0, 0.1), (0.3, 0.65), (0.9, 1.15), (0.0, 0.1)),
}
"""Ranges of the waist, length, hem and sag of `hang.Measure`."""


def measured(kind: str, dice: Dice) -> Measure:
    """The cut of a skirt of a kind."""
    high, length, hem, sag = (dice.of(k).uniform(*span) for k, span in enumerate(MEASURES[kind]))
    return Measure(high, length, hem, sag, puff=0.06 if kind == "frilled" else 0.0)
