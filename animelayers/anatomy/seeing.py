"""Which part is seen at each pixel: what the guess says, decided by the drawing itself."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from animelayers.anatomy import evidence, looks
from animelayers.anatomy.guess import PartsGuess
from animelayers.anatomy.pieces import Piece
from animelayers.anatomy.evidence import Labels
from animelayers.color import matte, premultiplied, straight
from animelayers.parts import PART_LABELS, PARTS
from animelayers.raster import Mask, bands, nearest, tight_box
from animelayers.stack import Rgba

WORK_SIDE = 1600
"""Longest side, px, at which is decided what is seen; in larger pictures borders are then found anew."""

CANDIDATES = 4
"""Parts that may come into question at a pixel."""

CUT_OUT = 4.0
"""By how much nobody is less likely, as a logarithm, where a picture with transparency is opaque."""

DUST = 12
"""Pixels, at `DUST_SIDE`; connected areas of less join their surroundings."""

DUST_SIDE = 1600
"""Longest side, px, above which dust is larger in proportion to the picture's area."""


def seen_labels(source: Rgba, guess: PartsGuess) -> Labels:
    """The part that is seen at every pixel of `source`, uint8 [h, w, 4], straight alpha.

    Nothing is seen where alpha is below 128.

    Returns:
        uint8 [h, w], `parts.PART_LABELS`; 0 is what belongs to no part.
    """
    height, width = source.shape[:2]
    scale = min(1.0, WORK_SIDE / max(height, width))
    if scale == 1.0:
        return _decided(source, guess)
    small = max(1, round(height * scale)), max(1, round(width * scale))
    reduced = straight(cv2.resize(premultiplied(source), small[::-1], interpolation=cv2.INTER_AREA))
    labels = _decided(reduced, looks.scaled(guess, small[0] / height, small[1] / width))
    return _without_dust(_at_native_size(labels, reduced, source), round(DUST / scale**2))


def _decided(source: Rgba, guess: PartsGuess) -> Labels:
    size = source.shape[0], source.shape[1]
    inside = source[..., 3] >= 128
    labels, scores = looks.candidates(guess, size, CANDIDATES)
    if not inside.all():
        labels[:, ~inside], scores[:, ~inside] = looks.NOBODY, -np.inf
        scores[0, ~inside] = 0
        scores[inside & (labels == looks.NOBODY)] -= CUT_OUT
        scores -= scores.max(axis=0)
    return _without_dust(evidence.weighed(matte(source), labels, scores, inside), DUST)
