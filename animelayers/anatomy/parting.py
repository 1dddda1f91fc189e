"""Taking a piece apart: growing cores until they meet, and cutting out what they reached."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.anatomy.pieces import Piece
from animelayers.raster import Mask, nearest, tight_box

DUST = 12
"""Pixels; a connected area that is smaller is nothing by itself."""

Labels = npt.NDArray[np.int32]
"""int32 [h, w]: 0 is none."""


def grown(cores: Labels, inside: Mask, colour: npt.NDArray[np.uint8] | None = None) -> Labels:
    """Cores grown over all of `inside`, int32 [h, w], by Meyer's watershed; 0 outside.

    They meet at the strongest edges of `colour`, uint8 [h, w, 3], and otherwise half way by the shortest path inside;
    what no such path leads to goes to the core next to it. There must be a core.
    """
    ground = np.full((*inside.shape, 3), 255, np.uint8)
    # Half the contrast, so that no edge inside is as strong as the step to what is outside.
    ground[inside] = 0 if colour is None else colour[inside] >> 1
    # A frame around everything: watershed gives up the outermost pixels.
    ground = cv2.copyMakeBorder(ground, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=(255, 255, 255))
    markers = cv2.copyMakeBorder(np.where(inside, cores, 0).astype(np.int32), 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    flooded = cv2.watershed(ground, markers)[1:-1, 1:-1]
    if not ((flooded > 0) & inside).any():
        flooded = cores  # all of it border: cores of single pixels next to each other
    _, index = nearest((flooded > 0) & inside)
    return np.where(inside, flooded.reshape(-1)[index], np.int32(0))


def cut_out(piece: Piece, where: Mask, **changes: Any) -> Piece:
    """What of a piece lies in a mask of its box, in its own tight box and with some fields changed."""
    seen, alpha = piece.seen & where, np.where(where, piece.alpha, np.uint8(0))
    top, left, bottom, right = tight_box(seen | (alpha > 0))
    here = slice(top, bottom), slice(left, right)
    return piece.replace(
        top=piece.top + top,
        left=piece.left + left,
        seen=seen[here],
        alpha=alpha[here],
        colour=piece.colour[here],
        depth=piece.depth[here],
        **changes,
    )


def without_dust(labels: Labels, least: int = DUST) -> Labels:
    """Labels of which areas of less than `least` px that touch another label become that label's."""
    out = labels.copy()
    for label in np.unique(labels[labels > 0]):
        own = labels == label
        others = ((labels > 0) & ~own).astype(np.uint8)
        count, areas, stats, _ = cv2.connectedComponentsWithStats(own.astype(np.uint8), connectivity=8)
        small = np.flatnonzero(stats[:, cv2.CC_STAT_AREA] < least)
        near = np.unique(areas[cv2.dilate(others, np.ones((3, 3), np.uint8)) > 0])
        drop = np.zeros(count, bool)
        drop[np.intersect1d(small, near)] = True
        drop[0] = False
        out[drop[areas]] = 0
    if (out == labels).all() or not (out > 0).any():
        return labels
    _, index = nearest(out > 0)
    return np.where(labels > 0, out.reshape(-1)[index], np.int32(0))
