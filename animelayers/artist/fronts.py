"""Fronts of what opens down the middle: panels, lapels, and what is worn under them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from animelayers.artist import collars, pullovers, shirts
from animelayers.artist.bodice import Cut, Spots, bust_shade, flank, trunk, trunk_folds
from animelayers.artist.curves import Curve, cut, spline
from animelayers.artist.drawing import Colour, Fragment, Plane, Stroke
from animelayers.artist.figure import SIDES
from animelayers.artist.fitting import Fitting, nape, shell, signed
from animelayers.artist.palette import shifted
from animelayers.artist.patterns import Weave
from animelayers.artist.trimmings import (
    BLUNT,
    finished,
    lines,
    piping,
)


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """One front of a jacket, as a fragment, with the lines that trimmings follow."""

    fragment: Fragment
    front: Curve
    """From the neck down."""
    hem: Curve
    """From the front outwards."""
    sign: int


def fronts(
    fit: Fitting,
    how: Cut,
    edges: tuple[Spots, Spots],
    *,
    rounded: float = 0.0,
    z: float = Plane.TOPWEAR,
    manner: str = "crisp",
) -> list[Panel]:
    """Both fronts, the character's left one on top.

    `edges` are the front edges of the right and the left one from the neck down, both as if they were the left one's:
    x is negative where a front laps over. `rounded` is the share of the front edge that the lower corner takes.
    """
    cloth = trunk(fit.torso, how).cloth
    return [
        _panel(fit, how, side, edge, cloth, rounded, z + above, manner)
        for side, edge, above in zip(SIDES, edges, (0.0, 0.008), strict=True)
    ]


def _panel(
    fit: Fitting, how: Cut, side: str, edge: Spots, cloth: Weave, rounded: float, z: float, manner: str
) -> Panel:
    torso, sign = fit.torso, SIDES[side]
    shoulder, hole, seam = flank(torso, how, side)
    front, hem = _corner(torso.curve(signed(edge, sign)), seam[-1], how.sag * fit.b, rounded)
    outline = np.concatenate([front, hem, seam[::-1], hole[::-1], shoulder[::-1]])
    strokes = [
        Stroke(np.concatenate([shoulder, hole[:2]]), 1.0, BLUNT),
        Stroke(seam, 1.0, (0.15, 0.0)),
        Stroke(np.concatenate([front, hem]), 1.0, BLUNT),
    ]
    if how.armhole is not None:
        strokes.append(Stroke(hole, 1.0, BLUNT))
    piece = fit.piece(outline, z, relief=0.06, outlined=False, strokes=tuple(strokes))
    folds = trunk_folds(torso, manner, fit.dice.of("folds"), hem=how.hem, sides=(side,))
    return Panel(finished(piece, fit.pattern(cloth), bust_shade(torso, sides=(side,)), folds), front, hem, sign)


def _corner(front: Curve, end: Curve, sag: float, rounded: float) -> tuple[Curve, Curve]:
    """A front edge and the hem from it to the side seam's end, their corner sharp or rounded."""
    corner = front[-1]
    way = [corner, 0.7 * corner + 0.3 * end + (0, 0.6 * sag), 0.3 * corner + 0.7 * end + (0, 0.5 * sag), end]
    hem = spline(np.stack(way))
    if not rounded:
        return front, hem
    front, rest = cut(front, 0, 1 - rounded), cut(hem, 1.3 * rounded, 1)
    bend = spline(np.stack([front[-1], 0.75 * corner + 0.25 * front[-1], 0.75 * corner + 0.25 * rest[0], rest[0]]))
    return front, np.concatenate([bend[:-1], rest])


def back_of(fit: Fitting, cut: Cut, *, z: float) -> Fragment:
    """The lining of the back, seen between and below the fronts."""
    inside = shifted(fit.colour, lightness=-0.12)
    body, _ = shell(fit, cut, "", z=z, colour=inside, patterned=False, shade=0.0)
    return body.replace(relief=0.0)


def lapels(
    fit: Fitting,
    low: float,
    *,
    broad: float = 0.3,
    notch: bool = True,
    colour: Colour | None = None,
    tape: Colour | None = None,
) -> list[Fragment]:
    """Lapels that turn over down to a level, with the collar above the notch."""
    torso, n, b = fit.torso, fit.torso.neck, fit.b
    colour = shifted(fit.colour, lightness=0.02) if colour is None else colour
    roll = [(1.15 * n, -0.5), (1.02 * n, 0.2), (0.5 * n, 0.55 * low), (0.0, low)]
    gorge = 0.95
    leaf = [(0.0, low), (broad * 0.62, gorge + 0.45 * (low - gorge)), (broad + 0.06, gorge + 0.04)]
    step = (
        [(broad + 0.06, gorge + 0.04), (broad - 0.06, gorge - 0.06)]
        if notch
        else [(broad + 0.06, gorge), (broad, gorge - 0.12)]
    )
    top = (
        [step[-1], (broad + 0.06, gorge - 0.32), (1.75 * n, -0.05), (1.5 * n, -0.45), (1.15 * n, -0.5)]
        if notch
        else [step[-1], (1.6 * n, -0.1), (1.15 * n, -0.5)]
    )
    out = [collars.band_behind(fit, colour, width=1.22, rise=-0.72)]
    for sign, flap in zip((-1, 1), collars.flaps(fit, (roll, leaf, step, top), Plane.COLLAR, colour), strict=True):
        extra = [lines(torso.curve(signed([step[-1], (0.9 * n, gorge - 0.35)], sign)), weight=0.7)] if notch else []
        if tape:
            extra.append(piping(torso.curve(signed(leaf, sign)), sign * 0.025 * b, tape))
        out.append(finished(flap, *extra))
    return out


def inner(fit: Fitting) -> list[Fragment]:
    """What is worn under an open jacket: a shirt, a polo neck, a T-shirt."""
    d, tied = fit.dice.of("inner"), fit.outfit.neckwear.kind in shirts.TIED
    colour = fit.outfit.inner
    if tied or d.chance(0.55):
        return shirts.shirt_of(fit, colour, open_=0.0 if tied else d.pick([0.0, 0.7]), tucked=True, plain=True)
    return under(fit, colour, d.pick({"crew": 3, "scoop": 2, "high": 1.5, "v": 1}))


def under(fit: Fitting, colour: Colour, neckline: str) -> list[Fragment]:
    """A plain shirt without a collar, or a polo neck."""
    body, made = shell(
        fit,
        Cut(**fit.neckline(neckline), hem=5.3),
        "tight",
        z=Plane.TUCKED,
        colour=colour,
        patterned=False,
        lines={"neckline": 1.0},
    )
    if neckline == "high":
        return [body, *collars.turtleneck(fit, colour)]
    return [finished(body, pullovers.neckband(made, 0.03 * fit.b)), nape(fit, made, colour)]
