"""Buns, braids and ringlets."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from animelayers.artist.curves import Curve, ellipse, profile, spline
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Fragment, Plane, Shade, Stroke
from animelayers.artist.locks import Look, Sheet, hair, tuft
from animelayers.artist.scalp import Scalp, smooth
from animelayers.artist.tails import band, gathered


def _frame(spine: Curve) -> Callable[[np.ndarray, np.ndarray], Curve]:
    """`(across, share of the length)` → the drawing, for what is built along a spine."""
    d = np.gradient(spine, axis=0)
    d /= np.maximum(np.hypot(d[:, 0], d[:, 1]), 1e-9)[:, None]
    at = np.linspace(0, 1, len(spine))

    def place(x: np.ndarray, t: np.ndarray) -> Curve:
        def along(values: np.ndarray) -> np.ndarray:
            return np.asarray(np.interp(t, at, values))

        out = np.asarray(x)
        return np.stack([along(spine[:, 0]) - out * along(d[:, 1]), along(spine[:, 1]) + out * along(d[:, 0])], axis=1)

    return place


def braid(look: Look, z: float, spine: Curve, wide: float, ends: tuple[float, float] = (0.85, 0.6)) -> Fragment:
    """A plait along a spine: lobes to the left and right by turns, each tucked under the next. `ends` are shares
    of the width at its start and end.
    """
    place = _frame(spine)
    length = float(np.hypot(*np.diff(spine, axis=0).T).sum())
    n = max(3, round(length / (0.75 * wide)))
    t = np.linspace(0, 1, 16 * n + 1)

    def half(at: np.ndarray) -> np.ndarray:
        return np.asarray(0.5 * wide * profile((0, 0.5, 1), (ends[0], 1.0, ends[1]), at))

    def bulge(shift: float) -> np.ndarray:
        return half(t) * (0.7 + 0.3 * np.abs(np.sin(np.pi * (n * t + shift))) ** 0.6)

    left, right = place(-bulge(0.0), t), place(bulge(0.5), t)
    strokes = [Stroke(left, 1.0, (0.0, 0.0)), Stroke(right, 1.0, (0.0, 0.0))]
    shades = []
    k = np.linspace(0, 1, 8)
    for sign, shift in ((-1, 0.0), (1, 0.5)):
        for i in range(n + 1):
            at = (i - shift) / n + 0.8 / n * k**1.3
            if at[0] < 0 or at[-1] > 1.0:
                continue
            x = sign * half(at) * (0.72 - 1.0 * k)
            line = place(x, at)
            strokes.append(Stroke(line, 0.9, (0.0, 0.35)))
            below = place(x + sign * half(at) * 0.22 * np.sin(np.pi * k), at + 0.16 / n * np.sin(np.pi * k))
            shades.append(Shade((np.concatenate([line, below[::-1]]),), 1.0))
    return hair(look, z, np.concatenate([left, right[::-1]]), strokes, shades)


def _plait(
    scalp: Scalp, look: Look, z: float, spine: Sequence[tuple[float, float]], wide: float, dice: Dice
) -> list[Fragment]:
    """A hanging braid with its band and the tuft below it."""
    whole = smooth(scalp.lay(spine, -0.3), 48)
    body = braid(look, z, whole[:42], wide)
    end, along = whole[41], whole[47] - whole[41]
    across = np.array([-along[1], along[0]]) * 0.5
    brush = Sheet.of(
        [
            np.stack([end + 0.3 * x * across, end + 0.6 * along + x * across, end + 1.3 * along + 0.5 * x * across])
            for x in (-1, 0, 1)
        ]
    )
    tip = tuft(look, z - 0.004, brush, dice, s=0.5, width=1.6, span=(0.0, 1.0), bend=dice.near(0, 0.3), belly=0.4)
    return [body, tip, band(scalp, whole[41:], 0.5 * wide, z + 0.012)]


def braided(scalp: Scalp, look: Look, floor: float, dice: Dice) -> list[Fragment]:
    """One braid, drawn forward over a shoulder."""
    to, end = dice.sign(), 0.6 + 0.5 * floor
    spine = [(0.26 * to, 0.26), (0.38 * to, 0.5), (0.4 * to, 0.8), (0.33 * to, end)]
    drawn = gathered(scalp, look, (0.33 * to, 0.4), Plane.HAIR_BESIDE - 0.01)
    return [drawn, *_plait(scalp, look, Plane.HAIR_BESIDE, spine, dice.uniform(0.14, 0.19), dice)]


def twin_braids(scalp: Scalp, look: Look, floor: float, dice: Dice) -> list[Fragment]:
    """A braid on either side."""
    made, wide, v = [], dice.uniform(0.12, 0.17), dice.uniform(0.1, 0.3)
    for to in (-1, 1):
        d = dice.of(to)
        end = 0.55 + 0.5 * floor + d.near(0, 0.05)
        spine = [(0.34, v - 0.16), (0.45, v + 0.06), (0.44, 0.4 + 0.4 * end), (0.38 + d.near(0, 0.05), end)]
        made.append(gathered(scalp, look, (0.42 * to, v), Plane.HAIR_BESIDE - 0.01))
        made += _plait(scalp, look, Plane.HAIR_BESIDE, [(to * x, y) for x, y in spine], wide, d)
    return made


def crown_braid(scalp: Scalp, look: Look, floor: float, dice: Dice) -> list[Fragment]:
    """A braid around the head like a hairband."""
    u = np.linspace(-0.97, 0.97, 15)
    v = -0.43 + 0.3 * np.abs(u) ** 2.6
    spine = smooth(scalp.lay(np.stack([u * scalp.breadth(v), v], axis=1)), 48)
    look = Look("front hair", look.tone, (), 0.03)
    return [braid(look, Plane.FRONT_HAIR + 0.04, spine, dice.uniform(0.09, 0.12), (0.3, 0.3))]


def drills(scalp: Scalp, look: Look, floor: float, dice: Dice) -> list[Fragment]:
    """A ringlet on either side, or two."""
    made = []
    pairs = dice.integer(1, 2)
    wide = dice.uniform(0.2, 0.28) / pairs**0.5
    for to in (-1, 1):
        for pair in range(pairs):
            d = dice.of(f"{to}{pair}")
            u, v = 0.44 + 0.13 * pair, dice.uniform(-0.1, 0.15)
            end = max(0.35 + 0.6 * floor - 0.14 * pair, v + 0.4)
            spine = [(u, v), (u + 0.08, v + 0.15), (u + 0.07, 0.5 * (v + end)), (u + d.near(0.02, 0.04), end)]
            z = Plane.HAIR_BESIDE - 0.02 * pair
            made.append(ringlet(look, z, smooth(scalp.lay([(to * x, y) for x, y in spine], -0.3), 40), wide, to))
    return made


def ringlet(look: Look, z: float, spine: Curve, wide: float, turn: int) -> Fragment:
    """A coil around a spine: bands that slant and bulge, narrowing to a hooked point."""
    place = _frame(spine)
    length = float(np.hypot(*np.diff(spine, axis=0).T).sum())
    n = max(3, round(length / (0.62 * wide)))
    t = np.linspace(0, 1, 14 * n + 1)
    slant = 0.4 / n

    def half(at: np.ndarray) -> np.ndarray:
        return np.asarray(0.5 * wide * profile((0, 0.12, 0.6, 1), (0.6, 1.0, 0.85, 0.12), at))

    def bulge(shift: float) -> np.ndarray:
        return half(t) * (0.8 + 0.2 * np.abs(np.sin(np.pi * n * (t + shift))) ** 0.5)

    left, right = place(-bulge(turn * slant / 2), t), place(bulge(-turn * slant / 2), t)
    strokes = [Stroke(left, 1.0, (0.0, 0.0)), Stroke(right, 1.0, (0.0, 0.0))]
    shades = []
    x = np.linspace(-1, 1, 12)
    sag = 0.35 * wide / max(length, 1e-6)
    for i in range(1, n):
        at = i / n + turn * slant / 2 * x + sag * (1 - x**2)
        line = place(x * 0.82 * half(at), at)
        low = at + 0.42 / n * (1 - x**2) ** 0.7
        below = place(x * 0.82 * half(at), low)
        strokes.append(Stroke(line, 0.9, (0.1, 0.1)))
        shades.append(Shade((np.concatenate([line, below[::-1]]),), 1.1))
        gleam = place(0.55 * x * half(at) - 0.15 * half(at), at - 0.34 / n + 0.08 / n * (1 - x**2))
        upper = place(0.55 * x * half(at) - 0.15 * half(at), at - 0.34 / n - 0.08 / n * (1 - x**2))
        shades.append(Shade((np.concatenate([gleam, upper[::-1]]),), -0.7))
    return hair(look, z, np.concatenate([left, right[::-1]]), strokes, shades)


def _bun(scalp: Scalp, look: Look, u: float, v: float, r: float, z: float, dice: Dice) -> list[Fragment]:
    """Hair wound into a ball, with its swirl and a loose end."""
    x, y = scalp.lay([(u, v)], -0.6)[0]
    angle = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    bumpy = r * (1 + np.array(dice.many(12, -0.05, 0.05)))
    shape = spline(np.stack([x + 1.08 * bumpy * np.cos(angle), y + bumpy * np.sin(angle)], axis=1), closed=True)
    turn = dice.sign()
    strokes = [Stroke(np.concatenate([shape, shape[:2]]), 1.0, (0.0, 0.0))]
    for k in range(4):
        a = np.linspace(0, 1.5 + 0.3 * k, 10) * turn + dice.uniform(0, 6.3)
        far = np.linspace(0.95, 0.25, 10) * r
        strokes.append(Stroke(np.stack([x + far * np.cos(a), y + far * np.sin(a)], axis=1), 0.7, (0.1, 0.7)))
    gleam = Shade((ellipse(x - 0.2 * r, y - 0.45 * r, 0.35 * r, 0.12 * r, turn=-0.4),), -0.8, blur=0.004)
    return [hair(look, z, shape, strokes, [gleam])]


def bun(scalp: Scalp, look: Look, floor: float, dice: Dice) -> list[Fragment]:
    """One bun, on top of the head or at the back of it."""
    r = dice.uniform(0.15, 0.21)
    u, v = (dice.near(0, 0.1), scalp.top - 0.5 * r) if dice.chance(0.65) else (0.36 * dice.sign(), -0.3)
    return _bun(scalp, look, u, v, r, Plane.HAIR_BESIDE - 0.04, dice)


def odango(scalp: Scalp, look: Look, floor: float, dice: Dice) -> list[Fragment]:
    """Two buns like a bear's ears."""
    r = dice.uniform(0.12, 0.17)
    u = dice.uniform(0.28, 0.4)
    v = float(np.interp(u, (0.28, 0.4), (scalp.top + 0.06, -0.42)))
    return [f for to in (-1, 1) for f in _bun(scalp, look, to * u, v, r, Plane.HAIR_BESIDE - 0.04, dice.of(to))]


UPDOS: dict[str, Callable[[Scalp, Look, float, Dice], list[Fragment]]] = {
    "bun": bun,
    "odango": odango,
    "braid": braided,
    "twin braids": twin_braids,
    "crown braid": crown_braid,
    "drills": drills,
}
