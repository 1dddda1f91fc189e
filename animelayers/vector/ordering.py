"""In which order the labels of a picture are drawn: broad areas first, spots above what encloses them, lines last."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.vector.areas import Areas, Ints, enclosed
from animelayers.vector.labels import Labels

LINE_WIDTH = 7.0
"""Px: a label of a smaller mean width may be one of lines."""

LINE_LIGHTNESS = 45.0
"""L* of CIELAB up to which it is."""


def ordered(labels: Labels, depth: npt.NDArray[np.float32] | None = None) -> tuple[Labels, Ints]:
    """Labels and the order in which to draw them, bottom → top, without the ground.

    Spots – areas that lie wholly among what is drawn later – get a label of their own, of the same colour, so that the
    area around them needs no hole.

    Args:
        labels: of a picture.
        depth: [h, w], larger is nearer: then its median over each label says the order, and nobody looks for spots.
    """
    count = len(labels.palette)
    areas = Areas.of(labels.first)
    size = np.bincount(areas.label, areas.size, minlength=count).astype(np.float64)
    if depth is not None:
        key = np.array([np.median(depth[labels.first == k]) if size[k] else 0 for k in range(count)])
        return labels, _drawn(np.lexsort((-size, key)), size)
    border = np.bincount(areas.label[areas.pair[:, 0]], areas.border, minlength=count)
    line = (2 * size / np.maximum(border, 1) < LINE_WIDTH) & (labels.seen[:, 0] < LINE_LIGHTNESS)
    line &= labels.seen[:, 3] > 97
    order = _drawn(np.lexsort((-size, line)), size)
    return _with_spots(labels, areas, order, line)


def _drawn(order: Ints, size: npt.NDArray[np.float64]) -> Ints:
    return order[(order > 0) & (size[order] > 0)]


def _with_spots(labels: Labels, areas: Areas, order: Ints, line: npt.NDArray[np.bool_]) -> tuple[Labels, Ints]:
    count = len(labels.palette)
    rank = np.full(count, -1)
    rank[order] = np.arange(len(order))
    spot = enclosed(areas, rank, line) & ~line[areas.label]
    raised = np.unique(areas.label[spot])[: 255 - count]
    if not len(raised):
        return labels, order
    twin = np.arange(256)
    twin[raised] = count + np.arange(len(raised))
    spot &= np.isin(areas.label, raised)
    # Each goes directly above the topmost of all that enclose its spots.
    here, there = areas.pair[spot[areas.pair[:, 0]]].T
    beside = ~line[areas.label[there]]
    above = np.full(count, -1)
    np.maximum.at(above, areas.label[here[beside]], rank[areas.label[there[beside]]])
    place = np.concatenate([rank[order].astype(float), above[raised] + 0.5 + 1e-4 * np.arange(len(raised))])
    order = np.concatenate([order, twin[raised]])[np.argsort(place, kind="stable")]
    mask = spot[areas.index]
    near = cv2.dilate(mask.view(np.uint8), np.ones((3, 3), np.uint8)) > 0
    first = np.where(mask, twin[labels.first], labels.first).astype(np.uint8)
    lone = near & ~mask & np.isin(labels.second, raised) & (labels.second != labels.first)
    second = np.where(lone | (mask & (labels.second == labels.first)), twin[labels.second], labels.second)
    palette = np.concatenate([labels.palette, labels.palette[raised]])
    return replace(labels, first=first, second=second.astype(np.uint8), palette=palette), order
