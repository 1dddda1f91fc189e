"""Checkpoints of the paper's 19 classes: its hair and eyes, taken apart into the parts of today.

Hair nearer than the face is front hair. Of eyes, what lies above another piece of them is a brow; of the rest, white is
told from lashes and irides by its colour, and lashes from irides by their place.
"""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.color import to_lab
from animelayers.raster import Mask
from animelayers.stack import Rgba

Floats = npt.NDArray[np.float32]

SOLID = 128
"""Alpha from which a pixel counts."""
PALE, GREYISH = 72.0, 18.0
"""L* from which, and chroma up to which, a colour is that of the white of an eye."""
DARK, DULL = 45.0, 30.0
"""L* and chroma up to which a colour may be that of a lash."""
LID = 0.35
"""Lashes lie in this upper share of an eye."""
OVER = 0.5
"""A brow has an eye below it along at least this share of its width."""

EYES, HAIR = "eyes", "hair"


def taken_apart(rgba: Mapping[str, Rgba], near: Mapping[str, Floats]) -> dict[str, Rgba]:
    """Layers of the paper's classes → those of the parts of today, the other classes as they are.

    Args:
        rgba: class → uint8 [r, r, 4], straight alpha.
        near: class → float32 [r, r], 0..1, larger is nearer; of hair and face, as far as they are known.
    """
    pieces: dict[str, Mapping[str, Mask]] = {}
    if HAIR in rgba:
        pieces[HAIR] = _of_hair(rgba, near)
    if EYES in rgba:
        pieces[EYES] = _of_eyes(rgba[EYES])
    apart = {part: rgba[tag] * mask[..., None] for tag, masks in pieces.items() for part, mask in masks.items()}
    return {tag: layer for tag, layer in rgba.items() if tag not in pieces} | apart


def _of_hair(rgba: Mapping[str, Rgba], near: Mapping[str, Floats]) -> dict[str, Mask]:
    """Front hair, and what is no nearer than the middle of the face."""
    hair = rgba[HAIR]
    front = np.ones(hair.shape[:2], bool)
    face = rgba["face"][..., 3] >= SOLID if "face" in rgba else ~front
    if face.any() and HAIR in near and "face" in near:
        front = near[HAIR] >= np.median(near["face"][face])
    return {"back hair": ~front, "front hair": front}


def _of_eyes(eyes: Rgba) -> dict[str, Mask]:
    """Brows, and white, irides and lashes of what is below them."""
    count, areas, stats, _ = cv2.connectedComponentsWithStats((eyes[..., 3] >= SOLID).astype(np.uint8), connectivity=8)
    areas = _spread(np.asarray(areas, np.int32), eyes[..., 3] > 0)
    boxes = stats[:, [cv2.CC_STAT_TOP, cv2.CC_STAT_LEFT, cv2.CC_STAT_HEIGHT, cv2.CC_STAT_WIDTH]].astype(int)
    brows = [at for at in range(1, count) if any(_is_above(boxes[at], boxes[other]) for other in range(1, count))]
    brow = np.isin(areas, brows)
    upper = np.zeros(brow.shape, bool)
    for at in set(range(1, count)) - set(brows):
        top, _, height, _ = boxes[at]
        upper |= (areas == at) & (np.arange(len(areas))[:, None] < top + LID * height)
    lightness, *opponents = np.moveaxis(to_lab(eyes[..., :3]), 2, 0)
    chroma = np.hypot(*opponents)
    white = ~brow & (lightness >= PALE) & (chroma <= GREYISH)
    lash = ~brow & ~white & upper & (lightness <= DARK) & (chroma <= DULL)
    return {"eyewhite": white, "irides": ~(brow | white | lash), "eyelash": lash, "eyebrow": brow}


def _is_above(one: npt.NDArray[np.int_], other: npt.NDArray[np.int_]) -> bool:
    """Whether the box `one` lies above `other`, over most of its width."""
    shared = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    return bool(one[0] + one[2] <= other[0] + other[2] // 2 and one[0] < other[0] and shared >= OVER * one[3])


def _spread(areas: npt.NDArray[np.int32], mask: Mask) -> npt.NDArray[np.int32]:
    """Areas that their soft rims belong to as well."""
    wide = cv2.dilate(areas.astype(np.float32), np.ones((5, 5), np.uint8)).astype(np.int32)
    return np.where(areas > 0, areas, wide * mask)
