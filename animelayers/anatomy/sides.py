"""Left and right: which of the character's sides a sided part is on, and where two that touch come apart.

What a model says of sides counts as much as it is sure of it, beside the midline: of the head for what is on the head,
of the trunk for limbs. Connected areas go to a side as a whole; one that is clearly of both is cut along the drawing's
own edges. Hidden areas follow what is seen of them. Nothing is dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.anatomy.parting import DUST, Labels, cut_out, grown, without_dust
from animelayers.anatomy.pieces import Piece, of_tag
from animelayers.parts import PARTS
from animelayers.raster import Mask

SIDED = frozenset(term.name for term in PARTS if term.sided)
"""Tags of which the left and the right are pieces of their own."""

ON_HEAD = frozenset({"irides", "eyebrow", "eyewhite", "eyelash", "ears", "earwear"})
"""Those whose side the midline of the head decides; for others it is the trunk's."""

LEGS = frozenset({"legwear", "footwear"})
"""Those that lie far from what the trunk's midline is found by."""

GEOMETRY = {True: 1.0, False: 0.3}
"""What the midline counts, on the head and elsewhere, beside what a model says, which is 1 where it is sure."""

TOLD = 0.2
"""Mean magnitude from which a model is taken to have said something of an area."""

BOTH = {True: 0.12, False: 0.25}
"""Share of the smaller side in an area that is of both, where a model said something and where it did not."""

PAIR = 0.35
"""Two areas are a pair if the smaller has this share of the larger."""

NARROW = 0.8
"""Length of a cut by the root of the smaller area that it makes; of a disc cut in half it is 1.6."""

EDGE = 24
"""Levels from one pixel to the next from which on something is drawn between them."""

NAMES = {1: "l", 2: "r"}
"""Labels of this module."""

Plane = npt.NDArray[np.float32]


def split(pieces: Sequence[Piece], side_map: Plane | None, size: tuple[int, int]) -> tuple[Piece, ...]:
    """The pieces with every sided tag taken apart into what there is of `l` and `r`; all others as they are.

    Args:
        pieces: whole tags; those that have a side already stay.
        side_map: float32 [h, w] of the canvas, -1..1: the character's right (-1) or left (1) side of what is seen, by
            how sure that is; None where nothing is said.
        size: `(height, width)` of the canvas.

    Of a part of which only one side is there, only that one comes back. A figure faces us, and so has its left on the
    right of the picture, unless the map clearly says otherwise.
    """
    head, trunk = _midlines(pieces, size)
    lines = {tag: head if tag in ON_HEAD else trunk for tag in SIDED}
    whole = [piece for piece in pieces if piece.tag in SIDED and not piece.side]
    facing = 1.0 if side_map is None else _facing(whole, side_map, lines)
    return tuple(
        half
        for piece in pieces
        for half in (_halves(piece, side_map, facing * lines[piece.tag].offset(piece)) if piece in whole else (piece,))
    )


@dataclass(frozen=True, slots=True)
class _Midline:
    """A line down the middle of head or trunk."""

    y: float
    x: float
    down: tuple[float, float]
    """`(y, x)`, of length 1: towards the feet."""

    def offset(self, piece: Piece) -> Plane:
        """Px to the left of a character that faces us, over the box of a piece."""
        ys, xs = np.ogrid[: piece.seen.shape[0], : piece.seen.shape[1]]
        dy, dx = self.down
        return np.asarray((xs + piece.left - self.x) * dy - (ys + piece.top - self.y) * dx, np.float32)


_Point = tuple[float, float, float]
"""y, x and how much it counts."""


def _midlines(pieces: Sequence[Piece], size: tuple[int, int]) -> tuple[_Midline, _Midline]:
    """Of head and trunk; each stands in for the other, and the middle of the canvas for both."""
    face = [_middle(piece, 1.0) for piece in of_tag(pieces, "face")]
    eyes = [point for tag in ("eyebrow", "eyewhite", "irides", "eyelash") for point in _between(pieces, tag)]
    below = [_middle(piece, 2.0) for tag in ("nose", "mouth") for piece in of_tag(pieces, tag)]
    trunk = [
        _middle(piece, weight)
        for tag, weight in (("neck", 1.0), ("topwear", 2.0), ("bottomwear", 1.0))
        for piece in of_tag(pieces, tag)
    ]
    middle = [((size[0] - 1) / 2, (size[1] - 1) / 2, 1.0)]
    head_line = _line([*eyes, *face, *below] or trunk or middle, _towards(eyes, below))
    trunk_line = _line(trunk or [*eyes, *face, *below] or middle, _towards(trunk[:1], trunk[1:]))
    return head_line, trunk_line


def _middle(piece: Piece, weight: float) -> _Point:
    """The middle of all of a piece, hidden areas too."""
    ys, xs = np.nonzero(piece.seen | (piece.alpha >= 128))
    if not len(ys):
        return piece.top + piece.seen.shape[0] / 2, piece.left + piece.seen.shape[1] / 2, 0.01
    return piece.top + float(ys.mean()), piece.left + float(xs.mean()), weight


def _between(pieces: Iterable[Piece], tag: str) -> Iterator[_Point]:
    """Half way between the two areas of a part, if there are two and they are alike."""
    for piece in of_tag(pieces, tag):
        _, _, stats, centres = cv2.connectedComponentsWithStats(piece.seen.astype(np.uint8), connectivity=8)
        areas = stats[1:, cv2.CC_STAT_AREA]
        order = np.argsort(-areas, kind="stable")[:2] + 1
        if len(order) == 2 and areas[order[1] - 1] >= PAIR * areas[order[0] - 1]:
            x, y = centres[order].mean(axis=0)
            yield piece.top + float(y), piece.left + float(x), 2.0


def _towards(above: Sequence[_Point], below: Sequence[_Point]) -> tuple[float, float]:
    """From the middle of some points to that of others; down where there are none."""
    if not above or not below:
        return 1.0, 0.0
    (y, x), (y2, x2) = (np.average([p[:2] for p in some], axis=0) for some in (above, below))
    return float(y2 - y), float(x2 - x)


def _line(points: Sequence[_Point], towards: tuple[float, float]) -> _Midline:
    """The best line through points, leaning to the vertical as much as the points leave it open."""
    places, weights = np.array([p[:2] for p in points]), np.array([p[2] for p in points])
    middle = np.average(places, axis=0, weights=weights)
    apart = (places - middle) * np.sqrt(weights / weights.sum())[:, None]
    spread = apart.T @ apart
    spread[0, 0] += 0.5 * np.trace(spread) + 1e-6
    down = np.linalg.eigh(spread)[1][:, -1]
    down = down if down @ np.array(towards) >= 0 else -down
    return _Midline(float(middle[0]), float(middle[1]), (float(down[0]), float(down[1])))


def _facing(pieces: Iterable[Piece], side_map: Plane, lines: dict[str, _Midline]) -> float:
    """-1 where what is said of sides contradicts a figure that faces us, else 1."""
    agree = said = area = 0.0
    for piece in pieces:
        told = side_map[piece.here][piece.seen]
        agree += float((told * np.sign(lines[piece.tag].offset(piece)[piece.seen])).sum())
        said += float(np.abs(told).sum())
        area += told.size
    return -1.0 if said >= TOLD * area and agree < -0.3 * said else 1.0


def _halves(piece: Piece, side_map: Plane | None, offset: Plane) -> Iterator[Piece]:
    """What there is of a piece on the left and on the right; `offset` is px to the left of the midline."""
    body = piece.seen | (piece.alpha > 0)
    if not body.any():
        return
    told = np.zeros(offset.shape, np.float32) if side_map is None else side_map[piece.here]
    offset = offset - _amiss(piece, told, offset)
    cores = np.where(piece.seen, _seen_sides(piece, told, offset), _unseen_sides(body, offset, piece.seen))
    solid = piece.seen | (piece.alpha >= 128)
    there = [label for label in NAMES if np.count_nonzero(solid & (cores == label)) >= DUST]
    if len(there) < 2:
        most = int(np.bincount(cores[body], minlength=3)[1:].argmax()) + 1
        yield piece.replace(side=NAMES[there[0] if there else most])
        return
    labels = grown(cores, body)
    for label, side in NAMES.items():
        yield cut_out(piece, labels == label, side=side)


def _seen_sides(piece: Piece, told: Plane, offset: Plane) -> Labels:
    """1 where what is seen is on the left, 2 on the right, 0 where nothing is seen."""
    count, areas = _areas(piece.seen)
    size = _sums(areas, count)
    said = _sums(areas, count, np.abs(told)) >= TOLD * size
    reach = max(float(np.abs(offset[piece.seen]).max(initial=0.0)) / 2, 1.0)
    lean = told + GEOMETRY[piece.tag in ON_HEAD] * np.clip(offset / reach, -1, 1)
    signs = np.where(said[areas], lean, offset)
    out = _of_areas(areas, count, lean)
    smaller = np.minimum(_sums(areas, count, signs > 0), _sums(areas, count, signs < 0))
    alone = size.sum() - size < BOTH[False] * size
    both = np.where(said, smaller >= BOTH[True] * size, alone & (smaller >= BOTH[False] * size))
    for area in np.flatnonzero(both & (smaller >= DUST)):
        own = areas == area
        halves = _cut(piece, own, signs)
        if said[area] or piece.tag in LEGS or _is_plausible(halves, piece.colour):
            out[own] = halves[own]
    return out


def _amiss(piece: Piece, told: Plane, offset: Plane) -> float:
    """How far, px, the midline lies beside the middle of what it should part, where no model says anything.

    Of legs it lies beside it easily, for it comes from the trunk; and of legs there are two.
    """
    if np.abs(told[piece.seen]).sum() >= TOLD * np.count_nonzero(piece.seen):
        return 0.0
    _, areas, stats, centres = cv2.connectedComponentsWithStats(piece.seen.astype(np.uint8), connectivity=8)
    sizes = stats[1:, cv2.CC_STAT_AREA]
    order = np.argsort(-sizes, kind="stable")[:2] + 1
    if len(order) == 2 and sizes[order[1] - 1] >= PAIR * sizes[order[0] - 1]:
        one, other = (float(offset[areas == label].mean()) for label in order)
        middle, gap = (one + other) / 2, abs(one - other)
        beside = gap >= 0.5 * float(np.linalg.norm(centres[order[0]] - centres[order[1]]))
        reach = 2.0 if piece.tag in LEGS else 0.75
        return middle if beside and one * other > 0 and abs(middle) < reach * gap else 0.0
    if piece.tag in LEGS and (offset[piece.seen] < 0).any() and (offset[piece.seen] > 0).any():
        return float(np.quantile(offset[piece.seen], (0.05, 0.95)).mean())
    return 0.0


def _unseen_sides(body: Mask, offset: Plane, seen: Mask) -> Labels:
    """The same where a body has areas of which nothing is seen; 0 elsewhere."""
    count, areas = _areas(body)
    out = _of_areas(areas, count, offset)
    out[np.isin(areas, np.unique(areas[seen]))] = 0
    return out


def _areas(mask: Mask) -> tuple[int, Labels]:
    """How many connected areas a mask has, and one for what is not in it, which is 0; and where they are."""
    count, areas = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    return count, np.asarray(areas, np.int32)


def _sums(areas: Labels, count: int, values: npt.NDArray[np.generic] | None = None) -> npt.NDArray[np.float64]:
    """Of values over every area; pixels where there are no values. Of what is in no area, 0."""
    sums = np.bincount(areas.ravel(), None if values is None else values.ravel(), count).astype(np.float64)
    sums[0] = 0
    return sums


def _of_areas(areas: Labels, count: int, lean: Plane) -> Labels:
    """1 in areas that lean to the left on the whole, 2 in those that lean to the right."""
    side = np.where(_sums(areas, count, lean) >= 0, 1, 2).astype(np.int32)
    side[0] = 0
    return np.asarray(side[areas])


def _cut(piece: Piece, area: Mask, signs: Plane) -> Labels:
    """An area that is of both sides, parted along the drawing's edges between where the signs are clearest."""
    cores = np.zeros(area.shape, np.int32)
    for label, strength in ((1, signs), (2, -signs)):
        clear = area & (strength >= 0.5 * np.quantile(strength[area & (strength > 0)], 0.9))
        inner = cv2.erode(clear.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        cores[inner if np.count_nonzero(inner) >= DUST else clear] = label
    return without_dust(grown(cores, area, piece.colour))


def _is_plausible(halves: Labels, colour: npt.NDArray[np.uint8]) -> bool:
    """Whether a cut is short for the size of what it parts, as where two hands touch; along drawn edges it is free."""
    cut = 0
    for here, there in ((np.s_[1:], np.s_[:-1]), (np.s_[:, 1:], np.s_[:, :-1])):
        parts = (halves[here] != halves[there]) & (halves[here] > 0) & (halves[there] > 0)
        steps = colour[here][parts].astype(np.int16) - colour[there][parts]
        cut += int(np.count_nonzero(np.abs(steps).max(axis=1, initial=0) < EDGE))
    return bool(cut < NARROW * np.sqrt(min(np.count_nonzero(halves == label) for label in NAMES)))
