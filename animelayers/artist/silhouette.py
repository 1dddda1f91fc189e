"""The figure as one shape: where its outer contour is drawn heavier, and where light from behind catches it."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.artist.curves import Curve
from animelayers.artist.sheets import Canvas, Path, Sheet, cut_out, mask, paint

PAD = 0.15
"""Head heights around the canvas in which the figure goes on."""


class Silhouette:
    """What all fragments cover together, in pixels of the canvas."""

    def __init__(self, paths: Iterable[Path], size: tuple[int, int], scale: float, origin: tuple[float, float]) -> None:
        pad = int(PAD * scale) + 2
        sheet = Sheet((-pad, -pad, size[0] + pad, size[1] + pad), scale, origin)
        black = paint((0, 0, 0))
        for path in paths:
            sheet.canvas.drawPath(path, black)
        self._cover = sheet.coverage()
        self._scale = scale
        self._corner = (-(origin[0] + pad) / scale, -(origin[1] + pad) / scale)

    def cut(self, canvas: Canvas, x: float, y: float, blur: float) -> None:
        """Erase the silhouette, moved, from what is on a canvas; `blur` in head heights."""
        sigma = blur * self._scale
        cover = cv2.GaussianBlur(self._cover, (0, 0), sigma) if sigma > 0.3 else self._cover
        cut_out(canvas, mask(cover), self._corner[0] + x, self._corner[1] + y, 1 / self._scale)

    def openness(self, radius: float) -> Openness:
        """How much of what is within `radius` of a point is no figure."""
        size = 2 * max(round(radius * self._scale), 2) + 1
        return Openness(cv2.blur(self._cover, (size, size)), self._corner, self._scale)


class Openness:
    """Looks up, for points of the drawing, how near the outer contour they are."""

    def __init__(self, around: np.ndarray, corner: tuple[float, float], scale: float) -> None:
        self._around, self._corner, self._scale = around, np.asarray(corner), scale

    def at(self, points: Curve) -> npt.NDArray[np.float64]:
        """Float [n]: 0 well inside the figure, 1 on its contour."""
        x, y = ((points - self._corner) * self._scale).astype(np.int64).T
        height, width = self._around.shape
        around = self._around[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)]
        return np.asarray(np.clip((1 - around / 255) * 2.5, 0, 1))
