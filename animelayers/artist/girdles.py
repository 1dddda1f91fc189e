"""What is bound around the waist: belts, sashes and their ends."""

from __future__ import annotations

import numpy as np

from animelayers.artist.curves import path
from animelayers.artist.drawing import Colour, Fragment, Mark, Material, Plane, Stroke
from animelayers.artist.fitting import Fitting
from animelayers.artist.folds import gather
from animelayers.artist.palette import WHITE, mix
from animelayers.artist.trimmings import (
    BLUNT,
    Finish,
    finished,
    piping,
)


def belt(
    fit: Fitting,
    level: float,
    colour: Colour,
    metal: Colour,
    *,
    z: float = Plane.TOPWEAR + 0.02,
    width: float = 0.11,
    ease: float = 0.035,
) -> Fragment:
    """A belt with a buckle."""
    b, torso = fit.b, fit.torso
    x = torso.half(level) + ease
    line = torso.curve([(-x, level), (-0.5 * x, level + 0.07), (0, level + 0.09), (0.5 * x, level + 0.07), (x, level)])
    strap = np.concatenate([line - (0, width / 2 * b), (line + (0, width / 2 * b))[::-1]])
    mx, my = torso.point(0, level + 0.09)
    w, h = 0.075 * b, 0.65 * width * b
    frame = path(
        [(mx - w, my - h), (mx + w, my - h)],
        [(mx + w, my - h), (mx + w, my + h)],
        [(mx + w, my + h), (mx - w, my + h)],
        [(mx - w, my + h), (mx - w, my - h)],
    )
    hole = (frame - (mx, my)) * (0.6, 0.55) + (mx, my)
    rings = tuple(Stroke(np.concatenate([box, box[:1]]), 0.55, BLUNT) for box in (frame, hole))
    buckle = Finish((Mark((frame,), metal), Mark((hole,), colour)), strokes=rings)
    return finished(fit.piece(strap, z, colour, material=Material.GLOSSY, relief=0.02), buckle)


def sash(
    fit: Fitting, level: float, colour: Colour, *, width: float, z: float = Plane.TOPWEAR + 0.016, ease: float = 0.022
) -> Fragment:
    """A band around the waist with a few creases."""
    torso, b = fit.torso, fit.b
    span = width / (torso.y(4) - torso.y(3)) * b / 2
    x0, x1 = torso.half(level - span) + ease, torso.half(level + span) + ease
    top = torso.curve([(-x0, level - span), (0, level - span + 0.1), (x0, level - span)])
    low = torso.curve([(-x1, level + span), (0, level + span + 0.1), (x1, level + span)])
    creases = gather(top[len(top) // 3 :], -0.7 * width * b, fit.dice.of("sash"), count=4, width=0.02 * b, weight=0.5)
    return finished(fit.piece(np.concatenate([top, low[::-1]]), z, colour, relief=0.025), creases)


def hanging_end(fit: Fitting, colour: Colour) -> Fragment:
    """The long end of a sash, down the front."""
    b, d = fit.b, fit.dice.of("end")
    low = fit.torso.y(4) + d.uniform(0.7, 1.1) * b
    x, y = fit.torso.point(0, 4.05)
    w, sway = d.uniform(0.08, 0.13) * b, d.near(0, 0.05) * b
    shape = path(
        [(x - 0.8 * w, y), (x - w + sway, (y + low) / 2), (x - 1.1 * w + sway, low)],
        [(x - 1.1 * w + sway, low), (x + sway, low + 0.1 * b), (x + 1.1 * w + sway, low)],
        [(x + 1.1 * w + sway, low), (x + w, (y + low) / 2), (x + 0.8 * w, y)],
    )
    seam = np.array([(x - 1.1 * w + sway, low - 0.07 * b), (x + 1.1 * w + sway, low - 0.07 * b)])
    return finished(
        fit.piece(shape, Plane.TOPWEAR + 0.022, colour, relief=0.02), piping(seam, 0.03 * b, mix(colour, WHITE, 0.6))
    )
