"""Which two colours an anti-aliased pixel is a mixture of, and how much of each: only colours that lie near by count.

A pixel on the edge of two flats is `c · a + (1 − c) · b`, with c the area that the first one covers (in the encoding
that drawing programs blend in). With a and b from the palette, c is a projection and the residual says how good the
explanation is.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.raster import Mask
from animelayers.vector.palette import Levels

LabelMap = npt.NDArray[np.uint8]
"""uint8 [h, w]: index into the palette; 0 is nobody."""

Bytes = npt.NDArray[np.uint8]


class Mixture(NamedTuple):
    """Of n pixels."""

    first: Bytes
    """The label that covers most, uint8 [n]."""
    second: Bytes
    """The other one; the same where there is none."""
    share: npt.NDArray[np.float32]
    """Of the first, 0.5..1."""
    residual: npt.NDArray[np.float32]
    """Squared distance that is not explained, levels², over four channels; with the price of the explanation."""


class Candidates(NamedTuple):
    """Labels that may explain n pixels."""

    labels: npt.NDArray[np.int64]
    """int64 [n, c], the nearest in colour first."""
    there: npt.NDArray[np.bool_]
    """bool [n, c]: false for those that fill up the row."""


def candidates(
    labels: LabelMap, known: Mask, where: Mask, seen: Levels, colours: Levels, *, reach: int, most: int
) -> Candidates:
    """The labels within `reach` px of each pixel of `where`, the `most` nearest in colour.

    Args:
        labels: of the picture.
        known: pixels whose label counts.
        where: pixels that want candidates; n of them.
        seen: [n, 4], what those look like (`palette.look`).
        colours: [k, 4], what the labels look like.
        reach: px to either side.
        most: candidates a pixel.
    """
    kernel = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    distance = np.full((len(seen), len(colours)), np.inf, np.float32)
    for label in np.flatnonzero(np.bincount(labels[known])).tolist():
        near = cv2.dilate(((labels == label) & known).view(np.uint8), kernel)[where] > 0
        distance[near, label] = squared(seen[near] - colours[label])
    order = np.argpartition(distance, most - 1, axis=1)[:, :most] if most < len(colours) else None
    found = np.broadcast_to(np.arange(len(colours)), distance.shape) if order is None else order
    return Candidates(found, np.isfinite(np.take_along_axis(distance, found, axis=1)))


def unmixed(levels: Levels, candidates: Candidates, palette: Levels, *, solo: float, duo: float) -> Mixture:
    """The best explanation of every pixel by one candidate or two.

    Args:
        levels: [n, 4], colour × alpha and alpha.
        candidates: of those pixels.
        palette: [k, 4], levels too.
        solo: price of one colour, levels².
        duo: price of a mixture, which can explain more and is to be had only where it does.
    """
    n, count = candidates.labels.shape
    colours = palette[candidates.labels]
    best = np.full(n, np.inf, np.float32)
    first, second = np.zeros((2, n), np.int64)
    share = np.ones(n, np.float32)
    for i in range(count):
        off = squared(levels - colours[:, i]) + np.float32(solo)
        better = candidates.there[:, i] & (off < best)
        best[better], share[better] = off[better], 1
        first[better] = second[better] = candidates.labels[better, i]
        for j in range(i):
            both = np.flatnonzero(candidates.there[:, i] & candidates.there[:, j])
            a, b = colours[both, i], colours[both, j]
            way = b - a
            part = np.einsum("nc,nc->n", levels[both] - a, way) / np.maximum(squared(way), 1e-6)
            part = np.clip(part, 0, 1)
            off = squared(a + part[:, None] * way - levels[both]) + np.float32(duo)
            better = off < best[both]
            at = both[better]
            best[at], share[at] = off[better], 1 - part[better]
            first[at], second[at] = candidates.labels[at, i], candidates.labels[at, j]
    less = share < 0.5
    first[less], second[less] = second[less], first[less]
    share[less] = 1 - share[less]
    return Mixture(first.astype(np.uint8), second.astype(np.uint8), share, best)


def squared(vectors: Levels) -> npt.NDArray[np.float32]:
    """Squared lengths of vectors [.., 4]."""
    return np.asarray(np.einsum("...c,...c->...", vectors, vectors))
