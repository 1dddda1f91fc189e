"""Strata: a part that lies in several layers, such as an arm that goes behind the back, taken apart by depth.

K-means on the pseudo-depth of a part, exact as it can be in one dimension. It is believed where the depths are modes of
their own – each tight for how far the next one is, each of some size, with a jump where they meet – and where other
parts lie between them, or without that where the modes are very clear. A surface that recedes is one layer, and so is
noise.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.anatomy.order import evidence
from animelayers.anatomy.parting import DUST, Labels, cut_out, grown, without_dust
from animelayers.anatomy.pieces import Piece
from animelayers.raster import Mask

LAYERED = frozenset(
    {"front hair", "back hair", "headwear", "face", "ears", "neckwear", "topwear", "handwear"}
    | {"bottomwear", "legwear", "footwear", "tail", "wings", "objects"}
)
"""Tags that may lie before some others and behind them, too: of a face, the lids. All others are small or flat."""

MOST = 3
"""Strata of one piece."""

GAP = 0.01
"""Of depth; what is less apart is one layer."""

TIGHT, CLEAR = 3.0, 6.0
"""How many times its own spread a mode lies from the next, where other parts lie between them and where none does.
Two halves of noise come to 2.3 and those of an even slope to 2.7."""

MEETING = 0.5
"""Of the border between two layers, the share where depth jumps."""

SHARE, LEAST = 0.01, 64
"""The smallest stratum: its share of the piece, and pixels."""

BETWEEN = 0.3
"""Evidence from which on one piece lies above another."""

GRID = 256
"""Longer side of the grid on which depth is judged."""

BINS = 128
"""Depths that K-means tells apart."""

NOWHERE = -9.0
"""A depth that nothing has."""

Plane = npt.NDArray[np.float32]
"""float32 [h, w]: depth, 0..1, larger is nearer."""


def split(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    """The pieces, those that clearly lie in layers taken apart into strata, 0 being the nearest.

    Every pixel goes to one stratum with the alpha it has, along the drawing's own edges where depth leaves them open:
    what a far stratum has under a nearer one is for `completion` to add. Nothing is drawn by lot.
    """
    return tuple(stratum for piece in pieces for stratum in _strata(piece, pieces))


@dataclass(frozen=True, slots=True, eq=False)
class _Layers:
    """Depths that a piece seems to lie at."""

    labels: Labels
    """1, 2, … near → far, on a coarse grid; 0 where the piece is not."""
    middles: npt.NDArray[np.float64]
    """Median depths, near → far."""
    tight: float
    """The least distance of two neighbouring layers by the spread of one; 0 where they are none."""


def _strata(piece: Piece, pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    layers = _layers(piece) if piece.tag in LAYERED and piece.stratum is None else None
    if layers is None or layers.tight < TIGHT:
        return (piece,)
    strata = _parted(piece, layers)
    others = [other for other in pieces if other is not piece]
    return strata if strata and (layers.tight >= CLEAR or _interleaved(strata, others)) else (piece,)


def _parted(piece: Piece, layers: _Layers) -> tuple[Piece, ...]:
    """A piece in strata, near → far; none where one of them would be too small.

    Where its own depth is that of its layer, a pixel belongs there. In between, the edges of the drawing decide.
    """
    body = piece.seen | (piece.alpha > 0)
    height, width = body.shape
    spread = np.where(body, cv2.resize(layers.labels, (width, height), interpolation=cv2.INTER_NEAREST), 0)
    reach = np.min(-np.diff(layers.middles)) / 4
    typical = np.abs(piece.depth - np.append(NOWHERE, layers.middles)[spread]) < reach
    cores = np.where(typical, spread, 0)
    if not cores.any():
        return ()
    labels = without_dust(grown(cores, body, piece.colour))
    solid = np.bincount(labels[piece.seen | (piece.alpha >= 128)], minlength=len(layers.middles) + 1)[1:]
    if solid.min() < LEAST:
        return ()
    return tuple(cut_out(piece, labels == rank + 1, stratum=rank) for rank in range(len(solid)))


def _interleaved(strata: Sequence[Piece], others: Iterable[Piece]) -> bool:
    """Whether another piece lies between two of these."""
    return any(
        evidence(near, other) > BETWEEN and evidence(other, far) > BETWEEN
        for other in others
        for near, far in pairwise(strata)
    )


def _layers(piece: Piece) -> _Layers | None:
    """As many layers as are clear, else those that are clearest; None where all is at one depth."""
    depth, there = _coarse(piece)
    if np.count_nonzero(there) < 2 * DUST or np.ptp(depth[there]) < GAP:
        return None
    depth = _smoothed(depth, there)
    if np.ptp(depth[there]) < GAP:
        return None
    found = []
    for count in range(MOST, 1, -1):
        limits = _limits(depth[there], count)
        labels = np.where(there, 1 + np.searchsorted(-limits, -depth), 0).astype(np.int32)
        found.append(_judged(without_dust(labels), depth, count))
        if found[-1].tight >= CLEAR:
            break
    return max(found, key=lambda layers: layers.tight)


def _coarse(piece: Piece) -> tuple[Plane, Mask]:
    """Mean depth of what is solid of a piece, and where that is, on the coarse grid."""
    solid = (piece.seen | (piece.alpha >= 128)).astype(np.float32)
    shrink = max(1.0, max(solid.shape) / GRID)
    size = max(1, round(solid.shape[1] / shrink)), max(1, round(solid.shape[0] / shrink))
    cover, total = (cv2.resize(plane, size, interpolation=cv2.INTER_AREA) for plane in (solid, solid * piece.depth))
    there = np.asarray(cover >= 0.5)
    return np.divide(total, cover, out=np.zeros_like(total), where=there), there


def _smoothed(depth: Plane, there: Mask) -> Plane:
    """Without the noise that it has, its steps kept."""
    cover, total = (cv2.GaussianBlur(plane, (0, 0), 4) for plane in (there.astype(np.float32), depth * there))
    noise = _spread((depth - total / np.maximum(cover, 1e-6))[there])
    for _ in range(4):
        bounded = np.where(there, depth, np.float32(NOWHERE))
        depth = np.asarray(cv2.bilateralFilter(bounded, 13, 3 * noise + 1e-3, 4), np.float32)
    return depth


def _spread(values: npt.NDArray[np.floating]) -> float:
    """Robust standard deviation."""
    return 1.4826 * float(np.median(np.abs(values - np.median(values))))


def _limits(values: Plane, count: int) -> npt.NDArray[np.float64]:
    """Where K-means parts values into `count` clusters, falling: the best there is on a histogram."""
    low, high = float(values.min()), float(values.max())
    scaled = (values.astype(np.float64) - low) / (high - low)
    at = np.minimum((scaled * BINS).astype(np.intp), BINS - 1)
    sums = [np.append(0, np.cumsum(np.bincount(at, weights, BINS))) for weights in (None, scaled, scaled**2)]
    number, first, second = (after[None] - after[:, None] for after in sums)
    cost = second - first**2 / np.maximum(number, 1e-9)  # of making one cluster of the bins i..j-1
    cost[np.tril_indices(BINS + 1, -1)] = np.inf
    best, cuts = cost[0], []
    for _ in range(count - 1):
        total = best[:, None] + cost
        cuts.append(total.argmin(axis=0))
        best = total.min(axis=0)
    limits, end = [], BINS
    for cut in reversed(cuts):
        end = int(cut[end])
        limits.append(low + (high - low) * end / BINS)
    return np.array(limits)


def _judged(labels: Labels, depth: Plane, count: int) -> _Layers:
    """What `count` clusters are worth as layers."""
    own = [depth[labels == layer] for layer in range(1, count + 1)]
    if min(map(len, own)) < max(DUST, SHARE * np.count_nonzero(labels)):
        return _Layers(labels, np.zeros(count), 0.0)
    middles, spreads = np.array([np.median(values) for values in own]), [_spread(values) for values in own]
    tight = np.inf
    for near, gap in enumerate(-np.diff(middles)):
        apart = gap >= GAP and _jump(labels, depth, near + 1, middles[near : near + 2]) >= MEETING
        tight = min(tight, gap / max(*spreads[near : near + 2], 1e-6)) if apart else 0.0
    return _Layers(labels, middles, float(tight))


def _jump(layers: Labels, depth: Plane, near: int, middles: npt.NDArray[np.float64]) -> float:
    """Of the border of a layer with the next, the share that has the depth of both near by; 1 without a border."""
    border = (layers == near) & _within(layers == near + 1, 1)
    if not border.any():
        return 1.0
    reach = int(np.clip(0.04 * max(layers.shape), 6, 10))
    sharp = border
    for layer, middle in zip((near, near + 1), middles, strict=True):
        typical = np.abs(depth - middle) < abs(middles[0] - middles[1]) / 4
        sharp = sharp & _within((layers == layer) & typical, reach)
    return float(np.count_nonzero(sharp) / np.count_nonzero(border))


def _within(mask: Mask, reach: int) -> Mask:
    """Where a mask is within `reach` px."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    return np.asarray(cv2.dilate(mask.astype(np.uint8), disc) > 0)
