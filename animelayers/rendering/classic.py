"""The weightless engine: strokes, then flats, at native size. The floor that every model must beat.

Strokes are sought at native size in bands of rows; flats are decided on a reduced picture and carried to native size
by the colours of the picture itself. No randomness anywhere: one picture, one result.
"""

from __future__ import annotations

from typing import Any, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.raster import Mask, bands, longer_side
from animelayers.rendering.flats import flat_regions
from animelayers.rendering.solve import RenderingGuess, Rgb
from animelayers.rendering.strokes import Pen, fill_from, find_strokes
from animelayers.stack import Rgba

Pixels = npt.NDArray[np.uint8]
Label = TypeVar("Label", bound=np.integer[Any])

ROWS = 2048
"""Rows of a band; pictures up to this height are done in one piece."""

SMALLEST_SIDE = 512
"""Flats are decided on a copy reduced until the usual stroke is 2 px wide, since edges must be sharp for that, but not
below this many px on the longer side."""


def guess_layers(source: Rgba) -> RenderingGuess:
    """Flat, line and base of `source`, uint8 [h, w, 4] with nothing hidden under alpha 0."""
    inside = source[..., 3] >= 128
    if not inside.any():
        inside = source[..., 3] > 0
    if not inside.any():
        return RenderingGuess(flat=source[..., :3], line=source, base=source[..., :3])
    size = longer_side(inside)
    pen = Pen.of(source, size)
    line, base, strokes = strokes_of(source, inside, pen)
    return RenderingGuess(flat_of(base, strokes, inside, size, pen), line, base)


def strokes_of(source: Rgba, inside: Mask, pen: Pen) -> tuple[Rgba, Rgb, Mask]:
    """Line art, picture without it, and its mask, band by band."""
    height, width = inside.shape
    line, base = np.zeros((height, width, 4), np.uint8), np.zeros((height, width, 3), np.uint8)
    mask = np.zeros((height, width), bool)
    for inner, outer, part in bands(height, ROWS, halo=2 * pen.halo):
        seen = inside[outer]
        if not seen.any():
            continue
        cover = source[outer][..., 3]
        found = find_strokes(fill_from(source[outer][..., :3], cover > 0), cover, seen, pen)
        line[inner], base[inner], mask[inner] = found.line[part], found.base[part], found.mask[part]
    return line, base, mask


def flat_of(base: Rgb, strokes: Mask, inside: Mask, size: int, pen: Pen, hint: Rgb | None = None) -> Rgb:
    """The flat colour of every pixel, uint8 [h, w, 3]; a guess of it, of the same shape, may be a hint."""
    flat = _areas(base, strokes, inside, size, pen, hint)
    _continue_under(flat, strokes, inside, pen)
    return flat


def _areas(base: Rgb, strokes: Mask, inside: Mask, size: int, pen: Pen, hint: Rgb | None) -> Rgb:
    """The flat colour of every pixel, that of strokes as it comes."""
    height, width = inside.shape
    scale = min(1.0, max(1 / pen.half, SMALLEST_SIDE / max(height, width)))
    if scale == 1.0:
        labels, palette = flat_regions(base, strokes, inside, size, hint)
        return palette[labels]
    small = (max(1, round(width * scale)), max(1, round(height * scale)))
    paint = np.asarray(cv2.resize(base, small, interpolation=cv2.INTER_AREA), np.uint8)
    covered = cv2.resize(strokes.astype(np.uint8) * 255, small, interpolation=cv2.INTER_AREA) >= 128
    kept = cv2.resize(inside.astype(np.uint8) * 255, small, interpolation=cv2.INTER_AREA) >= 128
    if hint is not None:
        hint = np.asarray(cv2.resize(hint, small, interpolation=cv2.INTER_AREA), np.uint8)
    labels, palette = flat_regions(paint, covered, kept, max(1, round(size * scale)), hint)
    flat = np.empty_like(base)
    for rows, _, _ in bands(height, ROWS // 4):
        flat[rows] = palette[native_labels(base, labels, paint, rows)]
    return flat


def _continue_under(flat: Rgb, strokes: Mask, inside: Mask, pen: Pen) -> None:
    """Let the flat under strokes come from where the base came from, in place: two sources would leave dark specks."""
    for inner, outer, part in bands(len(flat), ROWS, halo=2 * pen.halo):
        paper = inside[outer] & ~strokes[outer]
        if paper.any():
            under = strokes[inner]
            flat[inner][under] = fill_from(flat[outer], paper)[part][under]


def native_labels(base: Pixels, labels: npt.NDArray[Label], paint: Pixels, rows: slice) -> npt.NDArray[Label]:
    """Labels of a band at native size: near a border each pixel joins the adjacent cell whose paint is most like it.

    Args:
        base: uint8 [h, w, channels], the picture.
        labels: [a, b], of the same picture reduced.
        paint: uint8 [a, b, channels], that.
        rows: of the picture.
    """
    height, width = base.shape[:2]
    small_height, small_width = labels.shape
    y = np.minimum((np.arange(rows.start, rows.stop) + 0.5) * small_height / height, small_height - 1).astype(np.int64)
    x = np.minimum((np.arange(width) + 0.5) * small_width / width, small_width - 1).astype(np.int64)
    out = np.asarray(labels[y[:, None], x[None, :]])
    box = np.ones((3, 3), np.uint8)
    tall = labels.astype(np.float32)
    border = cv2.dilate(tall, box) != cv2.erode(tall, box)
    near = np.nonzero(border[y[:, None], x[None, :]])
    pixel = base[rows][near].astype(np.float32)
    best = np.full(len(pixel), np.inf, np.float32)
    for dy in (0, -1, 1):
        for dx in (0, -1, 1):
            cell = (np.clip(y[near[0]] + dy, 0, small_height - 1), np.clip(x[near[1]] + dx, 0, small_width - 1))
            unlike = np.square(pixel - paint[cell]).sum(axis=1) + 8 * (dy * dy + dx * dx)
            closer = unlike < best
            best[closer] = unlike[closer]
            out[near[0][closer], near[1][closer]] = labels[cell][closer]
    return out
