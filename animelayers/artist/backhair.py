"""The hair behind: from cropped napes to curtains down to the knees, and what comes forward over the shoulders."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from animelayers.artist.curves import Curve, profile
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Fragment, Mark, Plane, Shade
from animelayers.artist.locks import Look, Sheet, clumps, panel, streaks
from animelayers.artist.scalp import EAR, Scalp


@dataclass(frozen=True, slots=True)
class Fall:
    """How hair falls behind; widths are half widths compared with the dome's."""

    neck: float
    """At the height of the chin."""
    end: float
    """At its ends."""
    flick: float = 0.0
    """How far the ends turn outwards (inwards: negative), head heights."""
    count: tuple[int, int] = (6, 9)
    """Clumps."""
    depth: tuple[float, float] = (0.05, 0.16)
    """Of the notches, shares of the length."""
    ragged: float = 0.06
    blunt: float = 0.0
    layers: int = 0
    """Shorter layers that lie over it at the sides."""
    longest: float = 9.0
    """Length (`Subject.hair_length`) that it has at most."""


FALLS: dict[str, Fall] = {
    "cropped": Fall(0.84, 0.5, -0.04, (5, 7), (0.06, 0.16), 0.06, longest=0.4),
    "bob": Fall(1.06, 0.86, -0.09, (7, 10), (0.03, 0.1), 0.03, 0.6, longest=0.8),
    "flipped": Fall(0.98, 1.02, 0.13, (6, 9), (0.08, 0.2), 0.06),
    "straight": Fall(1.0, 1.0, 0.0, (7, 11), (0.04, 0.16), 0.06),
    "hime": Fall(0.98, 1.02, 0.0, (9, 13), (0.01, 0.05), 0.012, 1.0),
    "layered": Fall(1.0, 0.86, 0.06, (6, 9), (0.08, 0.25), 0.1, 0.0, 2),
    "flared": Fall(1.04, 1.5, 0.1, (7, 10), (0.08, 0.22), 0.1, 0.0, 1),
    "wolf": Fall(0.92, 0.72, 0.12, (6, 8), (0.15, 0.35), 0.12, 0.0, 2),
    "tied": Fall(0.8, 0.3, -0.06, (4, 5), (0.01, 0.03), 0.02, longest=0.15),
}
"""`tied` is the nape under tails and buns."""

WAVING = ("straight", "layered", "flared")
"""What may be wavy or curly."""


def curtain(
    scalp: Scalp, fall: Fall, floor: float, span: tuple[float, float] = (-1.0, 1.0), *, count: int = 9
) -> Sheet:
    """Strands from the crown over the dome and down to `floor`, between two longitudes."""
    neck = min(0.42, EAR + 0.6 * (floor - EAR))
    strands = []
    for longitude in np.linspace(*span, count):
        dome = scalp.meridian((longitude, scalp.top), (longitude, EAR))
        v = np.array(
            [0.1, neck, neck + 0.22 * (floor - neck), 0.5 * (neck + floor), floor - 0.2 * (floor - neck), floor]
        )
        u = longitude * scalp.half * profile(*_widths(scalp, fall, neck, floor), v)
        u[-1] += np.sign(longitude) * fall.flick * abs(longitude) ** 2
        u[-2] += np.sign(longitude) * fall.flick * 0.2 * abs(longitude) ** 2
        keep = v > 0.12 if neck < 0.2 else v > -1
        strands.append(np.concatenate([dome, np.stack([u, v], axis=1)[keep]]))
    return Sheet.of(strands, lambda p: scalp.lay(p, -1.0))


def _widths(scalp: Scalp, fall: Fall, neck: float, floor: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Heights and half widths compared with the dome's: long hair draws in at the neck and spreads on the shoulders."""
    shoulder = max(scalp.v_of(scalp.figure.level("shoulder")), neck) + 0.12
    if floor < shoulder + 0.3:
        return (EAR, neck, floor), (1.0, fall.neck, fall.end)
    return (EAR, neck, shoulder, floor), (1.0, 0.95 * fall.neck, 0.5 * (fall.neck + fall.end) + 0.07, fall.end)


def _inside(sheet: Sheet, floor: float, dice: Dice) -> Curve:
    """The inner side of the hair behind the neck, ending in points between the strands."""
    top, low = 0.3, min(1.0, 1.35 / (floor + 0.6))
    s = np.linspace(0.1, 0.9, 15)
    teeth = low - np.where(np.arange(15) % 2, 0.0, 0.3) * low * np.array(dice.many(15, 0.3, 1.0))
    return np.concatenate([sheet.strand(0.1, top, teeth[0]), sheet.at(s, teeth), sheet.strand(0.9, teeth[-1], top)])


def draw(scalp: Scalp, look: Look, kind: str, length: float, dice: Dice) -> list[Fragment]:
    """Everything that falls behind, for a kind of `FALLS`."""
    fall = FALLS[kind]
    length = min(length, fall.longest)
    floor = scalp.floor(length)
    n = max(3, round(dice.integer(*fall.count) * scalp.coarse))
    wave = _waves(kind, floor, dice.of("wave"))
    loose = dice.of("loose")
    fall = dataclasses.replace(fall, neck=fall.neck * loose.near(1, 0.06), end=fall.end * loose.near(1.02, 0.14))

    def one(name: str, z: float, sheet: Sheet, number: int, **more: float) -> Fragment:
        d = dice.of(name)
        parts = clumps(d, number, depth=fall.depth, ragged=fall.ragged, blunt=fall.blunt)
        return panel(look, z, sheet, parts, d, lines=round(2 + 3 * length))

    sheet = wave(curtain(scalp, fall, floor))
    main = one("main", Plane.BACK_HAIR, sheet, n)
    dark = _inside(sheet, floor, dice.of("inside"))
    inner = (Mark((dark,), scalp.tone.inner),) if scalp.tone.inner != scalp.tone.hair else ()
    made = [main.replace(marks=(*main.marks, *inner), shades=(*main.shades, Shade((dark,), 1.1)))]
    if not fall.blunt and length > 0.5:
        lower = wave(curtain(scalp, fall, floor + 0.05 * length, (-0.8, 0.8)))
        under = one("under", Plane.BACK_HAIR - 0.03, lower, n - 1)
        made.insert(0, under.replace(shades=(*under.shades, Shade(under.shape, 1.0))))
    for k in range(fall.layers):
        end = floor - (0.22 + 0.3 * k) * (floor - 0.1)
        for sign in (-1, 1):
            side = wave(
                curtain(
                    scalp, Fall(fall.neck + 0.04, fall.neck + 0.12 + 0.05 * k, 0.12), end, (0.45 * sign, sign), count=4
                )
            )
            made.append(one(f"layer{k}{sign}", Plane.BACK_HAIR + 0.02 + 0.01 * k, side, 3))
    return made


def _waves(kind: str, floor: float, dice: Dice) -> Callable[[Sheet], Sheet]:
    """Curls and waves where a kind allows them; a slow S-curve for all hair."""
    texture = dice.pick({"straight": 5, "wavy": 2.5, "curly": 1} if kind in WAVING else {"straight": 1})
    height, pitch = {"straight": (dice.uniform(0.006, 0.022), 1.3), "wavy": (0.035, 0.5), "curly": (0.05, 0.3)}[texture]
    phase = dice.uniform(0, 1)
    return lambda sheet: sheet.waved(min(height, 0.05 * (floor + 0.2)), (floor + 0.6) / pitch, phase)


def beside(scalp: Scalp, look: Look, sign: int, floor: float, dice: Dice, *, wide: float = 1.0) -> list[Fragment]:
    """Hair from behind an ear that comes forward over the shoulder."""
    strands = []
    for k in np.linspace(0, 1, 4):
        inner = 1 - k
        u = [
            0.43 - 0.02 * inner,
            0.46 - 0.08 * inner * wide,
            0.47 - 0.17 * inner * wide,
            0.5 - 0.2 * inner * wide,
            0.44 - 0.1 * inner * wide,
        ]
        v = [-0.2, 0.1, 0.45, 0.45 + 0.55 * (floor - 0.45), floor]
        strands.append(np.stack([sign * np.array(u), v], axis=1))
    sheet = Sheet.of(strands, lambda p: scalp.lay(p, -0.2))
    parts = clumps(dice, 3, depth=(0.1, 0.3), ragged=0.15)
    body = panel(look, Plane.HAIR_BESIDE, sheet, parts, dice, edges=(0.15, 0.1), lines=4)
    return [body.replace(shades=(*body.shades, *streaks(sheet, dice.of("light"), 2, (0.3, 0.6))))]
