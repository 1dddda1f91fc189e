"""The light on hair: the ring around the crown that illustrators call an angel's."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from animelayers.artist.curves import Curve
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Shade
from animelayers.artist.palette import shifted
from animelayers.artist.scalp import Scalp


def _band(scalp: Scalp, u: np.ndarray, v: float) -> tuple[Curve, Curve]:
    """Points around the skull at longitudes `u`, and the unit way down the strands there."""
    at = np.stack([u * scalp.breadth(v), v + (0.31 + 0.5 * v) * u**2], axis=1)
    down = at - (0.0, scalp.top - 0.1)
    return at, down / np.hypot(*down.T)[:, None]


def _zigzag(scalp: Scalp, dice: Dice, v: float, low: float, high: float, thick: float) -> Curve:
    """A band with teeth along the strands, thin at both ends."""
    n = max(3, round((high - low) * dice.uniform(9, 14)))
    u = np.linspace(low, high, 2 * n + 1) + np.array(dice.many(2 * n + 1, -1, 1)) * 0.2 / n
    at, down = _band(scalp, u, v)
    bulge = thick * np.sin(np.pi * np.linspace(0, 1, 2 * n + 1)) ** 0.5
    up = np.where(np.arange(2 * n + 1) % 2, 1.0, 0.25) * np.array(dice.many(2 * n + 1, 0.5, 1.2))
    lo = np.where(np.arange(2 * n + 1) % 2, 0.1, 1.0) * np.array(dice.many(2 * n + 1, 0.5, 1.3))
    return np.concatenate([at - down * (bulge * up)[:, None], (at + down * (bulge * lo)[:, None])[::-1]])


def ring(scalp: Scalp, dice: Dice, v: float) -> list[Curve]:
    """One band from side to side."""
    return [_zigzag(scalp, dice, v, -0.78, 0.78, dice.uniform(0.03, 0.05))]


def double(scalp: Scalp, dice: Dice, v: float) -> list[Curve]:
    """A band and a thinner one below."""
    return [
        _zigzag(scalp, dice, v, -0.75, 0.75, 0.03),
        _zigzag(scalp, dice.of("low"), v + 0.08, -0.6, 0.65, 0.014),
    ]


def broken(scalp: Scalp, dice: Dice, v: float) -> list[Curve]:
    """Some short pieces of a band."""
    cuts = sorted(dice.many(2, -0.4, 0.4))
    ends = [-0.8, *cuts, 0.8]
    return [
        _zigzag(scalp, dice.of(k), v, a + 0.06, b - 0.06, dice.uniform(0.02, 0.045))
        for k, (a, b) in enumerate(pairwise(ends))
        if b - a > 0.3
    ]


def dashes(scalp: Scalp, dice: Dice, v: float) -> list[Curve]:
    """Short strokes along the strands."""
    u = np.array([x for x in np.linspace(-0.8, 0.8, 17) if dice.chance(0.75)])
    u = u + np.array(dice.many(len(u), -0.03, 0.03))
    at, down = _band(scalp, u, v)
    across = np.stack([down[:, 1], -down[:, 0]], axis=1)
    made = []
    for p, d, a in zip(at, down, across, strict=True):
        far, wide = dice.uniform(0.012, 0.035), dice.uniform(0.004, 0.008)
        middle = p + d * dice.near(0, 0.02)
        made.append(np.stack([middle - d * far, middle + a * wide, middle + d * far, middle - a * wide]))
    return made


RINGS: dict[str, Callable[[Scalp, Dice, float], list[Curve]]] = {
    "ring": ring,
    "double": double,
    "broken": broken,
    "dashes": dashes,
}


def draw(scalp: Scalp, kind: str, dice: Dice) -> tuple[Shade, ...]:
    """The lights of a kind of `RINGS`; `soft` is a blurred ring, `none` nothing."""
    if kind == "none":
        return ()
    soft = kind == "soft"
    curves = RINGS["ring" if soft else kind](scalp, dice, dice.uniform(-0.44, -0.26))
    colour = shifted(scalp.tone.hair, lightness=0.3, chroma=0.8) if dice.chance(0.5) else None
    return (Shade(tuple(scalp.lay(curve) for curve in curves), -1.0 if soft else -0.9, 0.02 if soft else 0.0, colour),)
