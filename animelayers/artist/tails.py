"""Tied hair: ponytails and twin tails, with what ties them."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from animelayers.artist.curves import Curve, Points, ellipse, profile, spline
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Fragment, Plane, Stroke
from animelayers.artist.locks import Look, Sheet, clumps, hair, panel, streaks
from animelayers.artist.scalp import Scalp, smooth

BEHIND = Plane.BACK_HAIR + 0.06
"""Depth of tails behind the body."""


def tail(
    scalp: Scalp,
    look: Look,
    z: float,
    spine: Points,
    wide: float,
    dice: Dice,
    *,
    wave: tuple[float, float] = (0.0, 1.0),
    count: int = 4,
) -> list[Fragment]:
    """A tail along a spine `(u, v)` that starts at its tie: narrow there, `wide` in the middle, pointed at the end."""
    middle = smooth(scalp.lay(spine, -0.3), 32)
    k = np.linspace(0, 1, 32)
    d = np.gradient(middle, axis=0)
    d /= np.maximum(np.hypot(d[:, 0], d[:, 1]), 1e-9)[:, None]
    normal = np.stack([-d[:, 1], d[:, 0]], axis=1)
    half = wide / 2 * profile((0, 0.28, 0.7, 1), (0.3, 1.0, 0.95, 0.6), k)[:, None]
    strands = [
        middle + normal * half * x + 0.02 * np.sin(5 * k + 9 * x)[:, None] * normal for x in np.linspace(-1, 1, 5)
    ]
    sheet = Sheet.of(strands).waved(wave[0], wave[1], dice.uniform(0, 1), spread=0.08)
    parts = clumps(dice, max(2, round(count * scalp.coarse)), depth=(0.08, 0.3), ragged=0.14)
    body = panel(look, z, sheet, parts, dice, lines=4)
    pull = [Stroke(sheet.strand(s, 0.0, dice.uniform(0.12, 0.3)), 0.6, (0.0, 0.9)) for s in (0.25, 0.5, 0.72)]
    lights = streaks(sheet, dice.of("light"), 3, (0.15, 0.4))
    body = body.replace(strokes=(*body.strokes, *pull), shades=(*body.shades, *lights))
    return [body, band(scalp, middle, wide * 0.4, z + 0.012)]


def band(scalp: Scalp, spine: Curve, wide: float, z: float) -> Fragment:
    """What ties hair: a thin band or a thick scrunchie across the start of its spine."""
    colour, thick = scalp.tie
    (x, y), (dx, dy) = spine[0], spine[2] - spine[0]
    shape = ellipse(x, y, 0.5 * wide + 0.6 * thick, thick, turn=math.atan2(dy, dx) + math.pi / 2)
    return Fragment("headwear", z, (shape,), colour, relief=0.015)


def gathered(scalp: Scalp, look: Look, tie: tuple[float, float], z: float) -> Fragment:
    """The hair drawn from behind an ear to a tie below it."""
    to, (u, v) = (1 if tie[0] > 0 else -1), tie
    outer = scalp.lay(spline([(0.45 * to, -0.2), (0.46 * to, 0.5 * v - 0.04), (u + 0.035 * to, v)]), -0.3)
    inner = scalp.lay(spline([(0.2 * to, -0.2), (0.22 * to, 0.5 * v), (u - 0.035 * to, v)]), -0.3)
    drawn = [outer + (inner - outer) * share for share in (0.0, 0.35, 0.6, 1.0)]
    strokes = [Stroke(line, weight, (0.4, 0.0)) for line, weight in zip(drawn, (1.0, 0.6, 0.5, 1.0), strict=True)]
    return hair(look, z, np.concatenate([outer, inner[::-1]]), strokes)


def _texture(dice: Dice, length: float) -> tuple[float, float]:
    """Height and number of a tail's waves."""
    return dice.pick({(0.012, 0.7): 4, (0.03, 1.6 * length): 2, (0.045, 3.0 * length): 1})


def high(scalp: Scalp, look: Look, floor: float, dice: Dice) -> list[Fragment]:
    """A ponytail from the top of the head, swinging to one side."""
    to = -1 if scalp.figure.head.yaw > 0.15 else 1 if scalp.figure.head.yaw < -0.15 else dice.sign()
    out, low = dice.uniform(0.42, 0.66), 0.3 + 0.6 * floor
    spine = [
        (0.1 * to, scalp.top + 0.06),
        (0.22 * to, scalp.top - 0.12),
        (0.44 * to, -0.5),
        (out * to, -0.15),
        ((out + 0.04) * to, 0.5 * low),
        ((out - 0.1) * to, low),
    ]
    return tail(scalp, look, BEHIND, spine, dice.uniform(0.26, 0.4), dice, wave=_texture(dice, low), count=5)


def low(scalp: Scalp, look: Look, floor: float, dice: Dice) -> list[Fragment]:
    """A ponytail from the nape, behind the back or drawn forward over a shoulder."""
    to = dice.sign()
    if dice.chance(0.5):
        spine = [(0.06 * to, 0.34), (0.14 * to, 0.5), (0.2 * to, 0.8), (0.16 * to, max(floor, 1.0))]
        return tail(scalp, look, BEHIND, spine, dice.uniform(0.3, 0.42), dice, wave=_texture(dice, floor))
    end = 0.62 + 0.3 * floor
    spine = [(0.34 * to, 0.38), (0.4 * to, 0.5), (0.4 * to, 0.7), (0.3 * to, end), (0.33 * to, end + 0.25)]
    drawn = gathered(scalp, look, spine[0], Plane.HAIR_BESIDE - 0.01)
    return [drawn, *tail(scalp, look, Plane.HAIR_BESIDE, spine, dice.uniform(0.2, 0.27), dice, wave=(0.012, 1.0))]


def side(scalp: Scalp, look: Look, floor: float, dice: Dice) -> list[Fragment]:
    """A ponytail from one temple."""
    v = dice.uniform(_highest(scalp), 0.12)
    return _beside(scalp, look, dice.sign(), floor, v, dice, wide=dice.uniform(0.2, 0.3))


def _highest(scalp: Scalp) -> float:
    """`v` from which tails beside the head may start: not from below a hat."""
    return -0.02 if scalp.covered else -0.4


def twin(scalp: Scalp, look: Look, floor: float, dice: Dice) -> list[Fragment]:
    """A tail on either side: high or low, bushy or slim."""
    v, wide = dice.uniform(_highest(scalp), 0.16), dice.uniform(0.2, 0.34)
    z = dice.pick([Plane.HAIR_BESIDE, BEHIND, BEHIND])
    return [
        fragment for sign in (-1, 1) for fragment in _beside(scalp, look, sign, floor, v, dice.of(sign), wide=wide, z=z)
    ]


def _beside(
    scalp: Scalp, look: Look, to: int, floor: float, v: float, dice: Dice, *, wide: float, z: float = Plane.HAIR_BESIDE
) -> list[Fragment]:
    u = float(scalp.breadth(v)) - 0.03
    out, end = u + dice.uniform(0.14, 0.28), max(0.4 + 0.65 * floor, v + 0.45)
    drop = end - v
    spine = [
        (u, v),
        (u + 0.1, v - 0.03),
        (out, v + 0.25 * drop),
        (out + dice.near(0.02, 0.06), v + 0.6 * drop),
        (out - dice.uniform(0.0, 0.16), end),
    ]
    mirrored = [(to * x, y) for x, y in spine]
    drawn = [gathered(scalp, look, mirrored[0], z - 0.01)] if v > -0.1 else []
    return [*drawn, *tail(scalp, look, z, mirrored, wide, dice, wave=_texture(dice, drop))]


TAILS: dict[str, Callable[[Scalp, Look, float, Dice], list[Fragment]]] = {
    "high": high,
    "low": low,
    "side": side,
    "twin": twin,
}
