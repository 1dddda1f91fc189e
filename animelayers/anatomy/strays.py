"""Pieces of a part where it cannot be: a model's slips, which go to what lies around them.

A part has one home, or two where it is one of a pair; what is far from it is not it. And all that belongs to the head
is at the head: a skirt that looks like a hat is none.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from animelayers.anatomy.evidence import DETAILS, Labels
from animelayers.anatomy.looks import NOBODY
from animelayers.parts import PART_LABELS
from animelayers.raster import Mask, connected, longer_side

FACE = PART_LABELS["face"]
HEAD = frozenset(PART_LABELS[tag] for tag in tuple(PART_LABELS)[: tuple(PART_LABELS).index("topwear")]) - {FACE}
"""What begins at the head, or at the neck; the face itself says where that is."""
LARGE = frozenset(PART_LABELS.values()) - {PART_LABELS[tag] for tag in (*DETAILS, "ears")}

HOME = 0.25
"""An area of at least this share of the largest of its part is a home of that part, unless it is far from the face."""
AT_HEAD = 1.0
"""How far from the face, in its own heights, what belongs to the head may begin."""
REACH = 0.06
"""How far from home, as a share of the figure's longer side, more of a part may lie; and from there on."""
LEAST = 4e-4
"""Smallest share of the figure that all areas of a part have together, details apart: of less there is none."""
LEFT_OVER = 0.02
"""Largest share of a cut-out figure that is nobody's by mistake."""

Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Area:
    """A connected area of one label."""

    label: int
    box: Box
    """`(top, left, bottom, right)`, px."""
    size: int
    """px."""
    mask: Mask
    """Of its box."""


def without_strays(labels: Labels, inside: Mask) -> Labels:
    """The labels, strays having taken the one that most of their surroundings have.

    Args:
        labels: of what is seen.
        inside: where the picture is; in one that is cut out nothing small in it is nobody's.
    """
    if not (labels > 0).any():
        return labels
    out, size, cut_out = labels.copy(), longer_side(labels > 0), not inside.all()
    least = LEAST * np.count_nonzero(labels)
    areas = [area for label in np.unique(labels[inside]) for area in _areas(labels, inside, int(label))]
    face = max((area for area in areas if area.label == FACE), key=lambda area: area.size, default=None)
    strays = []
    for label in sorted({area.label for area in areas}):
        own = [area for area in areas if area.label == label]
        if label == NOBODY:
            limit = LEFT_OVER * np.count_nonzero(inside) if cut_out else 0
            strays += [area for area in own if area.size <= limit]
        elif label in LARGE and sum(area.size for area in own) < least:
            strays += own
        else:
            strays += _far(own, face, REACH * size)
    for area in sorted(strays, key=lambda area: (area.size, area.box)):
        _hand_over(out, inside, area)
    return out


def _areas(labels: Labels, inside: Mask, label: int) -> list[Area]:
    found = connected((labels == label) & inside, 4 if label == NOBODY else 8)
    return [Area(label, box, int(np.count_nonzero(mask)), mask) for box, mask in found]


def _far(own: list[Area], face: Area | None, reach: float) -> list[Area]:
    """Those of one part that are far from its home."""
    home = own
    if face is not None and own[0].label in HEAD:
        near = AT_HEAD * (face.box[2] - face.box[0])
        home = [area for area in own if _gap(area.box, face.box) <= near]
    largest = max((area.size for area in home), default=0)
    home = [area for area in home if area.size >= HOME * largest]
    away = [area for area in own if area not in home]
    while found := [area for area in away if any(_gap(area.box, one.box) <= reach for one in home)]:
        home += found
        away = [area for area in away if area not in found]
    return away


def _gap(one: Box, other: Box) -> int:
    """Between two boxes, along the axis where it is larger; 0 where they overlap."""
    down, across = (max(one[a] - other[a + 2], other[a] - one[a + 2], 0) for a in (0, 1))
    return max(down, across)


def _hand_over(out: Labels, inside: Mask, area: Area) -> None:
    """Give an area what most of its border has in `out`, in place; nothing changes where nobody is around."""
    top, left, bottom, right = area.box
    above, before = min(top, 1), min(left, 1)
    here = np.s_[top - above : bottom + 1, left - before : right + 1]
    height, width = out[here].shape
    around = (above, height - above - (bottom - top)), (before, width - before - (right - left))
    mask = np.pad(area.mask, around)
    rim = (cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0) & ~mask
    votes = np.bincount(out[here][rim & inside[here]], minlength=1 + len(PART_LABELS))
    votes[[NOBODY, area.label]] = 0
    if votes.any():
        out[here][mask] = votes.argmax()
