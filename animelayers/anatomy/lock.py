"""The visible-pixel lock: pieces in their order become layers that flatten to the source exactly.

Every pixel of the source has one owner, the piece that is seen there or else the background. Above the owner all is
transparent, the owner has the source's own colour and alpha, and below an opaque owner the others keep what is hidden
of them. On soft edges (`edges`) two pieces share the pixel instead: the lower one is opaque in a colour of its own, and
the colour of the upper one is solved. All layers are Normal, so both habits of PSD readers give the source again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.anatomy.edges import NOBODY, REACH, Owners, soft_edges
from animelayers.anatomy.ground import continued, is_ground
from animelayers.anatomy.parting import DUST
from animelayers.anatomy.pieces import Piece, owners
from animelayers.color import clear_hidden
from animelayers.raster import Mask, nearest, tight_box, trimmed
from animelayers.rendering.solve import FAINT, FULL
from animelayers.stack import Layer, LayerStack, Provenance, Rgba

Box = tuple[int, int, int, int]
"""`(top, left, bottom, right)`, the last two exclusive."""

Packed = npt.NDArray[np.uint32]
"""uint32 [h, w]: the four bytes of each pixel as one number, which moves four times as fast."""

PASSES = 4
"""How often dust is swept up: what connected a speck to its piece may be gone after the first time."""
BACKGROUND = 0
"""Place of what nobody owns, below all pieces."""


def locked(pieces: Sequence[Piece], source: Rgba, provenance: Provenance | None = None) -> LayerStack:
    """Layers of the pieces, bottom → top, that flatten to `source` with error 0.

    What nobody owns becomes a layer `background` at the bottom; in a picture with a background it goes on behind the
    figure. Pieces of which nothing is left have no layer; there is always one layer at least.

    Args:
        pieces: bottom → top, names all different, no pixel seen in two.
        source: uint8 [h, w, 4], straight alpha.
        provenance: for the stack.
    """
    source = clear_hidden(source)
    size = source.shape[0], source.shape[1]
    owner = (owners(pieces, size) + 1).astype(np.int16)
    owner[source[..., 3] == 0] = NOBODY
    everything = [_background(source, owner == BACKGROUND), *pieces]
    boxes = [_widened(_box(piece), size) for piece in everything]
    for _ in range(PASSES):
        layers, dust = _Canvas.of(source, owner).layers(everything, boxes)
        if not dust.any():
            break
        owner = _swept(owner, dust)
        for place in np.unique(owner[dust]):
            gained = _widened(tight_box(dust & (owner == place)), size)
            boxes[place] = _around(boxes[place], gained)
    left = tuple(layer for layer in layers if layer.rgba.size)
    return LayerStack(*size, left or layers[:1], provenance)


def _background(source: Rgba, unowned: Mask) -> Piece:
    """What nobody owns, as a piece; `tag` is the name of its layer."""
    ground = is_ground(source, unowned)
    top, left, bottom, right = (0, 0, *unowned.shape) if ground else tight_box(unowned)
    here = np.s_[top:bottom, left:right]
    return Piece(
        tag="background",
        top=top,
        left=left,
        seen=unowned[here],
        alpha=np.full((bottom - top, right - left), 255 if ground else 0, np.uint8),
        colour=continued(source, unowned) if ground else source[here][..., :3],
        depth=np.zeros((bottom - top, right - left), np.float32),
    )


def _swept(owner: Owners, dust: Mask) -> Owners:
    """The owners, those of dust being replaced by the owner of the nearest pixel that is none."""
    kept = (owner != NOBODY) & ~dust
    if not kept.any():
        return owner
    _, index = nearest(kept)
    return np.where(dust, owner.reshape(-1)[index], owner)


def _large(there: Mask) -> Mask:
    """The connected areas of a mask that are no dust."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(there.astype(np.uint8), connectivity=8)
    large = stats[:, cv2.CC_STAT_AREA] >= DUST
    large[0] = False
    return np.asarray(large[labels])


@dataclass(frozen=True, slots=True, eq=False)
class _Canvas:
    """What is seen at each pixel. Colours with alpha are `Packed`: one number a pixel, 0 where it is transparent."""

    top: Owners
    """Place of the upper-most piece: of the owner, or on a soft edge of the upper of two."""
    floor: Owners
    """Place of the lower-most piece that is seen: of the owner, or on a soft edge of the lower of two."""
    hides: Owners
    """The same where that is opaque, so that others may lie hidden below it; elsewhere `NOBODY`."""
    over: Packed
    """Of the upper-most piece."""
    beneath: Packed
    """Of the lower-most one."""

    @classmethod
    def of(cls, source: Rgba, owner: Owners) -> _Canvas:
        soft = soft_edges(source, owner)
        at = soft.y, soft.x
        top, floor, over, beneath = owner.copy(), owner.copy(), source.copy(), source.copy()
        top[at], floor[at] = soft.over, soft.under
        over[at] = np.concatenate([soft.colour, soft.alpha[:, None]], axis=1)
        beneath[(*at, np.s_[:3])] = soft.beneath
        hides = np.where(source[..., 3] == 255, floor, np.int16(NOBODY))
        return cls(top, floor, hides, _packed(over), _packed(beneath))

    def layers(self, pieces: Sequence[Piece], boxes: Sequence[Box]) -> tuple[tuple[Layer, ...], Mask]:
        """Every piece cut to what is left of it, and where what is seen of one is dust; all within a box for each."""
        dust = np.zeros(self.top.shape, bool)
        islands = (self.over > 0) & ~_large(self.over > 0)
        made = []
        for place, (piece, (top, left, bottom, right)) in enumerate(zip(pieces, boxes, strict=True)):
            here = np.s_[top:bottom, left:right]
            seen, under = self.top[here] == place, self.floor[here] == place
            hidden = np.where(place < self.hides[here], _whole(piece, boxes[place]), 0)
            sheet = np.where(seen, self.over[here], np.where(under, self.beneath[here], hidden))
            small = (sheet > 0) & ~_large(sheet > 0)
            dust[here] |= small & (seen | under) & ~islands[here]
            sheet[small & ~(seen | under)] = 0
            made.append(trimmed(Layer(piece.name, sheet.view(np.uint8).reshape(*sheet.shape, 4), top, left)))
        return tuple(made), dust


def _whole(piece: Piece, box: Box) -> Packed:
    """All of a piece within a larger box, hidden or not."""
    sheet = np.zeros((box[2] - box[0], box[3] - box[1]), np.uint32)
    whole = _packed(np.dstack([piece.colour, np.where(piece.alpha >= FULL, np.uint8(255), piece.alpha)]))
    rows, columns = piece.here
    sheet[rows.start - box[0] : rows.stop - box[0], columns.start - box[1] : columns.stop - box[1]] = np.where(
        piece.alpha > FAINT, whole, 0
    )
    return sheet


def _box(piece: Piece) -> Box:
    rows, columns = piece.here
    return rows.start, columns.start, rows.stop, columns.stop


def _widened(box: Box, size: tuple[int, int]) -> Box:
    """With room for soft edges, on the canvas."""
    top, left, bottom, right = box
    return max(0, top - REACH), max(0, left - REACH), min(size[0], bottom + REACH), min(size[1], right + REACH)


def _around(one: Box, other: Box) -> Box:
    """The smallest box around two."""
    low, high = np.minimum(one, other), np.maximum(one, other)
    return int(low[0]), int(low[1]), int(high[2]), int(high[3])


def _packed(rgba: Rgba) -> Packed:
    """One number a pixel; a view."""
    return rgba.view(np.uint32)[..., 0]
