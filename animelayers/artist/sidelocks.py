"""Locks that hang before the ears, from sideburns to strands down to the chest."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from animelayers.artist.dice import Dice, Range
from animelayers.artist.drawing import Fragment, Plane
from animelayers.artist.locks import Look, Sheet, clumps, panel, streaks, wisp
from animelayers.artist.scalp import Scalp


def _lock(
    scalp: Scalp,
    look: Look,
    sign: int,
    dice: Dice,
    *,
    floor: float,
    wide: float,
    count: int = 2,
    turn: float = 0.0,
    blunt: float = 0.0,
) -> list[Fragment]:
    """One lock from the temple to `floor`, `wide` at its middle."""
    strands = []
    for k in np.linspace(-0.5, 0.5, 4):
        v = -0.3 + (floor + 0.3) * np.array([0.0, 0.24, 0.45, 0.7, 1.0])
        u = np.array([0.33, 0.385, 0.385, 0.375, 0.36 + turn]) + wide * k * np.array([0.3, 0.8, 1.0, 0.95, 0.75])
        u[-2] -= 0.3 * turn
        strands.append(np.stack([sign * u, v], axis=1))
    sheet = Sheet.of(strands, scalp.lay)
    parts = clumps(dice, count, depth=(0.12, 0.4), ragged=0.16, lean=-0.4, blunt=blunt)
    body = panel(look, Plane.FRONT_HAIR + 0.005, sheet, parts, dice, edges=(0.3, 0.3), lines=2)
    return [body.replace(shades=(*body.shades, *streaks(sheet, dice.of("light"), 1, (0.35, 0.6))))]


Make = Callable[[Scalp, Look, int, Dice], list[Fragment]]


def _down_to(floor: Range, wide: Range, turn: Range, count: int = 2) -> Make:
    """Locks that end somewhere between two `v`; `turn` is the middle and the spread of how far their ends turn out."""

    def make(scalp: Scalp, look: Look, sign: int, dice: Dice) -> list[Fragment]:
        low, breadth = dice.uniform(*floor), dice.uniform(*wide)
        return _lock(scalp, look, sign, dice, floor=low, wide=breadth, count=count, turn=dice.near(*turn))

    return make


def _chest(scalp: Scalp, look: Look, sign: int, dice: Dice) -> list[Fragment]:
    floor = scalp.v_of(scalp.figure.level("bust")) + dice.near(0.05, 0.15)
    return _lock(scalp, look, sign, dice, floor=floor, wide=dice.uniform(0.1, 0.17), turn=dice.near(-0.04, 0.06))


def _hime(scalp: Scalp, look: Look, sign: int, dice: Dice) -> list[Fragment]:
    return _lock(scalp, look, sign, dice, floor=dice.uniform(0.3, 0.36), wide=0.16, count=3, blunt=1.0)


def _strand(scalp: Scalp, look: Look, sign: int, dice: Dice) -> list[Fragment]:
    """A thin lock that follows the cheek, its end turned in or out."""
    low, out = dice.uniform(0.3, 0.5), dice.pick([-0.06, 0.03])
    points = [(0.3, -0.3), (0.35, -0.08), (0.345, 0.14), (0.325, 0.6 * low + 0.05), (0.32 + out, low)]
    return [wisp(scalp.lay(np.array(points) * (sign, 1)), look, Plane.FRONT_HAIR + 0.005, width=0.03, root=0.5)]


def _none(scalp: Scalp, look: Look, sign: int, dice: Dice) -> list[Fragment]:
    return []


LOCKS: dict[str, Make] = {
    "none": _none,
    "sideburn": _down_to((0.06, 0.15), (0.08, 0.12), (-0.03, 0.0), 1),
    "cheek": _down_to((0.2, 0.3), (0.08, 0.13), (-0.03, 0.03)),
    "chin": _down_to((0.42, 0.58), (0.1, 0.16), (-0.05, 0.06)),
    "chest": _chest,
    "hime": _hime,
    "strand": _strand,
}


def draw(scalp: Scalp, look: Look, kind: str, dice: Dice) -> list[Fragment]:
    """A pair of a kind of `LOCKS`, never quite alike."""
    return [fragment for sign in (-1, 1) for fragment in LOCKS[kind](scalp, look, sign, dice.of(sign))]
