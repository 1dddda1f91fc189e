"""What a net says of lines and flats, made what a painter would hand over.

A net's flat is nearly constant on an area, never quite, and its line alpha never quite 0. Here the flat becomes areas
of one colour each, by what the net itself says of every difference in the picture without lines: what it took a good
part of is shade, and goes altogether; what it left alone is paint, and stays. So prints and painted gradients stay as
they are, and two flats that the net keeps apart stay apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.color import to_lab, to_uint8
from animelayers.raster import Mask, bands, longer_side
from animelayers.rendering.classic import native_labels
from animelayers.rendering.flats import (
    SEED_AREA,
    Labels,
    Regions,
    borders,
    conditioned,
    dominant,
    flood,
    large_only,
    quasi_flat_zones,
)
from animelayers.rendering.solve import RenderingGuess, Rgb
from animelayers.stack import Rgba

TOE = 0.07
"""Line alpha that a net leaves where it means none, and takes off where it means full."""
DUST = 12
"""Px of the smallest area that stands alone, of line or of paint."""
KEPT = (0.6, 0.85)
"""A difference of which the net kept less than the first share is shade; of which it kept the second, paint."""
NOISE = (3.0, 8.0)
"""Differences (CIE76 ΔE) below the first are noise, from the second on there is something."""
EQUAL = 2.5
"""Flats that differ by less (ΔE) are one."""
PAINTED = 0.75
"""An area whose flat varies by more than this share of what the picture varies by has a painted gradient."""
DETAIL = 0.005
"""Size of details, as a share of the figure's size; what is larger has an area of its own."""
LONGEST = 1536
"""Longest side, px, at which areas are decided; larger pictures are reduced for that."""
EDGE = 2
"""How far an edge between flats is blurred, px."""
SHARPER = 2.0
"""How much narrower it becomes."""
ROWS = 512
"""Of a band."""

Plane = npt.NDArray[np.float32]


def tidied(guess: RenderingGuess, source: Rgba) -> RenderingGuess:
    """A guess with clean lines, and with flats of one colour each; `source` is uint8 [h, w, 4]."""
    inside = source[..., 3] >= 128
    flat = tidy_flat(guess.flat, guess.base, inside) if inside.any() else guess.flat
    return RenderingGuess(flat, tidy_line(guess.line), guess.base)


def tidy_line(line: Rgba) -> Rgba:
    """Line art, uint8 [h, w, 4], without haze and without dots that stand alone."""
    out = line.copy()
    out[..., 3] = to_uint8((line[..., 3] - np.float32(255 * TOE)) / np.float32(1 - 2 * TOE))
    out[~_without_dust(out[..., 3] > 0)] = 0
    return out


def tidy_flat(flat: Rgb, base: Rgb, inside: Mask) -> Rgb:
    """The flat of a net as areas of one colour, and what it left of paint on them.

    Args:
        flat: uint8 [h, w, 3], what the net says.
        base: uint8 [h, w, 3], the picture without lines, as the net says.
        inside: where the picture is; elsewhere nothing means anything. Somewhere it is true.
    """
    areas, wide = _Areas.of(*_reduced(flat, base, inside)), max(4.0, DETAIL * longer_side(inside))
    out = np.empty_like(flat)
    for inner, outer, part in bands(len(flat), ROWS, halo=round(4 * wide)):
        labels = areas.labels_of(flat, outer)
        out[inner] = areas.painted(flat[outer], base[outer], labels, wide)[part]
    return out


def _reduced(flat: Rgb, base: Rgb, inside: Mask) -> tuple[Rgb, Rgb, Mask]:
    """The same, no larger than areas are decided at."""
    height, width = inside.shape
    scale = LONGEST / max(height, width)
    if scale >= 1:
        return flat, base, inside
    size = max(1, round(width * scale)), max(1, round(height * scale))
    flat, base, cover = (
        np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.uint8)
        for plane in (flat, base, inside.astype(np.uint8) * 255)
    )
    return flat, base, cover >= 128


@dataclass(frozen=True, slots=True, eq=False)
class _Areas:
    """Where the flats lie, and what they are."""

    labels: Labels
    """int32 [h, w], of the size that was decided at."""
    paint: Rgb
    """uint8 [h, w, 3], the flat at that size."""
    palette: Rgb
    """uint8 [n, 3], the flats."""
    own: Mask
    """bool [n]: the area has paint of its own."""

    @classmethod
    def of(cls, flat: Rgb, base: Rgb, inside: Mask) -> _Areas:
        size = longer_side(inside)
        zones = _wide(large_only(quasi_flat_zones(to_lab(flat), inside), max(6, int(size * size * SEED_AREA))))
        if not zones.any():
            zones = inside.astype(np.int32)
        regions = flood(flat, zones, inside)
        found = _Said.by(regions, zones, flat, base, inside)
        found.merge_shades()
        labels, palette = found.roots()[regions], found.palette()
        own = _own(flat, palette[labels], base, labels, inside)
        return cls(labels, flat, conditioned(palette, labels, base, inside), own)

    def labels_of(self, flat: Rgb, rows: slice) -> Labels:
        """Labels of some rows of the picture."""
        if self.labels.shape == flat.shape[:2]:
            return self.labels[rows]
        return native_labels(flat, self.labels, self.paint, rows)

    def painted(self, flat: Rgb, base: Rgb, labels: Labels, wide: float) -> Rgb:
        """The tidy flat, from what the net says of flat and base; `wide` as for `_details`."""
        edges = _Edges.of(flat, labels, self.palette)
        kept = _details(flat, base, edges.mixed(self.palette, labels), wide)
        kept[(kept >= 0.5) & ~_without_dust(kept >= 0.5)] = 0
        kept[self.own[labels]] = 1
        colour = edges.mixed(self.palette, labels, SHARPER).astype(np.float32)
        return to_uint8(colour + kept[..., None] * (flat - colour))


@dataclass(slots=True, eq=False)
class _Said(Regions):
    """Regions of a net's flat, which join where their borders are shade.

    Of a border, `near` sums how much the flats to either side differ, `far` how much the pictures without lines do, as
    they were before anything joined: a lit part and a shaded one say nothing of each other where they do not meet.
    """

    @classmethod
    def by(cls, regions: Labels, zones: Labels, flat: Rgb, base: Rgb, inside: Mask) -> _Said:
        """Of regions, `zones` being their quiet middles."""
        count, middles = int(regions.max()) + 1, np.where(inside, zones, np.int32(0))
        colour, seen = (dominant(plane, middles, count) for plane in (flat, base))
        tone, shown = (to_lab(to_uint8(each)[None])[0].astype(np.float64) for each in (colour, seen))
        area = np.bincount(regions[inside], minlength=count).astype(np.float64)
        contacts = borders(np.where(inside, regions, np.int32(0)), ~inside, to_lab(flat), count, reach=1)
        for i, others in enumerate(contacts):
            for j in others:
                contact = others[j]
                contact.near = contact.length * float(np.linalg.norm(tone[i] - tone[j]))
                contact.far = contact.length * float(np.linalg.norm(shown[i] - shown[j]))
        return cls(tone, colour, area, area.copy(), contacts, np.arange(count))

    def cost(self, i: int, j: int) -> float:
        """Below 1 if the net took much of the difference across the border, or if there is next to none."""
        border = self.contacts[i][j]
        return min(border.near / (EQUAL * border.length), border.near / max(KEPT[0] * border.far, 1e-6))

    def palette(self) -> Rgb:
        """Flat colour of every region; those that differ by nothing to be seen take that of the largest."""
        colour, said = self.colour.copy(), self.tone
        kept: list[int] = []
        for i in np.argsort(-self.area, kind="stable"):
            if self.parent[i] != i:
                continue
            unlike = np.linalg.norm(said[kept] - said[i], axis=1)
            if unlike.size and unlike.min() < EQUAL:
                colour[i] = colour[kept[int(unlike.argmin())]]
            else:
                kept.append(int(i))
        return to_uint8(colour)


def _wide(zones: Labels) -> Labels:
    """Zones that somewhere hold 3 × 3 px; along a straight edge, the pixels of its blur are zones, too."""
    tall, box = zones.astype(np.float32), np.ones((3, 3), np.uint8)
    middle = cv2.dilate(tall, box) == cv2.erode(tall, box)
    wide = np.bincount(zones[middle], minlength=int(zones.max()) + 1) > 0
    return np.where(wide[zones], zones, np.int32(0))


def _own(flat: Rgb, meant: Rgb, base: Rgb, labels: Labels, inside: Mask) -> Mask:
    """Areas, bool [n], over which the flat varies about as much as the picture without lines: painted gradients."""
    said = np.linalg.norm(to_lab(flat) - to_lab(meant), axis=2)
    count = int(labels.max()) + 1
    quiet = np.where(inside & (said < NOISE[0]), labels, np.int32(0))
    shown = to_uint8(dominant(base, quiet, count))[labels]
    seen = np.linalg.norm(to_lab(base) - to_lab(shown), axis=2)
    area = np.maximum(np.bincount(labels[inside], minlength=count), 1)
    varies, shows = (np.bincount(labels[inside], plane[inside], count) / area for plane in (said, seen))
    return np.asarray((varies > NOISE[1]) & (varies > PAINTED * shows))


def _details(flat: Rgb, base: Rgb, meant: Rgb, wide: float) -> Plane:
    """0..1: where details of less than `wide` px stand out from what is meant, in the flat as in the base: paint."""
    said, seen = (
        np.linalg.norm(cv2.GaussianBlur(off, (0, 0), 1) - cv2.GaussianBlur(off, (0, 0), wide), axis=2)
        for off in (to_lab(plane) - to_lab(meant) for plane in (flat, base))
    )
    return _step(said / np.maximum(seen, 1e-3), KEPT) * _step(said, NOISE)


def _step(value: Plane, edges: tuple[float, float]) -> Plane:
    """0 up to the first edge, 1 from the second on, smooth between."""
    t = np.clip((value - edges[0]) / (edges[1] - edges[0]), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class _Edges:
    """Pixels near an edge between two flats."""

    where: tuple[npt.NDArray[np.int64], ...]
    """Rows and columns."""
    other: Labels
    """[k], label of the other flat."""
    share: Plane
    """[k], 0..1, how much of it is in what the net says there."""

    @classmethod
    def of(cls, flat: Rgb, labels: Labels, palette: Rgb) -> _Edges:
        tall, box = labels.astype(np.float32), np.ones((2 * EDGE + 1, 2 * EDGE + 1), np.uint8)
        y, x = np.nonzero(cv2.dilate(tall, box) != cv2.erode(tall, box))
        own = labels[y, x]
        other = own.copy()
        steps = [(dy, dx) for dy in range(-EDGE, EDGE + 1) for dx in range(-EDGE, EDGE + 1)]
        for dy, dx in sorted(steps, key=lambda step: step[0] ** 2 + step[1] ** 2):
            there = labels[np.clip(y + dy, 0, labels.shape[0] - 1), np.clip(x + dx, 0, labels.shape[1] - 1)]
            other = np.where(other == own, there, other)
        across = palette[other].astype(np.float32) - palette[own]
        along = ((flat[y, x].astype(np.float32) - palette[own]) * across).sum(axis=1)
        return cls((y, x), other, np.clip(along / np.maximum((across * across).sum(axis=1), 1), 0, 1))

    def mixed(self, palette: Rgb, labels: Labels, sharper: float = 1.0) -> Rgb:
        """Flats, near edges mixed as the net does, or narrower."""
        out = palette[labels]
        share = np.clip((self.share - 0.5) * sharper + 0.5, 0, 1)[:, None]
        out[self.where] = to_uint8(out[self.where] * (1 - share) + palette[self.other] * share)
        return out


def _without_dust(mask: Mask) -> Mask:
    """A mask without areas of fewer than `DUST` px."""
    _, areas, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    large = stats[:, cv2.CC_STAT_AREA] >= DUST
    large[0] = False
    return np.asarray(large[areas])
