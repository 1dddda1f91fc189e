"""Lashes: the dark band of the upper lid with its wing and points, the line of the lower one, the fold above."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from animelayers.artist import faceshape
from animelayers.artist.curves import Curve, along, cut, normals, positions, profile, ribbon, same_way, spline
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Colour, Fragment, Material, Plane
from animelayers.artist.orbit import Eye
from animelayers.artist.palette import mix


@dataclass(frozen=True, slots=True)
class Lashes:
    """One manner."""

    breadth: float
    """Times the school's."""
    wing: float
    """How far the upper lash runs on beyond the corner, times the school's."""
    points: tuple[float, ...]
    """Where single lashes leave the band, as shares of its length."""
    reach: float
    """Their length, head heights."""
    below: tuple[float, ...]
    """The same on the lower lid, from its outer corner."""
    under: float
    """Share of the lower lid that is drawn."""


LASHES = {
    "plain": Lashes(0.62, 0.5, (), 0.0, (), 0.3),
    "band": Lashes(1.0, 0.8, (), 0.0, (), 0.42),
    "winged": Lashes(1.05, 1.7, (0.76,), 0.03, (), 0.46),
    "spiked": Lashes(1.0, 1.0, (0.68, 0.8), 0.032, (0.22, 0.32), 0.45),
    "girlish": Lashes(1.12, 1.15, (0.5, 0.62, 0.73, 0.83), 0.04, (0.2, 0.29, 0.38), 0.6),
}


LET_OUT = 0.006
"""Head heights by which a wing may leave the face."""


def lash(one: Eye, lid: str, ink: Colour, dice: Dice) -> list[Fragment]:
    """Everything inked around one eye: lashes, and below them the fold of the lid."""
    shapes, fold = _open(one, dice) if lid == "open" else _closed(one, lid)
    lashes = Fragment(
        "eyelash",
        Plane.LASH,
        tuple(same_way(shape) for shape in shapes),
        ink,
        one.side,
        Material.INK,
        outlined=False,
        casts=0.0,
    )
    if not len(fold):
        return [lashes]
    line = ribbon(fold, 0.0032 * profile((0, 0.4, 0.8, 1), (0.0, 1.0, 0.9, 0.0), positions(fold)))
    return [lashes.replace(z=Plane.LASH - 0.001, shape=(line,), colour=mix(ink, one.subject.palette.skin, 0.4)), lashes]


def _open(one: Eye, dice: Dice) -> tuple[list[Curve], Curve]:
    manner, shape = LASHES[one.subject.face.lashes], one.shape
    tip = one.upper[-1] + manner.wing * (np.array(shape.wing) - one.upper[-1])
    head = one.subject.figure.head
    flown = head.place(faceshape.within(faceshape.contour(one.subject), one.flat([tip]), -LET_OUT))
    band, outer = _band(one, flown[0], manner.breadth * shape.lash * one.subject.face.size)
    hairs = [_hair(outer, share, manner.reach * dice.uniform(0.8, 1.15), one.sign) for share in manner.points]
    lower = one.at(one.lower)
    line = cut(lower, 0.0, manner.under)
    under = ribbon(line, 0.0042 * profile((0, 0.25, 1), (0.9, 1.0, 0.1), positions(line)))
    hairs += [_hair(lower, share, 0.42 * manner.reach, one.sign, lean=0.5, breadth=0.0026) for share in manner.below]
    fold = _fold(outer, 0.5 * shape.crease * one.subject.face.eye[1], one.sign) if shape.crease else NO_FOLD
    return [band, under, *hairs], fold


NO_FOLD: Curve = np.empty((0, 2))


def _fold(outer: Curve, gap: float, sign: int) -> Curve:
    """The fold of the lid: follows the lash, nearest to it outwards."""
    line = cut(outer, 0.2, 0.8)
    rise = gap * profile((0, 0.4, 1), (0.7, 1.0, 0.45), positions(line))
    return line + sign * rise[:, None] * normals(line)


def _band(one: Eye, tip: Curve, breadth: float) -> tuple[Curve, Curve]:
    """The upper lash on the edge of the lid, running out into the tip of its wing; and its outer edge."""
    lid = one.at(one.upper)
    t = positions(lid)
    thick = breadth * profile((0, 0.1, 0.4, 0.72, 1), (0.0, 0.26, 0.82, 1.0, 0.85), t)[:, None]
    up = one.sign * normals(lid)
    edge = lid + 0.8 * thick * up
    flown = edge[t < 0.84]
    outer = np.concatenate(
        [flown[:-1], spline(np.stack([flown[-1], 0.45 * edge[-1] + 0.2 * flown[-1] + 0.35 * tip, tip]))]
    )
    root = lid[-1] + 0.12 * (lid[-1] - lid[-4])
    return np.concatenate([lid - 0.2 * thick * up, [root], outer[::-1]]), outer


def _hair(edge: Curve, share: float, reach: float, sign: int, lean: float = 0.9, breadth: float = 0.0058) -> Curve:
    """A single lash: leaves an edge along it, then flicks out."""
    root, after = along(edge, share), along(edge, share + 0.03)
    way = (after - root) / max(float(np.hypot(*(after - root))), 1e-9)
    out = sign * np.array([way[1], -way[0]])
    start = root - 0.7 * reach * way - breadth * out
    turn = root + reach * (0.35 * way + 0.28 * out)
    tip = root + reach * (out + lean * way) / (1 + lean * lean) ** 0.5
    spine = spline(np.stack([start, root - 0.3 * breadth * out, turn, tip]))
    return ribbon(spine, breadth * profile((0, 0.35, 1), (0.5, 1.0, 0.0), positions(spine)))


def _closed(one: Eye, lid: str) -> tuple[list[Curve], Curve]:
    """A lid shut by laughter bows up, one shut by sleep hangs."""
    manner = LASHES[one.subject.face.lashes]
    tall = 0.075 / one.subject.face.eye[1]
    if lid == "arc":
        places = np.array([(-0.98, 0.3), (-0.6, -0.22), (-0.05, -0.46), (0.5, -0.28), (1.06, 0.36)])
    else:
        places = np.array([(-1.0, 0.12), (-0.6, 0.5), (0.0, 0.66), (0.6, 0.48), (1.1, -0.02)])
    spine = one.at(spline(places * (1, tall) + (0, 0.1)))
    t = positions(spine)
    breadth = (0.62 + 0.2 * manner.breadth) * max(one.shape.lash, 0.02) * one.subject.face.size
    shapes = [ribbon(spine, 0.5 * breadth * profile((0, 0.25, 0.7, 1), (0.1, 0.8, 1.0, 0.15), t))]
    below = lid == "rest"
    out = -one.sign if below else one.sign
    shapes += [_hair(spine, share, manner.reach, out) for share in manner.points if share > 0.5]
    crease = one.at(spline([(-0.6, -0.5 * tall), (0.0, -0.66 * tall), (0.7, -0.46 * tall)])) if below else NO_FOLD
    return shapes, crease
