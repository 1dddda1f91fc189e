"""Connected areas of equal labels: who borders on whom; which are too small to be meant; which are enclosed."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.raster import Mask, tight_box
from animelayers.vector.mixing import LabelMap
from animelayers.vector.palette import Levels

Ints = npt.NDArray[np.int64]

INK = 60.0
"""px · ΔE: an area that differs from its neighbour by less in all is not meant."""

LINE_INK = 300.0
"""The same between two thin areas: stretches of one line, whose colour changes less than it seems to."""

SPOT = 9
"""Px: a smaller area is no spot."""

ROUNDS = 2
"""Of merging: what was between two areas may leave a third one small."""


@dataclass(frozen=True, slots=True, eq=False)
class Areas:
    """8-connected areas of one label each."""

    index: npt.NDArray[np.int32]
    """int32 [h, w]: the area of every pixel."""
    label: Ints
    """[n]"""
    size: Ints
    """[n], px"""
    pair: Ints
    """int64 [m, 2]: areas that touch along edges of pixels, both ways round, sorted."""
    border: Ints
    """[m]: along how many."""

    @classmethod
    def of(cls, labels: LabelMap) -> Areas:
        """Find the areas of a label map."""
        index = np.zeros(labels.shape, np.int32)
        names: list[Ints] = []
        count = 0
        for label in np.flatnonzero(np.bincount(labels.ravel())).tolist():
            mask = labels == label
            top, left, bottom, right = tight_box(mask)
            box = slice(top, bottom), slice(left, right)
            found, here = cv2.connectedComponents(mask[box].view(np.uint8), connectivity=8)
            index[box] += np.where(mask[box], here + (count - 1), 0)
            names.append(np.full(found - 1, label))
            count += found - 1
        pair, border = _borders(index, count)
        return cls(index, np.concatenate(names), np.bincount(index.ravel(), minlength=count), pair, border)


def _borders(index: npt.NDArray[np.int32], count: int) -> tuple[Ints, Ints]:
    keys = []
    for a, b in ((index[:, 1:], index[:, :-1]), (index[1:], index[:-1])):
        differ = a != b
        one, other = a[differ].astype(np.int64), b[differ].astype(np.int64)
        keys += [one * count + other, other * count + one]
    key, length = np.unique(np.concatenate(keys), return_counts=True)
    return np.stack([key // count, key % count], axis=1), length


def tidied(labels: LabelMap, colours: Levels, ink: float = INK) -> LabelMap:
    """The labels without areas that are too small or too faint to be meant: these take the label of a neighbour.

    Which one: similar in colour, and with a long common border.

    Args:
        labels: of the picture.
        colours: [k, 4], what the labels look like.
        ink: px · ΔE below which an area goes.
    """
    for _ in range(ROUNDS):
        areas = Areas.of(labels)
        if not len(areas.pair):
            break
        here, there = areas.pair.T
        off = np.sqrt(np.square(colours[areas.label[here]] - colours[areas.label[there]]).sum(axis=1))
        share = areas.border / np.bincount(here, areas.border)[here]
        order = np.lexsort((off / np.sqrt(share), here))
        best = order[np.unique(here[order], return_index=True)[1]]
        here, there, off = here[best], there[best], off[best]
        line = np.bincount(areas.index[~thin(labels)], minlength=len(areas.label)) == 0
        least = np.where(line[here] & line[there], LINE_INK, ink)
        goes = ((areas.size[here] * off < least) | (areas.size[here] == 1)) & (areas.size[there] >= areas.size[here])
        goes &= (areas.label[here] > 0) | (areas.size[here] < 4)
        if not goes.any():
            break
        label = areas.label.copy()
        label[here[goes]] = areas.label[there[goes]]
        labels = label[areas.index].astype(np.uint8)
    return labels


def thin(labels: LabelMap) -> Mask:
    """Pixels that no 3 × 3 square of their label holds, bool [h, w]."""
    kernel = np.ones((3, 3), np.uint8)
    uniform = cv2.erode(labels, kernel) == cv2.dilate(labels, kernel)
    return np.asarray(cv2.dilate(uniform.view(np.uint8), kernel) == 0)


def enclosed(areas: Areas, rank: Ints, seams: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Which areas lie wholly among labels that are drawn later, bool [n]: spots, which belong on top instead.

    Args:
        areas: of the label map.
        rank: [k], the place of every label in the order of drawing, 0 at the bottom.
        seams: bool [k]: labels of lines, which part areas but enclose none.
    """
    here, there = areas.label[areas.pair].T
    counts = ~seams[there] & (there > 0)
    later = counts & (rank[there] > rank[here])
    sooner = counts & (rank[there] < rank[here])
    n = len(areas.label)
    behind, nobody = (np.bincount(areas.pair[which, 0], minlength=n) for which in (sooner, there == 0))
    # What is larger than all around it holds them, not they it.
    largest = np.zeros(n, np.int64)
    np.maximum.at(largest, areas.pair[later, 0], areas.size[areas.pair[later, 1]])
    held = (2 * areas.size < largest) & (behind == 0) & (nobody == 0)
    return np.asarray(held & (areas.size >= SPOT) & (areas.label > 0))
