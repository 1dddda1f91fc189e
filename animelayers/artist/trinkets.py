"""Bows, pins and flowers in the hair."""

from __future__ import annotations

import numpy as np

from animelayers.artist.bows import Ribbon, bow
from animelayers.artist.curves import ellipse, ribbon, spline
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Fragment, Material, Plane
from animelayers.artist.motifs import heart, star
from animelayers.artist.palette import oklch, shifted
from animelayers.artist.trimmings import readable
from animelayers.artist.wearer import Wearer


def tied(wear: Wearer, at: tuple[float, float], size: float, dice: Dice, *, z: float = 0.01) -> list[Fragment]:
    """A bow at `(u, v)`, its loops rather standing than hanging; `size` is the length of one."""
    garment = wear.garment
    stripe = readable(garment.colour, garment.trim) if dice.of("stripe").chance(0.25) else None
    ribbon = Ribbon(at, size, garment.colour, "headwear", Plane.HEADWEAR + z, stripe)
    d = dice.of(f"at {at[0]}")
    tails = size * d.pick({0.0: 1, 1.0: 3}) * d.uniform(0.7, 1.4)
    return [wear.put_on(made) for made in bow(ribbon, d, tails=tails, droop=d.near(-0.05, 0.2), plump=1.15)]


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
                    ORNAMENTS[kind] * 0.07 + (x - 0.05 * side, y - 0.02),
                    wear.garment.trim,
                    z=0.02,
                    turn=0.14,
                    relief=0.015,
                    material=Material.GLOSSY,
                )
            )
    return out


ORNAMENTS = {"star": star(), "heart": heart() * (0.85, 0.85), "ball": ellipse(0, 0, 1, 1)}


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
