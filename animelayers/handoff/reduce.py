"""Smaller copies of layers, for pictures that are only looked at: premultiplied averages, tight boxes."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.color import clear_hidden, premultiplied, to_uint8
from animelayers.raster import bands, overlap, tight_box
from animelayers.stack import Layer, Rgba


def reduced(layer: Layer, canvas: tuple[int, int], factor: int = 1) -> tuple[Rgba, int, int]:
    """What of a layer shows on the canvas, each `factor` × `factor` block of the canvas averaged to one pixel.

    Returns `(rgba, top, left)` in reduced pixels, cut to the tight box; nothing to show gives [0, 0, 4]. Averages are
    of premultiplied levels, over the pixels of the block that lie on the canvas.
    """
    here, part = overlap(layer, canvas)
    top, left, rgba = here[0].start, here[1].start, layer.rgba[part]
    box = tight_box(rgba[..., 3] > 0)
    rgba, top, left = rgba[box[0] : box[2], box[1] : box[3]], top + box[0], left + box[1]
    if factor == 1 or not rgba.size:
        return rgba, top, left
    rows, columns = (
        np.arange(start // factor, -(-(start + length) // factor))
        for start, length in zip((top, left), rgba.shape, strict=False)
    )
    counts = [np.minimum(factor, extent - at * factor) for at, extent in zip((rows, columns), canvas, strict=True)]
    out = np.empty((len(rows), len(columns), 4), np.uint8)
    for inner, _, _ in bands(len(rows), 64):
        means = _block_means(rgba, factor, int(rows[inner][0]) * factor - top, left % factor, out[inner].shape)
        means *= factor / counts[0][inner, None, None]
        means *= factor / counts[1][:, None]
        means[..., :3] *= 255 / np.maximum(means[..., 3:], np.float32(1e-6))
        out[inner] = to_uint8(means)
    return clear_hidden(out), int(rows[0]), int(columns[0])


def _block_means(rgba: Rgba, factor: int, first: int, inset: int, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """Means of `shape[:2]` blocks, premultiplied; the blocks begin `first` rows into and `inset` px left of `rgba`."""
    whole = np.zeros((shape[0] * factor, shape[1] * factor, 4), np.float32)
    band = premultiplied(rgba[max(0, first) : first + len(whole)])
    above = max(0, -first)
    whole[above : above + len(band), inset : inset + band.shape[1]] = band
    return np.asarray(cv2.resize(whole, (shape[1], shape[0]), interpolation=cv2.INTER_AREA))
