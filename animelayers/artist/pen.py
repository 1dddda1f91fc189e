"""The pen: strokes and outlines → the polygons that are filled, in the style's weight, swell and unsteadiness."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from animelayers.artist.curves import Curve, corners, cut, directions, distinct, length, positions
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Fragment, Stroke
from animelayers.artist.silhouette import Openness
from animelayers.artist.style import Line

THINNEST = 0.8
"""Pixels; what would be thinner is drawn this thin, as a person would at that size."""


def outline(fragment: Fragment, line: Line, dice: Dice) -> list[Stroke]:
    """The inked outline of a fragment: one stroke from corner to corner, with gaps where the hand breaks lines."""
    strokes = []
    for curve in fragment.shape:
        for piece in _between_corners(curve):
            parts = _with_gaps(piece, dice) if line.broken and dice.chance(line.broken) else [piece]
            taper = line.taper if len(parts) == 1 else max(line.taper, 0.2)
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


def polygon(
    stroke: Stroke,
    line: Line,
    light: tuple[float, float],
    pixel: float,
    dice: Dice,
    openness: Openness | None = None,
) -> tuple[Curve, Curve]:
    """The stroke as an area, and the same one a pixel narrower (empty, if nothing remains) for the flat beneath it.

    `pixel` is the size of one in head heights: nothing is drawn finer than it can be seen. `openness` tells what lies
    on the outer contour of the figure, which may be heavier.
    """
    spine = thinned(stroke.points, pixel)
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
    if openness is not None:
        width *= 1 + line.contour * openness.at(spine)
    width = np.where(width > 0.02 * line.width, np.maximum(width, THINNEST * pixel), width)
    inner = np.maximum(width - pixel, 0.0)
    under = _around(spine, tangent, normal, inner / 2) if inner.any() else spine[:0]
    return _around(spine, tangent, normal, width / 2), under


def thinned(spine: Curve, pixel: float) -> Curve:
    """The same curve with no more points than one every half pixel, ends kept."""
    wanted = max(int(length(spine) / (0.5 * pixel)) + 1, 3)
    if wanted >= len(spine):
        return spine
    return np.asarray(spine[np.linspace(0, len(spine) - 1, wanted).round().astype(np.int64)])


def _around(spine: Curve, tangent: Curve, normal: Curve, radius: npt.NDArray[np.float64]) -> Curve:
    """Both edges of a stroke and its pointed ends, as one closed curve; its turn is the same whichever way it runs."""
    offset = normal * radius[:, None]
    first, last = spine[:1] - radius[0] * tangent[:1], spine[-1:] + radius[-1] * tangent[-1:]
    return np.concatenate([first, spine + offset, last, (spine - offset)[::-1]])
