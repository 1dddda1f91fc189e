"""Eyes: whites and irides whole, the lids before them, lashes around."""

from __future__ import annotations

import numpy as np

from animelayers.artist import faceshape, iris, lashes
from animelayers.artist.curves import Curve
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Colour, Fragment, Material, Plane, Shade
from animelayers.artist.head import patch
from animelayers.artist.orbit import Eye, eye
from animelayers.artist.palette import mix, shifted
from animelayers.artist.subject import Subject

WHITE: Colour = (252.0, 250.0, 251.0)


def draw(subject: Subject, dice: Dice) -> list[Fragment]:
    """Both eyes."""
    out: list[Fragment] = []
    rings: list[Curve] = []
    edge, ink = faceshape.contour(subject), _ink(subject, dice.of("ink"))
    for side, lid in zip(("r", "l"), subject.face.lids, strict=True):
        one = eye(subject, side)
        if lid == "open":
            out += [_white(one, edge), iris.iris(one, subject.palette.eyes[0 if side == "r" else 1])]
            rings += _ring(one, edge)
        out += lashes.lash(one, lid, ink, dice.of("lash"))
    if rings:
        out.append(patch(subject, "face", Plane.LID, tuple(rings)))
    return out


INKS: dict[Colour, float] = {(34.0, 20.0, 30.0): 4, (24.0, 20.0, 34.0): 2, (84.0, 34.0, 34.0): 1.5}


def _ink(subject: Subject, dice: Dice) -> Colour:
    """What lashes are drawn with: almost black or a deep red-brown, tinted by the hair."""
    return mix(shifted(subject.palette.hair, lightness=-0.4), dice.pick(INKS), 0.65)


def _white(one: Eye, edge: Curve) -> Fragment:
    """Somewhat larger than the opening, shaded below the upper lid."""
    shape = faceshape.within(edge, one.flat(_grown(one.opening, 1.28, 1.22)), 0.021)
    return Fragment(
        "eyewhite",
        Plane.EYEWHITE,
        (one.subject.figure.head.place(shape),),
        WHITE,
        one.side,
        Material.EYE,
        outlined=False,
        casts=0.0,
        ground=Plane.FACE,
        shades=(Shade((one.lid_shadow(0.36),), 0.85),),
    )


def _ring(one: Eye, edge: Curve) -> list[Curve]:
    """The lids as one area around the opening, for `Fragment.clip`; the face's own line stays free."""
    outer = faceshape.within(edge, one.flat(_grown(one.opening, 1.5, 1.5)), 0.02)
    return [one.subject.figure.head.place(outer), one.at(one.opening)[::-1]]


def _grown(opening: Curve, wide: float, tall: float) -> Curve:
    """Around an opening and around the eye when it is fully open, times as wide and tall."""
    t = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    low = min(opening[:, 1].min(), -1.0)
    return np.stack([-wide * np.cos(t), -tall * np.sin(t) * np.where(t < np.pi, -low, 1.0)], axis=1)
