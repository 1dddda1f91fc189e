"""Brows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from animelayers.artist.curves import positions, profile, ribbon, spline, turned
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Fragment, Material, Plane
from animelayers.artist.figure import SIDES
from animelayers.artist.palette import mix, shifted, to_oklch
from animelayers.artist.subject import Subject


@dataclass(frozen=True, slots=True)
class Brow:
    """One manner. Places in half widths of the eye, x outwards, y down."""

    spine: tuple[tuple[float, float], ...]
    """From the inner end."""
    breadth: tuple[float, float, float, float]
    """At the inner end, a quarter, two thirds and the outer end, head heights."""
    gap: float
    """Above the fully open eye, head heights."""


BROWS = {
    "thin": Brow(((-0.95, 0.04), (-0.3, -0.16), (0.4, -0.2), (1.1, 0.08)), (0.002, 0.0052, 0.0045, 0.0005), 0.062),
    "soft": Brow(((-0.95, 0.06), (-0.3, -0.12), (0.4, -0.18), (1.1, 0.08)), (0.004, 0.0085, 0.0075, 0.0005), 0.058),
    "straight": Brow(((-0.95, 0.0), (-0.3, -0.06), (0.4, -0.06), (1.05, 0.06)), (0.007, 0.009, 0.0085, 0.002), 0.056),
    "angled": Brow(((-0.95, 0.14), (-0.2, -0.08), (0.55, -0.3), (1.2, -0.02)), (0.005, 0.0105, 0.0105, 0.0005), 0.054),
    "thick": Brow(((-0.95, 0.1), (-0.2, -0.06), (0.55, -0.2), (1.15, 0.08)), (0.012, 0.017, 0.0145, 0.001), 0.05),
    "short": Brow(((-0.5, 0.0), (-0.15, -0.08), (0.15, -0.08), (0.45, 0.02)), (0.009, 0.016, 0.016, 0.009), 0.075),
    "dash": Brow(((-0.75, 0.06), (-0.4, -0.06), (0.0, -0.1), (0.35, -0.04)), (0.004, 0.008, 0.0065, 0.0005), 0.07),
}


def draw(subject: Subject, dice: Dice) -> list[Fragment]:
    """Both brows; the hand never draws the two quite alike."""
    face, (w, h) = subject.face, subject.face.eye
    brow = BROWS[face.brows]
    lightness, _, _ = to_oklch(subject.palette.hair)
    colour = mix(shifted(subject.palette.hair, lightness=-0.1 - 0.16 * max(lightness - 0.45, 0)), (60, 36, 40), 0.25)
    if face.brows_over_hair:  # seen through the hair
        colour = mix(colour, subject.palette.hair, 0.35)
    out = []
    for side, sign in SIDES.items():
        lift = face.brow_lift + dice.of(side).near(0, 0.004)
        turn = face.brow_turn + dice.of(side).near(0, 0.04)
        spine = turned(spline(np.array(brow.spine) * w), -turn)
        spine = (spine + (face.spacing, face.level - h - brow.gap - lift)) * (sign, 1)
        line = subject.figure.head.face(spine)
        radius = profile((0, 0.25, 0.66, 1), brow.breadth, positions(line))
        out.append(
            Fragment(
                "eyebrow",
                Plane.BROW_OVER_HAIR if face.brows_over_hair else Plane.BROW,
                (ribbon(line, radius),),
                colour,
                side,
                Material.INK,
                outlined=False,
                casts=0.0,
            )
        )
    return out
