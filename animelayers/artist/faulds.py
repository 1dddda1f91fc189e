"""Faulds: an armoured skirt of plates over cloth."""

from __future__ import annotations

import math

import numpy as np

from animelayers.artist.curves import Curve, closed, spline
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Colour, Fragment, Mark, Material, Plane, Stroke
from animelayers.artist.hang import Hang, Measure, hang, waistline
from animelayers.artist.palette import STEEL, mix, shifted
from animelayers.artist.skirts import draw_cloth
from animelayers.artist.subject import Subject
from animelayers.artist.trimmings import Finish, buttons, finished
from animelayers.artist.waist import Girth, belt


def draw_faulds(subject: Subject, dice: Dice) -> list[Fragment]:
    """Lames all around, or tassets that hang at both sides, over a short skirt."""
    garment, b = subject.outfit.bottom, subject.build.breadth
    steel = mix(garment.colour, STEEL, dice.of("steel").pick([0.35, 0.65, 0.85]))
    cloth = Measure(0.1, dice.of("cloth").uniform(0.3, 0.55), 0.86, 0.04)
    plates = Measure(0.1, dice.of("plates").uniform(0.12, 0.3), dice.of("wide").uniform(0.78, 0.9), 0.06, ease=0.08)
    frame = hang(subject.figure, plates)
    style = _tassets if dice.of("style").chance(0.5) else _lames
    top = waistline(subject.figure, 0.1)
    out = [*draw_cloth(subject, cloth, dice.of("under")), *style(subject, frame, steel, dice.of("plates"))]
    girth = Girth(subject.figure, "bottomwear", Plane.BOTTOMWEAR + 0.024, top - 0.03 * b, 0.11 * b, ease=0.035)
    return out + belt(girth, subject.palette.dark, dice.of("belt"))


def _plate(subject: Subject, shape: Curve, steel: Colour, z: float, *, edge: float = 0.03) -> Fragment:
    """A plate with a border of the trim's colour."""
    b = subject.build.breadth
    made = Fragment("bottomwear", Plane.BOTTOMWEAR + z, (shape,), steel, "", Material.GLOSSY, 0.1 * b)
    middle = shape.mean(axis=0)
    size = np.ptp(shape, axis=0)
    inner = middle + (shape - middle) * (1 - 2 * edge * b / np.maximum(size, 0.1))
    ring = np.concatenate([shape, shape[:1], inner[::-1], inner[-1:]])
    line = Stroke(closed(inner), 0.5, (0.0, 0.0))
    return made.replace(marks=(Mark((ring,), subject.outfit.bottom.trim),), strokes=(line,))


def _lames(subject: Subject, frame: Hang, steel: Colour, dice: Dice) -> list[Fragment]:
    """Rows of curved bands, the upper over the lower, each cut into plates with rounded or pointed edges."""
    rows, count = dice.integer(2, 4), dice.pick([3, 5])
    pointed, b = dice.chance(0.5), subject.build.breadth
    out = []
    for k in range(rows - 1, -1, -1):
        low, high = (k + 1) / rows, k / rows
        hem = _edge(count, low, (0.5 if pointed else 0.3) / rows * 0.5, pointed)
        shape = np.concatenate(
            [frame.place(np.stack([np.linspace(-1, 1, 31), np.full(31, high)], axis=1)), frame.place(hem)[::-1]]
        )
        made = Fragment(
            "bottomwear", Plane.BOTTOMWEAR + 0.006 + 0.004 * (rows - k), (shape,), steel, "", Material.GLOSSY
        )
        strip = np.concatenate([frame.place(hem), frame.place(hem - (0, 0.03 * b / frame.height + 0.02))[::-1]])
        seams = [frame.down(u, high, low) for u in np.linspace(-1, 1, count + 1)[1:-1]]
        rivets = frame.place([(u, low - 0.45 / rows) for u in np.linspace(-1, 1, count + 1)[1:-1]])
        made = made.replace(
            relief=0.08 * b,
            marks=(Mark((strip,), subject.outfit.bottom.trim),),
            strokes=tuple(Stroke(seam, 0.7, (0.0, 0.0)) for seam in seams),
        )
        out.append(finished(made, buttons(rivets, 0.018 * b, shifted(steel, lightness=-0.1))) if len(rivets) else made)
    return out


def _edge(count: int, v: float, deep: float, pointed: bool) -> Curve:
    """The lower edge of a row, `(u, v)` from left to right."""
    t = np.linspace(0, 1, 12 * count + 1)
    phase = (t * count) % 1.0
    wave = 1 - np.abs(2 * phase - 1) if pointed else np.sin(math.pi * phase)
    return np.stack([2 * t - 1, v + deep * wave - 0.5 * deep], axis=1)


def _tassets(subject: Subject, frame: Hang, steel: Colour, dice: Dice) -> list[Fragment]:
    """A band round the hips, and a great plate over each thigh."""
    rounded = dice.chance(0.5)
    out = []
    for sign in (-1, 1):
        u = [sign * x for x in (1.04, 1.02, 0.9, 0.6, 0.3, 0.24, 0.3)]
        v = (0.05, 0.6, 0.95, 1.12 if rounded else 1.25, 0.9, 0.5, 0.05)
        spots = frame.place(list(zip(u, v, strict=True)))
        shape = np.concatenate([spline(spots[:4]), spline(spots[3:])[1:]])
        ridge = Finish(strokes=(Stroke(frame.down(0.62 * sign, 0.3, 1.02), 0.6, (0.3, 0.1)),))
        plate = finished(_plate(subject, shape, steel, 0.012), ridge)
        out.append(plate)
    band = np.concatenate([frame.weft(0.0), frame.weft(0.3)[::-1]])
    return [*out, _plate(subject, band, steel, 0.018)]
