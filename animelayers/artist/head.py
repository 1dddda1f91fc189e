"""The bare head: skin of the face, patches of it that other features lie in, ears and neck."""

from __future__ import annotations

from typing import Any

import numpy as np

from animelayers.artist import complexion, faceshape
from animelayers.artist.bodice import Torso
from animelayers.artist.curves import Curve, path, spline, turned
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Fragment, Mark, Material, Plane, Shade, Stroke
from animelayers.artist.figure import SIDES, Head
from animelayers.artist.subject import Subject

POINTED = {"elf": 1.0, "demon": 0.5, "dragon": 0.55}
"""How far the ears of some creatures are drawn out, 0..1."""

SUNK = 0.08
"""How far bare shoulders lie below the line on which garments rest, trunk levels."""

FURRED = ("cat", "fox", "dog", "rabbit")
"""Creatures whose ears sit on top: they mostly have no others."""


def draw(subject: Subject, dice: Dice) -> list[Fragment]:
    """Face, neck and ears."""
    return [_neck(subject), *_ears(subject, dice.of("ears")), skin(subject)]


def skin(subject: Subject) -> Fragment:
    """The whole face, skull included."""
    return Fragment(
        "face",
        Plane.FACE,
        (faceshape.outline(subject),),
        subject.palette.skin,
        material=Material.SKIN,
        relief=0.042,
        marks=complexion.marks(subject),
    )


def patch(subject: Subject, tag: str, z: float, area: tuple[Curve, ...], **changes: Any) -> Fragment:
    """An area of the face once more, nearer: shaded as the face itself, so that nobody sees where it begins."""
    made = skin(subject).replace(tag=tag, z=z, ground=Plane.FACE, clip=area, outlined=False, casts=0.0)
    return made.replace(**changes)


def _neck(subject: Subject) -> Fragment:
    """From behind the chin down to the chest under any collar; inked along throat and shoulders."""
    head, torso = subject.figure.head, Torso(subject.figure)
    b, pit, reach = torso.b, -subject.build.neck, torso.half(1)
    half = 0.93 * torso.neck * b
    spots = [(x, torso.slope(x) + SUNK) for x in (1.25 * torso.neck, 0.62 * reach, reach - 0.09, reach - 0.02)]
    edges = []
    for sign in SIDES.values():
        x, top = head.place([(sign * half - 0.1 * head.yaw, 0.22)])[0]
        throat = [(x, top), (0.5 * (x + sign * half), 0.5 * (top + pit)), (sign * half * 0.98, 0.45 * pit)]
        edges.append(spline(np.concatenate([throat, torso.place([(sign * x, level) for x, level in spots])])))
    low = subject.figure.level("armpit") + 0.2 * b
    dark = _under_chin(subject, half)
    return Fragment(
        "neck",
        Plane.NECK,
        (np.concatenate([edges[0], [(0, low)], edges[1][::-1]]),),
        subject.palette.skin,
        material=Material.SKIN,
        relief=0.05,
        ground=Plane.SURFACE,
        outlined=False,
        strokes=tuple(Stroke(edge, 1.0, (0.0, 0.12)) for edge in edges) + _bones(torso, head, half),
        marks=(Mark((dark,), complexion.warm(subject.palette.skin, 0.06), 0.5),),
        shades=(Shade((dark,), 1.0),),
    )


def _bones(torso: Torso, head: Head, half: float) -> tuple[Stroke, ...]:
    """Collarbones, and the muscle of the throat where the head turns."""
    reach = torso.half(1)
    spots = [(0.05, 0.74), (0.12, 0.6), (0.5 * reach, 0.6), (0.7 * reach, torso.slope(0.7 * reach) + 0.25)]
    lines = [Stroke(torso.curve([(s * x, level) for x, level in spots]), 0.6, (0.3, 0.8)) for s in SIDES.values()]
    pit = -torso.figure.build.neck
    if abs(head.yaw) > 0.25 and pit < -0.1:
        s = -1 if head.yaw > 0 else 1
        muscle = spline([(0.6 * s * half, 0.8 * pit), (0.4 * s * half, 0.32 * pit), (0.05 * s, 0.03)])
        lines.append(Stroke(muscle, 0.55, (0.8, 0.3)))
    return tuple(lines)


def _under_chin(subject: Subject, half: float) -> Curve:
    """What the chin keeps dark."""
    head, neck = subject.figure.head, subject.build.neck
    x = 0.08 * head.yaw
    deep = -neck + 0.45 * neck + 0.02
    return path(
        [(-2 * half, -neck - 0.3), (-2 * half, -neck + 0.02)],
        [
            (-2 * half, -neck + 0.02),
            (x - 0.5 * half, deep - 0.02),
            (x, deep + 0.015),
            (x + 0.5 * half, deep - 0.02),
            (2 * half, -neck + 0.02),
        ],
        [(2 * half, -neck + 0.02), (2 * half, -neck - 0.3)],
    )


def _ears(subject: Subject, dice: Dice) -> list[Fragment]:
    """Behind the face from the front; in front of the skull on the near side of a turned head, hidden on the far."""
    if subject.outfit.animal in FURRED and (subject.hair_length > 0.5 or dice.chance(0.5)):
        return []
    return [_ear(subject, side) for side in SIDES if ear_shown(subject, side)]


def ear_shown(subject: Subject, side: str) -> bool:
    """Whether the face does not turn the ear away."""
    return SIDES[side] * subject.figure.head.yaw < 0.3


def ear(subject: Subject, side: str, points: list[tuple[float, float]]) -> Curve:
    """Places on an ear in the drawing.

    x runs from the root (0) to the widest point of its rim (1), y from the top (0) to the lobe (1).
    """
    head, sign = subject.figure.head, SIDES[side]
    near = -sign * head.yaw / faceshape.MOST
    half = faceshape.SHAPES[subject.face.shape][4]
    root = half + (-0.012 - 0.085 * near if near > 0 else -0.012 - 0.05 * -near)
    wide = 0.062 + 0.03 * near if near > 0 else 0.062 * (1 + 1.6 * near)
    tall = 0.185 * (0.85 if subject.build.small else 1.0)
    top = subject.face.level - 0.07 - 0.1 * head.pitch
    p = turned(np.asarray(points) * (wide, tall), 0.12)
    return head.place((p + (root, top)) * (sign, 1))


def _ear(subject: Subject, side: str) -> Fragment:
    long = POINTED.get(subject.outfit.animal, 0.0)
    beside = abs(subject.figure.head.yaw) > 0.2 and SIDES[side] * subject.figure.head.yaw < 0
    rim = _rim(long)
    shape = (
        path(rim, [rim[-1], (-0.12, 0.8), (-0.2, 0.45), rim[0]])
        if beside
        else path(rim, [rim[-1], (-0.5, 0.6), rim[0]])
    )
    outer = ear(subject, side, spline(rim).tolist())
    skin_ = subject.palette.skin
    fold = [(0.12, 0.3), (0.3, 0.16), (0.62, 0.13 - 0.1 * long), (0.76, 0.3), (0.62, 0.56), (0.4, 0.68)]
    shell = [(0.2, 0.36), (0.42, 0.4), (0.36, 0.55), (0.2, 0.62)]
    hollow = ear(
        subject, side, spline([(0.1, 0.36), (0.4, 0.22), (0.66, 0.32), (0.5, 0.58), (0.2, 0.66)], closed=True).tolist()
    )
    return Fragment(
        "ears",
        Plane.EARWEAR - 0.01 if beside else Plane.EAR,
        (ear(subject, side, shape.tolist()),),
        skin_,
        side,
        Material.SKIN,
        relief=0.0 if beside else 0.015,
        outlined=False,
        strokes=(
            Stroke(outer, 1.0, (0.12, 0.2)),
            Stroke(ear(subject, side, spline(fold).tolist()), 0.6, (0.3, 0.5)),
            Stroke(ear(subject, side, spline(shell).tolist()), 0.5, (0.3, 0.6)),
        ),
        shades=(Shade((hollow,), 0.9, colour=None),),
        marks=complexion.ear_marks(hollow, skin_),
        casts=0.3,
    )


def _rim(long: float) -> list[tuple[float, float]]:
    """The free edge of an ear from its root above to its root below, drawn out to a point by `long`."""
    if not long:
        return [(-0.1, 0.14), (0.2, 0.0), (0.72, 0.0), (1.0, 0.22), (0.9, 0.55), (0.56, 0.86), (0.3, 1.0), (0.02, 0.92)]
    tip = (1.3 + 2.6 * long, -0.3 - 0.5 * long)
    return [
        (-0.1, 0.14),
        (0.3, -0.02),
        (0.5 * tip[0], 0.45 * tip[1]),
        tip,
        (0.62 * tip[0], 0.32 * (1 - long) + 0.02),
        (0.7, 0.72),
        (0.3, 0.98),
        (0.02, 0.9),
    ]


def lobe(subject: Subject, side: str) -> tuple[float, float] | None:
    """Where earrings hang; None where the ear is turned away."""
    if not ear_shown(subject, side):
        return None
    x, y = ear(subject, side, [(0.34, 0.95)])[0]
    return float(x), float(y)
