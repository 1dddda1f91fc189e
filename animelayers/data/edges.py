"""Whether the soft edge of a layer is straight alpha, or colour that was already multiplied by it."""

from __future__ import annotations

import numpy as np

from animelayers.raster import nearest
from animelayers.stack import Rgba

REACH = 3.0
"""Pixels within which an opaque neighbour tells what colour an edge should have."""
FAINT = (16, 128)
"""Alpha of the pixels that are looked at: below, rounding blurs the colour; above, outline and fill mix."""
FEWEST = 24
"""Faint pixels with an opaque neighbour, below which nothing is said."""
DARKEST = 24.0
"""Levels that the neighbours have at least, in the root mean square: black cannot sink."""
OVER = 0.02
"""Share of faint pixels brighter than their alpha from which an edge is straight: colour × alpha never is."""
BLACK = 0.02
"""Share of the neighbours' brightness below which faint pixels are taken for black ink."""


def premultiplication(rgba: Rgba) -> float:
    """`darkening` where nothing speaks against it: colour × alpha is never brighter than alpha. Otherwise 0."""
    alpha = rgba[..., 3].astype(np.int64)
    faint = (alpha >= FAINT[0]) & (alpha < FAINT[1])
    brighter = rgba[faint, :3].max(axis=1, initial=0) > alpha[faint] + 2
    return 0.0 if faint.any() and brighter.mean() > OVER else darkening(rgba)


def darkening(rgba: Rgba) -> float:
    """How far faint edges sink towards black: about 0 for straight alpha, about 1 for premultiplied colour.

    With `c` the colour of a faint pixel, `a` its alpha and `c0` the colour of the nearest opaque pixel, least squares
    over all channels give `c = c0 · (u + w · a)`; the answer is which share of that, at the mean alpha, comes from
    `w · a`. A dark outline makes `u` smaller than 1, and only premultiplication makes it 0. Where there is too little
    to judge by the answer is 0.

    Args:
        rgba: uint8 [h, w, 4].
    """
    alpha = rgba[..., 3]
    opaque = alpha == 255
    if not opaque.any():
        return 0.0
    distance, index = nearest(opaque)
    faint = (alpha >= FAINT[0]) & (alpha < FAINT[1]) & (distance <= REACH)
    beside = rgba.reshape(-1, 4)[index[faint], :3].astype(np.float64).ravel()
    if beside.size < 3 * FEWEST or np.mean(beside * beside) < DARKEST**2:
        return 0.0
    cover = np.repeat(alpha[faint] / 255, 3)
    (fixed, sinking), *_ = np.linalg.lstsq(np.stack([beside, beside * cover], 1), rgba[faint, :3].ravel(), rcond=None)
    share = sinking * cover.mean()
    return float(share / (fixed + share)) if fixed + share > BLACK else 0.0
