"""Geometry on pixel grids: tight boxes, connected areas, the nearest pixel of a mask, bands of rows."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.stack import Layer

SMALL = 300_000
"""Pixels below which starting threads takes longer than the work."""

Mask = npt.NDArray[np.bool_]
"""bool [h, w]."""


def tight_box(mask: Mask) -> tuple[int, int, int, int]:
    """The smallest `(top, left, bottom, right)` that holds every true pixel; bottom and right are exclusive.

    An empty mask gives `(0, 0, 0, 0)`.
    """
    rows = np.flatnonzero(mask.any(axis=1))
    if rows.size == 0:
        return 0, 0, 0, 0
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    columns = np.flatnonzero(mask[top:bottom].any(axis=0))
    return top, int(columns[0]), bottom, int(columns[-1]) + 1


def trimmed(layer: Layer) -> Layer:
    """The layer cut to the tight box of its visible pixels, as a view; an empty one is [0, 0, 4] at the corner."""
    top, left, bottom, right = tight_box(layer.rgba[..., 3] > 0)
    if top == bottom:
        return layer.replace(rgba=layer.rgba[:0, :0], top=0, left=0)
    return layer.replace(rgba=layer.rgba[top:bottom, left:right], top=layer.top + top, left=layer.left + left)


def overlap(layer: Layer, size: tuple[int, int]) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Where a layer and a canvas of `(height, width)` meet: rows and columns of the canvas, and those of the layer."""
    top, left = max(0, layer.top), max(0, layer.left)
    bottom, right = max(top, min(size[0], layer.top + layer.height)), max(left, min(size[1], layer.left + layer.width))
    here = slice(top, bottom), slice(left, right)
    return here, (slice(top - layer.top, bottom - layer.top), slice(left - layer.left, right - layer.left))


def longer_side(mask: Mask) -> int:
    """Height or width, px, of the tight box of a mask, whichever is larger."""
    top, left, bottom, right = tight_box(mask)
    return max(bottom - top, right - left)


def connected(mask: Mask, connectivity: int = 8) -> Iterator[tuple[tuple[int, int, int, int], Mask]]:
    """Every connected area of a mask: its tight box, as `tight_box` gives it, and where in that box it is.

    Args:
        mask: bool [h, w].
        connectivity: 8, or 4: whether pixels that only touch at a corner are connected.
    """
    top, left, bottom, right = tight_box(mask)
    if top == bottom:
        return
    cut = mask[top:bottom, left:right].astype(np.uint8)
    _, areas, stats, _ = cv2.connectedComponentsWithStats(cut, connectivity=connectivity)
    for number, (x, y, w, h, _) in enumerate(stats[1:].tolist(), 1):
        yield (top + y, left + x, top + y + h, left + x + w), areas[y : y + h, x : x + w] == number


def nearest(mask: Mask) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Distance (px, approximately Euclidean) to the nearest true pixel, and that pixel's flat index.

    Inside the mask the distance is 0 and the index is the pixel's own.

    Raises:
        ValueError: no pixel of the mask is true.
    """
    if not mask.any():
        raise ValueError("nearest() needs a mask with at least one true pixel")
    distance, label = cv2.distanceTransformWithLabels(
        np.where(mask, 0, 1).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    index_of_label = np.zeros(int(label.max()) + 1, np.int64)
    index_of_label[label[mask]] = np.flatnonzero(mask)
    return np.asarray(distance, np.float32), index_of_label[label]


def over_bands(one: Callable[[slice], None], size: tuple[int, int], rows: int) -> None:
    """Call `one` with every band of `rows` of a canvas: a thread each, where it is large enough to pay for threads."""
    height, width = size
    slices = [inner for inner, _, _ in bands(height, rows)]
    if height * width < SMALL:
        for band in slices:
            one(band)
        return
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(one, slices))


def bands(height: int, rows: int, *, halo: int = 0) -> Iterator[tuple[slice, slice, slice]]:
    """Cut `height` into bands of `rows`, each read with `halo` rows around it.

    Yields `(inner, outer, inner_in_outer)`: where to write, what to read, and where the first lies in the second.
    """
    for start in range(0, height, rows):
        stop = min(start + rows, height)
        low, high = max(0, start - halo), min(height, stop + halo)
        yield slice(start, stop), slice(low, high), slice(start - low, stop - low)
