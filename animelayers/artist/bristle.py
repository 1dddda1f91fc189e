"""Strokes of a broad brush along the shadow side of a form."""

from __future__ import annotations

import numpy as np

from animelayers.artist.curves import Curve, normals, positions
from animelayers.artist.dice import Dice

POINTS = np.linspace(0, 1, 12)
"""Along a stroke."""


def strokes(outline: Curve, light: tuple[float, float], reach: float, dice: Dice) -> list[Curve]:
    """Overlapping strokes as closed outlines, led along a closed outline where it faces away from the light.

    They lie between a third of `reach` inside the outline and a little beyond `reach`, so that the shadow ends in them.
    """
    ring = np.concatenate([outline, outline[:1]])
    t = positions(ring)
    long = float(np.hypot(*np.diff(ring, axis=0).T).sum())
    count = int(np.clip(long / (5 * reach), 3, 14))
    start = (np.arange(count) + np.array(dice.many(count, 0, 0.9)))[:, None] / count
    span = np.minimum(np.array(dice.many(count, 3, 8)) * reach / long, 0.5)[:, None]
    at = (start + span * POINTS) % 1.0
    inward = normals(ring) * _inwards(ring)
    away = np.clip(inward @ np.asarray(light), 0, 1)
    x, y, nx, ny, facing = (
        np.interp(at, t, values) for values in (ring[:, 0], ring[:, 1], inward[:, 0], inward[:, 1], away)
    )
    deep = reach * facing * np.array(dice.many(count, 0.6, 1.1))[:, None]
    half = reach * facing * np.array(dice.many(count, 0.18, 0.35))[:, None] * np.sin(np.pi * POINTS) ** 0.4
    near, far = ((deep + sign * half)[..., None] * np.stack([nx, ny], axis=-1) for sign in (-1, 1))
    middle = np.stack([x, y], axis=-1)
    made = np.concatenate([middle + near, (middle + far)[:, ::-1]], axis=1)
    return [stroke for stroke, seen in zip(made, facing.max(axis=1) > 0.25, strict=True) if seen]


def _inwards(ring: Curve) -> float:
    """1 where `normals` of a closed outline point into it, else -1: `normals` lie to the left, y down."""
    x, y = ring.T
    return -1.0 if float((x[:-1] * y[1:] - x[1:] * y[:-1]).sum()) > 0 else 1.0
