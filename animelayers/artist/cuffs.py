"""How sleeves end: hems, bands, ribs, turned cloth, frills."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from animelayers.artist.curves import Curve, along, ellipse
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Colour, Fragment, Mark, Material, Stroke
from animelayers.artist.folds import frill
from animelayers.artist.palette import shifted
from animelayers.artist.patterns import contrasting
from animelayers.artist.tubes import Tube
from animelayers.artist.wardrobe import Garment


@dataclass(frozen=True, slots=True, eq=False)
class Cuff:
    """What a cuff adds to its sleeve."""

    strokes: tuple[Stroke, ...] = ()
    marks: tuple[Mark, ...] = ()
    fragment: Fragment | None = None
    """A piece of its own over the sleeve's end; side and depth are the sleeve's to give."""


def _at(form: Tube, above: float) -> float:
    """Share of the sleeve's length that lies `above` its end, head heights."""
    length = float(np.hypot(*np.diff(form.outer, axis=0).T).sum())
    return 1 - min(above / max(length, 1e-6), 0.6)


def _line(form: Tube, above: float) -> Curve:
    return form.across(_at(form, above))


def _strip(form: Tube, above: float, thick: float) -> Curve:
    return np.concatenate([_line(form, above), _line(form, max(above - thick, 0.0))[::-1]])


def _plain(form: Tube, garment: Garment, b: float, dice: Dice) -> Cuff:
    """A stitched hem."""
    return Cuff((Stroke(_line(form, 0.035 * b), 0.45, (0.0, 0.0)),))


def _stripe(form: Tube, garment: Garment, b: float, dice: Dice) -> Cuff:
    """One or two lines of trim above the hem."""
    thick, above = b * dice.uniform(0.018, 0.035), b * dice.uniform(0.05, 0.07)
    strips = [_strip(form, above + 2.2 * thick * k, thick) for k in range(dice.pick({1: 2, 2: 2}))]
    return Cuff(marks=(Mark(tuple(strips), contrasting(garment)),))


def _sailor(form: Tube, garment: Garment, b: float, dice: Dice) -> Cuff:
    """A band in the collar's colour with white lines."""
    tall = b * dice.uniform(0.09, 0.12)
    lines = [_strip(form, tall * share, 0.016 * b) for share in dice.pick([(0.55,), (0.72, 0.42)])]
    return Cuff(
        (Stroke(_line(form, tall), 0.8, (0.0, 0.0)),),
        (Mark((_strip(form, tall, tall + 0.1),), garment.trim), Mark(tuple(lines), (250.0, 250.0, 250.0))),
    )


def _buttons(form: Tube, garment: Garment, b: float, dice: Dice) -> Cuff:
    """Buttons in a row along the back seam."""
    shares = [_at(form, b * (0.045 + 0.045 * k)) for k in range(dice.integer(2, 3))]
    dot = ellipse(0, 0, 0.014 * b, 0.014 * b, steps=12)
    spots = [along(form.across(share), 0.2) for share in shares]
    return Cuff(_plain(form, garment, b, dice).strokes, (Mark(tuple(dot + s for s in spots), contrasting(garment)),))


def _piece(
    form: Tube, above: float, ease: float, garment: Garment, *, colour: Colour | None = None
) -> tuple[Tube, Fragment]:
    """A cuff of its own around the sleeve's end, wider by `ease` (narrower if negative)."""
    piece = form.piece(_at(form, above), 1.0)
    across = piece.inner[0] - piece.outer[0]
    across = across / max(float(np.hypot(*across)), 1e-9) * ease
    piece = Tube(piece.outer - across, piece.inner + across, form.sign, form.hem)
    area = piece.area(start=-piece.bulge, end=piece.bulge)
    return piece, Fragment(
        "handwear", 0.0, (area,), garment.colour if colour is None else colour, relief=0.03, casts=0.25
    )


def _band(form: Tube, garment: Garment, b: float, dice: Dice) -> Cuff:
    """A straight cuff with a button."""
    colour = dice.pick({0: 2, 1: 1})
    piece, made = _piece(form, 0.085 * b, 0.006 * b, garment, colour=garment.trim if colour else None)
    spot = along(piece.across(0.5), 0.25)
    button = ellipse(0, 0, 0.013 * b, 0.013 * b, steps=12) + spot
    return Cuff(fragment=made.replace(marks=(Mark((button,), shifted(made.colour, lightness=-0.2)),)))


def _ribbed(form: Tube, garment: Garment, b: float, dice: Dice) -> Cuff:
    """Knitted ribs that hold the sleeve together."""
    trimmed = dice.chance(0.3)
    piece, made = _piece(form, 0.1 * b, -0.012 * b, garment, colour=garment.trim if trimmed else None)
    ends = piece.across(0.08), piece.across(0.95)
    count = max(int(piece.radius(-1) / (0.022 * b)), 3)
    strokes = []
    for k in range(1, count):
        a, z = (along(end, k / count) for end in ends)
        strokes.append(Stroke(np.stack([a, (a + z) / 2, z]), 0.45, (0.1, 0.1)))
    return Cuff(fragment=made.replace(strokes=tuple(strokes)))


def _rolled(form: Tube, garment: Garment, b: float, dice: Dice) -> Cuff:
    """Turned up twice or thrice: a thick roll with the edges of its turns."""
    piece, made = _piece(form, 0.13 * b, 0.016 * b, garment)
    lines = [piece.across(share) for share in dice.pick([(0.5,), (0.35, 0.7)])]
    return Cuff(fragment=made.replace(strokes=tuple(Stroke(line, 0.6, (0.0, 0.2)) for line in lines)))


def _folded(form: Tube, garment: Garment, b: float, dice: Dice) -> Cuff:
    """A broad turned cuff that stands off."""
    piece, made = _piece(form, 0.17 * b, 0.022 * b, garment, colour=garment.trim if dice.chance(0.5) else None)
    return Cuff(fragment=made.replace(strokes=(Stroke(piece.across(0.12), 0.45, (0.0, 0.0)),)))


def _frilled(form: Tube, garment: Garment, b: float, dice: Dice) -> Cuff:
    """A ruffle below the hem."""
    edge = _line(form, 0.015 * b)
    if form.sign > 0:
        edge = edge[::-1]
    ruffle = frill(edge, 0.09 * b, dice.of("frill"), flare=0.02 * b)
    colour = dice.pick([garment.trim, (250.0, 250.0, 250.0), garment.colour])
    made = Fragment("handwear", 0.0, (ruffle.shape,), colour, relief=0.02, casts=0.3)
    return Cuff(
        (Stroke(_line(form, 0.02 * b), 0.6, (0.0, 0.0)),),
        fragment=made.replace(strokes=ruffle.folds.strokes, shades=ruffle.folds.shades, material=Material.CLOTH),
    )


CUFFS: dict[str, Callable[[Tube, Garment, float, Dice], Cuff]] = {
    "plain": _plain,
    "stripe": _stripe,
    "sailor": _sailor,
    "buttons": _buttons,
    "band": _band,
    "ribbed": _ribbed,
    "rolled": _rolled,
    "folded": _folded,
    "frilled": _frilled,
}
