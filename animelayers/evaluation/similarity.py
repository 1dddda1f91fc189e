"""How alike two pictures, two alphas, two masks are. Plain definitions from the literature; nothing here knows layers.

Both arrays of a pair have one shape and one scale. What is not defined – a mean over nothing – is NaN or None, never a
number that would look like a result.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.raster import Mask, over_bands
from animelayers.stack import Rgba

Values = npt.NDArray[Any]
"""Float or uint8, of any scale."""

Plane = npt.NDArray[np.float32]

REACH = 5
"""Pixels on either side of the centre of SSIM's window, which is 11 px wide."""

SIGMA, K1, K2 = 1.5, 0.01, 0.03

WINDOW, STRIDE = 20, 10
"""Of LMSE, px."""

DARK = 1e-5
"""A window of LMSE with no more energy than this has no scale of its own."""

ROWS = 128


def on_grounds(rgba: Rgba) -> tuple[Plane, Plane]:
    """A sheet, uint8 [h, w, 4], on white and on black: float32 [h, w, 3] each, 0..1, not rounded."""
    level = np.float32(1 / 255)
    alpha = rgba[..., 3] * level
    white, black = np.empty((2, *rgba.shape[:2], 3), np.float32)
    for channel in range(3):
        np.multiply(rgba[..., channel], alpha * level, out=black[..., channel])
        np.add(black[..., channel], 1 - alpha, out=white[..., channel])
    return white, black


def psnr(a: Values, b: Values, peak: float = 1.0, mask: Mask | None = None) -> float:
    """Peak signal-to-noise ratio, dB: 10 log₁₀(peak² / MSE) over all values, or those where `mask`, [h, w], is true.

    `peak` is the largest value that could be: 255 for uint8. Equal arrays give infinity, no values at all NaN.
    """
    squares = np.square(a.astype(np.float32) - b)
    if mask is not None:
        squares = squares[mask]
    if squares.size == 0:
        return float("nan")
    error = float(squares.mean(dtype=np.float64))
    return float(10 * np.log10(peak * peak / error)) if error else float("inf")


def ssim_map(a: Values, b: Values, peak: float = 1.0, *, relu: bool = False) -> Plane:
    """Structural similarity of [h, w, c], around every pixel where the window fits: float32 [h − 10, w − 10, c].

    (2 μa μb + C1)(2 σab + C2) / (μa² + μb² + C1)(σa² + σb² + C2) for every channel, in Gaussian windows of 11 × 11 px,
    σ 1.5, with C1 = (0.01 peak)² and C2 = (0.03 peak)² (Wang et al. 2004). Pixel (y, x) of the map belongs to
    (y + 5, x + 5). Arrays of less than 11 px on a side give an empty map. `relu` cuts the second factor off at 0, as
    some libraries do to what they call contrast.
    """
    a, b = (np.atleast_3d(x).astype(np.float32, copy=False) for x in (a, b))
    height, width, channels = a.shape
    out = np.empty((max(0, height - 2 * REACH), max(0, width - 2 * REACH), channels), np.float32)
    if out.size == 0:
        return out

    def one(rows: slice) -> None:
        window = slice(rows.start, rows.stop + 2 * REACH)
        out[rows] = _ssim(a[window], b[window], peak, relu=relu).reshape(out[rows].shape)

    over_bands(one, out.shape[:2], ROWS)
    return out


def _ssim(a: Plane, b: Plane, peak: float, *, relu: bool) -> Plane:
    """The map of one band."""
    c1, c2 = np.float32((K1 * peak) ** 2), np.float32((K2 * peak) ** 2)
    # Variances do not see an offset, and around 0 float32 holds them better.
    middle = np.float32(peak / 2)
    a, b = a - middle, b - middle
    mean_a, mean_b = _blur(a), _blur(b)
    contrast = 2 * (_blur(a * b) - mean_a * mean_b) + c2
    contrast /= _blur(a * a + b * b) - (mean_a * mean_a + mean_b * mean_b) + c2
    if relu:
        np.maximum(contrast, 0, out=contrast)
    mean_a += middle
    mean_b += middle
    luminance = (2 * mean_a * mean_b + c1) / (mean_a * mean_a + mean_b * mean_b + c1)
    return np.asarray(luminance * contrast, np.float32)


def _blur(plane: Plane) -> Plane:
    """Gaussian means, where the window fits."""
    whole = cv2.GaussianBlur(plane, (2 * REACH + 1, 2 * REACH + 1), SIGMA)
    return np.asarray(whole[REACH:-REACH, REACH:-REACH], np.float32)


def ssim(a: Values, b: Values, peak: float = 1.0, mask: Mask | None = None) -> float:
    """Mean of `ssim_map`, over the windows whose centre lies in `mask`, bool [h, w], if one is given.

    NaN where there is no such window; a picture of less than 11 px on a side has none.
    """
    return mean_of_map(ssim_map(a, b, peak), mask)


def mean_of_map(similar: Plane, mask: Mask | None = None) -> float:
    """The mean that `ssim` takes, of a map of `ssim_map` that is needed more than once."""
    if mask is not None:
        similar = similar[mask[REACH:-REACH, REACH:-REACH]]
    return float(similar.mean(dtype=np.float64)) if similar.size else float("nan")


class Lmse(NamedTuple):
    """Local mean squared error in its three readings; NaN where it is not defined."""

    windowed: float
    """Mean squared error of all windows, no scale: what papers print as LMSE."""
    scaled: float
    """The same after every channel of every window of the estimate was scaled to fit the truth best."""
    grosse: float
    """The sum of those errors over the energy of the truth in the same windows: 1 for an estimate of nothing."""


def lmse(estimate: Values, truth: Values, mask: Mask | None = None) -> Lmse:
    """LMSE of two arrays of [h, w, c], 0..1, in windows of 20 × 20 px, every 10 px, as far as they lie inside.

    With c the truth, e the estimate and m the mask (or 1), the scale of a window is a = Σmce / Σme², or 0 where
    Σme² ≤ 10⁻⁵, and

        windowed = Σ Σ m (c − e)²   / Σ Σ m
        scaled   = Σ Σ m (c − ae)²  / Σ Σ m
        grosse   = Σ Σ m (c − ae)²  / Σ Σ m c²     (Grosse et al. 2009, §5)

    summed over the pixels of a window, and then over windows and channels: a window counts by how much of it the mask
    has. All are NaN without any such pixel, `grosse` also where the truth is black.
    """
    c, e = (np.atleast_3d(x).astype(np.float32, copy=False) for x in (truth, estimate))
    shown = np.ones(c.shape[:2], np.float32) if mask is None else mask.astype(np.float32)
    if mask is not None:
        c, e = c * shown[..., None], e * shown[..., None]
    area = float(_window_sums(shown).sum()) * c.shape[2]
    plain = float(_window_sums(np.square(c - e)).sum())
    cc, ce, ee = _window_sums(c * c), _window_sums(c * e), _window_sums(e * e)
    explained = np.divide(ce * ce, ee, out=np.zeros_like(ee), where=ee > DARK)
    left, energy = float(np.maximum(cc - explained, 0).sum()), float(cc.sum())
    nan = float("nan")
    return Lmse(plain / area if area else nan, left / area if area else nan, left / energy if energy else nan)


def _window_sums(plane: Plane) -> npt.NDArray[np.float64]:
    """Sums of [h, w, …] over all windows of LMSE, by differences of an integral image."""
    corners = cv2.integral(plane, sdepth=cv2.CV_64F)[::STRIDE, ::STRIDE]
    whole = WINDOW // STRIDE
    return np.asarray(
        corners[whole:, whole:] - corners[:-whole, whole:] - corners[whole:, :-whole] + corners[:-whole, :-whole]
    )


def soft_iou(p: Values, t: Values) -> float | None:
    """Intersection over union of soft masks: Σ min(p, t) / Σ max(p, t), 0..1; None where both are empty."""
    union = float(np.maximum(p, t).sum(dtype=np.float64))
    return float(np.minimum(p, t).sum(dtype=np.float64)) / union if union else None


def dice(p: Values, t: Values) -> float | None:
    """Dice coefficient of soft masks, 2 Σpt / (Σp² + Σt²), 0..1; None where both are empty.

    The squared form of Milletari et al. 2016 (V-Net); equal masks score 1, soft ones too.
    """
    p, t = (np.asarray(x, np.float64).ravel() for x in (p, t))
    energy = float(p @ p + t @ t)
    return 2 * float(p @ t) / energy if energy else None


class Hits(NamedTuple):
    """How well one mask meets another, 0..1 each."""

    precision: float
    """Share of the predicted pixels that are true."""
    recall: float
    """Share of the true pixels that were predicted."""
    f1: float
    """Their harmonic mean: 2 precision · recall / (precision + recall)."""


def mask_hits(predicted: Mask, true: Mask, tolerance: float = 0.0) -> Hits | None:
    """Precision, recall and F1 of a mask, bool [h, w].

    A pixel of one mask is met where the other has one within `tolerance` px, Euclidean: 0 wants the very pixel, 1 lets
    its four neighbours count. None where both masks are empty; where only one is, everything is 0.
    """
    if not predicted.any() and not true.any():
        return None
    if not predicted.any() or not true.any():
        return Hits(0.0, 0.0, 0.0)
    precision = float(_grown(true, tolerance)[predicted].mean())
    recall = float(_grown(predicted, tolerance)[true].mean())
    both = precision + recall
    return Hits(precision, recall, 2 * precision * recall / both if both else 0.0)


def _grown(mask: Mask, by: float) -> Mask:
    """The mask and whatever lies within `by` px of it."""
    if by == 0:
        return mask
    distance = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(distance <= by)
