"""What is held: drawn upright in its own frame (`props.Prop`), put into the hand by `holding`."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from animelayers.artist import gear
from animelayers.artist.bows import Ribbon, bow
from animelayers.artist.curves import Curve, arc, closed, ellipse, path, ribbon, spline
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Colour, Fragment, Material
from animelayers.artist.figure import SIDES, Limb
from animelayers.artist.hands import Hand
from animelayers.artist.holding import Held, spot, tilt
from animelayers.artist.motifs import blossom
from animelayers.artist.palette import GOLD, SILVER, WHITE, mix, oklch, shifted
from animelayers.artist.props import Prop, both, box, taper
from animelayers.artist.subject import Subject

LAYERS = {"behind": -0.006, "between": 0.02, "front": 0.036}
"""Depth of a thing over its forearm's: fingers that lie over it are at `FINGERS`."""
FINGERS = 0.032

SIZES = {
    "bag": 1.25,
    "umbrella": 1.2,
    "racket": 1.45,
    "sword": 1.1,
    "book": 1.3,
    "fan": 1.3,
    "plush": 1.5,
    "ball": 1.2,
    "phone": 1.15,
    "cup": 1.15,
    "microphone": 1.15,
    "tray": 1.15,
}
"""Larger than drawn."""

FLOWER = blossom(deep=0.28)
PAPER: Colour = (250.0, 246.0, 236.0)


def draw(subject: Subject, held: Held, arm: Limb, hand: Hand, dice: Dice) -> list[Fragment]:
    """The thing in its hand."""
    x, y = spot(held, arm, hand)
    b = subject.build.breadth
    made = Prop(
        x,
        y,
        tilt(held, dice.of("tilt")),
        unit=(0.3 + 0.7 * b) * SIZES.get(held.kind, 1.0),
        tall=subject.build.scale,
        z=arm.z_end + LAYERS[held.hold.layer],
        garment=subject.outfit.object,
        sign=SIDES[held.side],
        form=held.hold.form,
        dice=dice.of("form"),
    )
    return OBJECTS[held.kind](made)


def book(p: Prop) -> list[Fragment]:
    """Closed, its pages at the edge."""
    w, h = 0.17 * p.dice.uniform(0.9, 1.1), 0.23
    cover = box(-w, -h, w, h, 0.015)
    pages = box(-w + 0.02, -h + 0.015, w + 0.012, h - 0.012)
    spine = p.mark(shifted(p.colour, lightness=-0.1), box(-w, -h, -w + 0.045, h))
    title = {
        "plate": [p.mark(p.trim, box(-0.07, -0.13, 0.11, -0.05))],
        "frame": [p.mark(p.trim, box(-0.09, -h + 0.04, 0.13, -h + 0.055), box(-0.09, h - 0.055, 0.13, h - 0.04))],
        "star": [p.mark(p.trim, 0.5 * gear.EMBLEMS["star"][0] + (0.02, 0.0))],
    }[p.dice.of("title").pick(["plate", "frame", "star"])]
    leaves = [p.line([(w + 0.006 - 0.006 * k, -h + 0.02), (w + 0.006 - 0.006 * k, h - 0.02)], 0.3) for k in range(1)]
    return [
        p.piece(pages, PAPER, -0.001, strokes=leaves, relief=0.01),
        p.piece(cover, p.colour, marks=[spine, *title], strokes=[p.line([(-w + 0.045, -h), (-w + 0.045, h)], 0.5)]),
    ]


def bag(p: Prop) -> list[Fragment]:
    """A satchel or a soft tote, hanging from its handles."""
    return _tote(p) if p.dice.of("kind").chance(0.4) else _satchel(p)


def _handle(p: Prop, width: float, drop: float, colour: Colour, rise: float) -> Fragment:
    loop = spline([(-width, drop), (-0.9 * width, 0.3 * drop), (0.0, -0.02), (0.9 * width, 0.3 * drop), (width, drop)])
    return p.piece(ribbon(loop, np.full(len(loop), 0.018)), colour, rise, material=Material.GLOSSY, relief=0.012)


def _satchel(p: Prop) -> list[Fragment]:
    top, low, w = 0.14, 0.56, 0.31
    body = box(-w, top, w, low, 0.06)
    flap = path(
        [(-w, top + 0.03), (0, top - 0.015), (w, top + 0.03)],
        [(w, top + 0.03), (w, top + 0.22)],
        [(w, top + 0.22), (0, top + 0.26), (-w, top + 0.22)],
    )
    straps = [box(x - 0.03, top + 0.02, x + 0.03, top + 0.32, 0.01) for x in (-0.17, 0.17)]
    buckles = p.mark(GOLD, *(box(x - 0.035, top + 0.25, x + 0.035, top + 0.3) for x in (-0.17, 0.17)))
    dark = shifted(p.colour, lightness=-0.08)
    return [
        _handle(p, 0.11, 0.16, dark, -0.001),
        p.piece(body, p.colour, material=Material.GLOSSY),
        p.piece(flap, p.colour, 0.001, material=Material.GLOSSY, relief=0.02),
        p.piece(straps, dark, 0.002, material=Material.GLOSSY, relief=0.01, marks=[buckles]),
    ]


def _tote(p: Prop) -> list[Fragment]:
    top, low = 0.34, 0.86
    body = path(
        [(-0.24, top), (0, top + 0.015), (0.24, top)],
        [(0.24, top), (0.27, 0.6), (0.26, low)],
        [(0.26, low), (0, low + 0.02), (-0.26, low)],
        [(-0.26, low), (-0.27, 0.6), (-0.24, top)],
    )
    folds = [
        p.line(spline([(x, top + 0.02), (x * 1.2, top + 0.12), (x * 1.1, top + 0.22)]), 0.5, (0.1, 0.7))
        for x in (-0.14, 0.12)
    ]
    sign = p.mark(p.trim, 0.1 * FLOWER + (0, 0.62))
    hem = p.line([(-0.24, top + 0.04), (0, top + 0.05), (0.24, top + 0.04)], 0.4)
    return [
        _handle(p, 0.12, top + 0.03, p.trim, -0.002),
        p.piece(body, p.colour, marks=[sign], strokes=[*folds, hem]),
        _handle(p, 0.15, top + 0.05, p.trim, 0.001),
    ]


def phone(p: Prop) -> list[Fragment]:
    """Its back with the cameras; a charm hangs from it now and then."""
    case = box(-0.078, -0.24, 0.078, 0.09, 0.025)
    lens = [ellipse(-0.04, y, 0.016, 0.016, steps=14) for y in (-0.2, -0.155)]
    island = p.mark(shifted(p.colour, lightness=-0.12), box(-0.066, -0.228, -0.014, -0.128, 0.015))
    return [
        p.piece(
            case, p.colour, material=Material.GLOSSY, marks=[island, p.mark((30.0, 30.0, 36.0), *lens)], relief=0.015
        )
    ]


def cup(p: Prop) -> list[Fragment]:
    """A paper cup with lid and sleeve, or a mug."""
    if p.dice.of("kind").chance(0.55):
        body = taper(-0.14, 0.16, 0.105, 0.078)
        lid = path([(-0.115, -0.14), (-0.108, -0.175), (-0.09, -0.2), (0.09, -0.2), (0.108, -0.175), (0.115, -0.14)])
        sleeve = p.mark((176.0, 130.0, 88.0), np.array([(-0.1, -0.06), (0.1, -0.06), (0.087, 0.08), (-0.087, 0.08)]))
        logo = p.mark(p.trim, ellipse(0, 0.01, 0.035, 0.035, steps=16))
        return [
            p.piece(body, PAPER, marks=[sleeve, logo]),
            p.piece(lid, p.dice.pick([PAPER, (60.0, 48.0, 44.0)]), 0.001, relief=0.015, material=Material.GLOSSY),
        ]
    body = both([(0.0, -0.13), (0.115, -0.125), (0.118, 0.06), (0.085, 0.125), (0.0, 0.13)])
    ring = arc(0.115, 0.0, 0.075, 0.075, -1.4, 1.4, steps=15)
    inside = p.mark(shifted(p.colour, lightness=-0.18), ellipse(0, -0.118, 0.105, 0.022))
    heart = p.mark(p.trim, 0.05 * FLOWER + (0, 0.02))
    return [
        p.piece(ribbon(ring, np.full(15, 0.018)), p.colour, -0.001, material=Material.GLOSSY, relief=0.01),
        p.piece(body, p.colour, material=Material.GLOSSY, marks=[inside, heart]),
    ]


def bottle(p: Prop) -> list[Fragment]:
    """Of water, with a label."""
    body = both([(0.03, -0.26), (0.035, -0.2), (0.085, -0.13), (0.085, 0.17), (0.06, 0.19)])
    label = p.mark(p.trim, box(-0.1, -0.06, 0.1, 0.07))
    water = oklch(0.88, 0.04, 230)
    gleam = box(-0.06, -0.12, -0.035, 0.16, 0.01)
    return [
        p.piece(body, water, material=Material.GLOSSY, marks=[label], shades=[p.gleam(gleam, -0.9)]),
        p.piece(box(-0.038, -0.31, 0.038, -0.25, 0.01), p.colour, 0.001, relief=0.01),
    ]


def plush(p: Prop) -> list[Fragment]:
    """A bear, a rabbit or a cat."""
    kind = p.dice.of("animal").pick(["bear", "rabbit", "cat"])
    fur = shifted(p.colour, lightness=0.08, chroma=0.7)
    ears = {
        "bear": [ellipse(s * 0.13, -0.32, 0.065, 0.065) for s in (-1, 1)],
        "rabbit": [ellipse(s * 0.08, -0.46, 0.05, 0.18, turn=s * 0.2) for s in (-1, 1)],
        "cat": [np.array([(s * 0.19, -0.2), (s * 0.17, -0.4), (s * 0.04, -0.3)]) for s in (-1, 1)],
    }[kind]
    limbs = [ellipse(s * 0.16, 0.06, 0.055, 0.11, turn=-s * 0.6) for s in (-1, 1)]
    feet = [ellipse(s * 0.11, 0.25, 0.07, 0.075) for s in (-1, 1)]
    pale = mix(fur, (255.0, 250.0, 240.0), 0.6)
    eyes = [ellipse(s * 0.075, -0.2, 0.016, 0.02, steps=14) for s in (-1, 1)]
    mouth = [p.line(spline([(0, -0.145), (s * 0.018, -0.125), (s * 0.04, -0.135)]), 0.6, (0.0, 0.3)) for s in (-1, 1)]
    muzzle, nose = ellipse(0, -0.145, 0.06, 0.045), ellipse(0, -0.16, 0.018, 0.012, steps=14)
    bow = [np.array([(0.0, -0.045), (s * 0.08, -0.085), (s * 0.08, 0.0)]) for s in (-1, 1)]
    return [
        p.piece(ears, fur, -0.001, relief=0.02),
        p.piece(feet, fur, -0.001, relief=0.02),
        p.piece(ellipse(0, 0.1, 0.15, 0.18), fur, marks=[p.mark(pale, ellipse(0, 0.13, 0.09, 0.1))]),
        p.piece(limbs, fur, 0.001, relief=0.02),
        p.piece(
            ellipse(0, -0.18, 0.19, 0.165),
            fur,
            0.002,
            marks=[p.mark(pale, muzzle), p.mark((40.0, 30.0, 34.0), *eyes, nose)],
            strokes=mouth,
        ),
        p.piece(bow, p.trim, 0.003, relief=0.01),
    ]


def flowers(p: Prop) -> list[Fragment]:
    """A bouquet in paper, tied with a ribbon."""
    wrap = path(
        [(-0.27, -0.2), (-0.1, -0.12), (0.06, -0.2), (0.28, -0.17)],
        [(0.28, -0.17), (0.12, 0.06), (0.035, 0.16)],
        [(0.035, 0.16), (0.11, 0.36)],
        [(0.11, 0.36), (0.0, 0.33), (-0.1, 0.36)],
        [(-0.1, 0.36), (-0.035, 0.16)],
        [(-0.035, 0.16), (-0.13, 0.06), (-0.27, -0.2)],
    )
    folds = [
        p.line(spline([(x, -0.14), (x * 0.5, 0.02), (x * 0.12, 0.14)]), 0.5, (0.2, 0.2)) for x in (-0.16, 0.02, 0.17)
    ]
    places = [(-0.2, -0.27), (0.2, -0.27), (0.0, -0.22), (-0.12, -0.36), (0.12, -0.37), (0.0, -0.46), (0.28, -0.36)]
    bloom = shifted(p.colour, lightness=0.05, chroma=1.3)
    out = [p.piece(_leaves(), oklch(0.58, 0.11, 140), -0.004, relief=0.015)]
    for k, (x, y) in enumerate(places[: p.dice.integer(5, 7)]):
        petals = (bloom, p.trim, mix(bloom, WHITE, 0.5))[k % 3]
        heart = p.mark((250.0, 220.0, 120.0), ellipse(x, y, 0.028, 0.028, steps=14))
        out.append(p.piece(0.11 * FLOWER + (x, y), petals, -0.003 + 0.0003 * k, marks=[heart], relief=0.02))
    knot = Ribbon((0.0, 0.17), 0.14, p.trim, "objects", p.z + 0.002)
    tie = [made.through(p.at, reverse=p.sign < 0) for made in bow(knot, p.dice.of("bow"), droop=0.2)]
    return [*out, p.piece(wrap, PAPER, strokes=folds), *tie]


def _leaves() -> list[Curve]:
    return [
        np.concatenate(
            [spline([(0, -0.15), (x - 0.05, y * 0.6), (x, y)]), spline([(x, y), (x + 0.06, y * 0.55), (0, -0.15)])]
        )
        for x, y in ((-0.3, -0.4), (0.32, -0.46), (-0.06, -0.6))
    ]


def fan(p: Prop) -> list[Fragment]:
    """A folding fan, opened upwards from the hand."""
    inner, outer, half = 0.15, 0.46, p.dice.uniform(0.85, 1.15)
    angles = np.linspace(-half, half, 13)
    zig = np.where(np.arange(13) % 2, 0.985, 1.0)
    rim = np.stack([np.sin(angles) * outer * zig, -np.cos(angles) * outer * zig], axis=1)
    leaf = np.concatenate([rim, arc(0, 0, inner, inner, half - math.pi / 2, -half - math.pi / 2, steps=13)])
    pleats = [
        p.line([(inner * math.sin(a), -inner * math.cos(a)), (outer * math.sin(a), -outer * math.cos(a))], 0.4)
        for a in angles[1:-1]
    ]
    ribs = [
        ribbon(np.array([(0.0, 0.04), (0.2 * math.sin(a), -0.2 * math.cos(a))]), np.full(2, 0.014)) for a in angles[::2]
    ]
    edge = arc(0, 0, outer, outer, -half - math.pi / 2, half - math.pi / 2, steps=15)
    band = np.concatenate([edge, 0.9 * edge[::-1]])
    places = ((-0.5, 0.33), (0.15, 0.36), (0.6, 0.28))
    blossoms = [0.06 * FLOWER + (r * math.sin(a), -r * math.cos(a)) for a, r in places]
    return [
        p.piece(ribs, gear.WOOD, -0.001, relief=0.008),
        p.piece(leaf, p.colour, marks=[p.mark(p.trim, *blossoms), p.mark(p.trim, band)], strokes=pleats, relief=0.02),
    ]


def tray(p: Prop) -> list[Fragment]:
    """A silver tray with a tea set, or empty and held against the body."""
    if p.form == "high":
        rim = ellipse(0, 0, 0.3, 0.3)
        inner = ellipse(0, 0, 0.25, 0.25)
        return [p.piece(rim, SILVER, material=Material.GLOSSY, strokes=[p.line(closed(inner), 0.5)])]
    plate = both([(0.0, -0.06), (0.38, -0.055), (0.4, -0.03), (0.3, 0.0), (0.0, 0.005)])
    bowl = both([(0.0, -0.22), (0.085, -0.22), (0.08, -0.12), (0.045, -0.07), (0.0, -0.07)])
    ring = arc(0.085, -0.16, 0.045, 0.04, -1.5, 1.5, steps=13)
    at = np.array([(-0.13, 0.0)])
    pot = both([(0.0, -0.34), (0.03, -0.33), (0.05, -0.29), (0.12, -0.22), (0.12, -0.12), (0.07, -0.06), (0.0, -0.06)])
    spout = ribbon(spline([(-0.1, -0.13), (-0.17, -0.18), (-0.2, -0.28)]), np.linspace(0.025, 0.014, 21))
    move = np.array([(0.14, 0.0)])
    return [
        p.piece(ribbon(ring, np.full(13, 0.012)) + at, PAPER, 0.001, material=Material.GLOSSY, relief=0.008),
        p.piece(
            bowl + at, PAPER, 0.002, material=Material.GLOSSY, marks=[p.mark(p.trim, box(-0.3, -0.2, 0.05, -0.185))]
        ),
        p.piece([pot + move, spout + move], p.colour, 0.001, material=Material.GLOSSY),
        p.piece(plate, SILVER, 0.003, material=Material.GLOSSY, relief=0.02),
    ]


def ball(p: Prop) -> list[Fragment]:
    """A basketball, a football or a beach ball."""
    r = 0.23
    round_ = ellipse(0, 0, r, r, steps=48)
    kind = p.dice.of("kind").pick(["basket", "volley", "football"])
    if kind == "basket":
        seams = [[(-r, 0), (0, 0.03), (r, 0)], [(0, -r), (0.03, 0), (0, r)]]
        seams += [[(s * 0.17, -0.155), (s * 0.08, 0.0), (s * 0.17, 0.155)] for s in (-1, 1)]
        return [p.piece(round_, (222.0, 122.0, 60.0), strokes=[p.line(spline(c), 0.8) for c in seams], relief=0.07)]
    if kind == "volley":
        curves = [[(-0.2, -0.1), (-0.02, -0.02), (0.1, 0.2)], [(0.0, -r), (-0.02, -0.02), (0.2, -0.1)]]
        curves += [[(-0.08, -0.21), (-0.1, -0.06), (-0.22, 0.04)], [(0.22, 0.02), (0.08, 0.06), (-0.02, 0.22)]]
        swirl = p.mark(p.colour, np.concatenate([spline(curves[0]), arc(0, 0, r, r, 1.1, 3.6)]))
        return [p.piece(round_, PAPER, marks=[swirl], strokes=[p.line(spline(c), 0.7) for c in curves], relief=0.07)]
    spots = [_pentagon(0, 0, 0.085, 0.0)]
    spots += [_pentagon(0.215 * math.sin(a), -0.215 * math.cos(a), 0.08, a) for a in np.arange(5) * 2 * math.pi / 5]
    seams = [
        [(0.085 * math.sin(a), -0.085 * math.cos(a)), (0.15 * math.sin(a), -0.15 * math.cos(a))]
        for a in np.arange(5) * 2 * math.pi / 5
    ]
    return [
        p.piece(
            round_,
            PAPER,
            marks=[p.mark((44.0, 44.0, 52.0), *spots)],
            strokes=[p.line(c, 0.6) for c in seams],
            relief=0.07,
        )
    ]


def _pentagon(x: float, y: float, r: float, turn: float) -> Curve:
    a = turn + np.arange(5) * 2 * math.pi / 5
    return np.stack([x + r * np.sin(a), y - r * np.cos(a)], axis=1)


OBJECTS: dict[str, Callable[[Prop], list[Fragment]]] = {
    "book": book,
    "bag": bag,
    "phone": phone,
    "umbrella": gear.umbrella,
    "cup": cup,
    "plush": plush,
    "microphone": gear.microphone,
    "flowers": flowers,
    "staff": gear.staff,
    "sword": gear.sword,
    "shield": gear.shield,
    "fan": fan,
    "tray": tray,
    "broom": gear.broom,
    "ball": ball,
    "racket": gear.racket,
    "bottle": bottle,
}
