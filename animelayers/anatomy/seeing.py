"""Which part is seen at each pixel: what the guess says, decided by the drawing itself."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.anatomy import evidence, looks
from animelayers.anatomy.evidence import Labels
from animelayers.anatomy.guess import PartsGuess
from animelayers.anatomy.looks import NOBODY
from animelayers.anatomy.mouth import whole_mouth
from animelayers.anatomy.parting import DUST
from animelayers.anatomy.pieces import Piece
from animelayers.anatomy.strays import without_strays
from animelayers.color import matte, premultiplied, straight, to_uint8
from animelayers.parts import PART_LABELS
from animelayers.raster import Mask, bands, nearest, tight_box
from animelayers.rendering.classic import native_labels
from animelayers.stack import Rgba

WORK_SIDE = 1600
"""Longest side, px, at which is decided what is seen; in larger pictures only the borders are looked at again."""

ROWS = 512
"""Rows of a band at native size."""

CANDIDATES = 4
"""Parts that may come into question at a pixel."""

CUT_OUT = 4.0
"""By how much nobody is less likely, as a logarithm, where a picture with transparency is opaque."""


def seen_labels(source: Rgba, guess: PartsGuess) -> Labels:
    """The part that is seen at every pixel of `source`, uint8 [h, w, 4], straight alpha.

    Returns:
        uint8 [h, w], `parts.PART_LABELS`; 0 is what belongs to no part, and wherever nothing is drawn.
    """
    height, width = source.shape[:2]
    inside = source[..., 3] >= 128
    scale = min(1.0, WORK_SIDE / max(height, width))
    if scale == 1.0:
        labels = _without_dust(_decided(source, guess), inside, DUST)
    else:
        small = max(1, round(height * scale)), max(1, round(width * scale))
        reduced = _reduced(source, small)
        labels = _decided(reduced, looks.scaled(guess, small[0] / height, small[1] / width))
        labels = _without_dust(_at_native_size(labels, reduced, source), inside, round(DUST / scale**2))
    return _to_the_rim(without_strays(labels, inside), source[..., 3])


def pieces_of(source: Rgba, guess: PartsGuess, labels: Labels) -> tuple[Piece, ...]:
    """One piece for every part that is seen or, as the guess has it, there but hidden; in the order of `parts.PARTS`.

    Args:
        source: uint8 [h, w, 4], straight alpha.
        guess: says of what is hidden.
        labels: uint8 [h, w], what `seen_labels` returned.
    """
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        pieces = pool.map(lambda tag: _piece(source, guess, labels, tag), PART_LABELS)
        return tuple(piece for piece in pieces if piece is not None)


def _piece(source: Rgba, guess: PartsGuess, labels: Labels, tag: str) -> Piece | None:
    size = labels.shape[0], labels.shape[1]
    everywhere = labels == PART_LABELS[tag]
    box = tight_box(everywhere)
    shows = box[0] < box[2]
    if not shows and not looks.there(guess, tag):
        return None
    whole = looks.whole(guess, tag, size, about=box)
    if whole is None:
        return None
    top, left, alpha, colour, depth = whole
    here = slice(top, top + alpha.shape[0]), slice(left, left + alpha.shape[1])
    seen = everywhere[here].copy()
    alpha[(labels[here] == NOBODY) & ~seen] = 0
    if not shows and np.count_nonzero(alpha >= 128) < DUST:
        return None
    alpha[seen] = source[here][seen, 3]
    colour[seen] = source[here][seen, :3]
    return Piece(tag, top, left, seen, alpha, colour, depth)


def _decided(source: Rgba, guess: PartsGuess) -> Labels:
    """At the size of `source`, dust included."""
    size = source.shape[0], source.shape[1]
    inside = source[..., 3] >= 128
    labels, scores = looks.candidates(guess, size, CANDIDATES)
    if not inside.all():
        labels[:, ~inside], scores[:, ~inside] = NOBODY, -np.inf
        scores[0, ~inside] = 0
        scores[inside & (labels == NOBODY)] -= CUT_OUT
        scores -= scores.max(axis=0)
    picture = matte(source)
    strokes = evidence.drawn_strokes(source, picture, inside)
    decided = evidence.weighed(picture, inside, labels, scores, looks.depths(guess, labels), strokes)
    return whole_mouth(decided, strokes, labels, scores)


def _reduced(source: Rgba, size: tuple[int, int]) -> Rgba:
    """`source` resized by area."""
    premul = np.empty_like(source)
    for rows, _, _ in bands(source.shape[0], ROWS):
        premul[rows] = to_uint8(premultiplied(source[rows]))
    return straight(cv2.resize(premul, size[::-1], interpolation=cv2.INTER_AREA))


def _at_native_size(labels: Labels, reduced: Rgba, source: Rgba) -> Labels:
    """Labels of the reduced picture at the size of `source`."""
    out = np.empty(source.shape[:2], np.uint8)
    for rows, _, _ in bands(len(source), ROWS):
        out[rows] = native_labels(source, labels, reduced, rows)
    out[source[..., 3] < 128] = NOBODY
    return out


def _to_the_rim(labels: Labels, alpha: npt.NDArray[np.uint8]) -> Labels:
    """Soft edges against transparent ground belong to what they are the edge of."""
    solid, soft = alpha >= 128, (alpha > 0) & (alpha < 128)
    if not (solid.any() and soft.any()):
        return labels
    _, index = nearest(solid)
    return np.where(soft, labels.reshape(-1)[index], labels)


def _without_dust(labels: Labels, inside: Mask, dust: int) -> Labels:
    """Connected areas of less than `dust` px take the labels next to them; islands in transparent ground stay.

    In pictures above `WORK_SIDE` dust is as much larger as they are.
    """
    specks = np.zeros(labels.shape, bool)
    for label in np.flatnonzero(np.bincount(labels.ravel())):
        there = labels == label
        top, left, bottom, right = tight_box(there)
        here = slice(top, bottom), slice(left, right)
        mask = there[here].astype(np.uint8)
        _, found, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4 if label == NOBODY else 8)
        small = stats[:, cv2.CC_STAT_AREA] < dust
        small[0] = False
        specks[here] |= small[found]
    settled = inside & ~specks
    if not (specks & inside).any() or not settled.any():
        return labels
    count, body = cv2.connectedComponents(inside.astype(np.uint8), connectivity=8)
    island = np.ones(count, bool)
    island[body[settled]] = False
    _, index = nearest(settled)
    return np.where(specks & ~island[body], labels.reshape(-1)[index], labels)
