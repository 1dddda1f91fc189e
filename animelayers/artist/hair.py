"""Hair."""

from __future__ import annotations

import numpy as np

from animelayers.artist.curves import Curve, along, path, positions, spline
from animelayers.artist.curves import sides as edges
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Fragment, Material, Plane, Shade, Stroke
from animelayers.artist.subject import Subject


def lock(spine: Curve, width: float, *, root: float = 0.5, tip: float = 0.0) -> tuple[Curve, Curve, Curve]:
    """Outline of a tapering lock and its two edges."""
    t = positions(spine)
    radius = width * np.interp(t, (0, 0.35, 0.75, 1), (root, 1.0, 0.62, tip))
    left, right = edges(spine, radius)
    return np.concatenate([left, right[::-1]]), left, right


def draw(subject: Subject, dice: Dice) -> list[Fragment]:
    """All the hair."""
    head, palette = subject.figure.head, subject.palette
    colour = palette.hair
    out = []
    crown = (0.08 * head.yaw, -0.5)
    # back
    length = subject.hair_length
    low = 0.15 + 0.55 * length
    back = head.place(
        path(
            [(0, -0.56), (0.3, -0.5), (0.46, -0.2), (0.47, 0.1), (0.44, 0.45 * low), (0.4, low)],
            [
                (0.4, low),
                (0.3, low - 0.1),
                (0.22, low + 0.03),
                (0.1, low - 0.06),
                (0, low + 0.05),
                (-0.1, low - 0.06),
                (-0.22, low + 0.03),
                (-0.3, low - 0.1),
                (-0.4, low),
            ],
            [(-0.4, low), (-0.44, 0.45 * low), (-0.47, 0.1), (-0.46, -0.2), (-0.3, -0.5), (0, -0.56)],
        )
    )
    out.append(Fragment("back hair", Plane.BACK_HAIR, (back,), colour, material=Material.HAIR, relief=0.08))
    # cap and fringe
    cap = path(
        [(-0.4, 0.05), (-0.44, -0.15), (-0.36, -0.42), (0, -0.57), (0.36, -0.42), (0.44, -0.15), (0.4, 0.05)],
        [(0.4, 0.05), (0.36, -0.1), (0.2, -0.22), (0, -0.26), (-0.2, -0.22), (-0.36, -0.1), (-0.4, 0.05)],
    )
    out.append(
        Fragment(
            "front hair", Plane.FRONT_HAIR, (head.place(cap),), colour, material=Material.HAIR, relief=0.05, casts=0
        )
    )
    count = dice.integer(5, 8)
    for k in range(count):
        s = (k + 0.5) / count * 2 - 1
        tip = (0.4 * s + dice.near(0, 0.04), 0.02 + 0.1 * s * s + dice.near(0, 0.05))
        spine = head.face(spline([crown, (0.26 * s, -0.42), (0.42 * s, -0.2), tip]))
        shape, left, right = lock(spine, 0.42 / count, root=0.15)
        strokes = tuple(Stroke(edge[len(edge) // 3 :], 1.0, (0.6, 0.0)) for edge in (left, right))
        out.append(
            Fragment(
                "front hair",
                Plane.FRONT_HAIR + 0.01 * (1 - abs(s)),
                (shape,),
                colour,
                material=Material.HAIR,
                relief=0.03,
                outlined=False,
                strokes=strokes,
            )
        )
    return out
