"""Held things with a shaft: umbrella, microphone, staff, sword, broom, racket; and the shield."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from animelayers.artist.curves import Curve, arc, closed, ellipse, path, ribbon, spline
from animelayers.artist.drawing import Colour, Fragment, Material, Plane
from animelayers.artist.motifs import star
from animelayers.artist.palette import GOLD, SILVER, shifted
from animelayers.artist.props import Prop, both, taper

WOOD: Colour = (133.0, 92.0, 60.0)


def umbrella(p: Prop) -> list[Fragment]:
    """Open over the head, or closed with its crook in the hand."""
    return _closed_umbrella(p) if p.form == "low" else _open_umbrella(p)


def _closed_umbrella(p: Prop) -> list[Fragment]:
    """Upside down in its own frame: the crook below the hand, the point at the top; it nearly reaches the ground."""
    p = replace(p, unit=1.75 * p.tall)
    hook = np.concatenate([[(0.0, -0.1)], arc(-0.075, 0.09, 0.075, 0.075, 0.0, math.pi, steps=9)])
    crook = ribbon(spline(hook), np.full(len(spline(hook)), 0.02))
    cloth = path(
        [(0.035, -0.12), (0.085, -0.24), (0.06, -0.6), (0.014, -0.98)],
        [(0.014, -0.98), (-0.014, -0.98)],
        [(-0.014, -0.98), (-0.07, -0.6), (-0.085, -0.24), (-0.035, -0.12)],
    )
    folds = [
        p.line(spline([(x, -0.15), (x * 1.5 + 0.01, -0.4), (0.1 * x, -0.9)]), 0.6, (0.1, 0.5)) for x in (-0.03, 0.03)
    ]
    strap = np.array([(-0.075, -0.36), (0.078, -0.33), (0.076, -0.29), (-0.077, -0.32)])
    return [
        p.piece(taper(-1.1, -0.1, 0.012, 0.012), p.garment.trim, -0.002, material=Material.GLOSSY),
        p.piece(cloth, p.colour, strokes=folds, marks=[p.mark(p.trim, strap)]),
        p.piece(crook, WOOD, 0.001, material=Material.GLOSSY, relief=0.01),
    ]


def _open_umbrella(p: Prop) -> list[Fragment]:
    """The canopy stands behind the head, its near rim seen from below."""
    top, wide = -1.75, 0.95
    dome = arc(0, top + 0.5, wide, 0.62, math.pi, 2 * math.pi, steps=25)
    count = 6
    rim = []
    for k in range(count):
        a, b = (wide - 2 * wide * k / count, wide - 2 * wide * (k + 1) / count)
        rim.append(arc((a + b) / 2, top + 0.5, (a - b) / 2, 0.1, 0.0, -math.pi, steps=7)[1:] * (1, 1))
    canopy = np.concatenate([dome, *rim])
    ribs = []
    for k in range(1, count):
        x = wide - 2 * wide * k / count
        ribs.append(p.line(spline([(x, top + 0.5), (0.62 * x, top + 0.12), (0.0, top - 0.12)]), 0.6, (0.0, 0.2)))
    shaft = p.piece(taper(top - 0.2, 0.35, 0.014, 0.014), p.trim, material=Material.GLOSSY, relief=0.01)
    behind = p.piece(canopy, p.colour, strokes=ribs, relief=0.1).replace(z=Plane.WINGS - 0.05)
    return [behind, shaft, p.piece(ellipse(0, 0.36, 0.03, 0.06), WOOD, 0.001, material=Material.GLOSSY)]


def microphone(p: Prop) -> list[Fragment]:
    """A handheld one, its head up."""
    head = ellipse(0, -0.27, 0.072, 0.08)
    mesh = [p.line([(x, -0.33), (x * 1.2, -0.27), (x, -0.21)], 0.4) for x in (-0.035, 0.0, 0.035)]
    mesh += [p.line([(-0.06, y), (0.0, y + 0.008), (0.06, y)], 0.4) for y in (-0.3, -0.25)]
    band = np.array([(-0.075, -0.225), (0.075, -0.225), (0.062, -0.185), (-0.062, -0.185)])
    body = both([(0.058, -0.2), (0.05, -0.1), (0.036, 0.2), (0.03, 0.21)])
    gleam = np.array([(-0.03, -0.18), (-0.015, -0.18), (-0.012, 0.18), (-0.02, 0.18)])
    return [
        p.piece(body, p.colour, material=Material.GLOSSY, shades=[p.gleam(gleam)]),
        p.piece(head, (196.0, 198.0, 206.0), 0.001, material=Material.GLOSSY, strokes=mesh),
        p.piece(band, p.trim, 0.002, material=Material.GLOSSY, relief=0.01),
    ]


def staff(p: Prop) -> list[Fragment]:
    """A long shaft with a jewel in its head."""
    low, high = 2.2 * p.tall / p.unit, -(1.1 * p.tall + 0.4) / p.unit
    shaft = p.piece(taper(high, low, 0.026, 0.02), p.dice.pick([WOOD, GOLD, p.trim]), relief=0.015)
    rings = p.mark(p.trim, *(taper(y, y + 0.045, 0.05, 0.05) for y in (high + 0.1, high + 0.2, low - 0.12)))
    crown = STAFF_HEADS[p.dice.of("head").pick(sorted(STAFF_HEADS))](p, high)
    return [shaft.replace(marks=(rings,)), *crown]


def _crescent(p: Prop, y: float) -> list[Fragment]:
    outer = arc(0, y - 0.16, 0.2, 0.2, 0.9, math.pi + 2.24 - 0.0, steps=25)
    inner = arc(0, y - 0.19, 0.14, 0.15, math.pi + 2.1, 1.04, steps=25)
    gem = _gem(p, y - 0.18, 0.075)
    return [p.piece(np.concatenate([outer, inner]), GOLD, 0.001, material=Material.GLOSSY, relief=0.02), gem]


def _ringed(p: Prop, y: float) -> list[Fragment]:
    ring = [ellipse(0, y - 0.2, 0.19, 0.21), ellipse(0, y - 0.2, 0.145, 0.165)]
    frame = p.piece(ring, GOLD, 0.001, material=Material.GLOSSY, relief=0.02, hollow=True)
    return [frame, _gem(p, y - 0.2, 0.09)]


def _crystal(p: Prop, y: float) -> list[Fragment]:
    stone = np.array([(0.0, y - 0.42), (0.1, y - 0.2), (0.06, y + 0.02), (-0.06, y + 0.02), (-0.1, y - 0.2)])
    edges = [
        p.line([(0.0, y - 0.42), (0.02, y - 0.2)], 0.6),
        p.line([(-0.1, y - 0.2), (0.02, y - 0.2), (0.1, y - 0.2)], 0.6),
    ]
    edges.append(p.line([(0.02, y - 0.2), (0.0, y + 0.02)], 0.6))
    light = np.array([(0.0, y - 0.4), (0.02, y - 0.2), (-0.09, y - 0.2)])
    jewel = shifted(p.colour, lightness=0.1, chroma=1.6)
    claw = path([(-0.09, y - 0.1), (-0.07, y + 0.04), (0, y + 0.09), (0.07, y + 0.04), (0.09, y - 0.1)])
    claw = np.concatenate([claw, spline([(0.09, y - 0.1), (0.03, y + 0.0), (-0.03, y + 0.0), (-0.09, y - 0.1)])])
    return [
        p.piece(stone, jewel, 0.001, material=Material.GLOSSY, strokes=edges, shades=[p.gleam(light, -0.9)]),
        p.piece(claw, GOLD, 0.002, material=Material.GLOSSY, relief=0.015),
    ]


def _gem(p: Prop, y: float, radius: float) -> Fragment:
    gleam = ellipse(-0.3 * radius, y - 0.35 * radius, 0.3 * radius, 0.22 * radius, turn=-0.6)
    jewel = shifted(p.colour, lightness=0.05, chroma=1.8)
    return p.piece(ellipse(0, y, radius, radius), jewel, 0.002, material=Material.GLOSSY, shades=[p.gleam(gleam, -1.0)])


STAFF_HEADS = {"crescent": _crescent, "ring": _ringed, "crystal": _crystal}


def sword(p: Prop) -> list[Fragment]:
    """Straight and double-edged, or curved; its point at the top of its own frame."""
    long_ = -1.55 * (0.35 + 0.65 * p.tall / p.unit)
    curved = p.dice.of("blade").chance(0.35)
    if curved:
        back = spline([(0.035, -0.1), (0.03, 0.5 * long_), (-0.09, long_)])
        edge = spline([(-0.11, long_ + 0.05), (-0.035, 0.5 * long_), (-0.035, -0.1)])
        blade = np.concatenate([back, edge])
        temper = spline([(-0.005, -0.12), (-0.008, 0.5 * long_), (-0.095, long_ + 0.06)])
        guard = ellipse(0, -0.1, 0.1, 0.03)
    else:
        blade = np.array([(0.055, -0.1), (0.045, long_ + 0.12), (0.0, long_), (-0.045, long_ + 0.12), (-0.055, -0.1)])
        temper = np.array([(0.0, -0.1), (0.0, 0.5 * long_), (0.0, long_ + 0.1)])
        guard = both([(0.0, -0.145), (0.14, -0.13), (0.21, -0.165), (0.215, -0.12), (0.12, -0.08), (0.0, -0.07)])
    bright = np.concatenate([temper, blade[: len(blade) // 2][::-1]]) if not curved else np.concatenate([temper, edge])
    wraps = [p.line([(-0.03, y), (0.03, y + 0.05)], 0.5) for y in np.linspace(-0.05, 0.15, 5).tolist()]
    return [
        p.piece(
            blade,
            SILVER,
            material=Material.GLOSSY,
            relief=0.0,
            strokes=[p.line(temper, 0.5, (0.0, 0.4))],
            shades=[p.gleam(bright, -0.7)],
        ),
        p.piece(taper(-0.1, 0.24, 0.032, 0.03), p.colour, 0.001, strokes=wraps, relief=0.012),
        p.piece(guard, p.dice.pick([GOLD, p.trim]), 0.002, material=Material.GLOSSY, relief=0.02),
        p.piece(ellipse(0, 0.26, 0.045, 0.045), GOLD, 0.002, material=Material.GLOSSY, relief=0.02),
    ]


def broom(p: Prop) -> list[Fragment]:
    """Of straw, its bristles down."""
    low, high = 1.15 * p.tall / p.unit, -0.95 * p.tall / p.unit
    tip = low + 0.45
    brush = path(
        [(0.06, low - 0.06), (0.12, low + 0.1), (0.26, tip)],
        [(0.26, tip), (0.09, tip + 0.05), (-0.08, tip + 0.02), (-0.24, tip)],
        [(-0.24, tip), (-0.12, low + 0.1), (-0.06, low - 0.06)],
    )
    straws = [
        p.line(spline([(x * 0.4, low + 0.06), (x * 0.8, low + 0.2), (x * 1.9, tip - 0.02)]), 0.5, (0.2, 0.3))
        for x in (-0.1, -0.05, 0.01, 0.06, 0.1)
    ]
    ties = p.mark(p.trim, taper(low - 0.03, low, 0.13, 0.13), taper(low + 0.04, low + 0.065, 0.14, 0.14))
    return [
        p.piece(taper(high, low, 0.022, 0.022), WOOD, relief=0.012),
        p.piece(brush, (222.0, 186.0, 112.0), 0.001, strokes=straws, marks=[ties]),
    ]


def racket(p: Prop) -> list[Fragment]:
    """For tennis, strung."""
    y = -0.72
    rim = [ellipse(0, y, 0.21, 0.28), ellipse(0, y, 0.175, 0.245)]
    throat = [
        ribbon(spline([(s * 0.1, y + 0.26), (s * 0.05, y + 0.36), (0.0, y + 0.5)]), np.full(21, 0.016)) for s in (-1, 1)
    ]
    frame = p.piece([*rim, *throat], p.colour, 0.001, material=Material.GLOSSY, relief=0.012)
    strings = []
    for k in range(-4, 5):
        x, h = 0.038 * k, 0.245 * math.sqrt(1 - (0.038 * k / 0.175) ** 2)
        strings.append(p.line([(x, y - h), (x, y + h)], 0.3))
    for k in range(-5, 6):
        v, w = 0.043 * k, 0.175 * math.sqrt(1 - (0.043 * k / 0.245) ** 2)
        strings.append(p.line([(-w, y + v), (w, y + v)], 0.3))
    net = p.piece(rim[1], (250.0, 250.0, 250.0), strokes=strings, opacity=0.35, relief=0.0)
    grip = p.piece(taper(-0.24, 0.2, 0.026, 0.032), p.trim, 0.002, relief=0.012)
    wraps = tuple(p.line([(-0.03, v), (0.03, v + 0.03)], 0.4) for v in (-0.08, -0.02, 0.04, 0.1))
    hoop = frame.replace(shape=frame.shape[:2], hollow=True)
    return [net, hoop, frame.replace(shape=frame.shape[2:]), grip.replace(strokes=wraps)]


def shield(p: Prop) -> list[Fragment]:
    """Round or heater, with a rim and an emblem."""
    if p.dice.of("shape").chance(0.4):
        outline: Curve = ellipse(0, 0, 0.42, 0.42)
    else:
        outline = both([(0.0, -0.46), (0.2, -0.43), (0.36, -0.48), (0.38, -0.1), (0.24, 0.3), (0.0, 0.56)])
    rim = np.concatenate([outline, outline[:1], (0.84 * outline)[:1], (0.84 * outline)[::-1]])
    emblem = EMBLEMS[p.dice.of("emblem").pick(sorted(EMBLEMS))]
    inner = 0.84 * outline
    return [
        p.piece(
            outline,
            p.colour,
            material=Material.GLOSSY,
            relief=0.06,
            marks=[p.mark(p.trim, *emblem), p.mark(GOLD, rim)],
            strokes=[p.line(closed(inner), 0.6)],
        )
    ]


EMBLEMS: dict[str, tuple[Curve, ...]] = {
    "cross": (taper(-0.28, 0.34, 0.05, 0.05), np.array([(-0.24, -0.12), (0.24, -0.12), (0.24, -0.02), (-0.24, -0.02)])),
    "chevron": (np.array([(0.0, -0.16), (0.26, 0.12), (0.26, 0.24), (0.0, -0.02), (-0.26, 0.24), (-0.26, 0.12)]),),
    "star": (0.22 * star(),),
}
