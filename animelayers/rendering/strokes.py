"""Line art without weights: dark structures too thin to be a fill, with their colour and what lies beneath.

Lightness (CIE L*, as uint8) is closed with a disc wider than any stroke: what the closing lifts is dark and thin. Tips
of dark locks are thin too, but hang on a wide dark mass; a short geodesic reconstruction grows that mass back into them
and leaves free-standing strokes alone. Hysteresis keeps faint ends of strong strokes and drops faint texture.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.color import to_lab, to_uint8
from animelayers.raster import Mask, nearest
from animelayers.rendering.solve import Rgb
from animelayers.stack import Rgba

LOW, HIGH = 13, 41
"""A stroke is at least `LOW` darker than both its sides, and `HIGH` somewhere along it; L* in 255ths (5, 16 L*)."""

MEASURED_SIDE = 1536
"""Longest side at which the pen is measured; larger pictures are reduced for that."""


@dataclass(frozen=True, slots=True)
class Pen:
    """Sizes of strokes, px."""

    widest: int
    """Radius of the closing: nothing wider than `2·widest + 1` is a stroke."""
    half: float
    """Half the width of the usual stroke, at half its depth; never below 1."""

    @property
    def sure(self) -> int:
        """Radius up to which dark structures are strokes even on a dark mass."""
        return max(1, self.widest // 2)

    @property
    def reach(self) -> int:
        """How far a dark mass grows back into its tips."""
        return 8 * self.widest

    @property
    def halo(self) -> int:
        """Rows beyond a band that can change the band's strokes."""
        return 2 * self.widest + self.reach + 16

    @classmethod
    def of(cls, source: Rgba, size: int) -> Pen:
        """The pen of a picture, uint8 [h, w, 4] with nothing hidden under alpha 0, whose figure is `size` px long.

        A whole figure is drawn with strokes of up to 0.5 % of its size. A bust shows them larger; so the half-width
        of thin dark structures is measured, at half their depth, and its median taken.
        """
        least = size * 0.0025
        scale = min(1.0, MEASURED_SIDE / max(source.shape[:2]))
        if scale < 1:
            small = (max(1, round(source.shape[1] * scale)), max(1, round(source.shape[0] * scale)))
            source = np.asarray(cv2.resize(source, small, interpolation=cv2.INTER_AREA), np.uint8)
        # Averages of nothing are black: the missing alpha puts white behind them.
        rgb = np.asarray(cv2.add(source[..., :3], np.repeat(255 - source[..., 3:], 3, axis=2)), np.uint8)
        inside = source[..., 3] >= 128
        lightness = lightness_of(rgb, inside)
        around = max(2, round(least * scale))
        depth = cv2.subtract(cv2.morphologyEx(lightness, cv2.MORPH_CLOSE, disc(4 * around)), lightness)
        dark = (depth > HIGH) & (depth > cv2.dilate(depth, disc(around)) // 2)
        width = cv2.distanceTransform(dark.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
        ridge = width[dark & (width >= cv2.dilate(width, disc(1)) - 1e-3)]
        half = max(1, round(float(np.median(ridge)))) if ridge.size else 1
        measured = (2 * half + 1) / scale if half > 1 else 0
        return cls(max(2, round(least), min(round(measured), round(4 * least))), half / scale)


@dataclass(frozen=True, slots=True, eq=False)
class Strokes:
    """Line art of a picture, and the picture without it."""

    line: Rgba
    """uint8 [h, w, 4], straight alpha."""
    base: Rgb
    """uint8 [h, w, 3]: strokes painted over with what lies beside them."""
    mask: Mask
    """bool [h, w]: the strokes and their soft skirts."""


def find_strokes(rgb: Rgb, cover: npt.NDArray[np.uint8], inside: Mask, pen: Pen) -> Strokes:
    """Strokes of `rgb`, uint8 [h, w, 3], where `inside`, and their skirts wherever `cover` (alpha) is not 0.

    Outside counts as white paper.
    """
    lightness = lightness_of(rgb, inside)
    core = _connected(_depth(lightness, pen), pen) & inside
    mask = cv2.dilate(core.astype(np.uint8), disc(1)).astype(bool) & (cover > 0)
    paper = inside & ~mask
    base = fill_from(rgb, paper) if paper.any() else rgb
    ink = _ink(rgb, lightness, core, pen)
    return Strokes(np.dstack([ink, _coverage(rgb, base, ink) * mask]), base, mask)


def disc(radius: int) -> npt.NDArray[np.uint8]:
    """Structuring element of a filled circle."""
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)), np.uint8)


def fill_from(rgb: Rgb, known: Mask) -> Rgb:
    """Every pixel takes the colour of the nearest known one."""
    if known.all():
        return rgb
    _, index = nearest(known)
    return np.asarray(rgb.reshape(-1, 3)[index])


def stroke_depth(rgb: Rgb, inside: Mask, pen: Pen) -> npt.NDArray[np.uint8]:
    """How much darker than both of its sides every pixel is, uint8 [h, w], L* in 255ths; 0 where nothing is thin."""
    return _depth(lightness_of(rgb, inside), pen)


def lightness_of(rgb: Rgb, inside: Mask) -> npt.NDArray[np.uint8]:
    """CIE L* in 255ths; outside is white."""
    lightness = to_uint8(to_lab(rgb)[..., 0] * np.float32(2.55))
    lightness[~inside] = 255
    return lightness


def _depth(lightness: npt.NDArray[np.uint8], pen: Pen) -> npt.NDArray[np.uint8]:
    """Black top-hat with the tips of dark masses taken out."""
    paper = cv2.morphologyEx(lightness, cv2.MORPH_CLOSE, disc(pen.widest))
    fills = cv2.morphologyEx(lightness, cv2.MORPH_CLOSE, disc(pen.sure))
    for _ in range(pen.reach):
        paper = np.maximum(cv2.erode(paper, disc(1)), fills)
    return np.asarray(cv2.subtract(paper, lightness), np.uint8)


def _connected(depth: npt.NDArray[np.uint8], pen: Pen) -> Mask:
    """Hysteresis: components deeper than `LOW` that somewhere exceed `HIGH` and are longer than a dot."""
    dark = depth > LOW
    count, labels, stats, _ = cv2.connectedComponentsWithStats(dark.astype(np.uint8), connectivity=8)
    label = np.asarray(labels, np.int32)
    strongest = np.zeros(count, np.uint8)
    np.maximum.at(strongest, label[dark], depth[dark])
    keep = (strongest > HIGH) & (stats[:, cv2.CC_STAT_AREA] >= 2 * (2 * pen.sure + 1))
    keep[0] = False
    return np.asarray(keep[label])


def _ink(rgb: Rgb, lightness: npt.NDArray[np.uint8], core: Mask, pen: Pen) -> Rgb:
    """The colour of the pen at every pixel: that of the darkest stroke pixel across the stroke."""
    if not core.any():
        return rgb
    within = np.where(core, lightness, np.uint8(255))
    darkest = cv2.erode(within, disc(pen.widest + 1))
    return fill_from(rgb, core & (lightness <= darkest.astype(np.int16) + 10))


def _coverage(rgb: Rgb, base: Rgb, ink: Rgb) -> npt.NDArray[np.uint8]:
    """Alpha that explains `rgb` as `ink` over `base` best (least squares), uint8 [h, w]."""
    stroke = ink.astype(np.float32) - base
    seen = rgb.astype(np.float32) - base
    contrast = np.maximum(np.einsum("hwc,hwc->hw", stroke, stroke), 64)
    alpha = np.einsum("hwc,hwc->hw", seen, stroke) / contrast
    alpha[alpha < 0.04] = 0  # noise of the paper is not a stroke
    return to_uint8(alpha * 255)
