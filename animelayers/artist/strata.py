"""Which fragments make one sheet: as few pieces as the order of drawing allows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from animelayers.artist.drawing import Drawing, Fragment
from animelayers.parts import part_name

Bounds = tuple[float, float, float, float]
"""`(left, top, right, bottom)`, head heights."""


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Fragments of one tag and side that follow each other in the order of drawing."""

    name: str
    """As `parts.part_name` makes it: with a stratum where the tag has several."""
    fragments: tuple[Fragment, ...]


def bounds(fragment: Fragment) -> Bounds:
    """The box around a fragment's shape (cut by its clip), without its line."""
    points = np.concatenate(fragment.shape)
    low, high = points.min(axis=0), points.max(axis=0)
    if fragment.clip is not None:
        area = np.concatenate(fragment.clip)
        low, high = np.maximum(low, area.min(axis=0)), np.minimum(high, area.max(axis=0))
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def apart(a: Bounds, b: Bounds, margin: float = 0.0) -> bool:
    """Whether two boxes are at least `margin` from each other."""
    return a[2] + margin <= b[0] or b[2] + margin <= a[0] or a[3] + margin <= b[1] or b[3] + margin <= a[1]


def pieces(drawing: Drawing, margin: float = 0.03) -> list[Piece]:
    """The pieces of a drawing, bottom → top.

    A fragment joins an earlier piece of its name where nothing drawn in between touches it, so that a tag becomes
    several strata only where it truly interleaves with others.
    """
    open_: list[tuple[tuple[str, str], list[Fragment], list[Bounds]]] = []
    for fragment in drawing.in_order():
        key, box = (fragment.tag, fragment.side), bounds(fragment)
        home = None
        for piece in reversed(open_):
            if piece[0] == key:
                home = piece
                break
            if not all(apart(box, other, margin) for other in piece[2]):
                break
        if home is None:
            home = (key, [], [])
            open_.append(home)
        home[1].append(fragment)
        home[2].append(box)
    count: dict[tuple[str, str], int] = {}
    for key, _, _ in open_:
        count[key] = count.get(key, 0) + 1
    left = dict(count)
    out = []
    for key, fragments, _ in open_:
        left[key] -= 1
        out.append(Piece(part_name(*key, left[key] if count[key] > 1 else None), tuple(fragments)))
    return out
