"""A sample: one picture of which every layer is known.

Two ways to take it apart, as everywhere in this package – by parts and by rendering – and their product: the
rendering layers of every part. `folder`, `hub` and `psd` store samples, `check` judges them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from animelayers.errors import DataError
from animelayers.parts import PART_LABELS, split_part
from animelayers.raster import overlap
from animelayers.stack import LayerStack, Rgba

Box = tuple[int, int, int, int]
"""`(top, left, bottom, right)`, the last two exclusive."""

SCHEMA_VERSION = 1
"""Of a stored sample, in whatever format. A reader refuses a newer one."""

SLOTS = ("flat", "shadow", "highlight", "line")
"""The rendering layers, bottom → top."""


@dataclass(frozen=True, slots=True)
class Licence:
    """Under which terms a sample may be used: what a set's card and an attribution file are made of."""

    spdx: str
    """SPDX identifier: `CC0-1.0`, `MIT`, `CC-BY-4.0`; `LicenseRef-…` for anything else."""
    holder: str = ""
    """Whom to name."""
    source: str = ""
    """Where it came from: a URL, or the generator and its version."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One layered picture. At least one of `parts` and `rendering` is there; everything else may be missing.

    Raises:
        DataError: the id is no file name, nothing is layered, or two sizes differ.
    """

    id: str
    """Unique in a set; letters, digits, `.`, `_` and `-`, so that it may name a folder."""
    picture: Rgba
    """uint8 [h, w, 4], straight alpha: what `parts` and `rendering` flatten to, on transparent ground."""
    licence: Licence
    parts: LayerStack | None = None
    """The pieces in draw order, bottom → top, all Normal, named by `parts.part_name`, each complete behind what covers
    it. A tag whose fragments interleave with others is several strata: `handwear-l-1` below, `handwear-l-0` above."""
    rendering: LayerStack | None = None
    """Flat (Normal), shadow (Multiply), highlight (Screen) and line (Normal) of the whole picture."""
    cells: Mapping[str, LayerStack] = field(default_factory=dict)
    """Piece name → its own rendering layers, on a canvas the size of that piece's sheet (not of the picture)."""
    image: Rgba | None = None
    """uint8 [h, w, 4]: `picture` on a background, as a camera, resampling and a codec left it: what a model sees."""
    depth: npt.NDArray[np.uint16] | None = None
    """uint16 [h, w]: pseudo-depth of the visible surface, larger is nearer; 0 where nothing is."""
    visible: npt.NDArray[np.uint8] | None = None
    """uint8 [h, w]: `parts.PART_LABELS` of the top-most piece that covers at least half of the pixel; 0 for none."""
    head_box: Box | None = None
    """Of the whole head, with what of it is hidden, without hair that hangs; cut at the canvas."""
    keypoints: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Name → `(y, x)` in pixels; may lie outside the canvas. `wrist-l` is the character's left."""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    """How it was made or what it shows; JSON values only."""

    def __post_init__(self) -> None:
        if not self.id or not set(self.id) <= _ID or self.id.startswith("."):
            raise DataError(f"{self.id!r} cannot name a sample", hint="use letters, digits, '.', '_' and '-'")
        if self.parts is None and self.rendering is None:
            raise DataError(f"sample {self.id}: neither parts nor rendering layers", hint="give at least one of them")
        for name in ("picture", "image", "depth", "visible"):
            plane = getattr(self, name)
            if plane is not None and plane.shape[:2] != self.size:
                raise DataError(f"sample {self.id}: {name} is {plane.shape[:2]}, the picture {self.size}")
        for name in ("parts", "rendering"):
            stack = getattr(self, name)
            if stack is not None and stack.size != self.size:
                raise DataError(f"sample {self.id}: {name} are {stack.size}, the picture {self.size}")

    @property
    def size(self) -> tuple[int, int]:
        """`(height, width)`."""
        return int(self.picture.shape[0]), int(self.picture.shape[1])

    def replace(self, **changes: Any) -> Self:
        """A copy with some fields changed."""
        return dataclasses.replace(self, **changes)


_ID = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")


def visible_map(parts: LayerStack) -> npt.NDArray[np.uint8]:
    """uint8 [h, w]: the label of the top-most piece with at least half cover at each pixel; 0 for none.

    Layers that are no part, such as a background, count as none.
    """
    out = np.zeros(parts.size, np.uint8)
    for layer in parts:
        if not layer.visible:
            continue
        here, part = overlap(layer, parts.size)
        label = PART_LABELS.get(split_part(layer.name)[0], 0)
        np.copyto(out[here], label, where=layer.rgba[part][..., 3] * layer.opacity >= 127.5)
    return out
