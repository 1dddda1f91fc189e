"""Glasses, patches and earrings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from animelayers.artist import head
from animelayers.artist.curves import Curve, Points, arc, ellipse, path, ribbon, same_way, spline
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Colour, Fragment, Mark, Material, Plane, Shade
from animelayers.artist.figure import SIDES
from animelayers.artist.palette import WHITE, mix, shifted
from animelayers.artist.subject import Subject

STANDS_OFF = 0.05
"""How far glasses shift against a turned face, head heights at yaw 1."""

LENSES = {
    "round": ((1.0, 0.0), (0.72, 0.7), (0.0, 1.0), (-0.72, 0.7), (-1.0, 0.0), (-0.72, -0.7), (0.0, -1.0), (0.72, -0.7)),
    "square": (
        (1.0, -0.5),
        (0.98, 0.2),
        (0.66, 0.82),
        (-0.2, 0.9),
        (-0.8, 0.66),
        (-0.98, -0.1),
        (-0.9, -0.62),
        (0.0, -0.76),
        (0.9, -0.74),
    ),
    "oval": ((1.0, 0.0), (0.7, 0.6), (0.0, 0.78), (-0.7, 0.6), (-1.0, 0.0), (-0.7, -0.56), (0.0, -0.7), (0.7, -0.58)),
    "cat": (
        (1.16, -0.8),
        (0.95, 0.1),
        (0.5, 0.72),
        (-0.2, 0.82),
        (-0.86, 0.46),
        (-0.98, -0.2),
        (-0.6, -0.58),
        (0.2, -0.68),
    ),
}
"""Outlines of a lens in half breadths, x outwards, y down."""


@dataclass(frozen=True, slots=True, eq=False)
class Spectacles:
    """Where glasses sit: their own frame before each eye."""

    subject: Subject
    lens: Curve
    """Outline in head heights, x outwards."""
    breadth: float
    """Of the rim, head heights."""

    def at(self, side: str, points: Points) -> Curve:
        """Head heights from the middle of a lens, x outwards → the drawing."""
        face, turned_head = self.subject.face, self.subject.figure.head
        p = (np.asarray(points, np.float64) + (face.spacing + 0.004, face.level + 0.012)) * (SIDES[side], 1)
        return turned_head.place(turned_head.turn(p) + (STANDS_OFF * turned_head.yaw, 0))

    def rim(self, side: str) -> tuple[Curve, Curve]:
        """The rim as an area with a hole: its outer edge and, run the other way, its inner."""
        middle = self.lens.mean(axis=0)
        inner = middle + (self.lens - middle) * (1 - self.breadth / np.abs(self.lens - middle).max(axis=0))
        return same_way(self.at(side, self.lens)), same_way(self.at(side, inner))[::-1]

    def bar(self, points: Curve, breadth: float = 1.0) -> Curve:
        """A bar of the frame along places in the drawing."""
        return same_way(ribbon(points, 0.5 * breadth * self.breadth))


def draw(subject: Subject, dice: Dice) -> list[Fragment]:
    """What is worn before the eyes and at the ears."""
    outfit = subject.outfit
    out = EYEWEAR[outfit.eyewear.kind](subject, dice.of("eyewear")) if outfit.eyewear else []
    if outfit.earwear:
        for side in SIDES:
            place = head.lobe(subject, side)
            if place is not None:
                out += EARWEAR[outfit.earwear.kind](subject, side, place)
    return out


def _spectacles(subject: Subject, dice: Dice, form: str, breadth: float) -> Spectacles:
    w, h = subject.face.eye
    wide, tall = max(1.16 * w, 0.1), min(max(1.2 * h, 0.082), 0.105) * dice.uniform(0.95, 1.1)
    return Spectacles(subject, spline(np.array(LENSES[form]), closed=True) * (wide, tall), breadth)


def _bridge(worn: Spectacles) -> Curve:
    """From lens to lens over the nose."""
    inner = worn.lens[worn.lens[:, 0].argmin()]
    ends = [worn.at(side, [(inner[0] + 0.006, -0.02), (inner[0] - 0.012, -0.03)]) for side in ("r", "l")]
    return worn.bar(spline(np.concatenate([ends[0], ends[1][::-1]])), 0.9)


def _temples(worn: Spectacles) -> list[Curve]:
    """The arms that reach back to the ears, as far as the face does not hide them."""
    subject, bars = worn.subject, []
    outer = worn.lens[worn.lens[:, 0].argmax()]
    for side in SIDES:
        if head.ear_shown(subject, side):
            hinge = worn.at(side, [(outer[0] - 0.004, -0.025)])[0]
            bars.append(worn.bar(np.stack([hinge, head.ear(subject, side, [(0.1, 0.16)])[0]]), 0.9))
    return bars


def _frame(shapes: list[Curve], colour: Colour) -> Fragment:
    return Fragment(
        "eyewear",
        Plane.EYEWEAR,
        tuple(shapes),
        colour,
        material=Material.GLOSSY,
        relief=0.0,
        outlined=False,
        casts=0.25,
        ground=Plane.FACE,
    )


def _lens(worn: Spectacles, side: str, colour: Colour, opacity: float, glints: bool) -> Fragment:
    """Glass, with the window's light across it."""
    sign, (low, high) = SIDES[side], (worn.lens.min(axis=0), worn.lens.max(axis=0))
    bands = []
    for start, stop in ((0.1, 0.36), (0.46, 0.54)):
        a, b = low[0] + (high[0] - low[0]) * np.array([start, stop])
        band = np.array([(a + 0.05, low[1]), (b + 0.05, low[1]), (b - 0.03, high[1]), (a - 0.03, high[1])])
        bands.append(worn.at(side, band if sign > 0 else band * (-1, 1)))
    marks = tuple(Mark((band,), WHITE, 0.3, fade=(tuple(band[0]), tuple(band[3]))) for band in bands) if glints else ()
    return Fragment(
        "eyewear",
        Plane.EYEWEAR - 0.002,
        (worn.at(side, worn.lens),),
        colour,
        material=Material.EYE,
        opacity=opacity,
        outlined=False,
        casts=0.0,
        ground=Plane.FACE,
        marks=marks,
    )


def _glasses(subject: Subject, dice: Dice) -> list[Fragment]:
    form = dice.pick({"round": 3, "square": 4, "oval": 2, "cat": 0.8})
    worn = _spectacles(subject, dice, form, dice.pick({0.009: 3, 0.014: 3, 0.02: 1}))
    shapes = [curve for side in SIDES for curve in worn.rim(side)] + [_bridge(worn), *_temples(worn)]
    glints = dice.chance(0.6)
    lenses = [_lens(worn, side, (236, 244, 250), 0.14, glints) for side in SIDES]
    return [*lenses, _frame(shapes, subject.outfit.eyewear.colour)]


def _half_rims(subject: Subject, dice: Dice) -> list[Fragment]:
    """Rims above or, as the clever wear them, only below."""
    worn = _spectacles(subject, dice, dice.pick(["square", "oval"]), 0.01)
    below = dice.chance(0.6)
    edge = np.array(sorted(worn.lens.tolist(), key=lambda p: np.arctan2(p[1] + 0.02, p[0])))
    kept = edge[edge[:, 1] > -0.02] if below else edge[edge[:, 1] < 0.005]
    bars = [worn.bar(worn.at(side, kept)) for side in SIDES]
    lenses = [_lens(worn, side, (236, 244, 250), 0.12, glints=True) for side in SIDES]
    return [*lenses, _frame([*bars, _bridge(worn), *_temples(worn)], subject.outfit.eyewear.colour)]


def _sunglasses(subject: Subject, dice: Dice) -> list[Fragment]:
    worn = _spectacles(subject, dice, dice.pick(["round", "square", "cat"]), 0.014)
    colour = shifted(subject.outfit.eyewear.colour, lightness=-0.1)
    glass = mix(colour, dice.pick([(30, 26, 34), (70, 40, 30), (30, 40, 70)]), 0.75)
    shapes = [curve for side in SIDES for curve in worn.rim(side)] + [_bridge(worn), *_temples(worn)]
    lenses = [_lens(worn, side, glass, dice.pick({0.88: 2, 0.6: 1}), glints=True) for side in SIDES]
    return [*lenses, _frame(shapes, colour)]


def _eyepatch(subject: Subject, dice: Dice) -> list[Fragment]:
    """A gauze pad or a leather flap, its strap running up under the hair."""
    side = dice.pick(["r", "l"])
    gauze = dice.chance(0.5)
    colour: Colour = (244, 243, 240) if gauze else subject.palette.dark
    face, turned_head, sign = subject.face, subject.figure.head, SIDES[side]
    w, h = max(face.eye[0], 0.085), max(face.eye[1], 0.075)
    pad = [(-1.1, -0.9), (0, -1.2), (1.12, -0.92), (1.24, 0.0), (0.86, 0.9), (0, 1.25), (-0.86, 0.9), (-1.2, 0.0)]
    flap = [(-1.12, -0.72), (0, -0.96), (1.2, -0.78), (1.14, 0.1), (0.66, 0.86), (0, 1.14), (-0.7, 0.82), (-1.14, 0.0)]

    def at(points: Points) -> Curve:
        return turned_head.face((np.asarray(points) * (w, h) + (face.spacing, face.level)) * (sign, 1))

    outline = spline(np.array(pad if gauze else flap), closed=True)
    ways = ([(-1.0, -0.7), (-2.2, -2.1), (-4.2, -4.6)], [(1.1, -0.4), (1.7, -0.9), (2.3, -1.6)])
    straps = tuple(same_way(ribbon(at(spline(way)), 0.011)) for way in ways)
    strap = Fragment("eyewear", Plane.EYEWEAR - 0.002, straps, colour, relief=0.0, casts=0.3)
    seam = Shade((at(outline * 0.74 + (0.06, 0.1)),), -0.5 if not gauze else 0.35, blur=0.006)
    material = Material.CLOTH if gauze else Material.GLOSSY
    return [
        strap,
        Fragment(
            "eyewear", Plane.EYEWEAR, (at(outline),), colour, material=material, relief=0.02, shades=(seam,), casts=0.4
        ),
    ]


def _monocle(subject: Subject, dice: Dice) -> list[Fragment]:
    side = dice.pick(["r", "l"])
    worn = _spectacles(subject, dice, "round", 0.012)
    gold = mix(subject.outfit.eyewear.colour, (206, 168, 80), 0.8)
    start = worn.at(side, [(0.8 * worn.lens[:, 0].max(), 0.05)])[0]
    x, y = start + (0.06 * SIDES[side], 0.42)
    chain = ribbon(spline([tuple(start), (start[0] + 0.07 * SIDES[side], start[1] + 0.2), (x, y)]), 0.0035)
    return [
        _lens(worn, side, (236, 244, 250), 0.14, glints=True),
        _frame([*worn.rim(side), same_way(chain)], gold),
    ]


EYEWEAR: dict[str, Callable[[Subject, Dice], list[Fragment]]] = {
    "glasses": _glasses,
    "halfrim": _half_rims,
    "sunglasses": _sunglasses,
    "eyepatch": _eyepatch,
    "monocle": _monocle,
}


def _jewel(subject: Subject, side: str, shapes: list[Curve], shine: Curve) -> Fragment:
    return Fragment(
        "earwear",
        Plane.EARWEAR,
        tuple(same_way(shape) for shape in shapes),
        subject.outfit.earwear.colour,
        side,
        Material.GLOSSY,
        relief=0.008,
        shades=(Shade((shine,), -4.0, colour=WHITE),),
        casts=0.2,
    )


def _studs(subject: Subject, side: str, place: tuple[float, float]) -> list[Fragment]:
    x, y = place
    return [
        _jewel(
            subject, side, [ellipse(x, y, 0.017, 0.017, steps=20)], ellipse(x - 0.005, y - 0.006, 0.004, 0.004, steps=8)
        )
    ]


def _drops(subject: Subject, side: str, place: tuple[float, float]) -> list[Fragment]:
    """A stud with a gem below; what hangs, hangs plumb."""
    x, y = place
    gem = path(
        [(x, y + 0.035), (x + 0.022, y + 0.08), (x, y + 0.108)], [(x, y + 0.108), (x - 0.022, y + 0.08), (x, y + 0.035)]
    )
    wire = ribbon(np.array([(x, y), (x, y + 0.02), (x, y + 0.04)]), 0.003)
    shine = ellipse(x - 0.007, y + 0.074, 0.004, 0.009, steps=10)
    return [_jewel(subject, side, [ellipse(x, y, 0.012, 0.012, steps=16), wire, gem], shine)]


def _hoops(subject: Subject, side: str, place: tuple[float, float]) -> list[Fragment]:
    x, y = place
    spine = arc(x, y + 0.05, 0.034, 0.05, -0.45 * np.pi, 1.5 * np.pi, steps=36)
    return [_jewel(subject, side, [ribbon(spine, 0.0065)], ellipse(x - 0.03, y + 0.05, 0.003, 0.012, steps=8))]


EARWEAR: dict[str, Callable[[Subject, str, tuple[float, float]], list[Fragment]]] = {
    "studs": _studs,
    "drops": _drops,
    "hoops": _hoops,
}
