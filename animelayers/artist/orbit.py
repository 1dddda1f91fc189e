"""An eye in its place: lids as open as the expression has them, and the way from the eye's own frame to the drawing."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from animelayers.artist import faceshape
from animelayers.artist.curves import Curve, Points, spline, turned
from animelayers.artist.eyeshape import EYES, EyeShape
from animelayers.artist.figure import SIDES
from animelayers.artist.subject import Subject

ROOM = 0.022
"""Head heights of skin that are left between an eye's outer corner and the edge of the face."""


@dataclass(frozen=True, slots=True, eq=False)
class Eye:
    """One eye. Its own frame: x outwards from the nose in half widths, y down in half heights, the middle at (0, 0)."""

    subject: Subject
    side: str
    shape: EyeShape
    upper: Curve
    """The edge of the upper lid, from the inner to the outer corner, in the eye's frame."""
    lower: Curve
    """The edge of the lower lid, back from the outer corner."""

    @property
    def sign(self) -> int:
        return SIDES[self.side]

    @property
    def opening(self) -> Curve:
        """Closed, between the lids, in the eye's frame."""
        return np.concatenate([self.upper, self.lower[1:-1]])

    squeeze: float = 1.0
    """How much narrower the eye is drawn than it turns, so that the far one stays on the face."""

    def flat(self, points: Points) -> Curve:
        """The eye's frame → the head's silhouette frame."""
        face, (w, h) = self.subject.face, self.subject.face.eye
        p = turned(np.concatenate([[(-1.0, 0.0)], np.asarray(points, np.float64)]) * (w, h), -face.slant)
        p = self.subject.figure.head.turn((p + (face.spacing, face.level)) * (self.sign, 1))
        return np.asarray((p[1:] - p[0]) * (self.squeeze, 1) + p[0])

    def at(self, points: Points) -> Curve:
        """The eye's frame → the drawing."""
        return self.subject.figure.head.place(self.flat(points))

    def lid_shadow(self, depth: float) -> Curve:
        """What the upper lid and its lashes keep dark, in the drawing; `depth` in half heights."""
        t = np.linspace(1, 0, len(self.upper))
        low = self.upper[::-1] + np.stack([0 * t, depth * (0.35 + 0.65 * np.sin(np.pi * t**1.2))], axis=1)
        return self.at(np.concatenate([self.upper - (0, 0.5), low]))


def eye(subject: Subject, side: str) -> Eye:
    """The eye of a side."""
    face, shape = subject.face, EYES[subject.face.eyes]
    upper, lower = np.array(shape.upper), np.array(shape.lower)
    rest = np.interp(upper[:, 0], lower[::-1, 0], lower[::-1, 1])
    upper[:, 1] = rest + (upper[:, 1] - rest) * face.openness
    upper[:, 1] -= 1.2 * face.brow_turn * upper[:, 0] * np.clip(1 - upper[:, 0] ** 2, 0.0, 1.0)  # lids follow the brows
    made = Eye(subject, side, shape, spline(upper), spline(lower))
    corners = made.flat([(-1.0, 0.0), (1.02, 0.1)])
    kept = faceshape.within(faceshape.contour(subject), corners, ROOM)
    return dataclasses.replace(made, squeeze=float((kept[1, 0] - corners[0, 0]) / (corners[1, 0] - corners[0, 0])))
