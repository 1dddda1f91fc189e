"""Flat colours: regions bounded by strokes and edges, merged where their difference reads as light on one material.

1. Quasi-flat zones: pixels joined by steps of at most `STEP`; a soft gradient is one zone, an edge splits two.
2. Large zones flood the rest (Meyer's watershed), so that soft edges and stroke beds belong to a side.
3. Neighbouring regions merge, cheapest pair first, while one can be the other in shade. A merged region is judged by
   its commonest tone, so a chain of small differences does not lead from skin to sleeve.
4. Slivers join the neighbour they resemble, nearly equal colours become one.

A flat that somebody guessed may be a hint: what it leaves out of a difference is shade, what it keeps is paint.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.color import to_lab, to_uint8
from animelayers.raster import Mask, nearest
from animelayers.rendering.solve import Rgb

STEP = 1.3
"""Largest colour step (CIE76 ΔE) between two pixels of one quasi-flat zone."""

SEED_AREA = 2e-5
"""Smallest zone that founds a region, as a share of the figure's squared size."""

SLIVER_AREA = 1.1e-4
"""Smallest region that stays, as a share of the picture."""

EDGE_REACH = 0.003
"""How far on either side of a border an edge may be blurred and still be hard, as a share of the figure's size."""

VISIBLE = 6.0
"""A change across a border weaker than this (CIE76 ΔE) is hardly an edge."""

SAME = 5.0
"""Flat colours closer than this (CIE76 ΔE) become one."""

NUDGE = 10
"""Levels by which a nearly white or nearly black flat may move for well-behaved shades."""

KEPT = 0.85
"""Share of a difference that a hint keeps where it takes both for paint."""

SWAY = (0.4, 2.0)
"""By how much a hint may make it cheaper, and dearer, to merge two regions."""

Labels = npt.NDArray[np.int32]
"""int32 [h, w]: region of every pixel; 0 is outside."""


def flat_regions(base: Rgb, strokes: Mask, inside: Mask, size: int, hint: Rgb | None = None) -> tuple[Labels, Rgb]:
    """Label the flats of `base`, uint8 [h, w, 3], the picture without its strokes.

    `size` is the figure's longer side in px; `hint`, uint8 [h, w, 3], a guess of the flat. Returns the label map and
    the palette, uint8 [n, 3]: regions of one flat colour share a label. Pixels outside take the nearest label, so that
    colour can bleed.
    """
    lab = to_lab(base)
    zones = _quasi_flat_zones(lab, inside & ~strokes)
    seeds = _large(zones, max(6, int(size * size * SEED_AREA)))
    if not seeds.any():
        seeds = inside.astype(np.int32) if inside.any() else np.ones(inside.shape, np.int32)
    regions = _flood(base, seeds, inside)
    graph = _Graph.of(np.where(inside, regions, 0), seeds, strokes, base, lab, reach=max(1, round(size * EDGE_REACH)))
    if hint is not None:
        graph.heed(hint, base, seeds)
    graph.merge_shades()
    graph.absorb_slivers(SLIVER_AREA * inside.size)
    palette, colour = np.unique(graph.palette(), axis=0, return_inverse=True)
    labels = colour.astype(np.int32)[graph.roots()][regions]
    return labels, _condition(palette, labels, base, inside & ~strokes)


def _quasi_flat_zones(lab: npt.NDArray[np.float32], valid: Mask) -> Labels:
    """Components joined by steps of at most `STEP`, on a grid with a node for every pixel and every pixel pair."""
    height, width = valid.shape
    grid = np.zeros((2 * height - 1, 2 * width - 1), np.uint8)
    grid[::2, ::2] = valid
    for here, there, edge in _neighbours():
        step = np.linalg.norm(lab[here] - lab[there], axis=2)
        grid[edge] = (step <= STEP) & valid[here] & valid[there]
    _, zones = cv2.connectedComponents(grid, connectivity=4)
    return np.ascontiguousarray(zones[::2, ::2])


def _neighbours() -> list[tuple[tuple[slice, ...], tuple[slice, ...], tuple[slice, ...]]]:
    """Slices of every horizontal and vertical pixel pair, and of the edge between them in the doubled grid."""
    every, odd, even = slice(None), slice(1, None, 2), slice(None, None, 2)
    first, last = slice(1, None), slice(None, -1)
    return [((every, first), (every, last), (even, odd)), ((first, every), (last, every), (odd, even))]


def _large(zones: Labels, area: int) -> Labels:
    """Renumber zones of at least `area` pixels 1, 2, …; the others become 0."""
    large = np.bincount(zones.ravel()) >= area
    large[0] = False
    return np.asarray((np.cumsum(large) * large).astype(np.int32)[zones])


def _flood(base: Rgb, seeds: Labels, inside: Mask) -> Labels:
    """Grow the seeds over everything inside, strongest edges last; outside takes the nearest label."""
    outside = int(seeds.max()) + 1
    markers = np.where(inside, seeds, outside).astype(np.int32)
    # A frame around everything: watershed gives up the outermost pixels.
    framed = [cv2.copyMakeBorder(plane, 1, 1, 1, 1, cv2.BORDER_REPLICATE) for plane in (base, markers)]
    flooded = cv2.watershed(*framed)[1:-1, 1:-1]
    _, index = nearest((flooded > 0) & (flooded != outside))
    return np.asarray(flooded.reshape(-1)[index])


def shade_cost(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> float:
    """How badly one colour passes for the other in shade, both CIELAB; up to 1 is plausible.

    Shade may not shift colour faster than it darkens, may not turn the hue of a saturated colour, and may not
    take more than a quarter of the lightness from a grey, or two fifths from a strong colour.
    """
    lit, dim = (a, b) if a[0] >= b[0] else (b, a)
    (lit_a, lit_b), (dim_a, dim_b) = lit[1:], dim[1:]
    shift = np.hypot(lit_a - dim_a, lit_b - dim_b) / (0.6 * (lit[0] - dim[0]) + 5)
    turn = abs(np.arctan2(lit_a * dim_b - lit_b * dim_a, lit_a * dim_a + lit_b * dim_b))
    chroma = min(np.hypot(lit_a, lit_b), np.hypot(dim_a, dim_b))
    hue = turn * chroma / 12
    fall = (1 - dim[0] / max(lit[0], 1.0)) / (0.24 + 0.2 * min(1.0, (chroma / 20) ** 2))
    return float(max(shift, hue, fall))


@dataclass(slots=True)
class _Contact:
    """The border between two regions."""

    length: float
    bare: float
    """Length not covered by a stroke."""
    near: float
    """Sum of colour changes (ΔE) across the bare length, between pixels `EDGE_REACH` to either side."""
    far: float
    """The same at three times that distance."""
    hinted: float = 0.0
    """Length times the difference (ΔE) between the two in the hint."""
    shown: float = 0.0
    """The same in the picture; 0 without a hint."""

    def __iadd__(self, other: _Contact) -> _Contact:
        self.length += other.length
        self.bare += other.bare
        self.near += other.near
        self.far += other.far
        self.hinted += other.hinted
        self.shown += other.shown
        return self

    @property
    def sway(self) -> float:
        """What the cost of a merger is multiplied by."""
        return float(np.clip(self.hinted / (KEPT * self.shown), *SWAY)) if self.shown else 1.0


@dataclass(slots=True, eq=False)
class _Graph:
    """Regions and their borders; regions only ever join, and keep the tone that has most of their area."""

    tone: npt.NDArray[np.float64]  # [n, 3] CIELAB
    colour: npt.NDArray[np.float64]  # [n, 3] sRGB levels
    area: npt.NDArray[np.float64]  # [n] px
    mass: npt.NDArray[np.float64]  # [n] px, of that tone alone
    contacts: list[dict[int, _Contact]]
    parent: npt.NDArray[np.int64]

    @classmethod
    def of(
        cls,
        regions: Labels,
        seeds: Labels,
        strokes: Mask,
        base: Rgb,
        lab: npt.NDArray[np.float32],
        *,
        reach: int,
    ) -> _Graph:
        count = int(max(regions.max(), seeds.max())) + 1
        colour = _dominant(base, seeds, count)
        tone = to_lab(np.round(colour).astype(np.uint8)[None])[0].astype(np.float64)
        area = np.bincount(regions[~strokes], minlength=count).astype(np.float64)
        return cls(tone, colour, area, area.copy(), _contacts(regions, strokes, lab, count, reach), np.arange(count))

    def cost(self, i: int, j: int) -> float:
        """Below 1 the pair may merge.

        Strokes along the border speak for two materials. So does a hard border: the change can be seen, is complete
        within a few pixels, and is most of the difference between the tones. A soft border speaks for one.
        """
        contact = self.contacts[i][j]
        openness = contact.bare / contact.length
        if contact.bare < 3 or openness < 0.25:
            return np.inf
        whole = float(np.linalg.norm(self.tone[i] - self.tone[j]))
        complete = np.clip((contact.near / max(contact.far, 1e-6) - 0.4) / 0.4, 0.2, 1)
        sudden = np.clip((contact.near / contact.bare / max(whole, 1.0) - 0.2) / 0.5, 0.2, 1)
        visible = np.clip(contact.near / contact.bare / VISIBLE, 0.1, 1)
        hardness = float(visible * (2 * complete + sudden)) / 3
        return shade_cost(self.tone[i], self.tone[j]) * hardness / min(1.0, 0.3 + openness) * contact.sway

    def heed(self, hint: Rgb, base: Rgb, seeds: Labels) -> None:
        """Note at every border what a hint says of the two sides; before anything merges."""
        said, seen = (_mean_tones(plane, seeds, len(self.parent)) for plane in (hint, base))
        for i, near in enumerate(self.contacts):
            for j, contact in near.items():
                contact.hinted = contact.length * float(np.linalg.norm(said[i] - said[j]))
                contact.shown = contact.length * float(np.linalg.norm(seen[i] - seen[j]))

    def absorb(self, i: int, j: int) -> Iterable[int]:
        """Region `j` becomes part of `i`. Returns the neighbours of `i` whose cost may have changed."""
        self.parent[j] = i
        self.area[i] += self.area[j]
        alike = np.linalg.norm(self.tone[i] - self.tone[j]) < 2 * SAME
        heavier = i if self.mass[i] >= self.mass[j] else j
        self.mass[i] = self.mass[i] + self.mass[j] if alike else self.mass[heavier]
        self.tone[i], self.colour[i] = self.tone[heavier], self.colour[heavier]
        moved, self.contacts[j] = self.contacts[j], {}
        del self.contacts[i][j], moved[i]
        for k, contact in moved.items():
            del self.contacts[k][j]
            if k in self.contacts[i]:
                self.contacts[i][k] += contact
            else:
                self.contacts[i][k] = self.contacts[k][i] = contact
        return moved if heavier == i else self.contacts[i]

    def merge_shades(self) -> None:
        """Merge the cheapest pair until none costs less than 1."""
        queue = [(self.cost(i, j), i, j) for i, near in enumerate(self.contacts) for j in near if i < j]
        queue = [entry for entry in queue if entry[0] < 1]
        heapq.heapify(queue)
        while queue:
            cost, i, j = heapq.heappop(queue)
            if j not in self.contacts[i]:
                continue
            now = self.cost(i, j)
            if now > cost:
                if now < 1:
                    heapq.heappush(queue, (now, i, j))
                continue
            large, small = (i, j) if self.area[i] >= self.area[j] else (j, i)
            for k in self.absorb(large, small):
                if (cost := self.cost(large, k)) < 1:
                    heapq.heappush(queue, (cost, large, k))

    def absorb_slivers(self, area: float) -> None:
        """Regions smaller than `area` px join the neighbour that looks most like them, a long border helping."""
        for j in sorted(np.flatnonzero(self.area < area), key=lambda j: (self.area[j], j)):
            if near := self.contacts[j]:
                unlike = {k: float(np.sum((self.tone[k] - self.tone[j]) ** 2)) - near[k].length for k in near}
                self.absorb(min(unlike, key=lambda k: (unlike[k], k)), int(j))

    def roots(self) -> npt.NDArray[np.int32]:
        """The surviving region of every original one."""
        root = self.parent.copy()
        while (higher := root[root] != root).any():
            root[higher] = root[root][higher]
        return root.astype(np.int32)

    def palette(self) -> Rgb:
        """Flat colour of every region; nearly equal ones take the colour of the largest."""
        kept: list[int] = []
        colour = self.colour.copy()
        for i in np.argsort(-self.area, kind="stable"):
            if self.parent[i] != i:
                continue
            twin = next((k for k in kept if np.linalg.norm(self.tone[i] - self.tone[k]) < SAME), None)
            if twin is None:
                kept.append(int(i))
            else:
                colour[i] = colour[twin]
        return np.round(colour).astype(np.uint8)


def _contacts(
    regions: Labels, strokes: Mask, lab: npt.NDArray[np.float32], count: int, reach: int
) -> list[dict[int, _Contact]]:
    """For every region, its neighbours and the borders to them."""
    keys, bare, changes = [], [], []
    for axis in (0, 1):
        y, x = np.nonzero(np.diff(regions, axis=axis))  # a border lies behind these pixels
        before = np.stack([y, x])
        behind = before + np.array([[1 - axis], [axis]])
        pair = np.sort(np.stack([regions[tuple(before)], regions[tuple(behind)]]), axis=0).astype(np.int64)
        before, behind, pair = before[:, pair[0] > 0], behind[:, pair[0] > 0], pair[:, pair[0] > 0]
        keys.append(pair[0] * count + pair[1])
        bare.append(~(strokes[tuple(before)] | strokes[tuple(behind)]))
        changes.append([_change(lab, before, behind, axis, far) for far in (reach, 3 * reach)])
    key, inverse = np.unique(np.concatenate(keys), return_inverse=True)
    is_bare = np.concatenate(bare)
    near, far = np.concatenate(changes, axis=1) * is_bare
    sums = (np.bincount(inverse, weights=weights, minlength=len(key)) for weights in (None, is_bare, near, far))
    contacts: list[dict[int, _Contact]] = [{} for _ in range(count)]
    for pair_key, *values in zip(key.tolist(), *(column.tolist() for column in sums), strict=True):
        i, j = divmod(pair_key, count)
        contacts[i][j] = contacts[j][i] = _Contact(*values)
    return contacts


def _change(
    lab: npt.NDArray[np.float32],
    before: npt.NDArray[np.int64],
    behind: npt.NDArray[np.int64],
    axis: int,
    distance: int,
) -> npt.NDArray[np.float32]:
    """Colour change (ΔE) across borders between the places `before` and `behind`, each moved away by `distance` px."""
    away = np.array([[1 - axis], [axis]]) * distance
    last = np.array(lab.shape[:2])[:, None] - 1
    start, end = np.maximum(before - away, 0), np.minimum(behind + away, last)
    return np.asarray(np.linalg.norm(lab[tuple(start)] - lab[tuple(end)], axis=1))


def _mean_tones(paint: Rgb, labels: Labels, count: int) -> npt.NDArray[np.float64]:
    """The mean colour of every label, CIELAB [count, 3]."""
    inside = labels > 0
    area = np.maximum(np.bincount(labels[inside], minlength=count), 1)
    sums = [np.bincount(labels[inside], weights=paint[inside][:, c], minlength=count) for c in range(3)]
    return np.asarray(to_lab(to_uint8(np.stack(sums, axis=1) / area[:, None])[None])[0], np.float64)


def _dominant(base: Rgb, labels: Labels, count: int) -> npt.NDArray[np.float64]:
    """The most frequent colour of every label (in cells of 4 levels, averaged within the cell), [count, 3]."""
    inside = labels > 0
    pixels = base[inside].astype(np.int64)
    cell = ((pixels[:, 0] >> 2) << 12) | ((pixels[:, 1] >> 2) << 6) | (pixels[:, 2] >> 2)
    key, inverse, votes = np.unique(
        labels[inside].astype(np.int64) << 18 | cell, return_inverse=True, return_counts=True
    )
    mean = np.stack([np.bincount(inverse, weights=pixels[:, c]) / votes for c in range(3)], axis=1)
    colour = np.zeros((count, 3))
    order = np.lexsort((-key, votes))
    colour[(key >> 18)[order]] = mean[order]  # the last write, the most frequent cell, stays
    return colour


def _condition(palette: Rgb, labels: Labels, base: Rgb, seen: Mask) -> Rgb:
    """Move nearly white channels up to their region's lightest values, nearly black ones down to its darkest.

    One level above a flat of 254 would need a full Screen, one below a flat of 1 a full Multiply: noise on white
    paper would become a loud highlight. Only noise is followed, at most `NUDGE` levels, which nobody sees.
    """
    out = palette.copy()
    count = len(palette)
    for channel in range(3):
        key = labels[seen].astype(np.int64) * 256 + base[seen][:, channel]
        share = np.cumsum(np.bincount(key, minlength=256 * count).reshape(count, 256), axis=1, dtype=np.float64)
        share /= np.maximum(share[:, -1:], 1)
        value = palette[:, channel].astype(np.int64)
        above = (share < 0.995).sum(axis=1) - value
        below = value - (share <= 0.005).sum(axis=1)
        value = value + np.where((value >= 224) & (above > 0) & (above <= NUDGE), above, 0)
        out[:, channel] = value - np.where((value <= 16) & (below > 0) & (below <= NUDGE), below, 0)
    return out
