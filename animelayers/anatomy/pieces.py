"""A piece of a character on its way from a guess to a layer."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from animelayers.parts import part_name
from animelayers.raster import Mask


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """What is known of one piece. Its planes are [h, w, …] of its own box, which lies within the canvas."""

    tag: str
    """One of `parts.PART_LABELS`."""
    top: int
    """Of its box on the canvas, px."""
    left: int
    seen: Mask
    """Where it is the piece that one sees. No pixel of the canvas is seen in two pieces."""
    alpha: npt.NDArray[np.uint8]
    """uint8: how much of it there is, hidden areas too. Where it is seen, `lock` decides."""
    colour: npt.NDArray[np.uint8]
    """uint8 [h, w, 3]: of the source where it is seen, else of the guess or of `completion`."""
    depth: npt.NDArray[np.float32]
    """0..1, larger is nearer."""
    side: str = ""
    """`l` or `r`, the character's own; empty for what has no sides."""
    stratum: int | None = None
    """0 is the nearest; None where the part is one."""

    @property
    def name(self) -> str:
        """As its layer will be called."""
        return part_name(self.tag, self.side, self.stratum)

    @property
    def here(self) -> tuple[slice, slice]:
        """Its box as rows and columns of the canvas."""
        return slice(self.top, self.top + self.seen.shape[0]), slice(self.left, self.left + self.seen.shape[1])

    @property
    def nearness(self) -> float:
        """Median depth of what is seen of it, or of all of it where nothing is seen; 0 for an empty piece."""
        for mask in (self.seen, self.alpha >= 128):
            if mask.any():
                return float(np.median(self.depth[mask]))
        return 0.0

    def replace(self, **changes: Any) -> Self:
        """A copy with some fields changed."""
        return dataclasses.replace(self, **changes)


def owners(pieces: Iterable[Piece], size: tuple[int, int]) -> npt.NDArray[np.int16]:
    """int16 [h, w]: at each pixel of a canvas the place, in `pieces`, of the one that is seen there; -1 for none."""
    out = np.full(size, -1, np.int16)
    for place, piece in enumerate(pieces):
        out[piece.here][piece.seen] = place
    return out


def of_tag(pieces: Iterable[Piece], tag: str) -> Iterator[Piece]:
    """The pieces of one part."""
    return (piece for piece in pieces if piece.tag == tag)
