"""Where the square page that a network sees lies in the picture, and where the head is.

Pages are cut out along whole pixels of the picture, so that none is interpolated twice and where a pixel of a page lies
is known exactly: what a network says of a page is said of `Frame.box`, and nobody has to paste it anywhere.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Self

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.color import clear_hidden, premultiplied, straight
from animelayers.composite import on_canvas
from animelayers.models.fitting import resized
from animelayers.stack import Layer, Rgba

Box = tuple[float, float, float, float]
"""`(top, left, bottom, right)`, px; may reach beyond the picture."""
Map = npt.NDArray[np.float32]
"""float32 [h, w]."""

FAINT = 15
"""Alpha of at most this is no part of a head."""
SPECK = 5e-4
"""Areas of a smaller share of the page are none either."""
PIECE = 0.05
"""Areas of at least this share of the largest may be pieces of its head: ears of an animal, parted from the face."""
NEAR = 0.5
"""How far from the largest area such pieces may lie, in heights and widths of its own."""
MARGIN = 0.2
"""Room above, below and beside a head, as a share of its height and of its width."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A square of the picture, and the page that shows it."""

    box: tuple[int, int, int, int]
    """In whole px of the picture; may reach beyond it."""
    side: int
    """Of the page, px."""

    @classmethod
    def around(cls, box: Box, side: int) -> Self:
        """The smallest square with a box in its middle, on a page of `side` px."""
        top, left = math.floor(box[0]), math.floor(box[1])
        height, width = math.ceil(box[2]) - top, math.ceil(box[3]) - left
        edge = max(height, width, 1)
        y, x = top - (edge - height) // 2, left - (edge - width) // 2
        return cls((y, x, y + edge, x + edge), side)

    @property
    def scale(self) -> float:
        """Px of the picture to one of the page."""
        return (self.box[2] - self.box[0]) / self.side

    def placed(self, box: Box) -> Box:
        """Px of the page → px of the picture."""
        top, left, bottom, right = (edge * self.scale + self.box[at % 2] for at, edge in enumerate(box))
        return top, left, bottom, right

    def page(self, rgba: Rgba) -> Rgba:
        """The picture, uint8 [h, w, 4] → uint8 [side, side, 4]; transparent beyond the picture, nothing hidden.

        Scaled in premultiplied colour: by area where it shrinks, linearly where it grows.
        """
        top, left, bottom, right = self.box
        cut = on_canvas(Layer("picture", rgba, -top, -left), (bottom - top, right - left))
        return resized(cut, (self.side, self.side), growing=cv2.INTER_LINEAR)


def carried(rgba: Rgba, here: Frame, there: Frame) -> Rgba:
    """What is on one page, as it lies on another: uint8 [r, r, 4] → [s, s, 4]; transparent beyond the first page."""
    return clear_hidden(straight(_carried(premultiplied(rgba), here, there, cv2.BORDER_CONSTANT)))


def carried_map(values: Map, here: Frame, there: Frame) -> Map:
    """The same of values, [r, r] → [s, s]; beyond the first page its outermost go on."""
    return np.asarray(_carried(values, here, there, cv2.BORDER_REPLICATE), np.float32)


def head_box(alpha: npt.NDArray[np.uint8], frame: Frame, size: tuple[int, int]) -> Box | None:
    """Around the head, in px of the picture, with the same room on both sides; None if there is no head.

    Where a head reaches the border of the picture, its room lies beyond. A head that takes up half of the picture's
    height or width has no room there.

    Args:
        alpha: uint8 [r, r]: of the frame `head`.
        frame: of its page.
        size: height and width of the picture.
    """
    found = _head(alpha > FAINT)
    if found is None:
        return None
    box = frame.placed(found)
    starts = [max(0.0, edge) for edge in box[:2]]
    ends = [min(float(most), edge) for edge, most in zip(box[2:], size, strict=True)]
    spans = [end - start for start, end in zip(starts, ends, strict=True)]
    if min(spans) <= 0:
        return None
    down, across = (MARGIN * span if 2 * span < most else 0.0 for span, most in zip(spans, size, strict=True))
    return starts[0] - down, starts[1] - across, ends[0] + down, ends[1] + across


def _head(mask: npt.NDArray[np.bool_]) -> Box | None:
    """The box of the largest area of a mask and of the pieces about it; never that of a speck."""
    stats = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)[2][1:]
    areas = stats[:, cv2.CC_STAT_AREA]
    if not len(stats) or areas.max() < SPECK * mask.size:
        return None
    starts = stats[:, [cv2.CC_STAT_TOP, cv2.CC_STAT_LEFT]]
    ends = starts + stats[:, [cv2.CC_STAT_HEIGHT, cv2.CC_STAT_WIDTH]]
    main = int(areas.argmax())
    about = NEAR * (ends[main] - starts[main])
    near = ((starts <= ends[main] + about) & (ends >= starts[main] - about)).all(axis=1)
    own = near & (areas >= max(PIECE * areas[main], SPECK * mask.size))
    (top, left), (bottom, right) = starts[own].min(axis=0), ends[own].max(axis=0)
    return float(top), float(left), float(bottom), float(right)


def _carried(values: npt.NDArray[np.float32], here: Frame, there: Frame, border: int) -> npt.NDArray[Any]:
    """Reduced by area to as many px as it has there, if they are fewer, then moved to a part of a px."""
    side = here.side * here.scale / there.scale
    cells = min(here.side, max(1, math.ceil(side - 1e-6)))
    if cells < here.side:
        values = np.asarray(cv2.resize(values, (cells, cells), interpolation=cv2.INTER_AREA))
    step = side / cells
    y, x = ((here.box[axis] - there.box[axis]) / there.scale + (step - 1) / 2 for axis in (0, 1))
    move = np.array([[step, 0, x], [0, step, y]])
    return cv2.warpAffine(values, move, (there.side, there.side), flags=cv2.INTER_LINEAR, borderMode=border)
