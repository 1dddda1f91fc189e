"""Patterns of cloth: stripes, checks, dots, flowers, bands and prints, laid out in the cloth's own frame."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from animelayers.artist.curves import Curve, along, ellipse, length, normals
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Colour, Mark
from animelayers.artist.motifs import blossom
from animelayers.artist.palette import WHITE, mix, to_oklch
from animelayers.artist.wardrobe import Garment

ROWS = 25
"""Points to which the edges of a cloth are thinned out."""


@dataclass(frozen=True, slots=True, eq=False)
class Weave:
    """The frame of a piece of cloth that goes round a form: u from -1 (left edge) to 1, v from 0 (start) to 1."""

    left: Curve
    """One edge from the top (of a sleeve: the shoulder) down, float [25, 2]."""
    right: Curve
    bow: float
    """How far the middle of every weft line hangs below the straight one between the edges, head heights."""
    width: float
    """Mean, head heights."""
    height: float

    def place(self, uv: Curve) -> Curve:
        """`(u, v)` → the drawing. Threads crowd towards the edges, as the form turns away."""
        at = np.linspace(0, 1, ROWS)
        u, v = np.sin(uv[:, 0] * 1.15) / math.sin(1.15), uv[:, 1]
        left = np.stack([np.interp(v, at, self.left[:, 0]), np.interp(v, at, self.left[:, 1])], axis=1)
        right = np.stack([np.interp(v, at, self.right[:, 0]), np.interp(v, at, self.right[:, 1])], axis=1)
        across = right - left
        down = np.stack([-across[:, 1], across[:, 0]], axis=1) / np.maximum(np.hypot(*across.T), 1e-6)[:, None]
        return np.asarray((left + right + across * u[:, None]) / 2 + down * (self.bow * (1 - u * u))[:, None])

    def weft(self, v: float, thick: float) -> Curve:
        """A stripe across at share `v`, `thick` head heights broad."""
        u = np.linspace(-1.05, 1.05, 15)
        half = thick / self.height / 2
        ends = [np.stack([u, np.full(15, np.clip(v + side, 0, 1))], axis=1) for side in (-half, half)]
        return np.concatenate([self.place(ends[0]), self.place(ends[1])[::-1]])

    def warp(self, u: float, thick: float) -> Curve:
        """A stripe along the whole length at `u`."""
        v = np.linspace(0, 1, ROWS)
        half = thick / self.width
        ends = [np.stack([np.full(ROWS, u + side), v], axis=1) for side in (-half, half)]
        return np.concatenate([self.place(ends[0]), self.place(ends[1])[::-1]])


def weave(left: Curve, right: Curve, *, bow: float = 0.0) -> Weave:
    """The frame between two edges, both running from the top down (left in the picture first); see `curves.sides`."""
    at = np.linspace(0, 1, ROWS)
    a, z = along(left, at), along(right, at)
    return Weave(a, z, bow, float(np.hypot(*(z - a).T).mean()), max((length(left) + length(right)) / 2, 1e-6))


def marks(garment: Garment, cloth: Weave, scale: float) -> tuple[Mark, ...]:
    """The pattern of a garment on one of its pieces; `scale` is the build's breadth.

    Pieces of the same colours (a shirt and its sleeves) get the same cloth. A `print` lies on one piece only: see
    `trimmings.printed`.
    """
    pattern = PATTERNS.get(garment.pattern)
    if pattern is None:
        return ()
    bolt = Dice("cloth", garment.pattern, *(round(level) for level in (*garment.colour, *garment.trim)))
    return pattern(contrasting(garment), cloth, scale, bolt)


def contrasting(garment: Garment) -> Colour:
    """The trim, made lighter or darker where it would not be seen on the colour."""
    near = to_oklch(garment.colour)[0]
    if abs(near - to_oklch(garment.trim)[0]) > 0.12:
        return garment.trim
    return mix(garment.trim, (20, 15, 30) if near > 0.55 else WHITE, 0.55)


def _stripes(colour: Colour, cloth: Weave, scale: float, bolt: Dice) -> tuple[Mark, ...]:
    pitch = scale * bolt.pick({0.07: 1, 0.11: 2, 0.16: 1})
    thick = pitch * bolt.pick([0.3, 0.5, 0.5])
    if bolt.chance(0.7):
        count = max(round(cloth.height / pitch), 1)
        return (Mark(tuple(cloth.weft((k + 0.5) / count, thick) for k in range(count)), colour),)
    count = max(round(1.2 * cloth.width / pitch), 2)
    return (Mark(tuple(cloth.warp(2 * (k + 0.5) / count - 1, thick * 0.7) for k in range(count)), colour),)


def _checks(colour: Colour, cloth: Weave, scale: float, bolt: Dice) -> tuple[Mark, ...]:
    """Gingham, or tartan: broad bands and thin lines both ways, darker where they cross."""
    pitch, tartan = scale * bolt.pick([0.13, 0.18, 0.24]), bolt.chance(0.7)
    rows, columns = max(round(cloth.height / pitch), 1), max(round(1.1 * cloth.width / pitch), 1)
    broad = pitch * (0.38 if tartan else 0.5)
    across = [(k + 0.5) / rows for k in range(rows)]
    down = [2 * (k + 0.5) / columns - 1 for k in range(columns)]
    out = [
        Mark(tuple(cloth.weft(v, broad) for v in across), colour, 0.45),
        Mark(tuple(cloth.warp(u, broad) for u in down), colour, 0.45),
    ]
    if tartan:
        thin, bright = 0.06 * pitch, mix(colour, WHITE, 0.65)
        lines = [cloth.weft(v + 0.5 / rows, thin) for v in across[:-1]]
        out.append(Mark((*lines, *(cloth.warp(u + 1 / columns, thin) for u in down[:-1])), bright, 0.8))
    return tuple(out)


def _scattered(cloth: Weave, pitch: float) -> Curve:
    """Places in rows, every other row moved by half a step, float [n, 2] of `(u, v)`."""
    rows, columns = max(round(cloth.height / (0.87 * pitch)), 1), max(round(1.1 * cloth.width / pitch), 1)
    return np.array(
        [
            (2 * (k + 0.25 + 0.5 * (row % 2)) / columns - 1, (row + 0.5) / rows)
            for row in range(rows)
            for k in range(columns)
        ]
    )


def _dots(colour: Colour, cloth: Weave, scale: float, bolt: Dice) -> tuple[Mark, ...]:
    pitch = scale * bolt.pick([0.11, 0.15, 0.2])
    dot = ellipse(0, 0, 1, 1, steps=12) * pitch * bolt.uniform(0.18, 0.28)
    return (Mark(tuple(dot + spot for spot in cloth.place(_scattered(cloth, pitch))), colour),)


def _flowers(colour: Colour, cloth: Weave, scale: float, bolt: Dice) -> tuple[Mark, ...]:
    pitch = scale * bolt.pick([0.2, 0.26])
    spots = _scattered(cloth, pitch)
    moved = np.array(bolt.many(2 * len(spots), -0.25, 0.25)).reshape(-1, 2) * (
        pitch / cloth.width,
        pitch / cloth.height,
    )
    places = cloth.place(np.clip(spots + moved, (-1, 0), (1, 1)))
    disc = ellipse(0, 0, 1, 1, steps=10)
    petals, heart, leaves = [], [], []
    for k, spot in enumerate(places):
        turn, size = bolt.uniform(0, 2 * math.pi), pitch * (0.3 if k % 3 else 0.2)
        petals.append(spot + size * blossom(turn=turn))
        heart.append(spot + 0.28 * size * disc)
        leaf = spot + 1.5 * size * np.array([math.cos(turn), math.sin(turn)])
        leaves.append(leaf + disc * (0.5 * size, 0.25 * size))
    return (
        Mark(tuple(leaves), mix(colour, (90, 140, 90), 0.7)),
        Mark(tuple(petals), colour),
        Mark(tuple(heart), mix(colour, (255, 235, 150), 0.75)),
    )


def _band(colour: Colour, cloth: Weave, scale: float, bolt: Dice) -> tuple[Mark, ...]:
    """One broad or two or three thin bands just above the hem."""
    count, thick = bolt.pick({1: 3, 2: 3, 3: 1}), scale * bolt.uniform(0.025, 0.05)
    thick *= 1.8 if count == 1 else 1.0
    first = 0.09 * scale + thick
    bands = (cloth.weft(1 - (first + 2 * thick * k) / cloth.height, thick) for k in range(count))
    return (Mark(tuple(bands), colour),)


PATTERNS: dict[str, Callable[[Colour, Weave, float, Dice], tuple[Mark, ...]]] = {
    "stripes": _stripes,
    "checks": _checks,
    "dots": _dots,
    "flowers": _flowers,
    "band": _band,
}


def scallops(line: Curve, depth: float, *, pitch: float = 0.0) -> Curve:
    """`line` with arcs that hang `depth` to the *right* of the way it runs: the edge of lace. `pitch` 0: twice that."""
    count = max(round(length(line) / (pitch or 2 * depth)), 2)
    t = np.linspace(0, 1, 6 * count + 1)
    path = along(line, t)
    return path - normals(path) * (depth * np.abs(np.sin(np.pi * count * t)))[:, None]


def lace(line: Curve, depth: float, colour: Colour) -> tuple[Mark, ...]:
    """Holes of a lace edge that hangs `depth` to the right of `line`: for the flat of the strip."""
    count = max(round(length(line) / (2 * depth)), 2)
    path = along(line, (np.arange(count) + 0.5) / count)
    spots = path - normals(path) * 0.45 * depth
    hole = ellipse(0, 0, 0.2 * depth, 0.2 * depth, steps=8)
    return (Mark(tuple(hole + spot for spot in spots), colour),)
