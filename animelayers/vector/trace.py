"""A picture → a drawing: colours, labels, layered shapes, curves."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from animelayers.color import premultiplied
from animelayers.errors import PictureError
from animelayers.stack import Rgba
from animelayers.vector.contours import Polyline, contours
from animelayers.vector.drawing import Drawing, Shape
from animelayers.vector.fit import fit_curves
from animelayers.vector.labels import Labels, label_picture
from animelayers.vector.layering import Sheet, sheets
from animelayers.vector.ordering import ordered

MAX_PIXELS = 24_000_000
"""Of a picture that is traced."""

BOUND = 0.3
"""Px by which a curve may miss the border that it stands for."""

HIDDEN = 3.0
"""By how much the bound is wider where nobody sees the border."""

SPECK = 0.6
"""Px²: smaller outlines and holes are left out."""

CLEAR = np.zeros(4, np.float32)


def trace(
    rgba: Rgba,
    *,
    colours: int | str | None = None,
    bound: float = BOUND,
    depth: npt.NDArray[np.float32] | None = None,
    neutral: int | None = None,
) -> Drawing:
    """Trace a picture.

    Args:
        rgba: uint8 [h, w, 4], straight alpha.
        colours: how many; None finds out, `"own"` keeps every flat colour as it is.
        bound: px by which a curve may miss the border that it stands for.
        depth: [h, w], larger is nearer: the order of the colours; None goes by area and by what encloses what.
        neutral: 0..255, the level that a blend mode leaves as it is: the picture is laid on it, and what then looks
            like it belongs to nobody. None: what is transparent belongs to nobody.

    Raises:
        PictureError: more than `MAX_PIXELS`.
        DataError: see `palette.palette_of`.
    """
    refuse_huge(rgba)
    height, width = rgba.shape[:2]
    levels, ground = premultiplied(rgba), CLEAR
    if neutral is not None:
        levels[..., :3] += neutral * (1 - levels[..., 3:] / 255)
        levels[..., 3] = 255
        ground = np.array([neutral, neutral, neutral, 255], np.float32)
    if not np.abs(levels - ground).max(initial=0) > 4:
        return Drawing(height, width, ())
    labels, order = ordered(label_picture(levels, ground=ground, colours=colours), depth)
    return Drawing(height, width, shapes_of(labels, order, bound=bound))


def refuse_huge(rgba: Rgba) -> None:
    """Do nothing, or raise.

    Raises:
        PictureError: more than `MAX_PIXELS`.
    """
    height, width = rgba.shape[:2]
    if height * width > MAX_PIXELS:
        raise PictureError(
            f"{width} × {height} px are too many to trace, at most {MAX_PIXELS // 10**6} megapixels are",
            hint="scale the picture down first",
        )


def shapes_of(labels: Labels, order: npt.NDArray[np.int64], *, bound: float = BOUND) -> tuple[Shape, ...]:
    """The shapes of labels, bottom → top; all curves are fitted together."""
    lines: list[Polyline] = []
    slack: list[npt.NDArray[np.float64]] = []
    owner: list[int] = []
    for sheet in sheets(labels, order):
        for line in contours(sheet.field):
            if abs(area(line)) >= SPECK:
                lines.append(line + (sheet.left, sheet.top))
                slack.append(_slack(line, sheet))
                owner.append(sheet.label)
    curves = fit_curves(lines, slack, bound=bound)
    shapes = []
    for label in dict.fromkeys(owner):
        found = tuple(curve for curve, of in zip(curves, owner, strict=True) if of == label and len(curve))
        fill, opacity = labels.paint(label)
        shapes.append(Shape(fill, found, opacity))
    return tuple(shapes)


def area(line: Polyline) -> float:
    """Px² inside a closed line; negative where it runs counter-clockwise on the screen."""
    x, y = line.T
    return float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2)


def _slack(line: Polyline, sheet: Sheet) -> npt.NDArray[np.float64]:
    height, width = sheet.hidden.shape
    y, x = np.clip(line[:, 1].astype(int), 0, height - 1), np.clip(line[:, 0].astype(int), 0, width - 1)
    return np.where(sheet.hidden[y, x], HIDDEN, 1.0)
