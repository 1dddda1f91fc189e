"""Pieces of plain shapes, of which sides, strata and order are known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from animelayers.anatomy.pieces import Piece
from animelayers.raster import tight_box

SIZE = (120, 120)
Box = tuple[int, int, int, int]


def mask(*boxes: Box, size: tuple[int, int] = SIZE) -> np.ndarray:
    """bool [h, w]: some rectangles `(top, left, bottom, right)` of a canvas."""
    out = np.zeros(size, bool)
    for top, left, bottom, right in boxes:
        out[top:bottom, left:right] = True
    return out


def piece(
    tag: str, seen: np.ndarray, hidden: np.ndarray | None = None, depth=0.5, colour=(200, 180, 170), **more
) -> Piece:
    """A piece that is opaque where it is seen or hidden; depth and colour are of all of it, or planes of the canvas."""
    solid = seen if hidden is None else seen | hidden
    top, left, bottom, right = tight_box(solid)
    here = np.s_[top:bottom, left:right]
    depths = np.broadcast_to(np.asarray(depth, np.float32), seen.shape)[here]
    colours = np.broadcast_to(np.asarray(colour, np.uint8), (*seen.shape, 3))[here]
    alpha = np.where(solid[here], 255, 0).astype(np.uint8)
    return Piece(tag, top, left, seen[here].copy(), alpha, colours.copy(), depths.copy(), **more)


def spread(pieces: Sequence[Piece], plane: str = "seen", size: tuple[int, int] = SIZE) -> dict[str, np.ndarray]:
    """Name → a plane of the piece on the canvas."""
    out = {}
    for one in pieces:
        assert one.name not in out
        values = getattr(one, plane)
        out[one.name] = np.zeros(size, values.dtype)
        out[one.name][one.here] = values
    return out


def assert_nothing_lost(before: Sequence[Piece], after: Sequence[Piece], size: tuple[int, int] = SIZE) -> None:
    """Every pixel of every tag, seen or hidden, is in exactly one piece of that tag, with all it had."""
    for tag in {one.tag for one in before}:
        for plane in ("seen", "alpha", "colour", "depth"):
            ours, theirs = (
                sum(_laid(one, plane, size) for one in pieces if one.tag == tag) for pieces in (before, after)
            )
            assert np.array_equal(ours, theirs), (tag, plane)


def _laid(one: Piece, plane: str, size: tuple[int, int]) -> np.ndarray:
    values = getattr(one, plane)
    inside = one.seen | (one.alpha > 0)
    out = np.zeros((*size, *values.shape[2:]))
    out[one.here] = values * (inside if values.ndim == 2 else inside[..., None])
    return out
