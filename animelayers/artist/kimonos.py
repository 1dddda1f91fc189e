"""Kimonos: the crossed collars, the sash and what hangs below it."""

from __future__ import annotations

import numpy as np

from animelayers.artist import drapery
from animelayers.artist.bodice import Cut
from animelayers.artist.bows import Ribbon, bow
from animelayers.artist.curves import Curve, along, normals, spline
from animelayers.artist.drapery import Drape, Fall
from animelayers.artist.drawing import Colour, Fragment, Plane
from animelayers.artist.fitting import BEHIND_NECK, Fitting, darker, shell, signed
from animelayers.artist.folds import crease, frill
from animelayers.artist.palette import WHITE, mix, shifted
from animelayers.artist.patterns import contrasting, marks, weave
from animelayers.artist.trimmings import Finish, beside, finished, lines, piping
from animelayers.artist.waist import sash
from animelayers.artist.wardrobe import Garment

OBI = Plane.COLLAR + 0.012
"""Over the ends of the crossed collars."""


def kimono(fit: Fitting) -> list[Fragment]:
    """A kimono to the ankles, a short one with a flared skirt, or one with a hakama."""
    d, b = fit.dice.of("kimono"), fit.b
    kind = d.pick({"long": 3, "short": 2, "hakama": 2})
    cut = Cut(**fit.neckline("v"), hem=4.3, ease=(0.02, 0.04, 0.07, 0.05), sag=0.0)
    body, _ = shell(fit, cut, "crisp", lines={"hem": 0.0})
    out = [body, *crossed(fit, d.uniform(2.9, 3.3))]
    if kind == "hakama":
        return out + hakama(fit)
    skirt = wrapped(fit, kind)
    z = Plane.TOPWEAR - 0.012
    front = drapery.front(fit, skirt, z)
    lap = spline(np.stack([along(skirt.waist, 0.62), along(skirt.across(0.5), 0.66), along(skirt.hem, 0.72)]))
    fold = crease(lap[4:], -0.05 * b, line=0.0, peak=0.6)
    front = finished(front, lines(lap, weight=0.9), fold, piping(skirt.hem, 0.03 * b, contrasting(fit.garment)))
    out = [drapery.back(fit, skirt, fit.colour), front, *out]
    if kind == "short" and d.chance(0.6):
        made_ = frill(skirt.hem, 0.1 * b, d, pitch=0.12 * b)
        out.append(
            finished(fit.piece(made_.shape, z - 0.004, mix(fit.outfit.inner, WHITE, 0.5), relief=0.02), made_.folds)
        )
    return out + obi(fit)


def wrapped(fit: Fitting, kind: str) -> Drape:
    """The lower part: a narrow tube to the ankles, or a short flared one."""
    d = fit.dice.of("wrapped")
    if kind == "long":
        fall = Fall(
            drapery.knees(fit, d.uniform(0.85, 0.97)),
            d.uniform(0.0, 0.06),
            waist=3.95,
            ease=0.05,
            folds=3,
            wave=0.015,
            gathered=False,
        )
    else:
        fall = Fall(
            drapery.knees(fit, d.uniform(0.24, 0.4)),
            d.uniform(0.2, 0.35),
            waist=3.95,
            ease=0.05,
            bell=0.5,
            folds=6,
            wave=0.06,
        )
    return drapery.cut_skirt(fit, fall, d)


def crossed(fit: Fitting, low: float) -> list[Fragment]:
    """Two collars each way, the character's left over its right; the white one below shows a finger broad."""
    torso, n, b = fit.torso, fit.torso.neck, fit.b
    outer = (
        darker(fit.colour, 0.15)
        if fit.dice.of("eri").chance(0.4)
        else fit.trim
        if fit.dice.of("eri").chance(0.5)
        else fit.colour
    )
    inner = mix(fit.outfit.inner, WHITE, 0.6)
    behind = spline(torso.place([(-1.4 * n, -0.2), (-1.25 * n, -0.62), (0, -0.85), (1.25 * n, -0.62), (1.4 * n, -0.2)]))
    low_edge = torso.curve([(1.4 * n, -0.2), (0, 0.55), (-1.4 * n, -0.2)])
    out = [
        fit.piece(np.concatenate([behind, low_edge]), BEHIND_NECK + 0.02, shifted(inner, lightness=-0.06), relief=0.0)
    ]
    for sign, z in ((-1, Plane.COLLAR - 0.02), (1, Plane.COLLAR)):
        end = [(-0.08, 0.62 * low + 0.55), (-0.3, low + 0.5)] if sign > 0 else [(-0.02, 1.95), (-0.08, 2.2)]
        spots = signed([(1.3 * n, -0.42), (1.22 * n, 0.15), (0.55 * n, 1.25), *end], sign)
        line = torso.curve(spots)
        width = 0.11 * b * np.interp(np.linspace(0, 1, len(line)), [0, 0.3, 1], [0.75, 1.0, 1.05])
        out.append(_lap(fit, line, width * sign, outer, z))
        under = line - normals(line) * (0.03 * b * sign)
        out.append(
            fit.piece(
                np.concatenate([under, (line + normals(line) * (0.02 * b * sign))[::-1]]), z - 0.006, inner, relief=0.01
            )
        )
    return out


def _lap(fit: Fitting, line: Curve, width: np.ndarray, colour: Colour, z: float) -> Fragment:
    """One collar along a line."""
    shape = np.concatenate([line, (line + normals(line) * width[:, None])[::-1]])
    return fit.piece(shape, z, colour, relief=0.025)


def obi(fit: Fitting) -> list[Fragment]:
    """The broad sash with its cord, sometimes its bow behind."""
    d, b, torso = fit.dice.of("obi"), fit.b, fit.torso
    colour = fit.garment.trim if d.chance(0.65) else darker(fit.colour, 0.4)
    width = d.uniform(0.34, 0.46)
    level = 3.85
    band = sash(fit.girth(level, width, OBI, ease=0.06), colour, d.of("sash"))
    top, low = level - 0.5, level + 0.5
    x = torso.half(level) + 0.06
    cloth = weave(torso.curve([(-x, top), (-x, low)]), torso.curve([(x, top), (x, low)]), bow=0.04 * b)
    woven = Garment(
        "obi",
        colour,
        mix(colour, WHITE, 0.55),
        d.pick({"plain": 2, "flowers": 1, "stripes": 1, "checks": 0.7, "dots": 0.5}),
    )
    band = finished(band.replace(strokes=(), shades=()), Finish(marks(woven, cloth, b)))
    cord = torso.curve([(-x, level + 0.02), (0, level + 0.12), (x, level + 0.02)])
    rope = fit.piece(beside(cord, 0.022 * b, -0.022 * b), OBI + 0.006, fit.outfit.neckwear.colour, relief=0.01)
    out = [band, rope]
    middle = along(cord, 0.5)
    out.append(
        finished(
            fit.piece(
                spline([(-0.05 * b, 0), (0, -0.04 * b), (0.05 * b, 0), (0, 0.04 * b)], closed=True) + middle,
                OBI + 0.01,
                fit.outfit.neckwear.colour,
                relief=0.01,
            )
        )
    )
    rim = torso.curve([(-x, top), (0, top + 0.12), (x, top)])
    scarf = mix(colour, WHITE, 0.7)
    out.insert(0, fit.piece(beside(rim, -0.03 * b, 0.05 * b), OBI - 0.004, scarf, relief=0.01))
    if d.chance(0.5):
        out += bow(
            Ribbon(torso.point(0.0, level - 0.1), 0.62 * b, colour, "topwear", BEHIND_NECK - 0.2),
            d.of("bow"),
            droop=-0.12,
            tails=0.9 * b,
        )
    return out


def hakama(fit: Fitting) -> list[Fragment]:
    """Pleated divided skirt from high on the waist to the ankles, its bands tied in front."""
    d, b, torso = fit.dice.of("hakama"), fit.b, fit.torso
    colour = fit.outfit.bottom.colour if fit.outfit.bottom.colour != fit.colour else darker(fit.garment.trim, 0.3)
    fall = Fall(
        drapery.knees(fit, d.uniform(0.8, 0.93)),
        d.uniform(0.12, 0.24),
        waist=3.6,
        ease=0.06,
        folds=6,
        wave=0.03,
        gathered=False,
    )
    skirt = drapery.cut_skirt(fit, fall, d)
    front = drapery.front(fit, skirt, Plane.TOPWEAR + 0.012, colour, patterned=False)
    pleats = [
        spline(
            np.stack(
                [
                    along(skirt.waist, 0.5 + 0.1 * k),
                    along(skirt.across(0.5), 0.5 + 0.13 * k),
                    along(skirt.hem, 0.5 + 0.17 * k),
                ]
            )
        )
        for k in (-2, -1, 0, 1, 2)
    ]
    out = [drapery.back(fit, skirt, colour), finished(front, lines(*pleats, weight=0.7))]
    band = sash(fit.girth(3.62, 0.13, OBI, ease=0.065), shifted(colour, lightness=0.03), d.of("sash"))
    return [
        *out,
        band,
        *bow(
            Ribbon(torso.point(0, 3.68), 0.17 * b, colour, "topwear", OBI + 0.01), d.of("bow"), tails=0.5 * b, droop=0.1
        ),
    ]
