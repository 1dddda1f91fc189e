"""Labels as shapes that overlap: each goes on under what is drawn later, so that no seam shows and no hole is needed.

A shape is a field, 0..1 a pixel, and its outline is where the field is one half. Where the outline shows the field is
the share of the pixel that the label covers, or that something in front of it does; so the outline runs between the
pixels just where anti-aliasing says. Where something in front hides it, it runs half-way to whatever else comes out
on the other side, but at most `REACH` px in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.raster import Mask, tight_box
from animelayers.vector.areas import Ints
from animelayers.vector.contours import Field
from animelayers.vector.labels import Labels
from animelayers.vector.palette import ridges

REACH = 2.5
"""Px by which a shape goes on under others."""

FAINT = 0.3
"""Cover of a pixel by a line that goes on there."""

MARGIN = 6
"""Px around a label that its shape is sought in."""


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """The shape of one label, in a box of the canvas."""

    label: int
    top: int
    left: int
    field: Field
    """float32 [h, w]; the shape is where it is at least one half."""
    hidden: Mask
    """bool [h, w]: what lies there is covered by others, so that the outline need not be exact."""


def sheets(labels: Labels, order: Ints) -> Iterator[Sheet]:
    """The shape of every label, bottom → top.

    Args:
        labels: of a picture.
        order: labels, bottom → top; those that are not in it belong to nobody.
    """
    rank = np.zeros(256, np.int16)
    rank[order] = np.arange(1, len(order) + 1)
    first, second = rank[labels.first], rank[labels.second]
    share = np.where(first == second, np.float32(1), labels.share)
    # What one can see through hides nothing, and counts as lying behind.
    solid = np.zeros(len(order) + 1, bool)
    solid[1:] = labels.palette[order, 3] > 254
    for place, label in enumerate(order.tolist(), start=1):
        own = first == place
        top, left, bottom, right = tight_box(own | (second == place))
        if bottom <= top:
            continue
        box = (
            slice(max(0, top - MARGIN), bottom + MARGIN),
            slice(max(0, left - MARGIN), right + MARGIN),
        )
        field, hidden = _field(first[box], second[box], share[box], place, solid)
        yield Sheet(label, box[0].start, box[1].start, field, hidden)


def _field(
    first: npt.NDArray[np.int16],
    second: npt.NDArray[np.int16],
    share: npt.NDArray[np.float32],
    place: int,
    solid: npt.NDArray[np.bool_],
) -> tuple[Field, Mask]:
    hides = solid & (np.arange(len(solid)) > place)
    own, front = first == place, hides[first]
    zero = np.float32(0)
    cover = np.where(own, share, zero) + np.where((second == place) & ~own, 1 - share, zero)
    hiding = np.where(front, share, zero) + np.where(hides[second] & (first != second), 1 - share, zero)
    behind = ~own & ~front
    off = _distance(own)
    under = np.clip(REACH + 0.5 - off, 0, 1)
    if behind.any():
        under = np.minimum(under, np.clip(0.5 + 0.5 * (_distance(behind) - off), 0, 1))
    field = _bridged((cover + hiding * under).astype(np.float32))
    field[_covered(field < 0.5, behind)] = 1
    hidden = cv2.erode((own | front).view(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return field, hidden


def _bridged(field: Field) -> Field:
    """The field, raised to just above one half where a line thinner than a pixel passes: else it would be dotted."""
    strong = cv2.dilate((field >= 0.5).view(np.uint8), np.ones((3, 3), np.uint8)) > 0
    faint = (field >= FAINT) & (field < 0.5) & strong
    return np.where(ridges(field, faint, 0.5 * FAINT, lows=False), np.float32(0.55), field)


def _distance(mask: Mask) -> npt.NDArray[np.float32]:
    """Px to the nearest pixel of the mask; far away where there is none."""
    if not mask.any():
        return np.full(mask.shape, 1e3, np.float32)
    return np.asarray(cv2.distanceTransform((~mask).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_3))


def _covered(outside: Mask, behind: Mask) -> Mask:
    """Parts of the outside that are wholly covered by what lies in front: holes that need not be."""
    count, part = cv2.connectedComponents(outside.view(np.uint8), connectivity=4)
    open_ = np.zeros(count, bool)
    open_[part[behind]] = True
    open_[0] = True
    # What reaches the rim of the box may go on beyond it.
    for rim in (part[0], part[-1], part[:, 0], part[:, -1]):
        open_[rim] = True
    return np.asarray(~open_[part])
