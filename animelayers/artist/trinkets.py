"""Bows, pins and flowers in the hair."""

from __future__ import annotations

import numpy as np

from animelayers.artist.curves import Curve, ellipse, path, ribbon, spline
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Fragment, Material, Stroke
from animelayers.artist.palette import oklch, shifted
from animelayers.artist.wearer import Wearer


def bow(wear: Wearer, at: tuple[float, float], size: float, dice: Dice, *, z: float) -> list[Fragment]:
    """Two loops, a knot, and ends that hang or stand."""
    x, y = at
    droop, tails = dice.uniform(-0.15, 0.25), dice.uniform(0.5, 1.3)
    out = []
    for sign in (-1, 1):
        end = (
            ribbon(spline([(0, 0), (0.25 * sign, 0.4 * tails), (0.45 * sign, tails)]), np.linspace(0.07, 0.2, 21))
            * size
        )
        out.append(wear.piece(end + (x, y), z=z, relief=0.02))
        loop = path(
            [(0, -0.08), (0.5 * sign, -0.55 + droop), (sign, -0.4 + droop), (1.02 * sign, 0.1 + droop)],
            [(1.02 * sign, 0.1 + droop), (0.9 * sign, 0.4 + droop), (0.4 * sign, 0.3), (0, 0.1)],
        )
        folds = [
            Stroke(spline([(0.1 * sign, 0.0), (0.4 * sign, v + 0.5 * droop)]) * size + (x, y), 0.7, (0, 0.9))
            for v in (-0.15, 0.12)
        ]
        out.append(wear.piece(loop * size + (x, y), z=z + 0.006, relief=0.06, strokes=folds))
    return [*out, wear.piece(ellipse(x, y, 0.14 * size, 0.17 * size), z=z + 0.012, relief=0.03)]


def pins(wear: Wearer, dice: Dice) -> list[Fragment]:
    """One to three clips across the fringe at one side, plain or with an ornament."""
    side = dice.sign()
    out: list[Fragment] = []
    kind = dice.pick({"bar": 3, "cross": 1.5, "star": 1, "heart": 0.8, "ball": 1})
    for k in range(dice.integer(1, 3) if kind == "bar" else 1):
        x, y = 0.32 * side, -0.3 + 0.07 * k
        bars = {"cross": (0.6, -0.6)}.get(kind, (0.35,))
        for slope in bars:
            step = np.array([0.09 * side, 0.09 * slope])
            out.append(
                wear.piece(
                    ribbon(np.array([(x, y) - step, (x, y) + step]), 0.016),
                    z=0.01 + 0.002 * len(out),
                    turn=0.14,
                    relief=0.005,
                    material=Material.GLOSSY,
                    casts=0.3,
                )
            )
        if kind in ORNAMENTS:
            out.append(
                wear.piece(
                    ORNAMENTS[kind](0.07) + (x - 0.05 * side, y - 0.02),
                    wear.garment.trim,
                    z=0.02,
                    turn=0.14,
                    relief=0.015,
                    material=Material.GLOSSY,
                )
            )
    return out


def _star(size: float) -> Curve:
    t = np.arange(10) * np.pi / 5 - np.pi / 2
    r = np.where(np.arange(10) % 2, 0.45, 1.0) * size
    return np.stack([r * np.cos(t), r * np.sin(t)], axis=1)


def _heart(size: float) -> Curve:
    half = [(0, 0.9), (0.8, 0.1), (0.75, -0.6), (0.3, -0.75), (0, -0.35)]
    return path(half, [(-x, y) for x, y in half[::-1]]) * size


def _ball(size: float) -> Curve:
    return ellipse(0, 0, size, size)


ORNAMENTS = {"star": _star, "heart": _heart, "ball": _ball}


def flowers(wear: Wearer, dice: Dice) -> list[Fragment]:
    """A flower with leaves, or a few of them, at one side."""
    side, out = dice.sign(), []
    for k in range(dice.pick([1, 1, 2, 3])):
        x, y = side * (0.36 - 0.09 * k), -0.34 - 0.08 * k + 0.05 * (k == 2)
        size, petals = dice.uniform(0.1, 0.17) * (1 - 0.2 * k), dice.pick([5, 5, 6, 8])
        colour = wear.garment.colour if k % 2 == 0 else wear.garment.trim
        leaf = ribbon(
            spline([(x, y), (x + 0.12 * side, y + 0.06), (x + 0.22 * side, y + 0.14)]),
            np.concatenate([np.linspace(0.01, 0.05, 11), np.linspace(0.05, 0.002, 10)]),
        )
        out.append(wear.piece(leaf, oklch(0.6, 0.11, 140), z=0.004, relief=0.01))
        for p in range(petals):
            a = 2 * np.pi * p / petals + 0.3 * k
            petal = ellipse(
                x + 0.62 * size * np.cos(a), y + 0.62 * size * np.sin(a), 0.5 * size, 0.36 * size, turn=a, steps=20
            )
            out.append(wear.piece(petal, colour, z=0.006 + 0.01 * k + 0.0004 * p, relief=0.015, casts=0.4))
        out.append(
            wear.piece(
                ellipse(x, y, 0.24 * size, 0.24 * size, steps=16),
                shifted(colour, lightness=0.12, hue=60),
                z=0.012 + 0.01 * k,
                relief=0.01,
            )
        )
    return out
