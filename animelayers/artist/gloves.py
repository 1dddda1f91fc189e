"""What is worn on hands and wrists."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from animelayers.artist.contours import Contour, areas, inked
from animelayers.artist.curves import Curve
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Fragment, Mark, Material, Stroke
from animelayers.artist.figure import Limb
from animelayers.artist.hands import Hand
from animelayers.artist.subject import Subject
from animelayers.artist.tubes import Tube, Widths, halved, part, spans, tube
from animelayers.artist.wardrobe import Garment

OVER_SKIN = 0.004


def draw(subject: Subject, arm: Limb, hand: Hand, dice: Dice) -> list[Fragment]:
    """What `outfit.hands` puts on one arm; `dice` are the same for both."""
    worn = subject.outfit.hands
    make = WORN.get(worn.kind)
    return [] if make is None else make(worn, arm, hand, subject.build.breadth, dice)


def _glove(worn: Garment, arm: Limb, hand: Hand, breadth: float, dice: Dice, start: float = 0.87) -> list[Fragment]:
    """A glove: the hand in its colour, its cuff a little wider than the arm."""
    flare = dice.pick([0.012, 0.012, 0.035]) * breadth
    ease: Widths = ((0.0, 0.4, 1.0), (flare, 0.008 * breadth, 0.006 * breadth))
    trimmed = dice.of("trim").chance(0.4)
    out = []
    for first, last in spans(arm, start, 1.0):
        form = tube(arm, first, last, part(ease, (start, 1.0), (first, last)))
        contours = [_cuffed(form, first == start, last == 1.0), *(hand.contours if last == 1.0 else ())]
        strokes, marks = inked(contours), tuple[Mark, ...]()
        if first == start:
            bulge = 0.25 * form.radius(0)
            hem = form.across(min(0.025 * breadth / (last - first), 0.35), bulge)
            strokes += (Stroke(hem, 0.5, (0.0, 0.0)),)
            marks = (Mark((_between(form.across(0.0, bulge), hem),), worn.trim),) if trimmed else ()
        made = Fragment(
            "handwear",
            arm.z + OVER_SKIN,
            areas(contours),
            worn.colour,
            arm.side,
            relief=0.04,
            outlined=False,
            strokes=strokes,
            marks=marks,
            casts=0.1,
        )
        out += halved(made, arm, breadth, first)
    return out


def _cuffed(form: Tube, hemmed: bool, handed: bool) -> Contour:
    """The arm of a glove: a hem where it starts, round at a folded elbow."""
    start = -0.25 * form.radius(0) if hemmed else form.radius(0)
    end = 0.0 if handed else form.radius(-1)
    lines: tuple[Curve, ...] = (form.outer, form.inner[::-1])
    if hemmed:
        lines += (np.concatenate([form.inner[:1], form.start(start), form.outer[:1]]),)
    if not handed:
        lines += (np.concatenate([form.outer[-1:], form.end(end), form.inner[-1:]]),)
    return Contour("arm", form.area(start=start, end=end), lines, -9.0, ("palm",))


def _long_glove(worn: Garment, arm: Limb, hand: Hand, breadth: float, dice: Dice) -> list[Fragment]:
    return _glove(worn, arm, hand, breadth, dice, 0.4)


def _between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.concatenate([a, b[::-1]])


def _wristband(worn: Garment, arm: Limb, hand: Hand, breadth: float, dice: Dice) -> list[Fragment]:
    """A band of terry, with a stripe."""
    if arm.side != dice.pick(["l", "r", "l", "r", arm.side]):
        return []
    return [_ring(worn, arm, (0.83, 0.95), 0.018 * breadth, Material.CLOTH, stripe=0.28)]


def _bracelet(worn: Garment, arm: Limb, hand: Hand, breadth: float, dice: Dice) -> list[Fragment]:
    """One to three thin rings."""
    count, one = dice.pick({1: 4, 2: 2, 3: 1}), dice.pick(["l", "r", ""])
    if one not in ("", arm.side):
        return []
    starts = (0.925 - 0.035 * k for k in range(count))
    return [_ring(worn, arm, (at, at + 0.022), 0.007 * breadth, Material.GLOSSY) for at in starts]


def _ring(
    worn: Garment, arm: Limb, reach: tuple[float, float], ease: float, material: Material, stripe: float = 0.0
) -> Fragment:
    """A band around the wrist, curved as the arm is round."""
    form = tube(arm, *reach, ease)
    bulge = 0.3 * form.radius(0)
    edges = form.across(0.5 - stripe / 2, bulge), form.across(0.5 + stripe / 2, bulge)
    marks = (Mark((_between(*edges),), worn.trim),) if stripe else ()
    area = form.area(start=-bulge, end=bulge)
    z = arm.z + OVER_SKIN + 0.001
    made = Fragment("handwear", z, (area,), worn.colour, arm.side, material, relief=0.02, marks=marks, casts=0.3)
    return halved(made, arm, 1.0, reach[0])[0]


WORN: dict[str, Callable[[Garment, Limb, Hand, float, Dice], list[Fragment]]] = {
    "gloves": _glove,
    "long gloves": _long_glove,
    "wristband": _wristband,
    "bracelet": _bracelet,
}
"""By `Garment.kind`; bare hands wear nothing."""
