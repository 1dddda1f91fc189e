"""Curves as the path text of SVG, as short as it gets: relative, few decimals, straight where they are."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from animelayers.vector.drawing import Curves

DECIMALS = 1
"""A tenth of a pixel: curves are fitted to a third."""

STRAIGHT = 0.12
"""Px by which the handles of a line may stray."""


def path_text(outlines: Iterable[Curves], decimals: int = DECIMALS) -> str:
    """The `d` of a path: a sub-path for every closed outline.

    Points are rounded where they lie, not step by step, so errors do not add up.
    """
    unit = 10**decimals
    return "".join(_subpath(np.rint(curves * unit).astype(np.int64), decimals) for curves in outlines if len(curves))


def _subpath(grid: npt.NDArray[np.int64], decimals: int) -> str:
    """One outline on the grid of the last decimal."""
    chord = grid[:, 3] - grid[:, 0]
    steps = grid[:, 1:] - grid[:, :1]
    length = np.hypot(*chord.T)
    stray = np.abs(chord[:, :1] * steps[:, :2, 1] - chord[:, 1:] * steps[:, :2, 0]).max(axis=1)
    straight = (stray <= STRAIGHT * 10**decimals * length) & (length > 0)
    void = (steps == 0).all(axis=(1, 2))
    out = ["M", *_numbers(grid[0, 0].tolist(), decimals)]
    last = ""
    for step, is_straight, is_void in zip(steps.tolist(), straight.tolist(), void.tolist(), strict=True):
        if is_void:
            continue
        (x1, y1), (x2, y2), (x, y) = step
        if not is_straight:
            command, values = "c", [x1, y1, x2, y2, x, y]
        elif y == 0:
            command, values = "h", [x]
        elif x == 0:
            command, values = "v", [y]
        else:
            command, values = "l", [x, y]
        numbers = _numbers(values, decimals)
        if command != last:
            out.append(command)
        elif not numbers[0].startswith("-"):
            out.append(" ")
        out += numbers
        last = command
    return "".join((*out, "z"))


def _numbers(values: list[int], decimals: int) -> list[str]:
    """Counts of the last decimal as text, each but the first with the blank it needs before it."""
    texts = [_number(value, decimals) for value in values]
    return [text if i == 0 or text.startswith("-") else " " + text for i, text in enumerate(texts)]


def _number(value: int, decimals: int) -> str:
    if not decimals:
        return str(value)
    whole, part = divmod(abs(value), 10**decimals)
    tail = f"{part:0{decimals}}".rstrip("0")
    text = f"{whole or ''}.{tail}" if tail else str(whole)
    return "-" + text if value < 0 else text
