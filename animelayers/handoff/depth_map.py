"""A depth map as pictures: 16 bits of grey for programs, colours for people."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.handoff.sheet import write_signed
from animelayers.stack import Provenance

Map = npt.NDArray[np.float32]
"""float32 [h, w], finite, larger nearer, on any scale."""

DEEPEST = 65535
"""Level of what is nearest."""
EMPTY = 24
"""Level of red, green and blue where nothing is."""


def levels(depth: Map, there: npt.NDArray[np.bool_] | None = None) -> npt.NDArray[np.uint16]:
    """uint16 [h, w]: 1, farthest, to 65535, nearest, over the range that the map has where something is; 0 elsewhere.

    Args:
        depth: the map.
        there: bool [h, w], where something is; None: everywhere.
    """
    seen = depth if there is None else depth[there]
    low, high = (float(seen.min()), float(seen.max())) if seen.size else (0.0, 0.0)
    share = (depth.astype(np.float64) - low) / (high - low) if high > low else np.zeros(depth.shape)
    out = np.rint(1 + np.clip(share, 0, 1) * (DEEPEST - 1)).astype(np.uint16)
    if there is not None:
        out[~there] = 0
    return out


def coloured(depth: Map, there: npt.NDArray[np.bool_] | None = None) -> npt.NDArray[np.uint8]:
    """uint8 [h, w, 3]: from blue, farthest, to red, nearest; dark grey where nothing is. Arguments as of `levels`."""
    grey = (levels(depth, there) >> 8).astype(np.uint8)
    out = cv2.cvtColor(cv2.applyColorMap(grey, cv2.COLORMAP_TURBO), cv2.COLOR_BGR2RGB)
    if there is not None:
        out[~there] = EMPTY
    return np.asarray(out, np.uint8)


def write_map(picture: npt.NDArray[np.uint16] | npt.NDArray[np.uint8], path: Path, made: Provenance) -> None:
    """Write what `levels` or `coloured` give as a PNG that says how it was made; the same map gives the same bytes.

    Raises:
        OutputError: the file cannot be written.
    """
    from PIL import Image

    write_signed(Image.fromarray(picture), path, made)
