"""Small figures that prints, pendants, pins, emblems and pupils share, within -1..1."""

from __future__ import annotations

import numpy as np

from animelayers.artist.curves import Curve


def star(inner: float = 0.42) -> Curve:
    """Five points, one upwards; `inner` is the radius between them."""
    t = np.arange(10) * np.pi / 5 - np.pi / 2
    return np.asarray(np.stack([np.cos(t), np.sin(t)], axis=1) * np.where(np.arange(10) % 2, inner, 1.0)[:, None])


def heart() -> Curve:
    """Upright, its point below."""
    t = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    high = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return np.stack([0.95 * np.sin(t) ** 3, -high / 17], axis=1)


def blossom(petals: int = 5, deep: float = 0.45, turn: float = 0.0) -> Curve:
    """A flower in one outline; `deep` is how far it is cut in between the petals, `turn` radians."""
    t = np.linspace(0, 2 * np.pi, 36, endpoint=False)
    reach = 1 - deep + deep * np.abs(np.cos(petals / 2 * (t + turn)))
    return np.stack([reach * np.cos(t), reach * np.sin(t)], axis=1)
