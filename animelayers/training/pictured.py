"""Pictures beside and below each other in one file: what previews are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from animelayers.handoff.files import replacing

Rgb = npt.NDArray[np.uint8]
"""uint8 [h, w, 3]."""


def save_rows(rows: Sequence[Sequence[Rgb]], path: Path) -> None:
    """Write rows of pictures as a PNG, black where a row is shorter than others or a picture lower.

    Raises:
        OutputError: the file cannot be written.
    """
    from PIL import Image

    heights = [max(len(tile) for tile in row) for row in rows]
    width = max(sum(tile.shape[1] for tile in row) for row in rows)
    whole = np.zeros((sum(heights), width, 3), np.uint8)
    top = 0
    for row, height in zip(rows, heights, strict=True):
        left = 0
        for tile in row:
            whole[top : top + len(tile), left : left + tile.shape[1]] = tile
            left += tile.shape[1]
        top += height
    with replacing(path) as temporary:
        Image.fromarray(whole).save(temporary, "PNG")
