"""Fringes: what hangs over the forehead, and the hair before the ears that it joins."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import numpy as np

from animelayers.artist.curves import path, profile
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Fragment, Plane, Shade, Stroke
from animelayers.artist.locks import Look, Sheet, clumps, hair, panel, tuft, wisp
from animelayers.artist.scalp import Scalp, Tone

Level = Callable[[float], float]
"""Longitude -1..1 → the height `v` at which strands end."""

Spot = tuple[float, float]
"""`(longitude, v)`."""

OVER = Plane.FRONT_HAIR + 0.012
"""Depth of the fringe; the hair before the ears lies at `Plane.FRONT_HAIR`."""

TEMPLE = -0.18
"""Height down to which the dome reaches at the sides, the hair before the ears lying over it."""

HAIRLINE = -0.3
"""Height of the hairline in the middle of the forehead."""


def fan(
    scalp: Scalp,
    roots: tuple[Spot, Spot],
    ends: tuple[float, float],
    level: Level,
    *,
    bow: float = 2.2,
    hook: float = 0.0,
) -> Sheet:
    """Strands from a parting between two spots to ends between two longitudes."""
    (a, v), (b, w) = roots
    strands = []
    for k in np.linspace(0, 1, 7):
        root, end = (a + (b - a) * k, v + (w - v) * k), ends[0] + (ends[1] - ends[0]) * k
        strands.append(scalp.meridian(root, (end, level(end)), bow=bow, hook=hook))
    if abs(ends[1]) == 1:
        strands[-1] = scalp.meridian((ends[1], w), (ends[1], level(ends[1])), hook=hook)
    return Sheet.of(strands, scalp.lay)


def across(scalp: Scalp, low: float, high: float, level: Level, *, hook: float = 0.0) -> Sheet:
    """Strands that fall straight from the crown."""
    return fan(scalp, ((low, scalp.top), (high, scalp.top)), (low, high), level, hook=hook)


def number(scalp: Scalp, dice: Dice, low: int, high: int) -> int:
    """How many clumps: fewer on small figures."""
    return max(2, round(dice.integer(low, high) * scalp.coarse))


def cap(scalp: Scalp, look: Look) -> Fragment:
    """The dome down to the hairline, on which everything else lies."""
    k = np.linspace(-1, 1, 25)
    v = TEMPLE + (scalp.top - TEMPLE) * (1 - np.abs(k)) ** 0.5
    dome = np.stack([np.sign(k) * scalp.breadth(v), v], axis=1)
    hairline = [(0.46, TEMPLE), (0.36, -0.2), (0.28, -0.25), (0.12, HAIRLINE), (0, HAIRLINE + 0.01)]
    hairline += [(-u, w) for u, w in hairline[-2::-1]]
    return hair(look, Plane.FRONT_HAIR - 0.004, scalp.lay(path(dome, hairline)), ()).replace(relief=0.0, casts=0.0)


def temples(scalp: Scalp, look: Look, dice: Dice, low: float) -> list[Fragment]:
    """The hair before the ears, down to about `low`: with the fringe it makes the silhouette of the dome."""
    made = []
    for sign in (-1, 1):
        d = dice.of(sign)
        level = _beside_ear(low + d.near(0, 0.03), scalp.shown(sign))
        sheet = across(scalp, sign * 0.5, sign * 1.0, level, hook=-0.03 * sign)
        depth = (0.18, 0.42) if low > 0 else (0.08, 0.24)
        parts = clumps(d, max(1, round(3 * min(scalp.shown(sign), 1))), depth=depth, ragged=0.08, lean=-0.5 * sign)
        made.append(panel(look, Plane.FRONT_HAIR, sheet, parts, d, edges=(1.0, 0.0), lines=3))
    return made


def _beside_ear(low: float, shown: float) -> Level:
    """High beside the forehead, where the eyes are, and down to `low` from the ears on; before free ears to a point.

    On the near side of a turned head, from where the eyes have moved away, the hair fills what they leave.
    """
    before = max(low, 0.06 + 0.5 * low)
    inner = min(low, 0.0) - 0.12 + 0.3 * min(max(shown - 1, 0.0), 0.5)
    at, ends = (0.5, 0.62, 0.7, 0.8), (inner, max(0.5 * before - 0.06, inner), before, low)
    return lambda longitude: float(np.interp(abs(longitude), at, ends))


def slope(middle: float, edge: float) -> Level:
    """From a height in the middle to another at the silhouettes."""
    return lambda longitude: middle + (edge - middle) * abs(longitude)


def brows(dice: Dice, low: float, high: float, *, rounding: float = 0.12) -> Level:
    """Ends around the height of the brows and eyes, lower towards the temples, never quite level."""
    v, tilt = dice.uniform(low, high), dice.near(0, 0.05)
    return lambda longitude: v + rounding * longitude**2 + tilt * longitude


def tufts(
    scalp: Scalp,
    look: Look,
    sheet: Sheet,
    dice: Dice,
    count: int,
    *,
    width: float = 0.16,
    reach: tuple[float, float] = (0.94, 1.06),
    within: tuple[float, float] = (0.0, 1.0),
) -> list[Fragment]:
    """Clumps that lie over the cut edge of a panel and break its rhythm."""
    made = []
    for k in range(count):
        d = dice.of(k)
        s = within[0] + (within[1] - within[0]) * (k + d.uniform(0.2, 0.8)) / count
        span = (d.uniform(0.1, 0.3), d.uniform(*reach))
        wide = width * d.uniform(0.5, 1.2) / scalp.coarse
        z = OVER + 0.012 + 0.005 * (k % 3)
        made.append(tuft(look, z, sheet, d, s=s, width=wide, span=span, bend=d.near(0, 0.09)))
    return made


def full(
    scalp: Scalp,
    look: Look,
    dice: Dice,
    level: Level,
    count: tuple[int, int],
    *,
    depth: tuple[float, float] = (0.14, 0.4),
    ragged: float = 0.1,
    over: tuple[int, int] = (1, 3),
) -> list[Fragment]:
    """One panel from temple to temple, with tufts over it."""
    sheet = across(scalp, -0.76, 0.76, level, hook=dice.near(0, 0.06))
    parts = clumps(dice, number(scalp, dice, *count), depth=depth, ragged=ragged, lean=dice.near(0, 0.6))
    body = panel(look, OVER, sheet, parts, dice, edges=(0.45, 0.45), lines=4)
    below = clumps(dice.of("under"), len(parts), depth=depth, ragged=2 * ragged)
    under = panel(look, OVER - 0.007, sheet, below, dice.of("under"), edges=(0.45, 0.45), lines=0)
    return [under, body, *tufts(scalp, look, sheet, dice.of("tufts"), dice.integer(*over))]


def choppy(scalp: Scalp, look: Look, dice: Dice) -> list[Fragment]:
    """Pointed clumps above the brows, over them or down to the eyes."""
    low = dice.pick({-0.12: 1, -0.03: 3, 0.05: 2})
    return full(scalp, look, dice, brows(dice, low - 0.03, low + 0.03), (5, 10))


def streak(scalp: Scalp, look: Look, dice: Dice) -> list[Fragment]:
    """A lock beside the forehead, one or two, in the colour of the tips."""
    to, made = dice.sign(), []
    dyed = dataclasses.replace(look, tone=Tone(scalp.tone.tips, scalp.tone.tips, scalp.tone.tips))
    sheet = across(scalp, 0.35 * to, 0.85 * to, slope(-0.1, dice.uniform(0.1, 0.25)))
    for k in range(dice.integer(1, 2)):
        s, wide = 0.3 + 0.4 * k + dice.near(0, 0.08), dice.uniform(0.12, 0.24)
        made.append(tuft(dyed, OVER + 0.03, sheet, dice.of(k), s=s, width=wide, span=(0.1, 1.0), bend=0.1))
    return made


def blunt(scalp: Scalp, look: Look, dice: Dice) -> list[Fragment]:
    """Cut straight high on the forehead, above the brows or the eyes, with slits."""
    low = dice.pick({-0.14: 0.7, -0.05: 2, 0.02: 2})
    level = brows(dice, low - 0.02, low + 0.02, rounding=0.04)
    return full(scalp, look, dice, level, (8, 12), depth=(0.03, 0.2), ragged=0.015, over=(0, 1))


def spikes(scalp: Scalp, look: Look, dice: Dice) -> list[Fragment]:
    """Short and pointed, high on the forehead."""
    return full(scalp, look, dice, brows(dice, -0.16, -0.04), (5, 7), depth=(0.25, 0.45), ragged=0.16, over=(2, 3))


def between(scalp: Scalp, look: Look, dice: Dice) -> list[Fragment]:
    """Arched over each eye, one lock falling between them to the nose."""
    drop = dice.uniform(0.13, 0.2)

    def level(x: float) -> float:
        return -0.06 + drop * math.exp(-((x / 0.16) ** 2)) + 0.2 * x * x

    made = full(scalp, look, dice, level, (6, 8), depth=(0.2, 0.42), ragged=0.05, over=(1, 2))
    middle = across(scalp, -0.2, 0.2, lambda _: 0.14, hook=dice.near(0, 0.05))
    lock = tuft(
        look, OVER + 0.03, middle, dice.of("lock"), s=dice.uniform(0.3, 0.7), width=0.5, span=(0.15, 1.0), bend=0.1
    )
    return [*made, lock]


def sparse(scalp: Scalp, look: Look, dice: Dice) -> list[Fragment]:
    """Thin strands with the forehead showing between them."""
    sheet = across(scalp, -0.8, 0.8, brows(dice, -0.02, 0.05), hook=dice.near(0, 0.05))
    count = number(scalp, dice, 9, 13)
    made = []
    for k in range(count):
        d = dice.of(k)
        s = (k + d.uniform(0.25, 0.75)) / count
        wide = d.pick([1.0, 2.0]) * d.uniform(0.6, 0.9) / count
        span = (d.uniform(0.0, 0.06), d.uniform(0.86, 1.05))
        made.append(tuft(look, OVER + 0.006 * (k % 3), sheet, d, s=s, width=wide, span=span, bend=d.near(0, 0.07)))
    return made


def sweep(
    scalp: Scalp,
    look: Look,
    dice: Dice,
    sign: int,
    root: Spot,
    ends: tuple[float, float],
    level: Level,
    count: tuple[int, int],
    *,
    z: float = OVER,
    bow: float = 2.2,
    over: int = 1,
) -> list[Fragment]:
    """The hair on one side of a parting, from the crown down to `root` and swept from there outwards to `ends`."""
    sheet = fan(scalp, (root, (0.4 * root[0], scalp.top)), ends, level, bow=bow, hook=0.03 * sign)
    many = max(2, round(number(scalp, dice, *count) * min(scalp.shown(sign), 1.0)))
    first, *others = clumps(dice, many, depth=(0.1, 0.3), ragged=0.1, lean=0.5)
    parts = [dataclasses.replace(first, notch=first.notch - 0.22), *others]  # flows out of the parting without a step
    edges = (0.12, 0.0 if abs(ends[1]) == 1 else 0.5)
    body = panel(look, z, sheet, parts, dice, edges=edges, lines=4)
    return [body, *tufts(scalp, look, sheet, dice.of("over"), over, width=0.2, within=(0.0, 0.6))]


def parted(scalp: Scalp, look: Look, dice: Dice) -> list[Fragment]:
    """Parted near the middle, the forehead bare between two sweeps."""
    return _two_sweeps(scalp, look, dice, dice.near(0, 0.14), dice.uniform(0.0, 0.08))


def curtain(scalp: Scalp, look: Look, dice: Dice) -> list[Fragment]:
    """Two long sweeps that frame the cheeks."""
    return _two_sweeps(scalp, look, dice, dice.near(0, 0.06), dice.uniform(0.14, 0.3))


def _two_sweeps(scalp: Scalp, look: Look, dice: Dice, x: float, low: float) -> list[Fragment]:
    first, v = dice.sign(), dice.uniform(-0.44, -0.38)
    made = []
    for sign in (-1, 1):
        d = dice.of(sign)
        inner, end = 0.36 + d.near(0, 0.06), low + d.near(0, 0.03)
        z = OVER + (0.006 if sign == first else 0.0)
        root = (x - 0.05 * sign, v)
        made += sweep(
            scalp, look, d, sign, root, (sign * inner, sign * 1.0), slope(end - 0.16, end + 0.06), (3, 5), z=z
        )
    return made


def swept(scalp: Scalp, look: Look, dice: Dice) -> list[Fragment]:
    """Parted at one side and swept across the forehead to the other."""
    return _across_forehead(scalp, look, dice, low=dice.uniform(0.04, 0.1), steep=dice.uniform(0.1, 0.2))


def over_eye(scalp: Scalp, look: Look, dice: Dice) -> list[Fragment]:
    """Swept so low that it hides an eye."""
    return _across_forehead(scalp, look, dice, low=dice.uniform(0.24, 0.32), steep=dice.uniform(0.3, 0.45))


def _across_forehead(scalp: Scalp, look: Look, dice: Dice, low: float, steep: float) -> list[Fragment]:
    side = dice.sign()
    x, v = side * dice.uniform(0.3, 0.5), dice.uniform(-0.43, -0.36)

    def level(u: float) -> float:
        return low - steep * max(0.6 + side * u, -0.1)

    big = sweep(
        scalp,
        look,
        dice.of("big"),
        -side,
        (x, v),
        (side * 0.12, -side * 1.0),
        level,
        (5, 7),
        z=OVER + 0.006,
        bow=1.7,
        over=2,
    )

    rest = slope(-0.02, 0.14)
    small = sweep(scalp, look, dice.of("small"), side, (x - 0.06 * side, v), (side * 0.66, side * 1.0), rest, (2, 3))
    return [*small, *big]


def back(scalp: Scalp, look: Look, dice: Dice) -> list[Fragment]:
    """Combed back from the forehead; the hair before the ears is part of it."""
    high, peak, corner = HAIRLINE + dice.uniform(-0.01, 0.03), dice.uniform(0.0, 0.04), dice.uniform(0.0, 0.035)

    def level(x: float) -> float:
        bays = peak * math.exp(-((x / 0.14) ** 2)) - corner * math.exp(-(((abs(x) - 0.36) / 0.12) ** 2))
        burns = 0.36 * float(profile((0.38, 0.76), (0.0, 1.0), np.array([abs(x)]))[0])
        return high + bays + burns - 0.2 * max(abs(x) - 0.74, 0.0)

    longitudes = np.linspace(-1, 1, 17)
    sheet = Sheet.of([scalp.meridian((x, scalp.top), (x, level(x))) for x in longitudes.tolist()], scalp.lay)
    outline = sheet.at(np.linspace(0, 1, 120), 1.0)
    count = number(scalp, dice, 15, 21)
    places = [(k + dice.uniform(0.1, 0.9)) / count for k in range(count)]
    combed = [
        Stroke(
            sheet.strand(s, 1.0, 1 - d.pick([d.uniform(0.15, 0.35), d.uniform(0.4, 0.75)])),
            d.uniform(0.4, 0.8),
            (0, 0.9),
        )
        for s, d in ((s, dice.of(k)) for k, s in enumerate(places))
    ]
    furrows = [_furrow(sheet, s, dice.of(f"furrow{k}")) for k, s in enumerate(places[1:-1:2])]
    sides = [Stroke(sheet.strand(s, 0.0, 1.0), 1.0, (0.0, 0.0)) for s in (0.0, 1.0)]
    shape = np.concatenate([sheet.strand(0.0, 0.0, 1.0), outline, sheet.strand(1.0, 1.0, 0.0)])
    body = hair(look, OVER, shape, [Stroke(outline, 0.55, (0.1, 0.1)), *sides, *combed], furrows)
    return [body.replace(casts=0.4), *(_escaped(scalp, look, dice.of("loose")) if dice.chance(0.6) else ())]


def _furrow(sheet: Sheet, s: float, dice: Dice) -> Shade:
    """The shadow between two combed locks, from the hairline upwards."""
    k = np.linspace(0, 1, 8)
    t = 1 - dice.uniform(0.2, 0.5) * k
    wide = dice.uniform(0.012, 0.022) * (1 - k)
    return Shade((np.concatenate([sheet.at(s - wide, t), sheet.at(s + wide, t)[::-1]]),), 0.9)


def _escaped(scalp: Scalp, look: Look, dice: Dice) -> list[Fragment]:
    """Strands that fall over a forehead combed bare."""
    to, made = dice.sign(), []
    for k in range(dice.integer(1, 3)):
        u, low = to * (0.04 + 0.07 * k + dice.uniform(0, 0.04)), dice.uniform(-0.08, 0.06)
        points = [(u, -0.42), (u + 0.06 * to, -0.24), (u + 0.03 * to, low - 0.12), (u - 0.05 * to, low)]
        made.append(wisp(scalp.lay(points), look, OVER + 0.01 + 0.005 * k, width=0.02, root=0.6))
    return made


FRINGES: dict[str, Callable[[Scalp, Look, Dice], list[Fragment]]] = {
    "choppy": choppy,
    "blunt": blunt,
    "spikes": spikes,
    "between": between,
    "sparse": sparse,
    "parted": parted,
    "curtain": curtain,
    "swept": swept,
    "over eye": over_eye,
    "back": back,
}
