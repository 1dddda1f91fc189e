"""Whole parts, as models give them: all pieces of a tag as one sheet, and how near it is, hidden pixels included."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt

from animelayers.composite import flatten, on_canvas
from animelayers.parts import split_part
from animelayers.stack import LayerStack, Rgba


def pieces(parts: LayerStack, tags: Collection[str]) -> LayerStack:
    """Those of some tags, all sides and strata."""
    return parts.replace(layers=tuple(layer for layer in parts if split_part(layer.name)[0] in tags))


def whole(parts: LayerStack, tags: Collection[str]) -> Rgba:
    """The pieces of some tags laid over each other in draw order, with what of them other parts hide.

    uint8 [h, w, 4], straight alpha; transparent where there are none.
    """
    return flatten(pieces(parts, tags))


class Nearness:
    """How near parts are, with what of them is hidden.

    Args:
        parts: of a sample.
        depth: uint16 [h, w], of the visible surface, larger is nearer, 0 where nothing is.
    """

    def __init__(self, parts: LayerStack, depth: npt.NDArray[np.uint16]) -> None:
        self.parts, self.depth = parts, depth
        self.top = np.full(parts.size, -1, np.int32)
        """The place in draw order of what is seen at every pixel; −1 for nothing."""
        for place, layer in enumerate(parts):
            self.top[on_canvas(layer, parts.size)[..., 3] >= 128] = place
        self._levels: list[int] = []
        level = 1
        for place in range(len(parts)):
            seen = depth[self.top == place]
            level = int(np.median(seen)) if seen.size else level
            self._levels.append(level)

    def of(self, tags: Collection[str]) -> npt.NDArray[np.uint16]:
        """uint16 [h, w]: that of the whole part of some tags, larger is nearer, 0 where it is not.

        What of a piece is hidden is as near as its visible pixels are, by their median; a piece that is wholly hidden
        is as near as the one below it.
        """
        own = [place for place, layer in enumerate(self.parts) if split_part(layer.name)[0] in tags]
        near = np.zeros(self.parts.size, np.uint16)
        for place in own:
            near[on_canvas(self.parts[place], self.parts.size)[..., 3] > 0] = self._levels[place]
        np.copyto(near, self.depth, where=np.isin(self.top, own))
        return near
