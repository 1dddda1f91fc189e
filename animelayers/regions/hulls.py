"""Convex hulls of regions: how much of one lies within that of another, as of an eye within that of a face."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.regions.borders import Contacts, Labels, frame

Floats = npt.NDArray[np.float32]

FINE = 192
"""Pixels of the longer side of the grid that covered areas are counted on."""


@dataclass(frozen=True, slots=True, eq=False)
class Hulls:
    """Of n regions with m contacts."""

    area: npt.NDArray[np.float64]
    """[n] pixels of the hull."""
    box: npt.NDArray[np.float64]
    """[n] pixels of the box."""
    covered: Floats
    """float32 [2, m]: the share of the first region that lies in the hull of the second, and the other way round."""

    @classmethod
    def of(cls, labels: Labels, contacts: Contacts, count: int) -> Hulls:
        outline = np.concatenate([*contacts.ends, frame(labels)])
        owner = labels.ravel()[outline]
        outline = outline[np.argsort(owner, kind="stable")]
        points = np.stack(np.divmod(outline, labels.shape[1])[::-1], axis=1).astype(np.int32)
        ends = np.cumsum(np.bincount(owner, minlength=count))
        hulls = [cv2.convexHull(part) for part in np.split(points, ends[:-1])]
        # Points are the middles of pixels: half a pixel all around is missing.
        area = [cv2.contourArea(hull) + cv2.arcLength(hull, True) / 2 + 1 for hull in hulls]
        box = [np.prod(np.ptp(hull, axis=0) + 1) for hull in hulls]
        return cls(np.array(area, np.float64), np.array(box, np.float64), _covered(labels, contacts.pairs, hulls))


def _covered(labels: Labels, pairs: npt.NDArray[np.int64], hulls: list[npt.NDArray[Any]]) -> Floats:
    step = -(-max(labels.shape) // FINE)
    first_y, first_x = (min(step // 2, side - 1) for side in labels.shape)
    coarse = labels[first_y::step, first_x::step]
    total = np.maximum(np.bincount(coarse.ravel(), minlength=len(hulls)), 1)
    out = np.zeros((2, len(pairs)), np.float32)
    for region, hull in enumerate(hulls):
        corners = (hull[:, 0] - (first_x, first_y)) // step
        # What lies in the first lines alone lies before the grid.
        (left, top), (right, bottom) = np.maximum(corners.min(axis=0), 0), np.maximum(corners.max(axis=0), 0) + 1
        mask = np.zeros((bottom - top, right - left), np.uint8)
        cv2.fillConvexPoly(mask, corners - (left, top), 1)
        inside = np.bincount(coarse[top:bottom, left:right][mask > 0], minlength=len(hulls)) / total
        for side in (0, 1):
            here = pairs[:, 1 - side] == region
            out[side, here] = inside[pairs[here, side]]
    return out
