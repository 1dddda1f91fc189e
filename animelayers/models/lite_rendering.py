"""`lite`, mode `rendering`: a small convolutional net, run at the picture's own size.

The net sees less than 96 px around a pixel, and its coarsest level has cells of 16 px. So tiles that lie on a grid of
16 px, seen with 96 px around them, give exactly what the whole picture would: there are no seams to hide.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from animelayers.color import matte, to_uint8
from animelayers.models.base import OnStep
from animelayers.models.onnx import WEIGHTS, Net, Values
from animelayers.picture import Picture
from animelayers.raster import tight_box
from animelayers.rendering.guided import guided
from animelayers.rendering.solve import RenderingGuess
from animelayers.stack import Rgba

FILE = "lite_rendering.onnx"

GRID = 16
"""Px of the picture per cell of the net's coarsest level: tiles begin and end on it."""
REACH = 6
"""How far the net sees, cells: it is 92 px to one side and 91 to the other."""
LARGEST = 1_600_000
"""Px of the largest tile, its halo included: some 600 MB while the net runs."""


class LiteRendering:
    """The net behind the protocol `RenderingModel`; one step a tile, and the seed changes nothing.

    Raises:
        ModelError: the weights are not there, or damaged.
    """

    about: Mapping[str, Any] = {}

    def __init__(self, net: Net | None = None) -> None:
        self.net = Net(WEIGHTS / FILE) if net is None else net

    def predict(self, picture: Picture, *, seed: int = 0, on_step: OnStep | None = None) -> RenderingGuess:  # noqa: ARG002
        """What the net says of every pixel that the picture covers, made a painter's."""
        return guided(said_of(self.net, picture.rgba, on_step=on_step), picture.rgba)


def said_of(net: Net, rgba: Rgba, *, largest: int = LARGEST, on_step: OnStep | None = None) -> RenderingGuess:
    """What a net says of a picture, uint8 [h, w, 4], tile by tile of `largest` px; as it is where nothing is drawn."""
    guess = RenderingGuess(rgba[..., :3].copy(), np.zeros_like(rgba), rgba[..., :3].copy())
    todo = [tile for tile in tiles(rgba, largest) if rgba[tile.inner][..., 3].any()]
    for done, tile in enumerate(todo, 1):
        (layers,) = net(tile.seen(rgba))
        alpha, line, flat, base = np.split(layers[0][:, *tile.part], (1, 4, 7))
        guess.line[tile.inner] = np.dstack([_levels(line), to_uint8((np.tanh(alpha[0] / 2) + 1) * np.float32(127.5))])
        guess.flat[tile.inner], guess.base[tile.inner] = _levels(flat), _levels(base)
        if on_step is not None:
            on_step(done, len(todo))
    guess.line[rgba[..., 3] == 0] = 0
    return guess


@dataclass(frozen=True, slots=True)
class Tile:
    """A piece of a picture, and what the net has to see for it."""

    inner: tuple[slice, slice]
    """Rows and columns that are written."""
    outer: tuple[slice, slice]
    """Those that are seen; whole cells of `GRID`, so they may reach beyond the lower and right edges."""

    @property
    def part(self) -> tuple[slice, slice]:
        """Where the first lies in the second."""
        rows, columns = (
            slice(inner.start - outer.start, inner.stop - outer.start)
            for inner, outer in zip(self.inner, self.outer, strict=True)
        )
        return rows, columns

    def seen(self, rgba: Rgba) -> Values:
        """float32 [1, 4, h, w], -1..1: colour on white, and alpha; edges of the picture go on where it ends."""
        there = rgba[self.outer]
        missing = [(0, outer.stop - outer.start - have) for outer, have in zip(self.outer, there.shape, strict=False)]
        whole = np.pad(there, (*missing, (0, 0)), "edge")
        levels = np.concatenate([matte(whole), whole[..., 3:]], axis=2, dtype=np.float32)
        return np.ascontiguousarray((levels / np.float32(127.5) - 1).transpose(2, 0, 1)[None])


def tiles(rgba: Rgba, largest: int = LARGEST) -> Iterator[Tile]:
    """Tiles of `largest` px at most that cover all that is drawn in uint8 [h, w, 4], with the least overlap."""
    top, left, bottom, right = tight_box(rgba[..., 3] > 0)
    height, width = rgba.shape[:2]
    rows = range(max(0, top // GRID - 1), -(-min(bottom + GRID, height) // GRID))
    columns = range(max(0, left // GRID - 1), -(-min(right + GRID, width) // GRID))
    tall, wide = _counts(len(rows), len(columns), largest // GRID**2)
    for inner_rows, outer_rows in _cuts(rows, tall, height):
        for inner_columns, outer_columns in _cuts(columns, wide, width):
            yield Tile((inner_rows, inner_columns), (outer_rows, outer_columns))


def _cuts(cells: range, count: int, side: int) -> Iterator[tuple[slice, slice]]:
    """What is written and what is seen of `count` pieces of a side, px."""
    core = -(-len(cells) // count)
    for start in range(cells.start, cells.stop, core):
        stop = min(start + core, cells.stop)
        low, high = max(start - REACH, cells.start), min(stop + REACH, cells.stop)
        yield slice(start * GRID, min(stop * GRID, side)), slice(low * GRID, high * GRID)


def _counts(height: int, width: int, largest: int) -> tuple[int, int]:
    """Into how many pieces to cut each side, all in cells, so that no tile is too large and little is seen twice."""
    fitting = (
        (_seen(height, tall) * _seen(width, wide) * tall * wide, tall, wide)
        for tall in range(1, height + 1)
        for wide in range(1, width + 1)
        if _seen(height, tall) * _seen(width, wide) <= largest
    )
    _, tall, wide = min(fitting, default=(0, height, width))
    return tall, wide


def _seen(side: int, count: int) -> int:
    """Cells that the longest of `count` pieces of a side sees."""
    return min(side, -(-side // count) + REACH * min(2, count - 1))


def _levels(planes: Values) -> npt.NDArray[np.uint8]:
    """-1..1, float32 [c, h, w] → uint8 [h, w, c]."""
    return to_uint8((planes.transpose(1, 2, 0) + 1) * np.float32(127.5))
