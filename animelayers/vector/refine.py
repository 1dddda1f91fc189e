"""Curves and colours moved to where they paint the picture best: gradient descent through an exact-area rasteriser.

Shapes of which too little is seen are dropped on the way, judged as in AmodalSVG (arXiv 2604.10940, eq. 1 and 2):
with the shapes 1..N from the bottom up, αᵢ the cover of shape i times its opacity,

    O_N = 0,  O_i = O_{i+1} + α_{i+1} (1 − O_{i+1}),  S_i = Σ_p αᵢ(p) (1 − O_i(p))

where O_i is what lies over shape i, and S_i how many pixels of it one sees.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.color import matte
from animelayers.errors import MissingPackageError
from animelayers.raster import Mask
from animelayers.stack import Rgba
from animelayers.vector.drawing import Drawing, Shape

if TYPE_CHECKING:
    import torch

    from animelayers.vector.rasterise import Box

PRUNED = 4.0
"""Px: a shape of which less is seen goes."""

POINT_RATE = 0.05
"""Px a step, for points."""

COLOUR_RATE = 0.002
"""Of 0..1 a step, for colours."""

SLOWEST = 0.4
"""Both rates fall to this part of themselves."""

BAND = 2
"""Px on either side of an outline in which every pixel is looked at; elsewhere one in `GRID`²."""

GRID = 4


def refine(drawing: Drawing, rgba: Rgba, steps: int, *, colours: bool = True) -> Drawing:
    """The drawing, closer to the picture.

    Args:
        drawing: as `trace` made it.
        rgba: uint8 [h, w, 4], the picture; both are compared on white.
        steps: of Adam, on all points and, with `colours`, on all fills.
        colours: whether fills may change; without, a palette stays exact.

    Raises:
        MissingPackageError: PyTorch is not installed.
    """
    torch = _torch()
    drawing = pruned(drawing)
    if not drawing.shapes or steps < 1:
        return drawing
    scene = _Scene(drawing, rgba)
    rates = [(scene.points, POINT_RATE), *([(scene.fills, COLOUR_RATE)] if colours else [])]
    optimiser = torch.optim.Adam([{"params": [value], "lr": rate} for value, rate in rates])
    fall = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, SLOWEST, total_iters=steps)
    for _ in range(steps):
        optimiser.zero_grad()
        scene.loss().backward()
        optimiser.step()
        fall.step()
    return pruned(scene.drawing(drawing))


def visible_areas(drawing: Drawing) -> npt.NDArray[np.float64]:
    """S of every shape, px, float64 [n]: how much of it one sees.

    Raises:
        MissingPackageError: PyTorch is not installed.
    """
    torch = _torch()
    from animelayers.vector.rasterise import coverage

    over = torch.zeros(drawing.height, drawing.width)
    areas = np.zeros(len(drawing.shapes))
    for k in range(len(drawing.shapes) - 1, -1, -1):
        shape = drawing.shapes[k]
        curves = torch.as_tensor(_joined(shape), dtype=torch.float32)
        box = _box(curves, drawing)
        if box is None:
            continue
        alpha = coverage(curves, box) * shape.opacity
        above = over[box.top : box.bottom, box.left : box.right]
        areas[k] = float((alpha * (1 - above)).sum())
        above += alpha * (1 - above)
    return areas


def pruned(drawing: Drawing, least: float = PRUNED) -> Drawing:
    """The drawing without shapes of which less than `least` px are seen.

    Raises:
        MissingPackageError: PyTorch is not installed.
    """
    seen = visible_areas(drawing) >= least
    return replace(drawing, shapes=tuple(shape for shape, kept in zip(drawing.shapes, seen, strict=True) if kept))


class _Scene:
    """What is optimised, and the pixels it is judged by."""

    def __init__(self, drawing: Drawing, rgba: Rgba) -> None:
        torch = _torch()
        self.size = drawing.height, drawing.width
        curves = [_joined(shape) for shape in drawing.shapes]
        # The end of a curve is the start of the next one of its outline.
        self.points = torch.tensor(np.concatenate(curves)[:, :3], dtype=torch.float32, requires_grad=True)
        self.after = torch.as_tensor(_following(drawing))
        self.counts = [len(one) for one in curves]
        self.fills = torch.tensor([shape.fill for shape in drawing.shapes], dtype=torch.float32) / 255
        self.fills.requires_grad_()
        self.opacity = torch.tensor([shape.opacity for shape in drawing.shapes], dtype=torch.float32)[:, None]
        watched = _watched(curves, self.size)
        self.weight = torch.as_tensor(np.where(watched[1], 1.0, GRID * GRID)[watched[0]], dtype=torch.float32)
        self.target = torch.as_tensor(matte(rgba)[watched[0]], dtype=torch.float32) / 255
        self.boxes = [_box(torch.as_tensor(one, dtype=torch.float32), drawing) for one in curves]
        number = np.cumsum(watched[0]).reshape(self.size) - 1
        self.at = [_inside(box, watched[0], number) for box in self.boxes]

    def curves(self) -> torch.Tensor:
        """As they are now, float [n, 4, 2]."""
        torch = _torch()
        return torch.cat([self.points, self.points[self.after, :1]], 1)

    def loss(self) -> torch.Tensor:
        """Mean squared error, 0..1."""
        torch = _torch()
        from animelayers.vector.rasterise import Composite, coverage

        covers = [
            coverage(curves, box).reshape(-1)[local]
            for curves, box, (local, _) in zip(self.curves().split(self.counts), self.boxes, self.at, strict=True)
            if box is not None
        ]
        colours = torch.cat([self.fills, self.opacity], 1)
        seen = Composite.apply(
            torch.cat(covers), colours, [where for _, where in self.at], torch.ones_like(self.target)
        )
        return ((seen - self.target).square().sum(1) * self.weight).sum() / (3 * self.weight.sum())

    def drawing(self, before: Drawing) -> Drawing:
        """With the points and colours of now."""
        whole = self.curves().detach().double().numpy()
        fills = np.clip(np.rint(self.fills.detach().numpy() * 255), 0, 255).astype(int).tolist()
        shapes, at = [], 0
        for shape, fill in zip(before.shapes, fills, strict=True):
            curves = []
            for outline in shape.curves:
                curves.append(whole[at : at + len(outline)])
                at += len(outline)
            shapes.append(replace(shape, fill=tuple(fill), curves=tuple(curves)))
        return replace(before, shapes=tuple(shapes))


def _joined(shape: Shape) -> npt.NDArray[np.float64]:
    return np.concatenate([*shape.curves, np.zeros((0, 4, 2))])


def _following(drawing: Drawing) -> npt.NDArray[np.int64]:
    """For every curve of a drawing the index of the one that goes on from it."""
    counts = [len(outline) for shape in drawing.shapes for outline in shape.curves]
    first = np.cumsum(counts) - counts
    after = np.arange(1, sum(counts) + 1)
    after[(first + counts - 1).astype(int)] = first
    return after


def _box(curves: torch.Tensor, drawing: Drawing) -> Box | None:
    """The part of the canvas that curves can reach, now and a little later; None where there is none."""
    from animelayers.vector.rasterise import Box

    if not len(curves):
        return None
    low, high = curves.reshape(-1, 2).amin(0), curves.reshape(-1, 2).amax(0)
    left, top = (max(0, int(value) - BAND) for value in low.tolist())
    right, bottom = (int(value) + BAND + 1 for value in high.tolist())
    box = Box(top, left, min(bottom, drawing.height), min(right, drawing.width))
    return box if box.height > 0 and box.width > 0 else None


def _watched(curves: list[npt.NDArray[np.float64]], size: tuple[int, int]) -> tuple[Mask, Mask]:
    """Pixels that the loss looks at, and those of them that lie near outlines."""
    near = np.zeros(size, np.uint8)
    t = np.linspace(0, 1, 17)[:, None]
    weights = np.concatenate([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3], axis=1)
    for one in curves:
        for line in np.einsum("sk,nkd->nsd", weights, one):
            cv2.polylines(near, [np.rint(line - 0.5).astype(np.int32)], False, 1, 2 * BAND + 1)
    grid = np.zeros(size, bool)
    grid[GRID // 2 :: GRID, GRID // 2 :: GRID] = True
    return grid | (near > 0), near > 0


def _inside(box: Box | None, watched: Mask, number: npt.NDArray[np.int64]) -> Any:
    """Watched pixels of a box: their index in it, and their number among all."""
    torch = _torch()
    if box is None:
        return torch.zeros(0, dtype=torch.long), torch.zeros(0, dtype=torch.long)
    here = slice(box.top, box.bottom), slice(box.left, box.right)
    local = np.flatnonzero(watched[here])
    return torch.as_tensor(local), torch.as_tensor(number[here].reshape(-1)[local])


def _torch() -> Any:
    try:
        import torch
    except ImportError as error:
        raise MissingPackageError("refining curves needs PyTorch", hint='pip install "animelayers[vector]"') from error
    return torch
