"""Where regions of a label map meet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Rgb = npt.NDArray[np.uint8]
"""uint8 [h, w, 3]."""
Labels = npt.NDArray[np.int32]
"""int32 [h, w]: 0, 1, … regions, every number in use, each 4-connected."""
Places = npt.NDArray[np.int64]
"""Flat indices of pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class Contacts:
    """The m pairs of regions that touch, and the k pairs of 4-neighbours where they do."""

    pairs: npt.NDArray[np.int64]
    """[m, 2] regions, the lower number first; sorted."""
    length: npt.NDArray[np.int64]
    """[m] pixel pairs."""
    ends: tuple[Places, Places]
    """[k] pixels of the region with the lower number, and [k] those beside them of the other."""
    contact: npt.NDArray[np.int64]
    """[k] which contact they belong to."""

    @classmethod
    def of(cls, labels: Labels) -> Contacts:
        flat, count = labels.ravel().astype(np.int64), int(labels.max()) + 1
        first, second = borders(labels)
        turned = flat[first] > flat[second]
        first, second = np.where(turned, second, first), np.where(turned, first, second)
        key, contact, length = np.unique(flat[first] * count + flat[second], return_inverse=True, return_counts=True)
        return cls(np.stack(np.divmod(key, count), axis=1), length, (first, second), contact)


def borders(labels: Labels) -> tuple[Places, Places]:
    """The two pixels of every pair of 4-neighbours that differ in their label; the upper or left one first."""
    number = np.arange(labels.size).reshape(labels.shape)
    down, right = labels[1:] != labels[:-1], labels[:, 1:] != labels[:, :-1]
    first = np.concatenate([number[:-1][down], number[:, :-1][right]])
    second = np.concatenate([number[1:][down], number[:, 1:][right]])
    return first, second


def corners(labels: Labels) -> Places:
    """The top-left pixel of every 2 × 2 pixels in which three or four regions meet."""
    quads = np.stack([labels[:-1, :-1], labels[:-1, 1:], labels[1:, :-1], labels[1:, 1:]])
    y, x = np.nonzero(np.count_nonzero(np.diff(np.sort(quads, axis=0), axis=0), axis=0) >= 2)
    return np.asarray(y * labels.shape[1] + x)


def frame(labels: Labels) -> Places:
    """Every pixel on the edge of the picture, those at its corners twice."""
    number = np.arange(labels.size).reshape(labels.shape)
    return np.concatenate([number[0], number[-1], number[:, 0], number[:, -1]])
