"""What the small nets learn from: pieces of a sample, cut, scaled and laid out as arrays.

Two modes, two kinds of view. The rendering net sees *patches*, windows at the picture's own resolution. The parts net
sees the whole *figure*, the *head*, or *nobody* (scenery alone), fitted into one shape.

Pictures enter a net as RGBA: colour laid on white, and alpha; an opaque picture has alpha 255.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.artist.dice import Dice
from animelayers.color import matte, premultiplied, straight, to_uint8
from animelayers.composite import flatten, on_canvas
from animelayers.data.sample import Box, Sample
from animelayers.models.registry import Mode
from animelayers.parts import PART_LABELS, split_part
from animelayers.raster import overlap, tight_box, trimmed
from animelayers.stack import LayerStack, Rgba

View = dict[str, npt.NDArray[np.uint8]]
"""Field → uint8 array, of the shapes in `FIELDS`."""
Window = tuple[float, float, float, float]
"""`(top, left, bottom, right)` in pixels of a picture; may reach beyond it."""

PATCH = 256
"""Side of a patch, px."""
SHAPE = (384, 320)
"""Height and width of the views of the parts net, px."""
CELL = 4
"""Pixels of such a view per cell of the maps of whole parts."""
TAGS = tuple(PART_LABELS)
"""The parts, in the order of the net's maps; labels of visible parts are one more than the index."""
SMALLEST_HEAD = 48
"""Heads with a shorter side, px, make no view: there would be nothing to see."""

_CELLS = (len(TAGS), SHAPE[0] // CELL, SHAPE[1] // CELL)
FIELDS: Mapping[Mode, Mapping[str, tuple[int, ...]]] = MappingProxyType(
    {
        "rendering": {
            "seen": (PATCH, PATCH, 4),
            "line": (PATCH, PATCH, 4),
            "flat": (PATCH, PATCH, 3),
            "base": (PATCH, PATCH, 3),
            "figure": (PATCH, PATCH),
        },
        "parts": {
            "seen": (*SHAPE, 4),
            "visible": SHAPE,
            "amodal": _CELLS,
            "colour": (*_CELLS, 3),
            "depth": _CELLS,
            "side": _CELLS[1:],
        },
    }
)
"""Mode → field of a view → its shape; all uint8.

Rendering: `seen`; `line`, straight; `flat`; `base`, which is flat, shadow and highlight together; `figure`, 255 where
all of them are known. Parts: `seen`; `visible`, labels of `PART_LABELS`; per part and cell the whole of it: `amodal`
alpha, its `colour`, the `depth` of its top-most stratum, larger nearer; `side` per cell: 1 where the visible piece is
the character's right one, 2 where it is the left, 0 where there are no sides.
"""


def patches(sample: Sample, dice: Dice, count: int) -> Iterator[View]:
    """`count` windows of a sample with rendering layers, at least a fifth of each figure where that can be had.

    The sample is at least `PATCH` px wide and high.
    """
    stack = sample.rendering
    assert stack is not None
    line, flat = (on_canvas(stack[name], stack.size) for name in ("line", "flat"))
    base = flatten(LayerStack(*stack.size, tuple(stack[name] for name in ("flat", "shadow", "highlight"))))
    for number in range(count):
        here = _figured(sample, dice.of(f"patch {number}"))
        yield {
            "seen": _shown(sample, dice.of(f"shown {number}"), here),
            "line": line[here],
            "flat": flat[here][..., :3],
            "base": base[here][..., :3],
            "figure": sample.picture[here][..., 3],
        }


def _figured(sample: Sample, dice: Dice, tries: int = 12) -> tuple[slice, slice]:
    """A window at random, tried again while there is little figure in it; of all tries the fullest at worst."""
    best, most = (slice(PATCH), slice(PATCH)), -1
    for attempt in range(tries):
        roll = dice.of(attempt)
        top, left = (roll.integer(0, side - PATCH) for side in sample.size)
        here = slice(top, top + PATCH), slice(left, left + PATCH)
        covered = int(np.count_nonzero(sample.picture[here][..., 3]))
        if covered > most:
            best, most = here, covered
        if covered >= PATCH * PATCH / 5:
            break
    return best


def _shown(sample: Sample, dice: Dice, here: tuple[slice, slice] = np.s_[:, :]) -> Rgba:
    """What a model gets to see: the photographed image, the figure cut out, or the figure on one colour."""
    if sample.image is not None and dice.chance(0.45):
        return entered(sample.image[here])
    bare = sample.picture[here]
    if not dice.chance(0.4):
        return entered(bare)
    grounds = {(255, 255, 255): 0.6, (dice.integer(0, 255), dice.integer(0, 255), dice.integer(0, 255)): 0.4}
    return entered(np.dstack([matte(bare, dice.pick(grounds)), np.full(bare.shape[:2], 255, np.uint8)]))


def entered(rgba: Rgba) -> Rgba:
    """A picture as nets see it: colour on white, and alpha."""
    return np.dstack([matte(rgba), rgba[..., 3]])


@dataclass(frozen=True, slots=True)
class Fit:
    """How a picture lies in a view: scaled to `size`, its corner at `(top, left)`; all multiples of `CELL`."""

    size: tuple[int, int]
    top: int
    left: int

    @classmethod
    def of(cls, window: Window, canvas: tuple[int, int]) -> Fit:
        """That which brings a window of a canvas into the middle of a view, as large as it fits."""
        scale = min(SHAPE[0] / (window[2] - window[0]), SHAPE[1] / (window[3] - window[1]))
        height, width = (max(CELL, round(side * scale / CELL) * CELL) for side in canvas)
        top, left = (
            round((SHAPE[axis] / 2 - (window[axis] + window[axis + 2]) / 2 * size / canvas[axis]) / CELL) * CELL
            for axis, size in enumerate((height, width))
        )
        return cls((height, width), top, left)

    def laid(self, plane: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """A plane of the canvas, float32 [h, w, c], in the view; 0 outside the canvas."""
        way = cv2.INTER_LINEAR if self.size[0] >= plane.shape[0] else cv2.INTER_AREA
        scaled = cv2.resize(plane, self.size[::-1], interpolation=way)
        out = np.zeros((*SHAPE, *plane.shape[2:]), plane.dtype)
        into = out[max(0, self.top) : max(0, self.top + self.size[0]), max(0, self.left) :]
        part = scaled[max(0, -self.top) :, max(0, -self.left) :][: into.shape[0], : into.shape[1]]
        into[: part.shape[0], : part.shape[1]] = part
        return out

    def nearest(self, plane: npt.NDArray[np.uint8], cell: int = 1) -> npt.NDArray[np.uint8]:
        """The pixel of the canvas [h, w] that the middle of every `cell` px of the view falls on; 0 outside."""
        places = []
        for axis, corner in enumerate((self.top, self.left)):
            middles = (np.arange(SHAPE[axis] // cell) + 0.5) * cell - corner
            places.append(np.floor(middles * plane.shape[axis] / self.size[axis]).astype(np.intp))
        inside = [(place >= 0) & (place < side) for place, side in zip(places, plane.shape, strict=True)]
        out = np.zeros((len(places[0]), len(places[1])), np.uint8)
        out[np.ix_(*inside)] = plane[np.ix_(*(place[there] for place, there in zip(places, inside, strict=True)))]
        return out

    def shares(self, axis: int, side: int) -> npt.NDArray[np.float32]:
        """What share of every cell, along one axis, each of the `side` pixels of the canvas has: float32 [cells, side].

        So two products resample a sheet by area, in its own box.
        """
        step = CELL * side / self.size[axis]
        start = -(self.top, self.left)[axis] * side / self.size[axis]
        edges = start + step * np.arange(SHAPE[axis] // CELL + 1)[:, None]
        reach = np.clip(edges - np.arange(side), 0, 1)
        return np.asarray(np.diff(reach, axis=0) / step, np.float32)


@dataclass(frozen=True, slots=True)
class Sheets:
    """The parts of a sample, ready to be laid into several views."""

    sample: Sample
    parts: Mapping[int, tuple[Box, npt.NDArray[np.float32], npt.NDArray[np.float32]]]
    """Index in `TAGS` → box, premultiplied sheet [h, w, 4] and depth [h, w] of its top-most stratum, 0..255."""
    side: npt.NDArray[np.uint8]
    """Of the whole canvas, as the field of that name."""

    @classmethod
    def of(cls, sample: Sample) -> Sheets:
        """Every tag's pieces laid together."""
        stack = sample.parts
        assert stack is not None
        near: Mapping[str, int] = sample.attributes.get("depth", {})
        side, parts = np.zeros(sample.size, np.uint8), {}
        for index, tag in enumerate(TAGS):
            own = [trimmed(layer) for layer in stack if split_part(layer.name)[0] == tag]
            box = _common([(one.top, one.left, one.top + one.height, one.left + one.width) for one in own], stack.size)
            if box is None:
                continue
            moved = tuple(layer.replace(top=layer.top - box[0], left=layer.left - box[1]) for layer in own)
            size = box[2] - box[0], box[3] - box[1]
            depth = np.zeros(size, np.float32)
            for layer in moved:
                depth[on_canvas(layer, size)[..., 3] >= 128] = near.get(layer.name, 0) / 257
            parts[index] = box, premultiplied(flatten(LayerStack(*size, moved))), depth
        for layer in stack:
            here, part = overlap(layer, sample.size)
            side[here][layer.rgba[part][..., 3] >= 128] = {"r": 1, "l": 2}.get(split_part(layer.name)[1], 0)
        return cls(sample, parts, side)


def _common(boxes: list[Box], canvas: tuple[int, int]) -> Box | None:
    """The box around several, cut at the canvas; None where nothing is left."""
    boxes = [box for box in boxes if box[0] < box[2]]
    if not boxes:
        return None
    tops, lefts, bottoms, rights = zip(*boxes, strict=True)
    box = max(0, min(tops)), max(0, min(lefts)), min(canvas[0], max(bottoms)), min(canvas[1], max(rights))
    return box if box[0] < box[2] and box[1] < box[3] else None


def parts_view(sheets: Sheets, window: Window, seen: Rgba) -> View:
    """One view of the parts net: a window of the canvas, of which `seen` uint8 [h, w, 4] is what shows."""
    sample = sheets.sample
    assert sample.visible is not None
    fit = Fit.of(window, sample.size)
    view = {name: np.zeros(shape, np.uint8) for name, shape in FIELDS["parts"].items()}
    view["seen"] = _entered(seen, fit)
    view["visible"] = fit.nearest(sample.visible)
    view["side"] = fit.nearest(sheets.side, CELL)
    down, across = (fit.shares(axis, side) for axis, side in enumerate(sample.size))
    whole = np.zeros(sample.size, np.uint8)
    for index, (box, sheet, near) in sheets.parts.items():
        rows, columns = slice(box[0], box[2]), slice(box[1], box[3])
        strips = (down[:, rows] @ sheet.reshape(len(sheet), -1)).reshape(-1, *sheet.shape[1:])
        laid = np.matmul(across[:, columns], strips)
        view["amodal"][index] = to_uint8(laid[..., 3])
        view["colour"][index] = np.where(view["amodal"][index][..., None] > 0, straight(laid)[..., :3], np.uint8(0))
        whole[rows, columns] = to_uint8(near)
        view["depth"][index] = fit.nearest(whole, CELL)
        whole[rows, columns] = 0
    return view


def _entered(seen: Rgba, fit: Fit) -> Rgba:
    """Nothing is seen outside the picture: transparent there."""
    laid = fit.laid(premultiplied(seen))
    return entered(np.where(laid[..., 3:] > 0, straight(laid), np.uint8(0)))


def figure_view(sheets: Sheets, dice: Dice) -> View:
    """The figure with some room about it, or the picture as it is."""
    sample = sheets.sample
    top, left, bottom, right = tight_box(sample.picture[..., 3] > 0)
    height, width = bottom - top, right - left
    grow = [dice.pick({0.0: 2, 1.0: 3}) * dice.uniform(-0.04, 0.22) for _ in range(4)]
    window = (top - grow[0] * height, left - grow[1] * width, bottom + grow[2] * height, right + grow[3] * width)
    if dice.chance(0.2):
        window = (0, 0, *sample.size)
    return parts_view(sheets, window, _shown(sample, dice.of("shown")))


def head_view(sheets: Sheets, dice: Dice) -> View | None:
    """The head with a margin; None where it is too small or not there."""
    sample = sheets.sample
    if sample.head_box is None:
        return None
    top, left, bottom, right = sample.head_box
    height, width = bottom - top, right - left
    if min(height, width) < SMALLEST_HEAD:
        return None
    half = max(height, width * SHAPE[0] / SHAPE[1]) * dice.uniform(1.0, 1.5) / 2
    y = (top + bottom) / 2 + dice.near(0, 0.08) * height
    x = (left + right) / 2 + dice.near(0, 0.08) * width
    across = half * SHAPE[1] / SHAPE[0]
    return parts_view(sheets, (y - half, x - across, y + half, x + across), _shown(sample, dice.of("shown")))


def nobody_view(dice: Dice) -> View:
    """Scenery without a figure: that there is no person is an answer, too."""
    from animelayers.artist import scenery  # which needs skia; nothing else here does

    kind = dice.pick(scenery.KINDS)
    view = {name: np.zeros(shape, np.uint8) for name, shape in FIELDS["parts"].items()}
    view["seen"] = entered(scenery.draw(kind, *SHAPE, dice.of("scenery")))
    return view
