"""A picture cut at depths into an exact stack: layers from far to near, each going on behind those before it."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.anatomy.completion import Fill, completed
from animelayers.anatomy.ground import pulled
from animelayers.anatomy.lock import locked
from animelayers.anatomy.pieces import Piece
from animelayers.errors import ModelError
from animelayers.raster import Mask, tight_box
from animelayers.stack import LayerStack, Provenance, Rgba

TAG = "slice"
"""What layers are called, with a number: 0 is the nearest."""
LEVELS = 256
"""Depths that are told apart."""
MOST = 64
"""Layers of a stack."""

Depth = npt.NDArray[np.float32]


def exact_slices(
    source: Rgba, depth: Depth, count: int, provenance: Provenance | None = None, *, fill: Fill | None = None
) -> LayerStack:
    """At most `count` layers of `source`, bottom → top, that flatten to it with error 0.

    Args:
        source: uint8 [h, w, 4], straight alpha.
        depth: float32 [h, w], larger is nearer, of what is seen; on any scale.
        count: of layers, 1..64; fewer, where there are fewer depths.
        provenance: for the stack.
        fill: an inpainter that makes the hidden colours.

    Raises:
        ModelError: more layers are wanted, or none.
    """
    if not 1 <= count <= MOST:
        raise ModelError(f"{count} slices were wanted, there may be 1 to {MOST}", hint="--slices 6")
    levels = _levels(depth, source[..., 3] > 0)
    bins = cut_of(np.bincount(levels[source[..., 3] > 0], minlength=LEVELS), count)[levels]
    bins[source[..., 3] == 0] = -1
    there = [int(place) for place in np.unique(bins) if place >= 0]
    pieces = [_piece(source, levels, bins, place, len(there) - 1 - at) for at, place in enumerate(there)]
    return locked(completed(pieces, source, fill=fill), source, provenance)


def cut_of(histogram: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.int16]:
    """Which of at most `count` groups every level goes to, int16 [levels], rising with the level.

    Of all ways to cut, the one in which levels lie nearest to the means of their groups (K-means in one dimension,
    which dynamic programming solves).
    """
    used = np.flatnonzero(histogram)
    weight, place = histogram[used].astype(np.float64), used.astype(np.float64)
    sums = [np.concatenate([[0.0], np.cumsum(weight * place**power)]) for power in range(3)]
    n = len(used)
    start, stop = np.arange(n)[:, None], np.arange(1, n + 1)[None]
    mass, first, second = (total[stop] - total[start] for total in sums)
    within = np.where(stop > start, second - first**2 / np.maximum(mass, 1e-9), np.inf)
    cost, cuts = (within[0] if n else np.zeros(0)), list[npt.NDArray[np.intp]]()
    for _ in range(min(count, n) - 1):
        tried = np.concatenate([[np.inf], cost[:-1]])[:, None] + within
        cuts.append(tried.argmin(axis=0))
        cost = tried.min(axis=0)
    out, last = np.zeros(n, np.int16), n
    for group, cut in zip(range(len(cuts), 0, -1), reversed(cuts), strict=True):
        first_of = int(cut[last - 1])
        out[first_of:last], last = group, first_of
    whole = np.zeros(len(histogram), np.int16)
    whole[used] = out
    return whole


def _levels(depth: Depth, there: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Depth in whole numbers from 0 to `LEVELS` - 1, over the range that it has where something is."""
    seen = depth[there]
    low, high = (float(seen.min()), float(seen.max())) if seen.size else (0.0, 1.0)
    share = (depth - low) / max(high - low, 1e-9)
    return np.asarray(np.clip(np.rint(share * (LEVELS - 1)), 0, LEVELS - 1), np.int64)


def _piece(source: Rgba, levels: npt.NDArray[np.int64], bins: npt.NDArray[np.int16], place: int, stratum: int) -> Piece:
    seen = bins == place
    # The picture's edge is farther than all slices but the farthest, which goes on to it behind them.
    farther = bins < place if (bins[bins >= 0] < place).any() else np.zeros_like(seen)
    whole = seen | behind(seen, bins > place, farther)
    top, left, bottom, right = tight_box(whole)
    here = np.s_[top:bottom, left:right]
    return Piece(
        tag=TAG,
        top=top,
        left=left,
        seen=seen[here],
        alpha=np.where(whole[here], np.uint8(255), np.uint8(0)),
        colour=pulled(source[here][..., :3], seen[here]),
        depth=np.asarray(levels[here] / np.float32(LEVELS - 1), np.float32),
        stratum=stratum,
    )


def behind(seen: Mask, nearer: Mask, farther: Mask) -> Mask:
    """Where a slice is taken to go on behind nearer ones, bool [h, w].

    That is where, of all that shows of it and of what lies farther, it is the nearest in the picture's plane: it runs
    on halfway to the next thing behind it, and the farthest slice everywhere.

    Args:
        seen: bool [h, w], where it shows.
        nearer: bool [h, w], where nearer slices show.
        farther: bool [h, w], where farther ones do.
    """
    if not farther.any():
        return nearer
    own, other = (
        cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE) for mask in (seen, farther)
    )
    return np.asarray(nearer & (own < other))
