"""A closed mouth is a line, thinner than what a model sees; the drawing knows where it begins and ends.

What the guess loses of it would be left in the face, and nobody could open that mouth. So a stroke that lies in the
face by itself, surrounded by skin, is mouth from end to end if the guess rather thinks of the mouth there than of other
details; and so are those beside it, and lips. What lies within a mouth is mouth.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.anatomy.evidence import DETAILS, OPEN, Labels
from animelayers.anatomy.guess import Maps
from animelayers.anatomy.looks import NOBODY
from animelayers.parts import PART_LABELS
from animelayers.raster import Mask, connected, tight_box

MOUTH = PART_LABELS["mouth"]
SKIN = [PART_LABELS[tag] for tag in ("face", "nose", "mouth")]
OTHERS = [PART_LABELS[tag] for tag in DETAILS if tag != "mouth"]

SURE = 0.5
"""How surely pixels are in a stroke that is followed; those about it are its soft edge, which `edges` shares."""
LOST = 0.75
"""A stroke of which the guess has more is not followed: it knows it well enough."""
WIDEST = 0.6
"""Of the skin: a stroke that spans more of it is no mouth."""
LIP = 2.0
"""A lip is at least so many times as wide as it is high."""
NEAR = 0.5
"""Most rows between two strokes of a mouth, as a share of the wider one's width."""

_RIM = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class _Stroke:
    top: int
    left: int
    mask: Mask
    """Of its box."""

    @property
    def box(self) -> tuple[slice, slice]:
        height, width = self.mask.shape
        return slice(self.top, self.top + height), slice(self.left, self.left + width)

    def mean(self, plane: npt.NDArray[Any]) -> float:
        """Over the stroke's pixels."""
        return float(plane[self.box][self.mask].mean())

    def near(self, other: Self) -> bool:
        """Whether the other one lies in the rows about this one."""
        apart = max(self.top - other.top - len(other.mask), other.top - self.top - len(self.mask))
        return bool(apart <= NEAR * max(self.mask.shape[1], other.mask.shape[1]))

    def lip_of(self, mouth: Self) -> bool:
        """Whether this stroke runs along another one, above or below it."""
        height, width = self.mask.shape
        columns, others = self.box[1], mouth.box[1]
        shared = min(columns.stop, others.stop) - max(columns.start, others.start)
        return bool(width >= LIP * height and 2 * shared >= min(width, mouth.mask.shape[1]))


def whole_mouth(labels: Labels, strokes: Maps, candidates: Labels, scores: Maps) -> Labels:
    """The labels, strokes of the mouth being mouth from end to end.

    Args:
        labels: what is seen so far, uint8 [h, w].
        strokes: how surely a pixel is in a stroke, float32 [h, w], 0..1.
        candidates: labels that come into question, uint8 [n, h, w].
        scores: logarithms of how likely they are, float32 [n, h, w]; see `looks.candidates`.
    """
    skin = np.isin(labels, SKIN)
    if not skin.any():
        return labels
    top, left, bottom, right = tight_box(skin)
    here = np.s_[top:bottom, left:right]
    found = labels[here] == MOUTH
    alone = list(_alone(strokes[here] >= SURE, skin[here]))
    for stroke in _of_mouth(alone, candidates[:, *here], scores[:, *here]):
        if stroke.mean(found) <= LOST:
            found[stroke.box] |= stroke.mask
    outlines, _ = cv2.findContours(found.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = cv2.drawContours(found.astype(np.uint8), outlines, -1, 1, cv2.FILLED) > 0
    out = labels.copy()
    out[here][filled & (labels[here] != NOBODY)] = MOUTH
    return out


def _of_mouth(strokes: Sequence[_Stroke], candidates: Labels, scores: Maps) -> list[_Stroke]:
    """Strokes at which the guess thinks of the mouth, near the widest of them, and lips."""
    likely = np.exp(scores)
    likely /= likely.sum(axis=0)
    mouth, others = (np.where(np.isin(candidates, which), likely, 0).sum(axis=0) for which in ([MOUTH], OTHERS))
    asked = ((candidates == MOUTH) & (scores > OPEN)).any(axis=0)
    own = [each for each in strokes if each.mean(asked) > 0 and each.mean(mouth) > each.mean(others)]
    if not own:
        return []
    chief = max(own, key=lambda each: each.mask.shape[1])
    return [each for each in strokes if chief.near(each) and (each in own or any(each.lip_of(one) for one in own))]


def _alone(strokes: Mask, skin: npt.NDArray[np.bool_]) -> Iterator[_Stroke]:
    """Connected strokes with nothing but skin around them."""
    height, width = skin.shape
    for (top, left, bottom, right), mask in connected(strokes):
        if min(top, left) > 0 and bottom < height and right < width and right - left <= WIDEST * width:
            wide = np.pad(mask, 1)
            around = cv2.dilate(wide.astype(np.uint8), _RIM).astype(bool) & ~wide
            if skin[top - 1 : bottom + 1, left - 1 : right + 1][around].all():
                yield _Stroke(top, left, mask)
