"""What a traced picture is: flat shapes, bottom → top, each of closed cubic Bézier curves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Curves = npt.NDArray[np.float64]
"""float64 [n, 4, 2]: cubic Béziers end to end, closed; `(x, y)` in px, y down, (0, 0) the canvas' top left corner."""


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """One flat: a colour, and the outlines and holes that it fills by the nonzero rule."""

    fill: tuple[int, int, int]
    """sRGB, 0..255."""
    curves: tuple[Curves, ...]
    """Outlines run clockwise on the screen, holes the other way."""
    opacity: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """Shapes on a canvas, bottom → top."""

    height: int
    width: int
    shapes: tuple[Shape, ...]

    @property
    def segments(self) -> int:
        """Bézier curves in all."""
        return sum(len(curves) for shape in self.shapes for curves in shape.curves)
