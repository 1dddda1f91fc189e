"""The pen: strokes and outlines → the polygons that are filled, in the style's weight, swell and unsteadiness."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from animelayers.artist.curves import Curve, corners, cut, directions, distinct, length, positions
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Fragment, Stroke
from animelayers.artist.style import Line

THINNEST = 0.8
"""Pixels; what would be thinner is drawn this thin, as a person would at that size."""


def outline(fragment: Fragment, line: Line, dice: Dice) -> list[Stroke]:
    """The inked outline of a fragment: one stroke from corner to corner, with gaps where the hand breaks lines."""
    strokes = []
    for curve in fragment.shape:
        for piece in _between_corners(curve):
            parts = _with_gaps(piece, dice) if line.broken and dice.chance(line.broken) else [piece]
            taper = 0.0 if len(parts) == 1 else 0.2
            strokes += [Stroke(part, 1.0, (taper, taper)) for part in parts]
    return strokes


def _between_corners(curve: Curve) -> list[Curve]:
    curve = distinct(curve)
    first, *others = corners(curve) or [0]
    ring = np.concatenate([curve[first:], curve[: first + 1]])
    marks = [0, *(i - first for i in others), len(curve)]
    return [ring[a : b + 1] for a, b in pairwise(marks)]


def _with_gaps(curve: Curve, dice: Dice) -> list[Curve]:
    if length(curve) < 0.25:
        return [curve]
    at = dice.uniform(0.15, 0.8)
    gap = dice.uniform(0.02, 0.09)
    return [cut(curve, 0, at), cut(curve, min(at + gap, 0.95), 1)]


def polygon(stroke: Stroke, line: Line, light: tuple[float, float], thinnest: float, dice: Dice) -> tuple[Curve, Curve]:
    """The stroke as an area, and the same one `thinnest / 0.8` px narrower, for the flat that lies beneath it."""
    spine = stroke.points
    t = positions(spine)
    tangent = directions(spine)
    normal = np.stack([tangent[:, 1], -tangent[:, 0]], axis=1)
    width = np.full(len(spine), line.width * stroke.weight)
    for share, s in ((stroke.taper[0], t), (stroke.taper[1], 1 - t)):
        if share > 0:
            width *= np.sqrt(np.clip(s / share, 0.0, 1.0))
    if line.wobble:
        knots = dice.many(7, -line.wobble, line.wobble)
        width *= 1 + np.interp(t, np.linspace(0, 1, 7), knots)
    if line.swell:
        width *= 1 + line.swell * np.abs(normal @ np.asarray(light))
    width = np.where(width > 0.02 * line.width, np.maximum(width, thinnest), width)
    inner = np.maximum(width - thinnest / THINNEST, 0.0)
    return _around(spine, normal, width / 2), _around(spine, normal, inner / 2)


def _around(spine: Curve, normal: Curve, radius: np.ndarray) -> Curve:
    offset = normal * radius[:, None]
    first = spine[0] - radius[0] * np.array([normal[0, 1], -normal[0, 0]]) * -1
    last = spine[-1] + radius[-1] * np.array([-normal[-1, 1], normal[-1, 0]])
    return np.concatenate([[first], spine + offset, [last], (spine - offset)[::-1]])
