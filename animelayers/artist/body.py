"""Arms, hands and clothes (first strokes)."""

from __future__ import annotations

import numpy as np

from animelayers.artist.curves import ellipse, path, spline
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Fragment, Material, Plane
from animelayers.artist.subject import Subject


def draw(subject: Subject, dice: Dice) -> list[Fragment]:
    """Trunk, arms, skirt, legs, shoes."""
    figure, palette = subject.figure, subject.palette
    out = []
    b = subject.build.breadth
    shoulder, waist, hip, crotch = (figure.level(n) for n in ("shoulder", "waist", "hip", "crotch"))
    right = figure.edge("r", shoulder, hip, ease=0.02)
    left = figure.edge("l", shoulder, hip, ease=0.02)
    top = np.concatenate(
        [[(-0.2 * b, 0.0)], right, left[::-1], [(0.2 * b, 0.0)], spline([(0.2 * b, 0), (0, 0.12 * b), (-0.2 * b, 0)])]
    )
    out.append(Fragment("topwear", Plane.TOPWEAR, (top,), palette.cloth[0], relief=0.12))
    for side, arm in figure.arms.items():
        out.append(Fragment("handwear", arm.z, (arm.tube(0, 1),), palette.skin, side, Material.SKIN, relief=0.05))
        out.append(
            Fragment(
                "handwear", arm.z + 0.01, (arm.tube(0, 0.35, ease=(0.03, 0.06)),), palette.cloth[0], side, relief=0.05
            )
        )
        x, y = arm.joints[2]
        a = arm.direction(1.0)
        out.append(
            Fragment(
                "handwear",
                arm.z + 0.005,
                (ellipse(x + 0.14 * b * np.cos(a), y + 0.14 * b * np.sin(a), 0.17 * b, 0.09 * b, turn=a),),
                palette.skin,
                side,
                Material.SKIN,
                relief=0.03,
            )
        )
    m = figure.middle(waist)
    drop = crotch + 0.5 * b
    skirt = path(
        [(m - 0.36 * b, waist), (m - 0.6 * b, hip), (m - 0.8 * b, drop)],
        [(m - 0.8 * b, drop), (m, drop + 0.08), (m + 0.8 * b, drop)],
        [(m + 0.8 * b, drop), (m + 0.6 * b, hip), (m + 0.36 * b, waist)],
    )
    out.append(Fragment("bottomwear", Plane.BOTTOMWEAR, (skirt,), palette.cloth[1], relief=0.15))
    for side, leg in figure.legs.items():
        out.append(Fragment("legwear", leg.z, (leg.tube(0, 1),), palette.skin, side, Material.SKIN, relief=0.08))
        out.append(Fragment("legwear", leg.z + 0.004, (leg.tube(0.6, 1, ease=0.01),), palette.pale, side, relief=0.06))
        x, y = leg.joints[2]
        out.append(
            Fragment(
                "footwear",
                leg.z + Plane.SHOE,
                (ellipse(x, y + 0.12 * b, 0.14 * b, 0.15 * b),),
                palette.dark,
                side,
                Material.GLOSSY,
                relief=0.05,
            )
        )
    return out
