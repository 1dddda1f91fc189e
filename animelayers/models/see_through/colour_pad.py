"""Colour under transparent pixels: what the depth network has learnt to see there.

Not the nearest colour, as `color.bleed` has it, but one that grows ever smoother away from what is visible: a pyramid
of premultiplied levels, each 1.2 times smaller, laid over one another from the smallest to the largest.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.color import premultiplied
from animelayers.stack import Rgba

FACTOR = 1.2
"""How much smaller each level is."""


def padded(rgba: Rgba) -> npt.NDArray[np.float32]:
    """uint8 [h, w, 4], straight alpha → colour everywhere, float32 [h, w, 3], 0..1; black if nothing is visible.

    Colour goes on below soft edges too, so that what is seen of it does not depend on alpha.
    """
    levels = [premultiplied(rgba) / np.float32(255)]
    while min(levels[-1].shape[:2]) > 1:
        height, width = (int(side / FACTOR) for side in levels[-1].shape[:2])
        levels.append(np.asarray(cv2.resize(levels[-1], (width, height), interpolation=cv2.INTER_LINEAR)))
    total = levels[-1].sum(axis=(0, 1))
    colour = np.broadcast_to(total[:3] / max(total[3], 1e-8), (*levels[-1].shape[:2], 3)).astype(np.float32)
    for level in reversed(levels):
        colour = np.asarray(cv2.resize(colour, level.shape[1::-1], interpolation=cv2.INTER_LINEAR))
        colour *= 1 - level[..., 3:]
        colour += level[..., :3]
    return colour
