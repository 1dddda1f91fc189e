"""A head with hair as what hats and bands sit on.

Shapes are in the head's frame `(u, v)` and turn as the hair does: what is worn follows `scalp.Dome`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from animelayers.artist.curves import Curve, Points, arc, ribbon, same_way, spline
from animelayers.artist.drawing import Colour, Fragment, Mark, Material, Plane, Stroke
from animelayers.artist.scalp import EAR, Dome
from animelayers.artist.subject import Subject
from animelayers.artist.wardrobe import Garment

DOME = Dome()
"""Of usual hair."""

ACROSS = DOME.half

ON_HAIR = 0.25
"""`turn` of what lies on the hair of the forehead."""


@dataclass(frozen=True, slots=True)
class Wearer:
    """A head, and what it wears."""

    subject: Subject
    garment: Garment

    @property
    def yaw(self) -> float:
        return self.subject.figure.head.yaw

    def place(self, points: Points, turn: float = 0.1) -> Curve:
        """`(u, v)` → the drawing; what lies within the dome's outline moves by `turn` × yaw."""
        head = self.subject.figure.head
        return head.place(DOME.turn(points, head, turn / ON_HAIR))

    def pinned(self, points: Points, turn: float = ON_HAIR) -> Curve:
        """Moved as a whole to where its middle goes, for what is stiff, like a badge; to be placed with `turn` = 0."""
        p = np.asarray(points, np.float64)
        middle = 0.5 * (p.min(axis=0) + p.max(axis=0))[None]
        head = self.subject.figure.head
        return np.asarray(p + DOME.turn(middle, head, turn / ON_HAIR) - DOME.turn(middle, head, 0.0))

    def ear(self, sign: int) -> float:
        """The `u` above an ear: on the outline, or nearer to the face on the side that the head shows."""
        return sign * ACROSS * (1 - (0.55 * self.yaw**2 if sign * self.yaw < 0 else 0.0))

    def arch(self, low: float, loose: float, steps: int = 40) -> Curve:
        """A line over the head from ear to ear, `low` radians longer at each end; the far leg goes out of sight."""
        hidden = 0.8 * abs(self.yaw)
        legs = [low - (hidden if sign * self.yaw > 0 else 0.0) for sign in (-1, 1)]
        spine = arc(0, EAR, ACROSS + loose, EAR - DOME.top + loose, -np.pi - legs[0], legs[1], steps=steps)
        near = np.clip(-spine[:, 0] * np.sign(self.yaw) / ACROSS, 0, 1)
        return np.stack([spine[:, 0] * (1 - 0.55 * self.yaw**2 * near), spine[:, 1]], axis=1)

    def hoop(self, thick: float, low: float = 0.25, loose: float = 0.0) -> Curve:
        """A band along the arch, thinner at its ends."""
        return ribbon(self.arch(low, loose), thick * np.interp(np.abs(np.linspace(-1, 1, 40)), (0, 1), (1.0, 0.6)))

    def piece(
        self,
        shape: Points,
        colour: Colour | None = None,
        *,
        z: float = 0.0,
        turn: float = 0.1,
        relief: float = 0.04,
        material: Material = Material.CLOTH,
        strokes: Sequence[Stroke] = (),
        marks: Sequence[Mark] = (),
        hole: Points | None = None,
        casts: float = 1.0,
    ) -> Fragment:
        """A fragment of headwear, `z` above its plane; its strokes and marks are in the head's frame, too."""
        shapes = [same_way(np.asarray(shape, np.float64))]
        if hole is not None:  # run the other way, so that its shadow has the hole, too
            shapes.append(same_way(np.asarray(hole, np.float64))[::-1])
        made = Fragment(
            "headwear", Plane.HEADWEAR + z, tuple(shapes), colour or self.garment.colour, "", material, relief
        )
        made = made.replace(hollow=hole is not None, casts=casts, strokes=tuple(strokes), marks=tuple(marks))
        return self.put_on(made, turn)

    def put_on(self, made: Fragment, turn: float = 0.1) -> Fragment:
        """What was made in the head's frame → the drawing."""
        return made.through(lambda curve: self.place(curve, turn))


def dome(low: float, loose: float = 0.02) -> Curve:
    """The outline of the hair's dome above `v` = `low`, `loose` wider, from the left of the picture to the right."""
    k = np.linspace(-1, 1, 29)
    v = low + (DOME.top - low) * (1 - np.abs(k) ** 2)
    out = np.stack([np.sign(k) * DOME.breadth(v), v], axis=1)
    return np.asarray(out + loose * (out - (0, EAR)) / np.hypot(*(out - (0, EAR)).T)[:, None])


def strap(low: float, high: float, loose: float = 0.015, sag: float = 0.06) -> Curve:
    """A band around the dome between two heights, sagging in the middle as seen from a little above."""
    edges = []
    for v in (high, low):
        half = float(DOME.breadth(v)) + loose
        edges.append(
            spline([(-half, v), (-0.55 * half, v + 0.75 * sag), (0, v + sag), (0.55 * half, v + 0.75 * sag), (half, v)])
        )
    return np.concatenate([edges[0], edges[1][::-1]])
