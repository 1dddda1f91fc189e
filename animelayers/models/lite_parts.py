"""`lite`, mode `parts`: a small net that looks at the whole figure, then at the head alone.

What it is given is a window of the picture, fitted into the pixels that it was trained on; what it says stays at its
own resolution. An opaque picture is looked at as a whole first, then again where there is somebody.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.anatomy.guess import FACE, HAIR, Look, PartsGuess, person_of
from animelayers.color import matte, to_uint8
from animelayers.models.base import OnStep
from animelayers.models.onnx import WEIGHTS, Net, Values
from animelayers.parts import PART_LABELS
from animelayers.picture import Picture
from animelayers.raster import Mask, bands, tight_box
from animelayers.stack import Rgba

FILE = "lite_parts.onnx"

TAGS = tuple(PART_LABELS)
"""The net's parts, in its order."""
HEAD_TAGS = TAGS[: TAGS.index("neckwear")]
"""What the second look speaks of."""

SHAPE = (384, 320)
"""Height and width of what the net sees, px. At any other size it knows parts less well."""
MARGIN = 0.06
"""Around the figure, as a share of its box on either side."""
AROUND_HEAD = 1.25
"""How much larger than the head its window is."""
NEARER = 1.25
"""A part of the window is looked at again if it then shows at least this much larger."""
SPECK = 30
"""Areas of fewer values, at half of what the net sees, are no figure and no face."""
SMALLEST_HEAD = 24
"""Px of the picture; there is nothing to see in a head that is less across."""

Box = tuple[float, float, float, float]
"""`(top, left, bottom, right)`, px of the picture; may reach beyond it."""


class LiteParts:
    """The net behind the protocol `PartsModel`; one step a look, and the seed changes nothing.

    Raises:
        ModelError: the weights are not there, or damaged.
    """

    about: Mapping[str, Any] = {}

    def __init__(self, net: Net | None = None, *, mirrored: bool = True) -> None:
        """With `mirrored`, the net also sees every window as in a mirror, and what it says is averaged."""
        self.net = Net(WEIGHTS / FILE) if net is None else net
        self.mirrored = mirrored

    def predict(self, picture: Picture, *, seed: int = 0, on_step: OnStep | None = None) -> PartsGuess:  # noqa: ARG002
        """What the net says of the figure and, where it shows a face, of the head."""
        report = on_step or (lambda _done, _all: None)
        box = tight_box(picture.rgba[..., 3] > 0)
        if box[2] == 0:
            return PartsGuess((), person=0.0)
        looks = [self._look(picture.rgba, window(box, 1 + 2 * MARGIN))]
        report(1, 3)
        if figure := figure_box(looks[-1]):
            looks += self._nearer(picture.rgba, looks[-1], window(figure, 1 + 2 * MARGIN), TAGS)
        report(2, 3)
        if head := head_box(looks[-1]):
            looks += self._nearer(picture.rgba, looks[-1], window(head, AROUND_HEAD), HEAD_TAGS)
        report(3, 3)
        return PartsGuess(tuple(looks), person_of(looks))

    def _nearer(self, rgba: Rgba, before: Look, box: Box, tags: Sequence[str]) -> list[Look]:
        """A second look at a window, if it shows more than what was seen of it before."""
        far = 2 * before.visible.shape[1] / (before.box[2] - before.box[0])
        if SHAPE[0] / (box[2] - box[0]) < NEARER * far:
            return []
        return [only(self._look(rgba, box), tags)]

    def _look(self, rgba: Rgba, box: Box) -> Look:
        view = seen(rgba, box)
        said = _said(self.net(view))
        if self.mirrored:
            other = _said(self.net(np.ascontiguousarray(view[..., ::-1])))
            said = {
                name: np.asarray((plane + _turned(name, other[name])) / 2, np.float32) for name, plane in said.items()
            }
        return Look(
            box=box,
            tags=TAGS,
            visible=said["visible"],
            alpha=said["alpha"],
            colour=to_uint8(said["colour"]),
            depth=said["depth"],
            presence=said["presence"],
            side=said["side"],
        )


def window(box: Box, larger: float) -> Box:
    """The window, in whole px, around a box made `larger`, in the proportions of `SHAPE`."""
    height, width = (larger * max(box[axis + 2] - box[axis], 1.0) for axis in (0, 1))
    scale = max(height / SHAPE[0], width / SHAPE[1])
    rows, columns = (max(1, round(side * scale)) for side in SHAPE)
    top, left = round((box[0] + box[2] - rows) / 2), round((box[1] + box[3] - columns) / 2)
    return float(top), float(left), float(top + rows), float(left + columns)


def seen(rgba: Rgba, box: Box) -> Values:
    """A window of whole px as the net sees it: float32 [1, 4, h, w], -1..1, colour on white and alpha.

    Beyond the picture there is nothing: white, alpha 0.
    """
    top, left, bottom, right = (int(edge) for edge in box)
    rows, columns = slice(max(0, top), min(len(rgba), bottom)), slice(max(0, left), min(rgba.shape[1], right))
    out = np.full((bottom - top, right - left, 4), (255, 255, 255, 0), np.uint8)
    there, cut = out[rows.start - top :, columns.start - left :], rgba[rows, columns]
    for band, _, _ in bands(len(cut), 256):
        there[band, : cut.shape[1], :3], there[band, : cut.shape[1], 3] = matte(cut[band]), cut[band][..., 3]
    way = cv2.INTER_LINEAR if SHAPE[0] >= len(out) else cv2.INTER_AREA
    levels = np.asarray(cv2.resize(out, SHAPE[::-1], interpolation=way), np.float32)
    return np.ascontiguousarray((levels / np.float32(127.5) - 1).transpose(2, 0, 1)[None])


def _said(outputs: Sequence[Values]) -> dict[str, npt.NDArray[np.float32]]:
    """What the net means: of every part, of whole parts, and of sides; see `Look` for the shapes."""
    logits, whole, side, presence = (out[0] for out in outputs)
    odds = np.exp(logits - logits.max(axis=0))
    return {
        "visible": odds[1:] / odds.sum(axis=0),
        "alpha": _sigmoid(whole[:, 0]),
        "colour": np.clip((whole[:, 1:4].transpose(0, 2, 3, 1) + 1) * np.float32(127.5), 0, 255),
        "depth": np.clip((whole[:, 4] + 1) / 2, 0, 1),
        "side": np.tanh(side / 2),
        "presence": _sigmoid(presence),
    }


def _turned(name: str, plane: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """What was said of the mirror image, as said of the picture."""
    if name == "presence":
        return plane
    if name == "side":
        return -plane[:, ::-1]
    return plane[:, :, ::-1]


def _sigmoid(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return np.asarray((1 + np.tanh(logits / 2)) / 2, np.float32)


def only(look: Look, tags: Sequence[str]) -> Look:
    """What a look says of some parts."""
    at = [look.tags.index(tag) for tag in tags]
    fields = ("visible", "alpha", "colour", "depth", "presence")
    return dataclasses.replace(look, tags=tuple(tags), **{name: getattr(look, name)[at] for name in fields})


def figure_box(look: Look) -> Box | None:
    """Around everything that is somebody's, but for specks; None if there is nobody."""
    areas = _areas(look.visible.sum(axis=0) >= 0.5)
    return _placed(look, tight_box(areas > 0)) if areas.any() else None


def head_box(look: Look) -> Box | None:
    """Around skull and face; None if no face is to be seen."""
    faces = _areas(_chance(look, FACE) >= 0.5)
    top, left, bottom, right = tight_box(faces == 1)
    placed = _placed(look, (top, left, bottom, right))
    if bottom == 0 or min(placed[2] - placed[0], placed[3] - placed[1]) < SMALLEST_HEAD:
        return None
    # Hair belongs to the skull above the middle of the face, and no further out than a skull is large.
    around, above = (right - left) // 2, max(bottom - top, right - left)
    skull = np.zeros(faces.shape, bool)
    skull[max(0, top - above) : (top + bottom) // 2, max(0, left - around) : right + around] = True
    hair = (_chance(look, HAIR) >= 0.5) & skull
    return _placed(look, tight_box((faces == 1) | hair))


def _areas(mask: Mask) -> npt.NDArray[np.int32]:
    """1 in the largest area of a mask, 2 in those of at least a tenth of it, 0 elsewhere and in specks."""
    _, areas, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    size = stats[:, cv2.CC_STAT_AREA]
    size[0] = 0
    rank = np.where(size >= max(SPECK, size.max() / 10), 2, 0).astype(np.int32)
    if rank.any():
        rank[int(size.argmax())] = 1
    return np.asarray(rank[areas], np.int32)


def _chance(look: Look, tags: Iterable[str]) -> npt.NDArray[np.float32]:
    """How likely it is that one of some parts is seen, [h, w]."""
    return np.asarray(look.visible[[look.tags.index(tag) for tag in tags]].sum(axis=0), np.float32)


def _placed(look: Look, cells: tuple[int, int, int, int]) -> Box:
    """A box of the map of visible parts, in px of the picture."""
    top, left, bottom, right = look.box
    down, across = (bottom - top) / look.visible.shape[1], (right - left) / look.visible.shape[2]
    return top + cells[0] * down, left + cells[1] * across, top + cells[2] * down, left + cells[3] * across
