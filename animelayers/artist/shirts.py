"""Woven tops: sailor suits, shirts, blouses; also what shows of a shirt under a jacket."""

from __future__ import annotations

import numpy as np

from animelayers.artist import collars
from animelayers.artist.curves import along
from animelayers.artist.drawing import Colour, Fragment, Plane
from animelayers.artist.fitting import Fitting, cut_of, darker, nape, shell, signed
from animelayers.artist.folds import Folds, gather
from animelayers.artist.palette import WHITE, mix
from animelayers.artist.trimmings import Finish, buttons, finished, lines, piping, pocket

TIED = ("tie", "ribbon", "bow", "cravat", "scarf")
"""Neckwear for which a collar is buttoned up."""


def sailor(fit: Fitting) -> list[Fragment]:
    """A sailor's suit: its collar in the colour of the skirt or the trim, the hem over the waistband."""
    d, outfit = fit.dice.of("cut"), fit.outfit
    collar = outfit.bottom.colour if outfit.bottom and d.chance(0.6) else outfit.top.trim
    stripe = mix(collar, WHITE, 0.9) if sum(collar) < 520 else darker(collar, 0.55)
    hem = d.uniform(4.45, 5.0)
    cut = cut_of(fit, "deep", hem=hem, ease=(0.0, 0.02, 0.06, 0.05), sag=d.uniform(0.0, 0.04))
    body, made = shell(fit, cut, "crisp")
    if d.chance(0.35):
        body = finished(body, piping(made.hem, 0.05 * fit.b, collar, gap=0.02 * fit.b))
    elif d.chance(0.5):
        body = finished(body, lines(made.hem - (0, 0.06 * fit.b), weight=0.4))
    out = [body, *collars.sailor(fit, collar, stripe)]
    if d.chance(0.55):
        out.append(collars.dickey(fit, mix(outfit.top.colour, WHITE, 0.4) if d.chance(0.5) else collar, stripe))
    return out


def placket(fit: Fitting, start: float, stop: float, colour: Colour, *, count: int = 5) -> Finish:
    """The strip down the front with its buttons, between two levels."""
    spine = fit.torso.curve([(0.0, start), (0.0, (start + stop) / 2), (0.0, stop)])
    w = 0.035 * fit.b
    spots = along(spine, (np.arange(count) + 0.5) / count)
    return lines(spine + (w, 0), spine - (w, 0), weight=0.45) + buttons(spots, 0.016 * fit.b, colour)


def shirt(fit: Fitting) -> list[Fragment]:
    """A shirt with a collar and buttons: tucked in, or worn over the waistband."""
    d = fit.dice.of("cut")
    return shirt_of(
        fit,
        fit.colour,
        open_=0.0 if fit.outfit.neckwear.kind in TIED else d.pick([0.0, 0.6, 1.0]),
        tucked=fit.tucked(0.65),
    )


def shirt_of(fit: Fitting, colour: Colour, *, open_: float, tucked: bool, plain: bool = False) -> list[Fragment]:
    """A shirt of a colour; `plain` is one that lies under something else."""
    d = fit.dice.of("shirt")
    hem = 5.3 if tucked else d.uniform(5.1, 5.6)
    ease = (0.0, 0.01, 0.03, 0.0) if tucked else (0.0, 0.02, 0.07, 0.05)
    cut = cut_of(fit, "v" if open_ else "collar", hem=hem, ease=ease, sag=0.0 if tucked else 0.06)
    z = Plane.TUCKED if tucked else Plane.TOPWEAR
    body, made = shell(fit, cut, "" if plain else "crisp", z=z, colour=colour, patterned=not plain)
    start = 0.42 + 0.95 * open_
    front = placket(fit, start, min(hem, 5.1), mix(colour, (60, 60, 80), 0.25), count=6 if hem > 5 else 5)
    extra: list[Finish | Folds] = [front]
    if not plain and d.chance(0.4):
        extra.append(chest_pocket(fit))
    if tucked and not plain:
        extra.append(blousing(fit))
    return [finished(body, *extra), nape(fit, made, colour), *collars.shirt(fit, colour, open_=open_)]


def chest_pocket(fit: Fitting) -> Finish:
    """A patch on the character's left."""
    h = fit.torso.half(2.5)
    corners = [(0.34 * h, 2.3), (0.76 * h, 2.24), (0.76 * h, 2.85), (0.36 * h, 2.92)]
    return pocket(fit.torso.place(corners), rounded=fit.dice.of("pocket").chance(0.5))


def blousing(fit: Fitting) -> Folds:
    """Cloth that is pulled together under a high waistband."""
    if not fit.high:
        return Folds()
    level = 4.05
    x = fit.torso.half(level)
    seam = fit.torso.curve([(-x, level), (0, level + 0.04), (x, level)])
    return gather(seam, 0.34 * fit.b, fit.dice.of("blousing"), count=4 if fit.torso.small else 7, width=0.028 * fit.b)


def blouse(fit: Fitting) -> list[Fragment]:
    """A blouse: round or standing collar, frills down the front, gathered into the waistband."""
    d = fit.dice.of("cut")
    cut = cut_of(fit, "collar", hem=5.3, ease=(0.0, 0.02, 0.05, 0.0), sag=0.0)
    body, made = shell(fit, cut, "crisp", z=Plane.TUCKED)
    trim = fit.trim
    out = [finished(body, placket(fit, 0.5, 4.9, trim), blousing(fit)), nape(fit, made)]
    paler = mix(fit.colour, WHITE, 0.5)
    if d.chance(0.6):
        out += jabot(fit, paler)
    out += (
        collars.peter_pan(fit, trim if d.chance(0.3) else paler, lace=d.chance(0.4))
        if d.chance(0.6)
        else collars.stand(fit, paler, height=0.6)
    )
    return out


def jabot(fit: Fitting, colour: Colour) -> list[Fragment]:
    """Two frills down the front."""
    out = []
    for sign in (-1, 1):
        line = fit.torso.curve(signed([(0.03, 0.55), (0.035, 1.8), (0.03, 3.3)], sign))
        seam = line if sign < 0 else line[::-1]
        out.append(collars.ruffle(fit, seam[::-1], 0.1 * fit.b, colour, z=Plane.TOPWEAR + 0.012 + 0.002 * sign))
    return out
