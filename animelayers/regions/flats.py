"""A picture → regions of one flat colour, in which anti-aliased edges belong to a side instead of being regions.

1. Quasi-flat zones: pixels joined by small steps of colour; a soft gradient is one zone.
2. A zone without a core is an edge if its pixels are mixtures of two zones beside them, else a thin line of its own.
3. What is left takes the zone nearby whose colour is nearest, ring by ring.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.regions.borders import Labels, Rgb, borders

Pixels = npt.NDArray[np.int64]
"""Flat indices into a framed plane."""

STEP, RANGE = 8, 24
"""Largest step between two pixels of one zone, and largest range of colour around them, of any channel, levels."""
EDGE = 640
"""Pixels of the longer side for every pixel that an edge may be soft, on either side."""
SMALLEST = 6
"""Pixels of a zone that may be a region; grows with the picture: `SHARE` of it."""
SHARE = 2e-5
MIXED = 14.0
"""How far from the line between two colours a mixture of them may lie, levels (Euclidean)."""
MOST = 1200
"""Regions at most: beyond that the smallest join their neighbours."""

_AROUND = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if (y, x) != (0, 0)]
_FAR = np.float32(1e6)
_SIDES = (
    (np.s_[:-1], np.s_[1:], np.s_[1::2, ::2]),
    (np.s_[:, :-1], np.s_[:, 1:], np.s_[::2, 1::2]),
)
"""Pixels, their neighbours below or to the right, and the nodes between them in a grid of twice the size."""


def flat_regions(rgb: Rgb) -> Labels:
    """Label the flat colours of a picture, uint8 [h, w, 3]. The same picture gives the same labels."""
    height, width = rgb.shape[:2]
    least = max(SMALLEST, round(SHARE * height * width))
    zones = _zones(rgb)
    area = np.bincount(zones.ravel())
    seeds = np.where(area[zones] >= least, zones, -1)
    cores = cv2.erode(_same_as_below_and_right(zones), np.ones((2, 2), np.uint8), anchor=(1, 1))
    with_core = np.zeros(len(area), np.bool_)
    with_core[zones[cores > 0]] = True
    plane = _Plane(rgb, seeds)
    thin = plane.where((seeds >= 0) & ~with_core[zones])
    mixed = np.bincount(zones.ravel()[plane.inner(thin)], plane.explained(thin), len(area))
    seeds[(mixed > 0.5 * area)[zones]] = -1
    plane = _Plane(rgb, seeds)
    left = plane.where(seeds < 0)
    odd = np.zeros(seeds.size, np.uint8)
    odd[plane.inner(left)] = ~plane.explained(left)
    _, lines, facts, _ = cv2.connectedComponentsWithStats(odd.reshape(seeds.shape), connectivity=8)
    large = facts[:, cv2.CC_STAT_AREA] >= least
    large[0] = False
    seeds = np.where(large[lines], len(area) + lines, seeds)
    return _merged(rgb, connected(_Plane(rgb, seeds).filled()))


def connected(labels: npt.NDArray[np.int32]) -> Labels:
    """Number every 4-connected piece of equal labels, from 0."""
    grid = _grid(labels.shape)
    for before, behind, between in _SIDES:
        grid[between] = labels[before] == labels[behind]
    return _pieces(grid)


def _zones(rgb: Rgb) -> Labels:
    """Components joined by equal colours, and by small steps where nothing near is an edge."""
    kernel = np.ones((2 * _reach(rgb) + 1,) * 2, np.uint8)
    soft = (cv2.dilate(rgb, kernel) - cv2.erode(rgb, kernel)).max(axis=2) <= RANGE
    grid = _grid(rgb.shape[:2])
    for before, behind, between in _SIDES:
        if not rgb[before].size:
            continue
        step = cv2.absdiff(rgb[before], rgb[behind]).max(axis=2)
        grid[between] = (step <= 1) | ((step <= STEP) & soft[before] & soft[behind])
    return _pieces(grid)


def _reach(rgb: Rgb) -> int:
    """How far, px, an edge may be soft on either side."""
    return int(max(1, round(max(rgb.shape[:2]) / EDGE)))


def _grid(size: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    """A node for every pixel, and one between every two, which is 1 where they are joined."""
    grid = np.zeros((2 * size[0] - 1, 2 * size[1] - 1), np.uint8)
    grid[::2, ::2] = 1
    return grid


def _pieces(grid: npt.NDArray[np.uint8]) -> Labels:
    labels = np.asarray(cv2.connectedComponents(grid, connectivity=4)[1][::2, ::2])
    return np.ascontiguousarray(labels - 1, np.int32)


def _same_as_below_and_right(zones: Labels) -> npt.NDArray[np.uint8]:
    """1 at the top left of every 2 × 2 pixels of one zone."""
    same = np.zeros(zones.shape, np.uint8)
    corner = zones[:-1, :-1]
    same[:-1, :-1] = (corner == zones[1:, :-1]) & (corner == zones[:-1, 1:]) & (corner == zones[1:, 1:])
    return same


class _Plane:
    """Colours and seeds with a frame around them, so that every pixel has all its neighbours."""

    def __init__(self, rgb: Rgb, seeds: Labels) -> None:
        self.size = rgb.shape[:2]
        self.frame = 2 * _reach(rgb)
        frame = (self.frame,) * 4
        self.colour = cv2.copyMakeBorder(rgb, *frame, cv2.BORDER_REPLICATE).reshape(-1, 3).astype(np.float32)
        self.seed = cv2.copyMakeBorder(seeds, *frame, cv2.BORDER_CONSTANT, value=-1).ravel()
        self.stride = self.size[1] + 2 * self.frame
        rings = sorted({1, 2, self.frame})
        self.around = np.array([far * (y * self.stride + x) for far in rings for y, x in _AROUND])

    def where(self, mask: npt.NDArray[np.bool_]) -> Pixels:
        y, x = np.nonzero(mask)
        return np.asarray((y + self.frame) * self.stride + x + self.frame)

    def inner(self, pixels: Pixels) -> Pixels:
        """The same pixels' flat indices without the frame."""
        y, x = np.divmod(pixels, self.stride)
        return np.asarray((y - self.frame) * self.size[1] + x - self.frame)

    def explained(self, pixels: Pixels) -> npt.NDArray[np.bool_]:
        """Whether a pixel's colour lies between those of two other zones around it, or is one of them."""
        if not pixels.size:
            return np.zeros(0, np.bool_)
        near = pixels[:, None] + self.around
        other = (self.seed[near] >= 0) & (self.seed[near] != self.seed[pixels][:, None])
        away = self.colour[near] - self.colour[pixels][:, None]  # from the pixel to each neighbour
        square = np.where(other, np.einsum("nkc,nkc->nk", away, away), _FAR)
        first = np.take_along_axis(away, square.argmin(axis=1)[:, None, None], axis=1)  # the nearest colour
        axis = away - first
        length = np.maximum(np.einsum("nkc,nkc->nk", axis, axis), np.float32(1))
        along = np.clip(-np.einsum("nkc,nkc->nk", axis, np.broadcast_to(first, axis.shape)) / length, 0, 1)
        off = np.where(other, np.sum((first + along[..., None] * axis) ** 2, axis=2), _FAR)
        return np.asarray(off.min(axis=1) <= MIXED**2)

    def filled(self) -> Labels:
        """Seeds everywhere: pixels without take the one of nearest colour within reach, until none is left."""
        left = np.flatnonzero(self.seed < 0)
        y, x = np.divmod(left, self.stride) - np.array(self.frame)
        left = left[(y >= 0) & (y < self.size[0]) & (x >= 0) & (x < self.size[1])]
        if left.size == self.size[0] * self.size[1]:
            self.seed[left] = 0
        while left.size:
            near = left[:, None] + self.around
            away = self.colour[near] - self.colour[left][:, None]
            square = np.where(self.seed[near] >= 0, np.einsum("nkc,nkc->nk", away, away), _FAR)
            best = square.argmin(axis=1)
            found = square[np.arange(len(left)), best] < _FAR
            if not found.any():
                break
            self.seed[left[found]] = self.seed[near[np.arange(len(left)), best]][found]
            left = left[~found]
        framed = self.seed.reshape(-1, self.stride)
        inner = slice(self.frame, -self.frame)
        return np.ascontiguousarray(framed[inner, inner])


def _merged(rgb: Rgb, labels: Labels) -> Labels:
    """Let regions that are too small, or too many, join the neighbour of nearest colour."""
    least = max(SMALLEST, round(SHARE * labels.size))
    while True:
        area = np.bincount(labels.ravel())
        number = np.arange(len(area))
        small = area < least
        if len(area) > MOST:
            small |= area <= np.sort(area)[len(area) - MOST - 1]
        if len(area) == 1 or not small.any():
            return labels
        into = _nearest_neighbour(rgb, labels, len(area))
        larger = (area[into] > area) | ((area[into] == area) & (into < number))  # so that no chain closes
        root = np.where(small & larger, into, number)
        while (root[root] != root).any():
            root = root[root]
        labels = np.unique(root, return_inverse=True)[1].astype(np.int32)[labels]


def _nearest_neighbour(rgb: Rgb, labels: Labels, count: int) -> npt.NDArray[np.int64]:
    """Of every region, the neighbour whose mean colour is nearest; the lower number of two."""
    flat, area = labels.ravel(), np.bincount(labels.ravel(), minlength=count)
    mean = np.stack([np.bincount(flat, rgb[..., c].ravel(), count) for c in range(3)], axis=1) / area[:, None]
    one, other = borders(labels)
    pairs = np.unique(flat[one].astype(np.int64) * count + flat[other])
    i, j = np.divmod(np.concatenate([pairs, pairs % count * count + pairs // count]), count)
    off = np.sum((mean[i] - mean[j]) ** 2, axis=1)
    order = np.lexsort((j, off, i))
    _, first = np.unique(i[order], return_index=True)
    return np.asarray(j[order][first])
