"""LaMa (Suvorov et al., WACV 2022) for hidden colours, from an ONNX file that somebody has; none is ever downloaded.

Public exports agree on RGB 0..1 and a mask that is 1 where there is a hole, and on little else: the commonest,
`lama_fp32.onnx` of Carve, is fixed to 512 × 512 px and gives levels 0..255, others take any size or give 0..1. Sizes
are declared in the file; the range shows where there is no hole, for there the net gives back what it was given.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from animelayers.color import to_uint8
from animelayers.errors import ModelError
from animelayers.models.onnx import Net, Port, Values, revision
from animelayers.raster import Mask
from animelayers.rendering.solve import Rgb

GET = "lama_fp32.onnx of https://huggingface.co/Carve/LaMa-ONNX"

LARGEST = 1024
"""Longer side of what a net without a fixed size is shown, px."""
CELL = 32
"""Sides of that are multiples of it; LaMa itself needs 8, some exports need more."""
CONTEXT = 0.25
"""What is shown around a hole on every side at least, as a share of its longer side."""
BETWEEN = 16
"""A net that gives this many times what it was given, or more, gives 0..255 for 0..1."""

Window = tuple[slice, slice]
"""Rows and columns."""
Box = tuple[int, int, int, int]
"""`(top, left, bottom, right)`, the last two exclusive."""


class Lama:
    """An inpainter; `animelayers.anatomy.completion.Fill` says what that is.

    Raises:
        ModelError: the file is not there, is no ONNX, is damaged, or is another kind of net.
    """

    name: str
    """File and revision: what provenance records."""

    def __init__(self, path: str | Path) -> None:
        path = Path(path)
        if not path.is_file():
            raise ModelError(f"there is no inpainter {path}", hint=GET)
        if path.suffix.lower() != ".onnx":
            raise ModelError(
                f"the inpainter {path.name} is no .onnx; checkpoints of PyTorch can run code and are not opened",
                hint=GET,
            )
        self._net = Net(path, 2, remedy=GET)
        self._image = _image_of(path.name, self._net.inputs)
        self._alone = threading.Lock()
        self.name = f"{path.name.encode('utf-8', 'replace').decode()}@{revision(path)}"

    def __call__(self, rgb: Rgb, mask: Mask) -> Rgb:
        """A copy of `rgb`, uint8 [h, w, 3], made up where `mask`, bool [h, w], is true; alone it tells nothing.

        Raises:
            ModelError: the net cannot be run, or gives no picture.
        """
        out = rgb.copy()
        for hole, around in _holes(mask, min(self._fitting(LARGEST, LARGEST))):
            there = mask[hole]
            shown = self._shown(rgb[around], mask[around])
            if shown is not None:
                top, left = (inner.start - outer.start for inner, outer in zip(hole, around, strict=True))
                out[hole][there] = shown[top:, left:][: there.shape[0], : there.shape[1]][there]
        return out

    def _fitting(self, height: int, width: int) -> tuple[int, int]:
        """The size that the net is given for a picture of this one, px."""
        less = min(1.0, LARGEST / max(height, width))
        free = (CELL * -int(-side * less // CELL) for side in (height, width))
        fixed = self._net.inputs[self._image].shape[2:]
        rows, columns = (side or other for side, other in zip(fixed, free, strict=True))
        return rows, columns

    def _shown(self, rgb: Rgb, mask: Mask) -> Rgb | None:
        """What the net makes of a picture with holes, uint8 [h, w, 3]; None where it would see nothing else."""
        rows, columns = self._fitting(*mask.shape)
        scale = max(mask.shape[0] / rows, mask.shape[1] / columns, 1.0)
        seen = np.dstack([np.where(mask[..., None], np.float32(0), rgb / np.float32(255)), mask.astype(np.float32)])
        seen = _resized(_padded(seen, round(rows * scale), round(columns * scale)), rows, columns)
        hole = seen[..., 3] > 0
        if hole.all():
            return None
        seen[hole] = 0, 0, 0, 1
        made = self._made(np.ascontiguousarray(seen.transpose(2, 0, 1)[None]))
        in_levels = made[~hole].mean() >= BETWEEN * seen[~hole][:, :3].mean()
        levels = made if in_levels else made * np.float32(255)
        whole = _resized(levels, round(rows * scale), round(columns * scale))
        return to_uint8(whole[: mask.shape[0], : mask.shape[1]])

    def _made(self, seen: Values) -> Values:
        """What the net gives, float32 [h, w, 3], for float32 [1, 4, h, w]: colour, then the hole."""
        given = seen[:, :3], seen[:, 3:]
        with self._alone:  # pieces are made whole at the same time; the net takes all cores and much memory by itself
            first, *_ = self._net(*(given if self._image == 0 else given[::-1]))
        if first.shape != given[0].shape or not np.isfinite(first).all():
            raise ModelError(f"the inpainter {self.name} gives no picture", hint=GET)
        return np.asarray(first[0].transpose(1, 2, 0), np.float32)


def load(path: Path) -> Lama:
    """The inpainter of a file; again, while the file stays as it is, the same object.

    Raises:
        ModelError: as `Lama` does.
    """
    if not path.is_file():
        return Lama(path)  # which says so
    found = path.stat()
    return _loaded(path, (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns))


@functools.lru_cache(maxsize=1)
def _loaded(path: Path, _as_it_is: tuple[int, ...]) -> Lama:
    return Lama(path)


def _image_of(name: str, inputs: Sequence[Port]) -> int:
    """Which of two inputs is the picture; the other one is the mask."""
    for image, mask in ((0, 1), (1, 0)):
        colours, hole = inputs[image], inputs[mask]
        if (
            _agree(colours.shape, (1, 3, None, None))
            and _agree(hole.shape, (1, 1, *colours.shape[2:]))
            and "mask" not in colours.name.lower()
            and colours.kind == hole.kind == "tensor(float)"
        ):
            return image
    found = " and ".join(f"{one.name} {one.kind}{list(one.shape)}" for one in inputs)
    wanted = "float32 [1, 3, h, w] and [1, 1, h, w]"
    raise ModelError(f"the net {name} is no inpainter: wanted {wanted}, it takes {found}", hint=GET)


def _agree(shape: tuple[int | None, ...], wanted: tuple[int | None, ...]) -> bool:
    """Whether both can be the same shape."""
    return len(shape) == len(wanted) and all(
        one is None or other is None or one == other for one, other in zip(shape, wanted, strict=True)
    )


def _holes(mask: Mask, side: int) -> Iterator[tuple[Window, Window]]:
    """Boxes that hold all of a mask, none overlapping another, and what to show of the picture around each.

    Holes that can be seen together within `side` px are one.
    """
    boxes: list[Box] = []
    if not mask.any():  # OpenCV does not survive an array without a pixel
        return
    stats = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)[2]
    for left, top, width, height, _ in stats[1:].tolist():
        box = top, left, top + height, left + width
        while near := [other for other in boxes if _meet(box, other) or _longer(_joined(box, other)) <= side]:
            boxes.remove(near[0])
            box = _joined(box, near[0])
        boxes.append(box)
    for box in boxes:
        room = max(round(CONTEXT * _longer(box)), (side - _longer(box)) // 2)
        rows, columns = (
            slice(max(0, box[axis] - room), min(mask.shape[axis], box[axis + 2] + room)) for axis in (0, 1)
        )
        yield (slice(box[0], box[2]), slice(box[1], box[3])), (rows, columns)


def _meet(one: Box, other: Box) -> bool:
    """Whether two boxes overlap."""
    return all(max(one[axis], other[axis]) < min(one[axis + 2], other[axis + 2]) for axis in (0, 1))


def _joined(one: Box, other: Box) -> Box:
    """The smallest box that holds both."""
    return min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])


def _longer(box: Box) -> int:
    return max(box[2] - box[0], box[3] - box[1])


def _padded(planes: Values, height: int, width: int) -> Values:
    """Planes, [h, w, n], that go on as in a mirror below and to the right."""
    return np.pad(planes, ((0, height - planes.shape[0]), (0, width - planes.shape[1]), (0, 0)), "symmetric")


def _resized(planes: Values, height: int, width: int) -> Values:
    way = cv2.INTER_AREA if height < planes.shape[0] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(planes, (width, height), interpolation=way), np.float32)
