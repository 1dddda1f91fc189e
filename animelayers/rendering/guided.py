"""What a net says of strokes and shade, made what a painter would hand over.

A net's line alpha is never quite 0, and its flat nearly constant on an area, never quite. So its word is taken for what
it knows best: where the strokes are, and which differences of colour are shade. The rest is done by the engine without
weights: it adds the strokes that the net overlooks, the picture's own colours go on beneath them, and areas get one
colour each.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.color import to_uint8
from animelayers.raster import Mask, bands, longer_side
from animelayers.rendering.classic import ROWS, flat_of, strokes_of
from animelayers.rendering.solve import RenderingGuess, Rgb
from animelayers.rendering.strokes import Pen, fill_from
from animelayers.stack import Rgba

TOE = np.float32(0.07)
"""Alpha that a net leaves where it means none, and takes off where it means full; a share."""
INKED = 24
"""Line alpha, 0..255, from which on a pixel says nothing of what lies beneath."""
DUST = 12
"""Px of the smallest stroke that stands alone."""


def guided(guess: RenderingGuess, source: Rgba) -> RenderingGuess:
    """Clean lines, and flats of one colour each; `source` is uint8 [h, w, 4]."""
    line, inside = tidy_line(guess.line), source[..., 3] >= 128
    if not inside.any():
        return RenderingGuess(guess.flat, line, guess.base)
    size = longer_side(inside)
    pen = Pen.of(source, size)
    found, _, mask = strokes_of(source, inside, pen)
    line = np.where(found[..., 3:] > line[..., 3:], found, line)
    strokes = mask | (line[..., 3] >= INKED)
    base = _bared(source, strokes, inside, pen)
    return RenderingGuess(flat_of(base, strokes, inside, size, pen, guess.flat), line, base)


def tidy_line(line: Rgba) -> Rgba:
    """Line art, uint8 [h, w, 4], without haze and without dots that stand alone."""
    out = line.copy()
    out[..., 3] = to_uint8(255 * without_haze(line[..., 3]))
    _, areas, stats, _ = cv2.connectedComponentsWithStats((out[..., 3] > 0).astype(np.uint8), connectivity=8)
    large = stats[:, cv2.CC_STAT_AREA] >= DUST
    large[0] = False
    out[~large[areas]] = 0
    return out


def without_haze(alpha: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """What a net means by an alpha, 0..1, of the same shape."""
    return np.asarray(np.clip((alpha / np.float32(255) - TOE) / (1 - 2 * TOE), 0, 1), np.float32)


def _bared(source: Rgba, strokes: Mask, inside: Mask, pen: Pen) -> Rgb:
    """The picture without its strokes, uint8 [h, w, 3]: what lies next to them goes on beneath them."""
    base = source[..., :3].copy()
    for inner, outer, part in bands(len(base), ROWS, halo=2 * pen.halo):
        paper = inside[outer] & ~strokes[outer]
        if paper.any():
            hidden = ~paper[part]
            base[inner][hidden] = fill_from(source[outer][..., :3], paper)[part][hidden]
    return base
