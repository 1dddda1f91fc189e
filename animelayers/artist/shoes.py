"""Shoes for both feet, each whole around its foot: its inside behind the ankle, its sole below."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from animelayers.artist import boots
from animelayers.artist.cobbling import (
    BEHIND,
    apron,
    bare,
    buckle,
    gloss,
    heel,
    held,
    inside,
    laces,
    piece,
    sole,
    strap,
    toecap,
    upper,
)
from animelayers.artist.curves import cut, ribbon, spline
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Colour, Fragment, Mark, Material, Plane, Stroke
from animelayers.artist.feet import Foot
from animelayers.artist.legform import ring
from animelayers.artist.pair import Worn, pair, tied
from animelayers.artist.palette import shifted, to_oklch
from animelayers.artist.subject import Subject


def draw(subject: Subject, dice: Dice) -> list[Fragment]:
    """The right and the left shoe, alike but for how they are turned."""
    garment = subject.outfit.shoes
    shoe = SHOES.get(garment.kind)
    if shoe is None:
        return []
    return [fragment for worn in pair(subject, garment, dice.of(garment.kind)) for fragment in shoe(worn)]


def _loafers(worn: Worn) -> list[Fragment]:
    """A sewn apron, a strap with a slot, a low block heel."""
    form, colour = worn.form, worn.colour
    band = strap(form, 0.46, 0.14, colour)
    slot = Stroke(cut(form.across(0.46), 0.35, 0.65), 0.8, (0.1, 0.1))
    tassels = worn.dice.of("tassel").chance(0.2)
    shoe = piece(form, upper(form, 0.6), colour).replace(
        strokes=(Stroke(apron(form, 0.42, 0.84), 0.6, (0.1, 0.1)),), shades=(gloss(form),)
    )
    dark = shifted(colour, lightness=-0.1)
    out = [inside(form, 0.6, colour), heel(form, dark, broad=0.36, tip=0.34, low=0.14), sole(form, 0.1, dark), shoe]
    out.append(band.replace(strokes=(slot,)))
    return out + _bow(worn, 0.5, 0.14, colour) if tassels else out


def _sneakers(worn: Worn) -> list[Fragment]:
    """A rubber sole with a stripe, a toe cap, laces over a tongue."""
    form, garment, small = worn.form, worn.garment, worn.subject.build.small
    pale = worn.subject.palette.pale
    high = worn.dice.of("high").chance(0.35)
    depth = 0.0 if high else 0.22
    lining = shifted(garment.colour, lightness=-0.14 if to_oklch(garment.colour)[0] > 0.6 else 0.14)
    shape = upper(form, depth, ease=0.1, toes=0.06)
    bands = laces(form, 0.25, 0.6, 2 if small else 3, pale)
    throat = np.concatenate([cut(form.across(0.2), 0.25, 0.75), cut(form.across(0.62), 0.75, 0.25)])
    marks = [Mark((throat,), lining), *bands]
    strokes = [Stroke(spline([form.point(a, c) for a in (0.12, 0.4, 0.62)]), 0.5, (0.1, 0.1)) for c in (0.24, 0.76)]
    if worn.dice.of("cap").chance(0.6):
        marks.append(Mark((toecap(form, 0.74),), pale))
        strokes.append(Stroke(form.across(0.74), 0.7, (0.05, 0.05)))
    else:
        strokes.append(Stroke(form.across(0.72), 0.5, (0.3, 0.3)))
    shoe = piece(form, shape, garment.colour, 0.0, Material.CLOTH).replace(strokes=tuple(strokes), marks=tuple(marks))
    rubber = sole(form, 0.2, pale, ease=0.14, toes=0.06)
    edge = form.sole(0.16, 0.06) + form.down(0.1)
    stripe = Mark((np.concatenate([edge, (edge + form.down(0.045))[::-1]]),), garment.trim)
    return [inside(form, depth, garment.colour), _tongue(form, depth, lining), rubber.replace(marks=(stripe,)), shoe]


def _tongue(form: Foot, depth: float, colour: Colour) -> Fragment:
    opening = form.collar(depth)
    n = len(opening)
    low = opening[n // 2 : round(0.95 * n)] if form.turn > 0.4 else opening[n // 4 : round(0.75 * n)]
    t = np.linspace(0, 1, len(low))[:, None]
    high = low - form.down(0.2) * np.sqrt(np.sin(np.pi * np.clip(t, 0.02, 0.98)))
    return piece(form, np.concatenate([low + form.down(0.1), high[::-1]]), colour, -0.003, Material.CLOTH)


def _pumps(worn: Worn) -> list[Fragment]:
    """Cut low, on a high heel."""
    form, colour = worn.form, worn.colour
    shoe = piece(form, upper(form, 1.0, ease=0.04), colour).replace(shades=(gloss(form, 0.8, 0.6, 0.12),))
    spike = heel(form, colour, broad=0.26, tip=0.07 if worn.dice.of("spike").chance(0.6) else 0.16, low=0.06)
    out = [inside(form, 1.0, colour), spike, sole(form, 0.05, shifted(colour, lightness=-0.08), ease=0.05), shoe]
    if worn.dice.of("strap").chance(0.4):
        out.append(_ankle_strap(form, colour))
    return out


def _ankle_strap(form: Foot, colour: Colour) -> Fragment:
    return piece(form, ring(form.leg, 0.955, 0.978, 0.012), colour, 0.006).replace(relief=0.02, casts=0.5)


def _flats(worn: Worn) -> list[Fragment]:
    """Ballerinas: a thin sole, a bow over the toes."""
    form, garment = worn.form, worn.garment
    shoe = piece(form, upper(form, 0.95, ease=0.05), garment.colour).replace(shades=(gloss(form, 0.82, 0.6, 0.1),))
    thin = sole(form, 0.05, shifted(garment.colour, lightness=-0.1), ease=0.06)
    out = [inside(form, 0.95, garment.colour), thin, shoe]
    return out + _bow(worn, 0.78, 0.2, garment.trim) if worn.dice.of("bow").chance(0.7) else out


def _bow(worn: Worn, along: float, size: float, colour: Colour) -> list[Fragment]:
    """On top of the foot; `size` in lengths of `Foot.unit`."""
    form = worn.form
    return tied(worn, "footwear", form.point(along, 0.5), size * form.unit, colour, form.leg.z + Plane.SHOE + 0.012)


def _strapped(worn: Worn) -> list[Fragment]:
    """Mary Janes: a round toe, a strap with a button, a low heel."""
    form, garment = worn.form, worn.garment
    dark = shifted(garment.colour, lightness=-0.1)
    shoe = piece(form, upper(form, 0.9, toes=0.06), garment.colour).replace(shades=(gloss(form, 0.8),))
    out = [inside(form, 0.9, garment.colour), heel(form, dark, broad=0.34, tip=0.28), sole(form, 0.09, dark, toes=0.06)]
    out += [shoe, strap(form, 0.3, 0.14, garment.colour)]
    if worn.dice.of("two").chance(0.25):
        out.append(strap(form, 0.5, 0.12, garment.colour))
    return [*out, buckle(form, 0.3, 0.16 if form.turn > 0.3 else 0.1, 0.055, garment.trim)]


def _bared(worn: Worn) -> list[Fragment]:
    """The foot in an open shoe, unless a sock hides it."""
    return [] if worn.footed else [bare(worn.subject, worn.form)]


def _sandals(worn: Worn) -> list[Fragment]:
    """A sole, and straps over toes, instep and ankle."""
    form, garment = worn.form, worn.garment
    out = [sole(form, 0.14, garment.colour, ease=0.1), *_bared(worn)]
    style = worn.dice.of("style").pick({"bands": 2.0, "crossed": 1.0, "thong": 1.0})
    if style == "bands":
        out += [strap(form, 0.72, 0.2, garment.colour), strap(form, 0.5, 0.12, garment.colour)]
    elif style == "crossed":
        out += [_slanted(form, 0.4, 0.72, garment.colour, 0.006), _slanted(form, 0.72, 0.4, garment.colour, 0.008)]
    else:
        out += _thong(form, garment.colour)
    return [*out, *_heel_straps(form, garment.colour), _ankle_strap(form, garment.colour)]


def _heel_straps(form: Foot, colour: Colour) -> list[Fragment]:
    """From the ankle down to the sole, along whatever sides of the heel are seen."""
    outline = form.outline(0.0)
    edges = [outline[4:27]] if form.turn > 0.4 else [outline[4:27], outline[-27:-4]]
    return [held(form, piece(form, ribbon(edge, 0.1 * form.unit), colour, 0.005)) for edge in edges]


def _slanted(form: Foot, a: float, z: float, colour: Colour, up: float) -> Fragment:
    """A strap from share `a` at one side to `z` at the other."""

    def line(move: float) -> np.ndarray:
        t = np.linspace(0, 1, 7)
        return spline([form.point(a + (z - a) * s + move, s) for s in t], steps=4)

    return held(form, piece(form, np.concatenate([line(-0.07), line(0.07)[::-1]]), colour, up))


def _thong(form: Foot, colour: Colour) -> list[Fragment]:
    """Two cords from between the toes to either side."""
    outwards = (form.heading > 0) == (form.leg.side == "l")
    between = 0.34 if outwards else 0.66
    out = []
    for k, c in enumerate((0.02, 0.98)):
        middle = form.point(0.55, between + (c - between) * 0.62)
        cord = spline([form.point(0.84, between), middle, form.point(0.3, c)])
        width = np.linspace(0.05, 0.085, len(cord)) * form.unit
        left, right = boots.borders(cord, width)
        out.append(piece(form, np.concatenate([left, right[::-1]]), colour, 0.006 + 0.001 * k).replace(relief=0.02))
    return out


_TEETH = np.array(
    [
        [(0.0, 0.95, 0.5), (0.0, 1.2, 0.5)],
        [(-0.05, 0.92, 0.3), (0.7, 1.14, 0.3)],
        [(0.0, 0.92, 0.13), (1.05, 0.96, 0.13)],
    ]
)
"""x, y and half breadth of both, in the three views of a foot."""


def _tooth(form: Foot, k: int, colour: Colour) -> Fragment:
    x, y, half = form.view(_TEETH)[k]
    corners = [(x - half, y), (x + half, y), (x + half, y + 0.52), (x - half, y + 0.52)]
    return piece(form, form.place(corners, [0.2 + 0.6 * k] * 4), colour, BEHIND + 0.002 * k)


def _geta(worn: Worn) -> list[Fragment]:
    """A wooden board on two teeth."""
    form = worn.form
    wood = worn.dice.of("wood").pick([(196.0, 152.0, 104.0), (120.0, 78.0, 54.0), (58.0, 46.0, 46.0)])
    board = sole(form, 0.12, wood, ease=0.14)
    teeth = [_tooth(form, k, shifted(wood, lightness=-0.07)) for k in (0, 1)]
    toes: tuple[Stroke, ...] = ()
    if worn.footed:
        outwards = (form.heading > 0) == (form.leg.side == "l")
        c = 0.34 if outwards else 0.66
        toes = (Stroke(spline([form.point(0.8, c), form.point(1.0, c)], steps=4), 0.7, (0.4, 0.1)),)
    cords = _thong(form, worn.trim)
    cords[0] = cords[0].replace(strokes=toes)
    return [*teeth, board, *_bared(worn), *cords]


Cut = Callable[[Worn], list[Fragment]]

SHOES: dict[str, Cut] = {
    "loafers": _loafers,
    "sneakers": _sneakers,
    "sandals": _sandals,
    "boots": boots.ankle_boots,
    "longboots": boots.long_boots,
    "pumps": _pumps,
    "flats": _flats,
    "strapped": _strapped,
    "geta": _geta,
    "greaves": boots.greaves,
    "barefoot": _bared,
}
