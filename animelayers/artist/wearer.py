"""A head with hair as what hats and bands sit on.

Shapes are in the head's frame `(u, v)` and turned with it. The hair's dome is about an ellipse around (0, -0.12) of
0.47 × 0.46, and what sits on it follows that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from animelayers.artist.curves import Curve, Points, arc, ribbon, spline
from animelayers.artist.drawing import Colour, Fragment, Mark, Material, Plane, Stroke
from animelayers.artist.subject import Subject
from animelayers.artist.wardrobe import Garment

MIDDLE, ACROSS, UP = -0.12, 0.475, 0.47
"""The hair's dome: height of its middle, half its breadth, its height above that."""


@dataclass(frozen=True, slots=True)
class Wearer:
    """A head, and what it wears."""

    subject: Subject
    garment: Garment

    def place(self, points: Points, turn: float = 0.1) -> Curve:
        """`(u, v)` → the drawing, moved by `turn` × yaw as a thing that far before the head's axis."""
        head = self.subject.figure.head
        p = np.array(points, np.float64)
        p[:, 0] += turn * head.yaw
        p[:, 1] += 0.08 * head.pitch * np.clip(-p[:, 1] * 2, -1, 1)
        return head.place(p)

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
        shapes = (self.place(shape, turn),) if hole is None else (self.place(shape, turn), self.place(hole, turn))
        return Fragment(
            "headwear", Plane.HEADWEAR + z, shapes, colour or self.garment.colour, material=material, relief=relief,
            hollow=hole is not None, casts=casts,
            strokes=tuple(replace(stroke, points=self.place(stroke.points, turn)) for stroke in strokes),
            marks=tuple(replace(mark, shape=tuple(self.place(m, turn) for m in mark.shape)) for mark in marks),
        )  # fmt: skip


def dome(low: float, loose: float = 0.02) -> Curve:
    """The outline of the hair's dome above `v` = `low`, `loose` wider, from the left of the picture to the right."""
    rx, ry = ACROSS + loose, UP + loose
    start = float(np.arcsin(np.clip((low - MIDDLE) / ry, -1, 0)))
    return arc(0, MIDDLE, rx, ry, -np.pi - start, start, steps=28)


def strap(low: float, high: float, loose: float = 0.015, sag: float = 0.06) -> Curve:
    """A band around the dome between two heights, sagging in the middle as seen from a little above."""
    edges = []
    for v in (high, low):
        half = (ACROSS + loose) * float(np.sqrt(max(1 - ((v - MIDDLE) / (UP + loose)) ** 2, 0.05)))
        edges.append(
            spline([(-half, v), (-0.55 * half, v + 0.75 * sag), (0, v + sag), (0.55 * half, v + 0.75 * sag), (half, v)])
        )
    return np.concatenate([edges[0], edges[1][::-1]])


def hoop(thick: float, low: float = 0.0, loose: float = 0.03) -> Curve:
    """A band over the head from ear to ear."""
    spine = arc(0, MIDDLE, ACROSS + loose, UP + loose, -np.pi - 0.25 - low, 0.25 + low, steps=40)
    return ribbon(spine, thick * np.interp(np.abs(np.linspace(-1, 1, 40)), (0, 1), (1.0, 0.6)))
