"""The anatomy of a picture, step by step: what a parts model said of it becomes layers that flatten to it exactly."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from animelayers.anatomy import completion, lock, looks, order, seeing, sides, strata
from animelayers.anatomy.guess import PartsGuess
from animelayers.anatomy.pieces import Piece
from animelayers.stack import LayerStack, Provenance, Rgba

PERSON = 0.5
"""Probability from which on there is a character."""


def exact_parts(
    source: Rgba, guess: PartsGuess, provenance: Provenance | None = None, *, fill: completion.Fill | None = None
) -> LayerStack:
    """The pieces of `source`, uint8 [h, w, 4], bottom → top, that flatten to it with error 0.

    Where the guess sees no character, all of the picture is the one layer `background`.

    Args:
        source: straight alpha.
        guess: of a parts model; any guess gives an exact stack.
        provenance: for the stack.
        fill: an inpainter that makes the hidden colours.
    """
    return lock.locked(parted(source, guess, fill=fill), source, provenance)


def parted(source: Rgba, guess: PartsGuess, *, fill: completion.Fill | None = None) -> tuple[Piece, ...]:
    """The pieces of a picture, bottom → top and whole, before they are locked; none where there is no character."""
    if guess.person < PERSON:
        return ()
    size = source.shape[0], source.shape[1]
    labels = seeing.seen_labels(source, guess)
    pieces = seeing.pieces_of(source, guess, labels)
    pieces = sides.split(pieces, looks.side_map(guess, size), size)
    pieces = strata.split(pieces)
    return completion.completed(order.ordered(pieces), source, fill=fill)


def seen_depth(pieces: Iterable[Piece], size: tuple[int, int]) -> npt.NDArray[np.float32]:
    """Float32 [h, w], 0..1: pseudo-depth of what is seen at each pixel of a canvas, larger is nearer; 0 for nothing."""
    out = np.zeros(size, np.float32)
    for piece in pieces:
        out[piece.here][piece.seen] = piece.depth[piece.seen]
    return out
