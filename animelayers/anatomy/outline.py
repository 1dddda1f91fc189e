"""The outline of a piece goes on around what is hidden of it, drawn with the pen of its visible outline."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from animelayers.anatomy.hidden import Colours
from animelayers.anatomy.margins import Shape, Surroundings, signed_distance
from animelayers.raster import Mask
from animelayers.stack import Rgba

REACH = 0.7
"""How far inside of the border of a piece its outline is sought, in margins; 3 px at least."""
INKED = 0.4
"""Share of the border that must be inked: a piece with less has no outline."""
FEW = 30
"""Pixels along the border below which they say nothing."""


@dataclass(frozen=True, slots=True)
class Nib:
    """What a piece is outlined with."""

    width: float
    """px, measured from the border inwards."""
    ink: npt.NDArray[np.float64]
    """[3], levels."""

    @classmethod
    def of(cls, at: Surroundings, line: Rgba) -> Nib | None:
        """Measured at the visible border, where nothing covers it; None where that is not outlined.

        `line` is the line art of the picture, uint8 [h, w, 4], straight alpha, in the window.
        """
        reach = max(3.0, REACH * at.margin)
        band = at.seen & (at.beyond <= reach) & (at.under > reach)
        if np.count_nonzero(band) < FEW:
            return None
        step = np.maximum(at.beyond[band] - 0.5, 0).astype(np.int64)
        inked = np.bincount(step, weights=line[band][:, 3] / 255) / np.maximum(np.bincount(step), 1)
        peak = int(inked[:4].argmax())
        if inked[peak] < INKED:
            return None
        faint = np.flatnonzero(inked[peak:] < 0.35 * inked[peak])
        depth = peak + int(faint[0]) if faint.size else len(inked)
        dark = band & (at.beyond <= depth + 0.5) & (line[..., 3] >= 160)
        if np.count_nonzero(dark) < 10:
            return None
        return cls(float(inked[:depth].sum() / inked[peak]), np.median(line[dark][:, :3], axis=0))


def outlined(colours: Colours, hidden: Mask, shape: Shape, nib: Nib) -> Colours:
    """The colours of the hidden pixels, [n, 3], with the outline drawn where the piece ends among them."""
    inside = shape.inside > 0
    if inside.all() or not inside.any():
        return colours
    depth = signed_distance(inside)[hidden]
    cover = np.clip(nib.width - depth + 0.5, 0, 1) * np.clip(depth + 1.5, 0, 1) * shape.outlined[hidden]
    return np.asarray(colours + (nib.ink - colours) * cover[:, None], np.float32)
