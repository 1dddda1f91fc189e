"""Exact-area coverage of closed cubic paths in PyTorch, differentiable in their points; nothing but tensors in and out.

Every curve is cut into steps shorter than a pixel, every step where it crosses a row of pixels. What is left of an edge
lies in one row: it adds its signed height to the column of its middle and to the next one, in proportion to where in
the column it lies, and a running sum along the row makes areas of heights. Only the indices are not differentiable, and
coverage is continuous in the points, so autograd is right up to the second order of a step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

PACE = 0.6
"""Px: longest step along a curve, about."""


@dataclass(frozen=True, slots=True)
class Box:
    """Rows and columns of a canvas, the last ones exclusive."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def width(self) -> int:
        return self.right - self.left


def coverage(curves: torch.Tensor, box: Box) -> torch.Tensor:
    """How much of every pixel of a box a shape covers, float [h, w], 0..1.

    Args:
        curves: float [n, 4, 2], `(x, y)` in px: closed outlines, clockwise on the screen, and holes, the other way.
            Parts outside of the box count as they should.
        box: of the canvas.
    """
    start, end = _steps(curves)
    row = torch.floor(start[:, 1]).detach()
    crosses = torch.floor(end[:, 1]).detach() != row
    # A step is shorter than a row: it crosses one border at most.
    border = torch.maximum(row, torch.floor(end[:, 1]).detach())
    rise = end[:, 1] - start[:, 1]
    part = torch.where(crosses, (border - start[:, 1]) / torch.where(crosses, rise, torch.ones_like(rise)), 1.0)
    middle = start + (end - start) * part[:, None]
    edges = _heights(start, middle, box), _heights(middle[crosses], end[crosses], box)
    index = torch.cat([edge[0] for edge in edges])
    height = torch.cat([edge[1] for edge in edges])
    flat = torch.zeros(box.height * (box.width + 2), dtype=curves.dtype, device=curves.device)
    heights = flat.index_add(0, index, height).view(box.height, box.width + 2)
    return (-torch.cumsum(heights, 1)[:, : box.width]).clamp(0, 1)


def _steps(curves: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Ends of short steps along all curves, [m, 2] each."""
    with torch.no_grad():
        length = (curves[:, 1:] - curves[:, :-1]).norm(dim=2).sum(1)
        count = (length / PACE).ceil().clamp(min=1).long()
        of = torch.repeat_interleave(torch.arange(len(curves), device=curves.device), count)
        place = torch.arange(len(of), device=curves.device) - (torch.cumsum(count, 0) - count)[of]
        parts = ((place + add) / count[of] for add in (0, 1))
    ends = [(_bernstein(part.to(curves.dtype))[:, :, None] * curves[of]).sum(1) for part in parts]
    return ends[0], ends[1]


def _bernstein(t: torch.Tensor) -> torch.Tensor:
    s = 1 - t
    return torch.stack([s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t], 1)


def _heights(start: torch.Tensor, end: torch.Tensor, box: Box) -> tuple[torch.Tensor, torch.Tensor]:
    """Which cells of the box, with two spare columns, edges within one row each add to, and how much."""
    rise = end[:, 1] - start[:, 1]
    x = ((start[:, 0] + end[:, 0]) / 2 - box.left).clamp(0, box.width)  # what lies left of it covers the whole row
    with torch.no_grad():
        row = torch.floor((start[:, 1] + end[:, 1]) / 2).long() - box.top
        inside = (row >= 0) & (row < box.height)
        column = torch.floor(x).long()
        cell = (row * (box.width + 2) + column)[inside]
    part = (x - column)[inside]
    rise = rise[inside]
    return torch.cat([cell, cell + 1]), torch.cat([rise * (1 - part), rise * part])


class Composite(torch.autograd.Function):
    """Shapes laid over each other, bottom → top, at chosen pixels.

    `Composite.apply(cover, colours, at, ground)` with `cover`: float [sum n_k], of every shape at its pixels;
    `colours`: float [k, 4], red, green, blue and opacity; `at`: for every shape int64 [n_k], which pixels; `ground`:
    float [n, 3]. Returns float [n, 3].
    """

    @staticmethod
    def forward(
        ctx: Any, cover: torch.Tensor, colours: torch.Tensor, at: list[torch.Tensor], ground: torch.Tensor
    ) -> torch.Tensor:
        out = ground.clone()
        below = torch.empty(len(cover), 3, dtype=cover.dtype, device=cover.device)
        first = 0
        for where, colour in zip(at, colours, strict=True):
            part = slice(first, first + len(where))
            alpha = (cover[part] * colour[3])[:, None]
            below[part] = out[where]
            out[where] = below[part] * (1 - alpha) + alpha * colour[:3]
            first = part.stop
        ctx.save_for_backward(cover, colours, below)
        ctx.at = at
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        cover, colours, below = ctx.saved_tensors
        gradient = gradients[0].clone()
        of_cover, of_colours = torch.zeros_like(cover), torch.zeros_like(colours)
        last = len(cover)
        for k in range(len(colours) - 1, -1, -1):
            where = ctx.at[k]
            part = slice(last - len(where), last)
            here = gradient[where]
            alpha = cover[part] * colours[k, 3]
            change = (here * (colours[k, :3] - below[part])).sum(1)
            of_cover[part] = change * colours[k, 3]
            of_colours[k, 3] = (change * cover[part]).sum()
            of_colours[k, :3] = (here * alpha[:, None]).sum(0)
            gradient[where] = here * (1 - alpha)[:, None]
            last = part.start
        return of_cover, of_colours, None, None
