"""Where a field crosses a level: closed polylines at sub-pixel accuracy, by marching squares.

Lorensen and Cline's table for squares, as one rule: walking round a cell clockwise, a piece of contour begins where one
leaves the shape and ends where one enters it. So the shape lies to the right of every contour (y runs down): outlines
run clockwise on the screen, holes the other way round.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Field = npt.NDArray[np.float32]
"""float32 [h, w]; samples lie in the middle of their pixels."""

Polyline = npt.NDArray[np.float64]
"""float64 [n, 2], `(x, y)`; closed: the first point is not repeated."""


def contours(field: Field, level: float = 0.5, *, scale: float = 1.0) -> list[Polyline]:
    """The closed contours of `field >= level`.

    What the shape has on the rim of the field goes on to the rim of the canvas, and ends there.

    Args:
        field: samples; the shape is where they reach the level.
        level: of the field.
        scale: px a sample; sample (i, j) lies at ((j + .5), (i + .5)) × scale.

    Returns:
        In px, within 0..w × scale and 0..h × scale; in the order of their topmost, then leftmost crossing.
    """
    height, width = field.shape
    # One ring that goes on as the rim does, one that is surely outside: all contours are closed.
    padded = np.pad(np.pad(np.asarray(field, np.float64) - level, 1, mode="edge"), 1, constant_values=-1.0)
    starts, ends = _pieces(padded)
    if not len(starts):
        return []
    points = (_crossings(starts, padded) - 1.5) * scale
    points = np.clip(points, 0.0, np.array([width * scale, height * scale]))
    return [points[loop] for loop in _loops(np.searchsorted(starts, ends))]


def _pieces(padded: Polyline) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The grid edges on which each piece of contour begins, ascending, and those on which it ends.

    Edge `i * w + j` runs from node (i, j) to the right, edge `h * w + i * w + j` down.
    """
    height, width = padded.shape
    inside = padded >= 0
    corner = inside[:-1, :-1], inside[:-1, 1:], inside[1:, 1:], inside[1:, :-1]  # clockwise from the top left
    rows, columns = np.nonzero(~((corner[0] == corner[1]) & (corner[1] == corner[2]) & (corner[2] == corner[3])))
    here = rows * width + columns
    edges = np.stack([here, height * width + here + 1, here + width, height * width + here], axis=1)
    within = np.stack([plane[rows, columns] for plane in corner], axis=1)
    after = np.roll(within, -1, axis=1)
    leaves, enters = within & ~after, after & ~within
    saddle = leaves.sum(axis=1) == 2
    # Round the corner: from where one leaves to the next edge on which one enters; in a saddle whose middle is
    # outside the other way, so that the two corners stay apart.
    middle = padded[:-1, :-1] + padded[:-1, 1:] + padded[1:, 1:] + padded[1:, :-1]
    back = saddle & (middle[rows, columns] < 0)
    cell, side = np.nonzero(leaves)
    step = np.where(back[cell], -1, 1)
    aim = np.where(saddle[cell], (side + step) % 4, enters.argmax(axis=1)[cell])
    starts, ends = edges[cell, side], edges[cell, aim]
    order = np.argsort(starts)
    return starts[order], ends[order]


def _crossings(edges: npt.NDArray[np.int64], padded: Polyline) -> Polyline:
    """Where the zero lies on each edge, `(x, y)` in nodes."""
    height, width = padded.shape
    down = edges >= height * width
    node = edges - np.where(down, height * width, 0)
    values = padded.ravel()
    a, b = values[node], values[node + np.where(down, width, 1)]
    part = a / (a - b)
    y, x = np.divmod(node, width)
    return np.stack([x + np.where(down, 0.0, part), y + np.where(down, part, 0.0)], axis=1)


def _loops(following: npt.NDArray[np.int64]) -> list[list[int]]:
    """The cycles of a permutation, each from its smallest member on."""
    after = following.tolist()
    seen = bytearray(len(after))
    loops = []
    for first in range(len(after)):
        if seen[first]:
            continue
        loop, at = [], first
        while not seen[at]:
            seen[at] = 1
            loop.append(at)
            at = after[at]
        loops.append(loop)
    return loops
