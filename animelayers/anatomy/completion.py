"""Pieces made whole: every piece goes on behind what covers it, in shape, colour and outline, as a rigger needs it.

Nothing that is seen changes: a piece only grows where something opaque above it is seen.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.anatomy.hidden import RIM, Paint, Tones, continued, hidden_colours
from animelayers.anatomy.margins import LEAST, Shape, Surroundings, whole_shape
from animelayers.anatomy.outline import Nib, outlined
from animelayers.anatomy.parting import DUST, cut_out
from animelayers.anatomy.pieces import Piece, owners
from animelayers.color import to_uint8
from animelayers.raster import Mask, longer_side, tight_box
from animelayers.rendering.classic import guess_layers
from animelayers.rendering.solve import RenderingGuess, Rgb
from animelayers.stack import Rgba

MARGIN = 0.011
"""How far a piece reaches under its coverers, as a share of the figure's longer side."""
SLIGHT = 0.15
"""The same at most, as a share of the side of a square of the piece's own area: eyes are small."""
AROUND = 4
"""What of a piece is looked at around what is hidden of it, in margins."""
FAINT = 5
"""Alpha of a guess, 0..255, up to which it means nothing."""
STROKE = 32
"""Alpha of the line art from which on a pixel is no paint."""
STRAY = 0.04
"""A fragment of a piece that hangs on nothing that is seen stays if it is no smaller a share of the piece."""

Window = tuple[slice, slice]
"""Rows and columns of a piece's box."""

Fill = Callable[[Rgb, Mask], Rgb]
"""An inpainter: uint8 [h, w, 3] and bool [h, w], true where it shall be made up → uint8 [h, w, 3]."""


def completed(
    pieces: Sequence[Piece], source: Rgba, *, drawing: RenderingGuess | None = None, fill: Fill | None = None
) -> tuple[Piece, ...]:
    """The same pieces, each whole behind what covers it; those of which nothing is anywhere are left out.

    Of every piece the alpha is 255 where it is seen and 0 wherever it would be seen and is not; what is seen and its
    colour stay as they are. Boxes change.

    Args:
        pieces: bottom → top; no pixel is seen in two.
        source: uint8 [h, w, 4], straight alpha.
        drawing: how `source` is painted, where that is known already: lines, and the picture without them.
        fill: an inpainter that makes the hidden colours instead, such as `lama.Lama`.
    """
    scene = _Scene.of(pieces, source, drawing or guess_layers(source))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        whole = pool.map(lambda place: scene.whole(pieces[place], place, fill), range(len(pieces)))
        return tuple(piece for piece in whole if piece.alpha.any())


@dataclass(frozen=True, slots=True, eq=False)
class _Scene:
    """The picture that all pieces are seen in."""

    owner: npt.NDArray[np.int16]
    """Place of the piece that is seen at every pixel; -1 for none."""
    opaque: Mask
    drawing: RenderingGuess
    margin: int
    tones: Mapping[str, Tones]
    """Of every part: both sides and all strata are painted alike."""

    @classmethod
    def of(cls, pieces: Sequence[Piece], source: Rgba, drawing: RenderingGuess) -> _Scene:
        owner = owners(pieces, (source.shape[0], source.shape[1]))
        shown: dict[str, list[npt.NDArray[np.uint8]]] = {}
        for piece in pieces:
            colours, stroke = _painted(piece, drawing)
            shown.setdefault(piece.tag, []).append(colours[piece.seen & ~stroke])
        tones = {tag: Tones.of(np.concatenate(pixels)) for tag, pixels in shown.items()}
        margin = max(LEAST, round(MARGIN * longer_side(owner >= 0)))
        return cls(owner, source[..., 3] == 255, drawing, margin, tones)

    def whole(self, piece: Piece, place: int, fill: Fill | None) -> Piece:
        """One piece, of its place in the order, made whole."""
        side = np.sqrt(np.count_nonzero(piece.seen | (piece.alpha >= 128)))
        margin = int(np.clip(SLIGHT * side, LEAST, self.margin))
        piece = _padded(piece, margin + 2, self.owner.shape)
        alpha = np.where(piece.seen, np.uint8(255), np.uint8(0))
        covered = (self.owner[piece.here] > place) & self.opaque[piece.here]
        window = _window(covered & ((piece.alpha > FAINT) | _near(piece.seen, margin + 1)), AROUND * margin)
        if window is None:
            return cut_out(piece.replace(alpha=alpha), piece.seen)
        guess = np.where(piece.alpha[window] > FAINT, piece.alpha[window] / np.float32(255), np.float32(0))
        at = Surroundings.of(piece.seen[window], covered[window], guess, margin)
        shape = whole_shape(at)
        alpha[window] = to_uint8(255 * shape.alpha)
        alpha = _without_strays(alpha, piece.seen)
        hidden = (alpha[window] > 0) & ~at.seen
        colour = piece.colour.copy()
        if hidden.any():
            colour[window][hidden] = self._coloured(piece, window, at, shape, hidden, fill)
        piece = piece.replace(alpha=alpha, colour=colour)
        return cut_out(piece, alpha > 0)

    def _coloured(
        self, piece: Piece, window: Window, at: Surroundings, shape: Shape, hidden: Mask, fill: Fill | None
    ) -> npt.NDArray[np.uint8]:
        """Uint8 [n, 3]: of the hidden pixels of a window."""
        colours, stroke = _painted(piece, self.drawing)
        guess = piece.colour[window]
        paint = Paint(colours[window], stroke[window], guess, self.tones[piece.tag])
        near = continued(at, paint)
        if fill is not None:
            known = np.where(at.seen[..., None], guess, to_uint8(near))
            return fill(known, hidden | (at.seen & (at.under <= RIM)))[hidden]
        made = hidden_colours(at, hidden, near, paint)
        nib = Nib.of(at, self.drawing.line[piece.here][window])
        return to_uint8(made if nib is None else outlined(made, hidden, shape, nib))


def _painted(piece: Piece, drawing: RenderingGuess) -> tuple[Rgb, Mask]:
    """The colours of a piece in its box without its strokes, and where those are; what is all strokes has none."""
    stroke = drawing.line[piece.here][..., 3] >= STROKE
    if np.count_nonzero(stroke & piece.seen) > 0.5 * np.count_nonzero(piece.seen):
        return piece.colour, np.zeros_like(stroke)
    return drawing.base[piece.here], stroke


def _padded(piece: Piece, room: int, size: tuple[int, ...]) -> Piece:
    """The piece in a larger box, cut at the canvas."""
    rows, columns = piece.here
    top, left = min(room, rows.start), min(room, columns.start)
    around = (top, min(room, size[0] - rows.stop)), (left, min(room, size[1] - columns.stop))
    return piece.replace(
        top=piece.top - top,
        left=piece.left - left,
        seen=np.pad(piece.seen, around),
        alpha=np.pad(piece.alpha, around),
        colour=np.pad(piece.colour, (*around, (0, 0)), mode="edge"),
        depth=np.pad(piece.depth, around, mode="edge"),
    )


def _window(mask: Mask, room: int) -> Window | None:
    """Rows and columns of the tight box of a mask and `room` px around it; None where the mask is empty."""
    top, left, bottom, right = tight_box(mask)
    if top == bottom:
        return None
    return slice(max(0, top - room), bottom + room), slice(max(0, left - room), right + room)


def _near(mask: Mask, reach: int) -> Mask:
    return np.asarray(cv2.dilate(mask.astype(np.uint8), np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)) > 0)


def _without_strays(alpha: npt.NDArray[np.uint8], seen: Mask) -> npt.NDArray[np.uint8]:
    """Without small fragments that hang on nothing that is seen."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats((alpha >= 128).astype(np.uint8), connectivity=8)
    area = stats[:, cv2.CC_STAT_AREA]
    kept = area >= max(DUST, STRAY * area[1:].sum())
    kept[np.unique(labels[seen])] = True
    kept[0] = False
    return np.where(_near(kept[labels], 1), alpha, np.uint8(0))
