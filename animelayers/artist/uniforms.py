"""Uniforms: stand collars, rows of buttons, braid, shoulder straps."""

from __future__ import annotations

import numpy as np

from animelayers.artist import collars
from animelayers.artist.drawing import Colour, Fragment, Mark, Plane
from animelayers.artist.fitting import Fitting, cut_of, darker, signed
from animelayers.artist.folds import Folds
from animelayers.artist.fronts import fronts
from animelayers.artist.palette import GOLD, SILVER, mix
from animelayers.artist.trimmings import (
    Finish,
    beside,
    buttons,
    finished,
    piping,
)
from animelayers.artist.waist import belt


def uniform(fit: Fitting) -> list[Fragment]:
    """A uniform of officers, students or idols: stand collar, rows of buttons, braid, shoulder straps, a belt."""
    d, b, torso = fit.dice.of("cut"), fit.b, fit.torso
    hem = d.uniform(5.0, 5.8)
    cut = cut_of(fit, "collar", hem=hem, ease=(0.01, 0.02, 0.02, 0.06), sag=0.04)
    metal, double = d.pick({GOLD: 3, SILVER: 1.5}), d.chance(0.6)
    lap = -0.16 if double else -0.02
    n = torso.neck
    edge = [
        (1.15 * n, torso.slope(1.15 * n)),
        (0.3 * n, 0.35),
        (lap if double else 0.0, 0.7),
        (lap, 2.0),
        (0.75 * lap, 4.0),
        (0.8 * lap, hem),
    ]
    other = [*edge[:2], (0.02, 0.8), (0.02, 4.0), (0.03, hem)]
    made = fronts(fit, cut, (other, edge))
    tape = fit.trim if d.chance(0.6) else None
    levels = np.linspace(1.15, 4.6, 5 if double else 6)
    spots = [
        (x, level)
        for k, level in enumerate(levels)
        for x in ((lap + 0.05 + 0.015 * abs(k - 3), -(lap + 0.05 + 0.015 * abs(k - 3))) if double else (0.03,))
    ]
    out: list[Fragment] = []
    for panel in made:
        work: list[Finish | Folds] = (
            [piping(np.concatenate([panel.front, panel.hem]), panel.sign * 0.025 * b, tape)] if tape else []
        )
        if panel.sign > 0:
            work.append(buttons(torso.place(spots), 0.024 * b, metal))
        if not double and d.of("braids").chance(0.4):
            work.insert(0, _braids(fit, levels[:-1], metal))
        out.append(finished(panel.fragment, *work))
    out += collars.stand(fit, tape or fit.colour, trim=metal, height=0.62)
    if d.chance(0.55):
        out += belt(fit.girth(4.05, 0.11), mix(fit.garment.trim, (40, 32, 32), 0.6), d.of("belt"), metal)
    if d.chance(0.6):
        out += [_strap(fit, sign, metal) for sign in (-1, 1)]
    if d.chance(0.35):
        out.append(_aiguillette(fit, metal))
    return out


def _braids(fit: Fitting, levels: np.ndarray, colour: Colour) -> Finish:
    """Frogging: cords across the chest, as hussars wear."""
    tapes = []
    for k, level in enumerate(levels):
        x = 0.3 - 0.03 * k
        spine = fit.torso.curve([(-x, level - 0.06), (0, level), (x, level - 0.06)])
        tapes += [beside(spine, 0.012 * fit.b, -0.012 * fit.b)]
    return Finish((Mark(tuple(tapes), colour),))


def _strap(fit: Fitting, sign: int, metal: Colour) -> Fragment:
    """A shoulder strap."""
    torso, h = fit.torso, fit.torso.half(1)
    top = [(h * 0.5, torso.slope(h * 0.5) - 0.06), (h - 0.05, torso.slope(h - 0.05) - 0.02), (h - 0.02, 1.15)]
    low = [(h - 0.1, 1.3), (h * 0.48, torso.slope(h * 0.5) + 0.36)]
    shape = np.concatenate([torso.curve(signed(top, sign)), torso.place(signed(low, sign))])
    x, y = torso.place(signed([(h * 0.56, torso.slope(h * 0.56) + 0.2)], sign))[0]
    edge = torso.curve(signed(top, sign))
    work = [
        buttons(np.array([(x, y)]), 0.02 * fit.b, metal),
        piping(edge, sign * -0.012 * fit.b, metal, gap=sign * -0.012 * fit.b),
    ]
    return finished(fit.piece(shape, Plane.COLLAR - 0.01, darker(fit.colour, 0.15), relief=0.01), *work)


def _aiguillette(fit: Fitting, metal: Colour) -> Fragment:
    """Cords from the right shoulder to the front."""
    h = fit.torso.half(1)
    outer = fit.torso.curve([(-h + 0.12, 0.95), (-0.42 * h, 3.1), (-0.1, 1.9)])
    inner_ = fit.torso.curve([(-0.1, 1.9), (-0.4 * h, 2.65), (-h + 0.16, 0.95)])
    ropes = np.concatenate([beside(outer, 0.016 * fit.b, -0.016 * fit.b)])
    other = beside(inner_, 0.014 * fit.b, -0.014 * fit.b)
    return Fragment("topwear", Plane.COLLAR - 0.02, (ropes, other), metal, relief=0.01, casts=0.5)
