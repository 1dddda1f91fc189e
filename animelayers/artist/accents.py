"""What makes hair unruly: ahoge, spikes around the head, flicks and flyaway strands."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from animelayers.artist.curves import Points
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Fragment, Plane
from animelayers.artist.locks import Look, Sheet, clumps, panel, tuft, wisp
from animelayers.artist.scalp import Scalp

CENTRE = -0.1
"""Height that spikes point away from."""


def _ruff(scalp: Scalp, low: float, high: float, start: float, reach: float, lay: float) -> Sheet:
    """Strands away from the head's middle, between two angles clockwise from straight up, that turn downwards and aside
    once past the dome; `start` and `reach` are in head heights.
    """
    strands = []
    for angle in np.linspace(low, high, 11):
        k = np.linspace(0, 1, 7)
        way = np.array([np.sin(angle), -np.cos(angle)])
        after = np.maximum(k - 0.55, 0.0)[:, None]
        turn = angle + 0.9 * np.sin(0.6 * angle) + lay
        points = np.array([0.0, CENTRE]) + (start + (reach - start) * np.minimum(k, 0.7))[:, None] * way
        strands.append(points + after**1.5 * (reach - start) * 1.1 * np.array([np.sin(turn), -np.cos(turn)]))
    return Sheet.of(strands, lambda p: scalp.lay(p, -1.0))


def wild(scalp: Scalp, look: Look, dice: Dice, floor: float) -> list[Fragment]:
    """Back hair that stands off in spikes all around."""
    made, lay = [], dice.near(0, 0.5)
    longer = 0.1 * min(max(floor - 0.2, 0.0), 1.0)
    for name, z, far in (("far", -0.02, 0.61), ("near", 0.0, 0.57)):
        d = dice.of(name)
        sheet = _ruff(scalp, -2.3, 2.3, 0.0, far + longer, lay)
        parts = clumps(d, round(d.integer(13, 18) * scalp.coarse), depth=(0.16, 0.36), ragged=0.18)
        made.append(panel(look, Plane.BACK_HAIR + z, sheet, parts, d, edges=(1.0, 1.0), lines=3))
    return made


def spikes(scalp: Scalp, look: Look, dice: Dice, count: int) -> list[Fragment]:
    """Spikes that stand off the outline of the dome."""
    sheet = _ruff(scalp, -1.3, 1.3, 0.2, 0.58, dice.near(0, 0.4))
    made = []
    for k in range(count):
        d = dice.of(k)
        s, wide = (k + d.uniform(0.2, 0.8)) / count, d.uniform(0.1, 0.17) / scalp.coarse
        z, end = Plane.FRONT_HAIR + 0.013 + 0.005 * (k % 2), d.uniform(0.85, 1.05)
        made.append(tuft(look, z, sheet, d, s=s, width=wide, span=(0.1, end), bend=d.near(0, 0.03), belly=0.5))
    return made


def flicks(scalp: Scalp, look: Look, dice: Dice, count: int) -> list[Fragment]:
    """Clumps that leave the dome's outline and turn up."""
    made = []
    for k in range(count):
        d = dice.of(k)
        to, v, out = d.sign(), d.uniform(-0.3, -0.04), d.uniform(0.05, 0.09)
        heights = np.array([v - 0.26, v - 0.17, v - 0.09, v - 0.01])
        u = scalp.breadth(heights) - (0.09, 0.06, 0.04, 0.01)
        spine = [*zip(u, heights, strict=True), (u[-1] + 0.55 * out, v + 0.03), (u[-1] + 1.2 * out, v + 0.025)]
        lock = wisp(scalp.lay(np.array(spine) * (to, 1)), look, Plane.FRONT_HAIR + 0.001, width=0.055, root=0.85)
        made.append(lock.replace(casts=0.3))
    return made


def flyaways(scalp: Scalp, look: Look, dice: Dice, count: int) -> list[Fragment]:
    """Single hairs that stray from the dome and beside the cheeks."""
    made = []
    for k in range(count):
        d = dice.of(k)
        to, v = d.sign(), d.uniform(-0.5, 0.1)
        u = float(scalp.breadth(v)) * 0.93
        out, drop = d.uniform(0.0, 0.04), d.uniform(0.15, 0.3)
        points = np.array(
            [
                (u - 0.02, v - 0.05),
                (u + 0.5 * out, v + 0.3 * drop),
                (u + out, v + 0.7 * drop),
                (u + 0.4 * out, v + drop),
            ]
        )
        made.append(wisp(scalp.lay(points * (to, 1)), look, Plane.FRONT_HAIR - 0.002, width=0.006))
    return made


def _antenna(dice: Dice) -> Points:
    """One long hair that curls over."""
    h, w = dice.uniform(0.16, 0.26), dice.uniform(0.14, 0.26)
    return [(0.0, 0.03), (-0.03, -0.4 * h), (0.25 * w, -h), (0.8 * w, -0.95 * h), (w, -0.45 * h)]


def _hook(dice: Dice) -> Points:
    """A short loop like a question mark."""
    h = dice.uniform(0.12, 0.18)
    return [(0.0, 0.03), (-0.05, -0.5 * h), (0.02, -h), (0.1, -0.8 * h), (0.1, -0.3 * h)]


def _wave(dice: Dice) -> Points:
    """An S that stands up."""
    h = dice.uniform(0.18, 0.28)
    return [(0.0, 0.03), (0.05, -0.35 * h), (-0.02, -0.7 * h), (0.06, -h), (0.13, -0.95 * h)]


AHOGES: dict[str, tuple[Callable[[Dice], Points], float]] = {
    "antenna": (_antenna, 0.022),
    "hook": (_hook, 0.026),
    "wave": (_wave, 0.024),
}
"""The curve from its root, and its half width."""


def ahoge(scalp: Scalp, look: Look, kind: str, dice: Dice) -> list[Fragment]:
    """A hair that stands up from the crown, one or two of a kind of `AHOGES`."""
    if kind == "none":
        return []
    curve, width = AHOGES[kind]
    first = dice.sign()
    made = []
    for k in range(2 if dice.chance(0.25) else 1):
        d = dice.of(k)
        points = np.asarray(curve(d)) * (first * (-1 if k else 1), 1 - 0.35 * k) + (0.02 * first, scalp.top)
        made.append(wisp(scalp.lay(points), look, Plane.FRONT_HAIR + 0.03, width=width / scalp.coarse))
    return made
