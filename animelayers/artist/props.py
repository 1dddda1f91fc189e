"""The frame in which held things are drawn: their own axis upright, their origin where the hand is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from animelayers.artist.curves import Curve, Points, spline, turned
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Colour, Fragment, Mark, Material, Shade, Stroke
from animelayers.artist.wardrobe import Garment


@dataclass(frozen=True, slots=True, eq=False)
class Prop:
    """Where and how large a thing is drawn; its own lengths are head heights of an ordinary figure."""

    x: float
    y: float
    turn: float
    """Radians clockwise."""
    unit: float
    """Head heights a length of its own."""
    tall: float
    """Length of the body compared with an ordinary one: of what stands on the ground."""
    z: float
    garment: Garment
    sign: int
    """Of the hand's side along x."""
    form: str
    dice: Dice

    @property
    def colour(self) -> Colour:
        return self.garment.colour

    @property
    def trim(self) -> Colour:
        return self.garment.trim

    def at(self, points: Points) -> Curve:
        """Own `(x, y)`, x towards the hand's side and y down → the drawing."""
        p = np.asarray(points, np.float64) * (self.unit * self.sign, self.unit)
        return turned(p, self.turn) + (self.x, self.y)

    def piece(
        self,
        shape: Curve | Sequence[Curve],
        colour: Colour,
        rise: float = 0.0,
        *,
        material: Material = Material.CLOTH,
        relief: float = 0.04,
        marks: Sequence[Mark] = (),
        strokes: Sequence[Stroke] = (),
        shades: Sequence[Shade] = (),
        hollow: bool = False,
        opacity: float = 1.0,
    ) -> Fragment:
        """A fragment from outlines in own lengths; `rise` is its depth over the thing's."""
        curves = [shape] if isinstance(shape, np.ndarray) else shape
        return Fragment(
            "objects",
            self.z + rise,
            tuple(self.at(curve) for curve in curves),
            colour,
            material=material,
            relief=relief * self.unit,
            marks=tuple(marks),
            strokes=tuple(strokes),
            shades=tuple(shades),
            hollow=hollow,
            opacity=opacity,
            casts=0.5,
        )

    def mark(self, colour: Colour, *shapes: Points, alpha: float = 1.0) -> Mark:
        return Mark(tuple(self.at(shape) for shape in shapes), colour, alpha)

    def line(self, points: Points, weight: float = 0.6, taper: tuple[float, float] = (0.0, 0.0)) -> Stroke:
        return Stroke(self.at(points), weight, taper)

    def gleam(self, shape: Points, depth: float = -0.7) -> Shade:
        return Shade((self.at(shape),), depth)


def box(left: float, top: float, right: float, bottom: float, round_: float = 0.0) -> Curve:
    """A rectangle, its corners rounded."""
    r = min(round_, (right - left) / 2, (bottom - top) / 2)
    if r <= 0:
        return np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
    t = np.linspace(0, np.pi / 2, 6)
    corner = np.stack([np.cos(t), np.sin(t)], axis=1) * r
    quarters = [
        ((right - r, bottom - r), corner),
        ((left + r, bottom - r), corner[:, ::-1] * (-1, 1)),
        ((left + r, top + r), corner * (-1, -1)),
        ((right - r, top + r), corner[:, ::-1] * (1, -1)),
    ]
    return np.concatenate([points + centre for centre, points in quarters])


def taper(top: float, bottom: float, first: float, last: float) -> Curve:
    """A straight rod from `top` to `bottom` with half widths at both."""
    return np.array([(-first, top), (first, top), (last, bottom), (-last, bottom)])


def both(right: Points) -> Curve:
    """A symmetric outline from its right half, top to bottom."""
    half = spline(right)
    return np.concatenate([half, half[::-1] * (-1, 1)])
