"""Shoes that rise above the ankle: boots and greaves."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from animelayers.artist.cobbling import creases, gloss, heel, laces, piece, sole, toecap
from animelayers.artist.curves import Curve, along, closed, cut, normals, ribbon
from animelayers.artist.drawing import Colour, Fragment, Mark, Shade, Stroke
from animelayers.artist.feet import Foot
from animelayers.artist.legform import Ease, around, bowed, edges, rim, ring
from animelayers.artist.pair import Worn
from animelayers.artist.palette import STEEL, mix, shifted
from animelayers.artist.trimmings import readable


def borders(spine: Curve, width: np.ndarray) -> tuple[Curve, Curve]:
    """The edges of a cord."""
    offset = normals(spine) * width[:, None]
    return spine + offset, spine - offset


def _shaft(form: Foot, start: float, ease: Ease, colour: Colour, *, toes: float = 0.06) -> Fragment:
    """A boot from its rim to its toes in one piece, creased where the ankle bends."""
    left, right = edges(form.leg, 0.9, 0.97, ease)
    middle = np.asarray(form.leg.point(0.95))
    folds = [*creases(left, middle, 2, 0.8), *creases(right, middle + form.down(0.3), 2, 0.7)]
    boot = piece(form, around(form, start, form.outline(0.1, toes=toes), ease), colour)
    welt = Stroke(form.outline(0.02, toes=toes)[30:72], 0.5, (0.2, 0.2))
    return boot.replace(strokes=(*folds, welt), shades=(gloss(form), _sheen(form, start)), relief=0.25 * form.unit)


def _sheen(form: Foot, start: float) -> Shade:
    """Light down the shin."""
    spine, radius = form.leg.sleeve(start + 0.02, 0.9)
    k = np.sin(np.linspace(0.2, 2.9, len(spine)))
    left, right = borders(spine - np.array([0.25, 0.0]) * radius[:, None], 0.13 * radius * k)
    return Shade((np.concatenate([left, right[::-1]]),), -0.45, 0.02 * form.unit)


def _opening(form: Foot, start: float, ease: Ease, colour: Colour) -> Fragment:
    """The far side of a boot's top, behind the leg."""
    left, right = edges(form.leg, start, start + 0.02, ease)
    shape = np.concatenate([bowed(left[0], right[0], 0.16), bowed(left[0], right[0], -0.14)[::-1]])
    return piece(form, shape, shifted(colour, lightness=-0.14), -0.032).replace(relief=0.0, casts=0.0)


def ankle_boots(worn: Worn) -> list[Fragment]:
    """Up to the calf, with laces, a cuff or a fur rim."""
    form, garment, b = worn.form, worn.garment, worn.breadth
    start = worn.dice.of("start").uniform(0.72, 0.87)
    dark = shifted(garment.colour, lightness=-0.1)

    def ease(t: np.ndarray) -> np.ndarray:
        return np.asarray(b * (0.022 + 0.03 * np.clip((0.93 - t) / 0.15, 0, 1)))

    boot = _shaft(form, start, ease, garment.colour)
    finish = worn.dice.of("finish").pick({"laces": 3.0, "cuff": 2.0, "fur": 1.0, "zip": 1.0})
    out = [_opening(form, start, ease, garment.colour), heel(form, dark, broad=0.36, tip=0.32, low=0.16)]
    out += [sole(form, 0.16, dark, ease=0.13, toes=0.06), boot]
    if finish == "laces":
        cord = readable(garment.colour, mix(garment.trim, worn.subject.palette.pale, 0.4))
        marks = (*laces(form, 0.0, 0.55, 3, cord), _shaft_laces(form, start + 0.03, cord))
        out[-1] = boot.replace(marks=marks)
    elif finish == "zip":
        out[-1] = boot.replace(strokes=(*boot.strokes, Stroke(_down(form, start, 0.95, 0.72), 0.6, (0.02, 0.02))))
    if finish in ("cuff", "fur"):
        rim_ = garment.trim if finish == "cuff" else worn.subject.palette.pale
        out.append(_cuff(form, start, ease, rim_, finish == "fur", b))
    return out


def _shaft_laces(form: Foot, start: float, colour: Colour) -> Mark:
    """Crosses up the front of the shaft."""
    cords = []
    for a, z in pairwise(np.linspace(start, 0.985, max(round((0.985 - start) / 0.04), 2))):
        upper, lower = rim(form.leg, a), rim(form.leg, z)
        cords += [ribbon(np.stack([along(upper, c), along(lower, 1 - c)]), 0.04 * form.unit) for c in (0.36, 0.64)]
    return Mark(tuple(cords), colour)


def _down(form: Foot, start: float, stop: float, c: float) -> Curve:
    """A line down a leg at share `c` of its breadth."""
    left, right = edges(form.leg, start, stop)
    return np.asarray(left + (right - left) * c)


def _cuff(form: Foot, start: float, ease: Ease, colour: Colour, fur: bool, b: float) -> Fragment:
    """Turned over and standing out; of fur with a ragged edge."""
    shape = ring(form.leg, start - 0.012, start + 0.04, ease, over=0.018 * b)
    if fur:
        n = len(shape)
        wave = 0.018 * b * np.abs(np.sin(np.linspace(0, 14 * math.pi, n)))
        shape = shape + normals(shape) * wave[:, None]
    return piece(form, shape, colour, 0.006).replace(relief=0.12 * form.unit)


def long_boots(worn: Worn) -> list[Fragment]:
    """To below the knee or above it, on a heel."""
    form, garment, b, leg = worn.form, worn.garment, worn.breadth, worn.leg
    over_knee = worn.dice.of("over").chance(0.35)
    start = leg.bend - 0.12 if over_knee else leg.bend + worn.dice.of("start").uniform(0.07, 0.12)
    dark = shifted(garment.colour, lightness=-0.1)

    def ease(t: np.ndarray) -> np.ndarray:
        return np.asarray(
            b * (0.018 + 0.02 * np.clip((0.9 - t) / 0.2, 0, 1) + 0.012 * np.exp(-(((t - start) / 0.02) ** 2)))
        )

    boot = _shaft(form, start, ease, garment.colour, toes=0.03)
    top = ring(leg, start, start + 0.02, ease, over=0.05)
    line = Stroke(rim(leg, start + 0.02, ease), 0.6)
    boot = boot.replace(marks=(Mark((top,), garment.trim),), strokes=(*boot.strokes, line))
    finish = worn.dice.of("finish").pick({"plain": 2.0, "laces": 1.5, "straps": 1.5, "notch": 1.5})
    out = [_opening(form, start, ease, garment.colour), heel(form, dark, broad=0.32, tip=0.2, low=0.1)]
    out += [sole(form, 0.08, dark, toes=0.03), boot]
    if finish == "laces":
        cord = readable(garment.colour, garment.trim)
        out[-1] = boot.replace(marks=(*boot.marks, _shaft_laces(form, start + 0.05, cord)))
    elif finish == "straps":
        for t in (0.86, 0.94):
            out.append(piece(form, ring(leg, t, t + 0.022, ease, over=0.004), garment.trim, 0.006).replace(casts=0.5))
    elif finish == "notch":
        x, y = along(rim(leg, start + 0.02, ease), 0.5)
        notch = np.array([(x - 0.07 * b, y - 0.2 * b), (x, y + 0.1 * b), (x + 0.07 * b, y - 0.2 * b)])
        out[-1] = boot.replace(marks=(*boot.marks, Mark((notch,), dark)), strokes=(*boot.strokes, Stroke(notch, 0.7)))
    return out


def greaves(worn: Worn) -> list[Fragment]:
    """Plates over shin, knee and foot."""
    form, garment, b, leg = worn.form, worn.garment, worn.breadth, worn.leg
    steel = mix(garment.colour, STEEL, 0.55)
    dark = shifted(steel, lightness=-0.14)
    knee = leg.bend
    shin = ring(leg, knee + 0.045, 0.965, 0.03 * b, sag=0.12, over=0.012 * b)
    edge = (ring(leg, knee + 0.045, knee + 0.07, 0.03 * b, over=0.06), ring(leg, 0.945, 0.965, 0.03 * b, over=0.06))
    ridge = Stroke(_down(form, knee + 0.07, 0.945, 0.5), 0.7, (0.1, 0.1))
    lames = tuple(Stroke(form.across(a), 0.7, (0.02, 0.02)) for a in (0.25, 0.45, 0.65))
    sabaton = piece(form, around(form, 0.955, form.outline(0.1, toes=0.14), 0.015 * b), steel)
    cap = Mark((toecap(form, 0.8),), garment.trim)
    out = [
        _opening(form, knee + 0.045, 0.04 * b, steel),
        heel(form, dark, broad=0.34, tip=0.28),
        sole(form, 0.06, dark, toes=0.14),
    ]
    out.append(sabaton.replace(strokes=lames, marks=(cap,), shades=(gloss(form),)))
    plate = piece(form, shin, steel, 0.006)
    out.append(
        plate.replace(
            marks=tuple(Mark((e,), garment.trim) for e in edge), strokes=(ridge,), shades=(_sheen(form, knee + 0.06),)
        )
    )
    return [*out, _poleyn(form, steel, garment.trim, b)]


def _poleyn(form: Foot, steel: Colour, trim: Colour, b: float) -> Fragment:
    """The knee's own plate, pointed above and below."""
    leg = form.leg
    left, right = edges(leg, leg.bend - 0.05, leg.bend + 0.06, 0.035 * b)
    first, last = rim(leg, leg.bend - 0.085), rim(leg, leg.bend + 0.085)
    shape = np.concatenate([[along(first, 0.5)], right, [along(last, 0.5)], left[::-1]])
    middle = shape.mean(axis=0)
    inner = middle + (shape - middle) * 0.72
    line = Stroke(closed(inner), 0.6, (0.0, 0.0))
    return piece(form, shape, trim, 0.012).replace(
        marks=(Mark((inner,), steel),), strokes=(line, Stroke(cut(rim(leg, leg.bend, sag=0.3), 0.2, 0.8), 0.5))
    )
