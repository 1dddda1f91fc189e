"""Noses: as little as possible, or as much as a grown face needs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from animelayers.artist import complexion
from animelayers.artist.curves import Curve, Points, ellipse, path, ribbon, spline
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Colour, Fragment, Mark, Material, Plane
from animelayers.artist.head import patch
from animelayers.artist.palette import WHITE
from animelayers.artist.subject import Subject


class Ridge:
    """Places on a nose. x runs to where the head turns to, y down from the tip; the tip stands out from the face."""

    def __init__(self, subject: Subject) -> None:
        self.head, self.level = subject.figure.head, subject.face.nose_level
        self.skin = subject.palette.skin
        self.turned = abs(self.head.yaw)
        self.sign = -1 if self.head.yaw < 0 else 1

    def at(self, points: Points) -> Curve:
        """Head heights from the tip → the drawing."""
        p = np.asarray(points, np.float64)
        out = 0.035 * self.turned * np.clip(1 + p[:, 1] / 0.12, 0, 1)
        return self.head.face(np.stack([self.sign * (p[:, 0] + out), p[:, 1] + self.level], axis=1))

    def stroke(self, points: Points, breadth: float = 0.0045) -> Curve:
        """A tapered line."""
        spine = spline(points)
        t = np.linspace(0, np.pi, len(spine))
        return ribbon(self.at(spine), breadth * (0.15 + 0.85 * np.sin(t)))


Drawn = tuple[tuple[Curve, ...], tuple[Mark, ...]]
"""What is inked, and what lies in the skin."""


def draw(subject: Subject, dice: Dice) -> list[Fragment]:
    """A patch of skin with the nose's colours, and its ink."""
    ridge = Ridge(subject)
    inked, marks = NOSES[subject.face.nose](ridge)
    around = ridge.at(ellipse(0.0, -0.05, 0.075, 0.11))
    ground = patch(subject, "nose", Plane.NOSE, (around,))
    out = [ground.replace(marks=(*ground.marks, *marks))] if marks else []
    if inked:
        out.append(
            Fragment(
                "nose",
                Plane.NOSE + 0.001,
                inked,
                complexion.warm(subject.palette.skin, 0.45),
                material=Material.INK,
                outlined=False,
                casts=0.0,
            )
        )
    return out


def _shadow(ridge: Ridge) -> Colour:
    return complexion.warm(ridge.skin, 0.1)


def _none(ridge: Ridge) -> Drawn:
    return (), (Mark((ridge.at(ellipse(0, -0.004, 0.022, 0.013)),), _shadow(ridge), 0.35, blur=0.006),)


def _dot(ridge: Ridge) -> Drawn:
    return (ridge.at(ellipse(0.002, 0, 0.0055, 0.0048)),), ()


def _dash(ridge: Ridge) -> Drawn:
    return (ridge.stroke([(-0.012, -0.003), (0.001, 0.004), (0.012, 0.0)]),), ()


def _line(ridge: Ridge) -> Drawn:
    """The side of the tip, and what lies under it."""
    return (ridge.stroke([(0.006, -0.034), (0.015, -0.012), (0.016, 0.0), (0.002, 0.007)]),), ()


def _wedge(ridge: Ridge) -> Drawn:
    """A shadow beside and under the tip."""
    wedge = path(
        [(-0.002, -0.04), (0.017, -0.006), (0.013, 0.003)],
        [(0.013, 0.003), (0.0, 0.01), (-0.012, 0.001)],
        [(-0.012, 0.001), (-0.002, -0.04)],
    )
    return (ridge.stroke([(-0.01, 0.004), (0.001, 0.008), (0.012, 0.004)], 0.0032),), (
        Mark((ridge.at(wedge),), _shadow(ridge), 0.75),
    )


def _shine(ridge: Ridge) -> Drawn:
    """A warm tip with a light on it."""
    marks = (
        Mark((ridge.at(ellipse(0, 0.0, 0.026, 0.02)),), complexion.warm(ridge.skin, 0.06), 0.6, blur=0.01),
        Mark((ridge.at(ellipse(-0.003, -0.026, 0.006, 0.009)),), WHITE, 0.9, blur=0.0015),
    )
    return (ridge.at(ellipse(0.002, 0.002, 0.0058, 0.0042)),), marks


def _bridge(ridge: Ridge) -> Drawn:
    """From the brow down one side, tip and nostrils: grown-up."""
    side = [(0.012, -0.15), (0.006, -0.09), (0.016, -0.03), (0.026, -0.01), (0.022, 0.004), (0.006, 0.012)]
    shade = path(side, [(0.006, 0.012), (-0.002, -0.004), (0.002, -0.06), (0.012, -0.15)])
    inked = [ridge.stroke(side[2:], 0.0045), ridge.stroke([(-0.026, 0.0), (-0.018, 0.008), (-0.01, 0.007)], 0.0032)]
    if ridge.turned > 0.3:
        inked.append(ridge.stroke(side[:3], 0.0035))
    return tuple(inked), (Mark((ridge.at(shade),), _shadow(ridge), 0.5, blur=0.002),)


NOSES: dict[str, Callable[[Ridge], Drawn]] = {
    "none": _none,
    "dot": _dot,
    "dash": _dash,
    "line": _line,
    "wedge": _wedge,
    "shine": _shine,
    "bridge": _bridge,
}
