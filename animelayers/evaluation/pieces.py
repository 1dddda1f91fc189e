"""A stack of parts as pieces: which layer is what, which of them shows where, and what some of them make together.

All measures of mode `parts` rest on it, so that truth and prediction are read by one rule:

* only visible layers count, and only what lies on the canvas;
* a piece lies where it covers at least half of a pixel, and shows where it is the top-most to do so;
* what lies in less than 12 px is dust: it is not there, in the truth as in a prediction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from animelayers.composite import flatten
from animelayers.data.sample import Box
from animelayers.parts import PART_LABELS, canonical_name, split_part
from animelayers.raster import Mask, overlap, trimmed
from animelayers.stack import Layer, LayerStack, Rgba

DUST = 12
"""Pixels; what is smaller is not there."""

Places = npt.NDArray[np.int16]
"""int16 [h, w]: at every pixel `Piece.place` of one piece, 0 for none."""


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """One visible layer of a stack."""

    tag: str
    """Of `parts.PARTS`; empty for a layer that is no part and yet hides what lies below it."""
    side: str
    """`l`, `r` or empty."""
    stratum: int
    """0 is the nearest, and the only one where names have none."""
    place: int
    """In its stack, bottom → top, from 1."""
    layer: Layer
    """Cut to the canvas and to its own pixels."""
    cover: Mask
    """bool, of the layer's size: whether it covers at least half of the pixel."""

    @property
    def box(self) -> Box:
        """Of the layer on the canvas."""
        return self.layer.top, self.layer.left, self.layer.top + self.layer.height, self.layer.left + self.layer.width


def pieces_of(stack: LayerStack) -> tuple[Piece, ...]:
    """The visible layers of a stack, bottom → top."""
    visible = [layer for layer in stack if layer.visible]
    return tuple(_piece(layer, place, stack.size) for place, layer in enumerate(visible, start=1))


def named(name: str) -> tuple[str, str, int]:
    """Tag (empty where it is no part), side and stratum behind a layer's name, in any preset or of older annotations.

    >>> named("handwear-l-1"), named("eyebg-r"), named("Hair_Front"), named("background")
    (('handwear', 'l', 1), ('eyewhite', 'r', 0), ('front hair', '', 0), ('', '', 0))
    """
    shown, dash, rest = name.partition("-")
    tag, side, stratum = split_part(canonical_name(shown) + dash + rest)
    return (tag, side, stratum or 0) if tag in PART_LABELS else ("", "", 0)


def labels_of(pieces: Sequence[Piece]) -> npt.NDArray[np.uint8]:
    """uint8 [1 + pieces]: the label of the part at every place; that of place 0 is 0."""
    return np.array([0, *(PART_LABELS.get(piece.tag, 0) for piece in pieces)], np.uint8)


def box_around(pieces: Iterable[Piece]) -> Box:
    """The smallest box that holds every pixel of some pieces; (0, 0, 0, 0) where there is none."""
    boxes = [piece.box for piece in pieces if piece.layer.rgba.size]
    if not boxes:
        return 0, 0, 0, 0
    tops, lefts, bottoms, rights = zip(*boxes, strict=True)
    return min(tops), min(lefts), max(bottoms), max(rights)


def topmost(pieces: Iterable[Piece], box: Box) -> Places:
    """int16, of the size of `box`: the place of the one of these pieces, bottom → top, that shows there; 0 for none."""
    out = np.zeros((box[2] - box[0], box[3] - box[1]), np.int16)
    for piece in pieces:
        here, part = overlap(_moved(piece, box), (out.shape[0], out.shape[1]))
        np.copyto(out[here], piece.place, where=piece.cover[part])
    return out


def there(pieces: Sequence[Piece]) -> bool:
    """Whether pieces are more than dust."""
    return int(np.count_nonzero(topmost(pieces, box_around(pieces)))) >= DUST


def sheet(pieces: Iterable[Piece], box: Box) -> Rgba:
    """uint8 [h, w, 4], of the size of `box`, which may reach over the canvas: what some pieces alone flatten to."""
    layers = tuple(_moved(piece, box) for piece in pieces)
    return flatten(LayerStack(box[2] - box[0], box[3] - box[1], layers))


def _piece(layer: Layer, place: int, size: tuple[int, int]) -> Piece:
    here, part = overlap(layer, size)
    own = trimmed(layer.replace(rgba=layer.rgba[part], top=here[0].start, left=here[1].start))
    return Piece(*named(layer.name), place, own, own.rgba[..., 3] * own.opacity >= 127.5)


def _moved(piece: Piece, box: Box) -> Layer:
    """Its layer with the place that it has in `box`; named by its place in the stack, which no other layer shares."""
    return piece.layer.replace(
        name=str(piece.place), group=(), top=piece.layer.top - box[0], left=piece.layer.left - box[1]
    )
