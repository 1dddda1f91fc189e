"""Armour of the trunk: breastplates with gorgets over mail or cloth."""

from __future__ import annotations

import numpy as np

from animelayers.artist import collars
from animelayers.artist.bodice import Cut, Torso, trunk
from animelayers.artist.curves import ellipse, path, spline
from animelayers.artist.drawing import Colour, Fragment, Mark, Material, Plane, Shade
from animelayers.artist.fitting import Fitting, darker, shell, signed
from animelayers.artist.folds import Folds
from animelayers.artist.palette import GOLD, WHITE, mix
from animelayers.artist.trimmings import Finish, beside, finished, lines, piping
from animelayers.artist.waist import belt


def armour(fit: Fitting) -> list[Fragment]:
    """A breastplate with a ridge, a gorget, lames at the waist; cloth or mail below."""
    d, b, torso = fit.dice.of("armour"), fit.b, fit.torso
    steel = fit.colour
    edge = GOLD if d.chance(0.5) else mix(fit.garment.trim, WHITE, 0.15)
    under, _ = shell(
        fit,
        Cut(**fit.neckline("high"), hem=5.3, ease=(0.0, 0.0, 0.0, 0.02)),
        "tight",
        z=Plane.TUCKED,
        colour=darker(fit.colour, 0.45),
        patterned=False,
    )
    out = [under, *collars.stand(fit, darker(fit.colour, 0.35), height=0.55)]
    out += [plate(fit, steel, edge), *lames(fit, steel, edge), gorget(fit, steel, edge)]
    if d.chance(0.6):
        leather = mix(darker(fit.garment.trim, 0.5), (90, 60, 40), 0.5)
        out += belt(fit.girth(4.15, 0.11, Plane.TOPWEAR + 0.02, ease=0.05), leather, d.of("belt"), edge)
    if d.chance(0.55):
        x, y = torso.point(0, 2.35)
        gem = fit.garment.trim
        stone = fit.piece(
            ellipse(x, y, 0.06 * b, 0.075 * b), Plane.TOPWEAR + 0.04, gem, material=Material.GLOSSY, relief=0.02
        )
        ring = fit.piece(
            ellipse(x, y, 0.085 * b, 0.1 * b), Plane.TOPWEAR + 0.036, edge, material=Material.GLOSSY, relief=0.01
        )
        out += [ring, stone]
    return out


def plate(fit: Fitting, steel: Colour, edge: Colour) -> Fragment:
    """The breastplate: armholes cut deep, pointed at the waist, a ridge down its middle."""
    d, b, torso = fit.dice.of("plate"), fit.b, fit.torso
    n, h = torso.neck, torso.half(1)
    cut = Cut(
        ((-1.5 * n, 0), (-1.2 * n, 0.55), (0, 0.85)),
        armhole=h - 0.22,
        hem=3.9,
        ease=(0.02, 0.035 + 0.02 * torso.bust, 0.035, 0.03),
        sag=0.14,
    )
    made = trunk(torso, cut)
    body = fit.piece(made.outline, Plane.TOPWEAR + 0.02, steel, material=Material.GLOSSY, relief=0.11)
    ridge = torso.curve([(0, 0.9), (0.0, 2.4), (0, 4.2)])
    work: list[Finish | Folds] = [
        piping(made.neckline, -0.04 * b, edge, line=0.6),
        piping(made.hem, 0.045 * b, edge, line=0.6),
        lines(ridge, weight=0.6, taper=(0.0, 0.3)),
    ]
    work += [piping(hole, s * 0.035 * b, edge, line=0.6) for hole, s in zip(made.armholes, (1, -1), strict=True)]
    work += [hammered(torso), *([engraving(fit, edge)] if d.chance(0.5) else [])]
    return finished(body, *work)


def hammered(torso: Torso) -> Finish:
    """The plate's own forms: the side of the ridge away from the light, two gleams, the chest beaten out."""
    far = path(torso.place([(0, 0.9), (0, 2.4), (0, 4.2)]), torso.place([(0.1, 3.9), (0.16, 2.6), (0.0, 0.9)]))
    shades, cups = [Shade((far,), 0.6)], []
    for sign in (-1, 1):
        outer, inner = [(0.34, 1.8), (0.26, 2.5), (0.3, 3.2)], [(0.26, 3.2), (0.19, 2.5), (0.3, 1.75)]
        gleam = path(torso.place(signed(outer, sign)), torso.place(signed(inner, sign)))
        shades.append(Shade((gleam,), -0.8, blur=0.01))
        if torso.bust > 0 and not torso.small:
            cup = torso.curve(signed([(0.02, 3.05), (0.2, 3.4), (0.4, 3.2), (0.46, 2.7)], sign))
            cups.append(cup)
            shades.append(Shade((beside(cup, 0, sign * -0.06 * torso.b),), 0.8))
    return Finish(shades=tuple(shades)) + lines(*cups, weight=0.7, taper=(0.1, 0.4))


def engraving(fit: Fitting, colour: Colour) -> Finish:
    """Scrolls on both sides of the ridge."""
    curls = []
    t = np.linspace(0, 1, 24)
    for sign in (-1, 1):
        x, y = fit.torso.point(sign * 0.17, 2.0)
        r = 0.11 * fit.b * (1 - 0.75 * t)
        a = 5.5 * t - 0.6
        spiral = np.stack([x + sign * r * np.cos(a), y + r * np.sin(a)], axis=1)
        tail = spline(np.stack([spiral[0], *fit.torso.place(signed([(0.31, 2.6), (0.2, 3.2)], sign))]))
        curls += [beside(line, 0.008 * fit.b, -0.008 * fit.b) for line in (spiral, tail)]
    return Finish((Mark(tuple(curls), colour),))


def lames(fit: Fitting, steel: Colour, edge: Colour) -> list[Fragment]:
    """Bands that overlap down the waist, the lowest first."""
    torso, b, out = fit.torso, fit.b, []
    count = 2 if torso.small else 3
    for k in reversed(range(count)):
        top, low = 3.75 + 0.32 * k, 4.2 + 0.32 * k
        x0, x1 = torso.half(top) + 0.025, torso.half(low) + 0.035
        rim = torso.curve([(-x1, low), (0, low + 0.18), (x1, low)])
        upper = torso.curve([(x0, top), (0, top + 0.15), (-x0, top)])
        piece = fit.piece(
            np.concatenate([rim, upper]),
            Plane.TOPWEAR + 0.012 - 0.003 * k,
            mix(steel, WHITE, 0.08 * (k % 2)),
            material=Material.GLOSSY,
            relief=0.03,
        )
        out.append(finished(piece, piping(rim, 0.025 * b, edge, line=0.4)))
    return out


def gorget(fit: Fitting, steel: Colour, edge: Colour) -> Fragment:
    """The plate below the throat."""
    torso, n, h = fit.torso, fit.torso.neck, fit.torso.half(1)
    wide = 0.55 * h
    top = torso.curve([(-1.3 * n, -0.25), (-0.9 * n, 0.3), (0, 0.55), (0.9 * n, 0.3), (1.3 * n, -0.25)])
    low = torso.curve(
        [
            (wide, torso.slope(wide) - 0.02),
            (0.8 * wide, 1.05),
            (0, 1.55),
            (-0.8 * wide, 1.05),
            (-wide, torso.slope(wide) - 0.02),
        ]
    )
    piece = fit.piece(np.concatenate([top, low]), Plane.COLLAR - 0.02, steel, material=Material.GLOSSY, relief=0.04)
    return finished(piece, piping(low, 0.03 * fit.b, edge, line=0.5), piping(top, -0.03 * fit.b, edge, line=0.5))
