"""Several outlines that make one form: which stretches of each a pen would draw.

A hand is a palm, fingers and a thumb; an arm runs into it. As one fragment they shade as one form, and only the lines
that the viewer would see are inked: what lies nearer hides what lies behind, and joined forms hide each other's edges.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from animelayers.artist.curves import Curve, length, normals
from animelayers.artist.drawing import Stroke

STEP = 0.006
"""Head heights between the points at which a line is tested; a line ends this exactly at another form's edge."""

SHORTEST = 0.02
"""Head heights; shorter stretches of a line are left out."""

DEEP = 0.004
"""Head heights that a line must lie within another form to be hidden: edges that run together are both drawn."""


@dataclass(frozen=True, slots=True, eq=False)
class Contour:
    """One of the forms."""

    name: str
    area: Curve
    """Closed."""
    lines: tuple[Curve, ...]
    """What of its edge may be inked, running the way `area` does; an end that nothing hides thins out."""
    depth: float = 0.0
    """Nearer forms hide the lines of farther ones."""
    joins: tuple[str, ...] = ()
    """Forms it grows into: neither's edge is drawn within the other."""


def covers(outline: Curve, points: Curve) -> npt.NDArray[np.bool_]:
    """Which points lie within a closed outline (nonzero winding), bool [n]."""
    low, high = outline.min(axis=0), outline.max(axis=0)
    out = np.asarray(((points > low) & (points < high)).all(axis=1))
    if not out.any():
        return out
    x, y = points[out].T[:, :, None]
    ax, ay = outline.T
    bx, by = np.roll(outline, -1, axis=0).T
    rises = (ay > y) != (by > y)
    crossing = ax + (y - ay) * (bx - ax) / np.where(by == ay, 1.0, by - ay)
    winding = np.where(rises & (x < crossing), np.where(by > ay, 1, -1), 0).sum(axis=1)
    out[out] = winding != 0
    return out


def areas(contours: Sequence[Contour]) -> tuple[Curve, ...]:
    """The shape of a fragment made of all of them: outlines run the same way round, so that overlaps stay filled."""
    return tuple(contour.area[:: _turn(contour.area)] for contour in contours)


def _turn(outline: Curve) -> int:
    """1 where an outline runs clockwise, else -1."""
    x, y = outline.T
    return 1 if float((x * np.roll(y, -1) - y * np.roll(x, -1)).sum()) >= 0 else -1


def inked(contours: Sequence[Contour], weight: float = 1.0) -> tuple[Stroke, ...]:
    """The visible stretches of all lines."""
    strokes: list[Stroke] = []
    for contour in contours:
        hiding = [other.area for other in contours if other is not contour and _hides(other, contour)]
        for line in contour.lines:
            strokes += _stretches(_even(line), hiding, DEEP * _turn(contour.area), weight)
    return tuple(strokes)


def _hides(other: Contour, contour: Contour) -> bool:
    return other.depth > contour.depth or other.name in contour.joins or contour.name in other.joins


def _even(line: Curve) -> Curve:
    """The line with a point every `STEP`."""
    step = np.diff(line, axis=0)
    s = np.concatenate([[0.0], np.cumsum(np.hypot(step[:, 0], step[:, 1]))])
    at = np.linspace(0, s[-1], max(int(s[-1] / STEP), 2) + 1)
    return np.stack([np.interp(at, s, line[:, 0]), np.interp(at, s, line[:, 1])], axis=1)


def _stretches(line: Curve, hiding: Sequence[Curve], outwards: float, weight: float) -> list[Stroke]:
    seen = np.ones(len(line), bool)
    tested = line + outwards * normals(line)
    for area in hiding:
        seen[seen] = ~covers(area, tested[seen])
    edges = np.flatnonzero(np.diff(np.concatenate([[0], seen.astype(np.int8), [0]])))
    closed = bool((line[0] == line[-1]).all())
    out = []
    for start, stop in edges.reshape(-1, 2).tolist():
        piece = line[max(start - 1, 0) : stop + 1]
        if len(piece) > 2 and length(piece) > SHORTEST:
            ends = (start == 0 and not closed, stop == len(line) and not closed)
            out.append(Stroke(piece, weight, (0.3 * ends[0], 0.3 * ends[1])))
    return out
