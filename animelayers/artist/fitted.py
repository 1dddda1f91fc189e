"""Tops that show skin: camisoles, crops, bare shoulders, leotards; and what is laced or forged on the body."""

from __future__ import annotations

import numpy as np

from animelayers.artist import collars, drapery, shirts
from animelayers.artist.bodice import Cut
from animelayers.artist.curves import spline
from animelayers.artist.drapery import Fall
from animelayers.artist.drawing import Fragment, Mark, Material, Plane, Stroke
from animelayers.artist.fitting import Fitting, cut_of, darker, nape, shell, signed, skin_trunk
from animelayers.artist.folds import Folds, frill, gather
from animelayers.artist.gowns import strapless, straps
from animelayers.artist.palette import WHITE, mix
from animelayers.artist.patterns import weave
from animelayers.artist.pullovers import chest_print, neckband
from animelayers.artist.trimmings import BLUNT, Finish, finished, lacing, lines, piping


def camisole(fit: Fitting) -> list[Fragment]:
    """A top on thin straps: straight, heart-shaped or gathered, its edge often lace; loose over the waist."""
    d, b, torso = fit.dice.of("camisole"), fit.b, fit.torso
    h, sport = torso.half(2), fit.subject.theme == "sport"
    if sport or d.chance(0.35):
        return tank(fit)
    dip = 2.4 if d.chance(0.5) else 2.12
    line = ((-h + 0.01, 2.15), (-0.75 * h, 1.98), (-0.45 * h, 1.97), (-0.15 * h, dip - 0.12), (0, dip))
    hem = d.uniform(4.6, 5.3)
    body, made = shell(
        fit, Cut(line, top=2.15, hem=hem, ease=(0.0, 0.01, 0.05, 0.05)), "loose", lines={"neckline": 1.0}
    )
    pale = mix(fit.garment.trim, WHITE, 0.7)
    edge = piping(made.neckline, -0.035 * b, pale, line=0.5)
    out = [
        skin_trunk(fit),
        finished(body, edge),
        *straps(fit, 0.62 * h, 2.0, fit.colour if d.chance(0.5) else pale, width=0.03),
    ]
    if d.chance(0.5):
        out.append(collars.ruffle(fit, made.neckline, 0.06 * b, pale, z=Plane.TOPWEAR + 0.006))
    if d.chance(0.4):
        made_ = frill(made.hem, 0.08 * b, d, pitch=0.1 * b)
        out.append(
            finished(
                fit.piece(made_.shape, Plane.TOPWEAR - 0.004, pale if d.chance(0.5) else fit.colour, relief=0.02),
                made_.folds,
            )
        )
    return out


def tank(fit: Fitting, *, hem: float | None = None) -> list[Fragment]:
    """A vest with broad straps, as worn for sports."""
    d, b = fit.dice.of("tank"), fit.b
    low = d.uniform(4.7, 5.2) if hem is None else hem
    cut = Cut(
        **fit.neckline(d.pick(["scoop", "square", "crew"])),
        armhole=fit.torso.half(1) - d.uniform(0.17, 0.22),
        hem=low,
        ease=(0.0, 0.01, 0.02, 0.03),
    )
    body, made = shell(fit, cut, "tight", lines={"neckline": 1.0})
    tape = fit.trim if d.chance(0.5) else None
    work: list[Finish | Folds] = [neckband(made, 0.03 * b, tape)]
    if tape:
        work += [piping(hole, s * 0.03 * b, tape) for hole, s in zip(made.armholes, (1, -1), strict=True)]
    if d.chance(0.4):
        work.append(chest_print(fit))
    return [skin_trunk(fit), finished(body, *work), nape(fit, made)]


def crop(fit: Fitting) -> list[Fragment]:
    """A short top above a bare waist: a cropped shirt, a bustier, a tied blouse."""
    d, b, torso = fit.dice.of("crop"), fit.b, fit.torso
    hem = d.uniform(3.35, 3.7)
    kinds = {"tee": 2, "knot": 1, "tank": 1.5, "bustier": 1.5} if fit.sleeveless else {"tee": 3, "knot": 1.5}
    kind = d.pick(kinds)
    if kind == "tank":
        return tank(fit, hem=hem)
    if kind == "bustier":
        return strapless(fit, hem=hem, ease=(0.0, 0.01, 0.01, 0.0), skin=5.6)
    if kind == "knot":
        body, made = shell(fit, cut_of(fit, "v", hem=3.6, ease=(0.0, 0.02, 0.03, 0.0), sag=0.0), "crisp")
        knot = torso.point(0, 3.62)
        pulls = [torso.curve(signed([(0.05, 3.5), (0.2, 3.35), (0.38, 3.15)], s)) for s in (-1, 1)]
        return [
            skin_trunk(fit),
            finished(
                body, lines(*pulls, weight=0.7, taper=(0.0, 0.8)), shirts.placket(fit, 1.7, 3.5, fit.trim, count=3)
            ),
            nape(fit, made),
            *collars.shirt(fit, fit.colour, open_=1.0),
            *knotted(fit, knot),
        ]
    body, made = shell(
        fit,
        cut_of(fit, d.pick(["crew", "scoop", "boat"]), hem=hem, ease=(0.0, 0.02, 0.08, 0.0), sag=0.03),
        "loose",
        lines={"neckline": 1.0},
    )
    work: list[Finish | Folds] = [
        neckband(made, 0.035 * b, fit.trim if d.chance(0.4) else None),
        lines(made.hem - (0, 0.045 * b), weight=0.4),
    ]
    if d.chance(0.4) or fit.garment.pattern == "print":
        work.append(chest_print(fit))
    return [skin_trunk(fit), finished(body, *work), nape(fit, made)]


def knotted(fit: Fitting, at: tuple[float, float]) -> list[Fragment]:
    """The knot of a blouse tied in front, with its two ends."""
    b, d = fit.b, fit.dice.of("knot")
    out = []
    for sign in (-1, 1):
        w = d.of(sign).uniform(0.1, 0.16) * b
        shape = (
            spline(
                [
                    (0, 0),
                    (sign * 0.6 * w, 0.35 * w),
                    (sign * 1.0 * w, 1.4 * w),
                    (sign * 0.35 * w, 1.2 * w),
                    (0.0, 0.4 * w),
                ]
            )
            + at
        )
        out.append(fit.piece(shape, Plane.TOPWEAR + 0.01, relief=0.02))
    ball = (
        spline(
            [
                (-0.05 * b, -0.03 * b),
                (0, -0.055 * b),
                (0.05 * b, -0.03 * b),
                (0.045 * b, 0.04 * b),
                (-0.045 * b, 0.04 * b),
            ],
            closed=True,
        )
        + at
    )
    return [*out, fit.piece(ball, Plane.TOPWEAR + 0.016, relief=0.02)]


def offshoulder(fit: Fitting) -> list[Fragment]:
    """Bare shoulders: the upper edge runs from arm to arm, with an elastic or a flounce."""
    d, b, torso = fit.dice.of("offshoulder"), fit.b, fit.torso
    h, tucked = torso.half(2), fit.tucked(0.5)
    line = ((-h - 0.02, 1.72), (-0.6 * h, 1.86), (0, 2.0))
    hem = 5.3 if tucked else d.uniform(4.5, 5.2)
    cut = Cut(line, top=1.72, hem=hem, ease=(0.01, 0.03, 0.06, 0.0 if tucked else 0.05))
    z = Plane.TUCKED if tucked else Plane.TOPWEAR
    body, made = shell(fit, cut, "loose", z=z, lines={"neckline": 1.0})
    work: list[Finish | Folds] = [shirts.blousing(fit)] if tucked else []
    out = [skin_trunk(fit)]
    if d.chance(0.6):
        out.append(finished(body, *work))
        deep = d.uniform(0.22, 0.34) * b
        made_ = frill(made.neckline, deep, d, pitch=0.17 * b)
        out.append(
            finished(
                fit.piece(made_.shape, Plane.ARM + 0.016, relief=0.04),
                made_.folds,
                piping(made.neckline, -0.03 * b, fit.trim),
            )
        )
    else:
        seam = gather(made.neckline, -0.16 * b, d, count=11, width=0.02 * b)
        out.append(finished(body, *work, seam, lines(made.neckline + (0, 0.06 * b), weight=0.5)))
    return out


def leotard(fit: Fitting) -> list[Fragment]:
    """A leotard as gymnasts, skaters and heroines wear it; often with a short skirt."""
    d, b, torso = fit.dice.of("leotard"), fit.b, fit.torso
    name = d.pick({"high": 2, "scoop": 1.5, "v": 1.0})
    cut = cut_of(fit, name, hem=5.0, ease=(0.0, 0.005, 0.005, 0.005), sag=0.0)
    body, made = shell(fit, cut, "tight", lines={"neckline": 1.0, "hem": 0.0}, patterned=False)
    down = [np.concatenate([edge, [(edge[-1, 0], torso.y(6.2))]]) for edge in (made.cloth.left, made.cloth.right)]
    body = finished(body, fit.pattern(weave(*down, bow=0.04 * b)))
    high = d.uniform(4.75, 5.05)
    leg = [(torso.half(high) + 0.005, high), (0.6 * torso.half(5), 5.35), (0.17, 5.95), (0.08, 6.22)]
    left, right = torso.curve(signed(leg, -1)), torso.curve(leg)
    crotch = spline([tuple(right[-1]), tuple((right[-1] + left[-1]) / 2 + (0, 0.02 * b)), tuple(left[-1])])
    keep = [side[side[:, 1] < torso.y(high)] for side in made.sides]
    upper = made.outline[: len(made.neckline) + len(made.shoulders[1]) + len(made.armholes[1])]
    outline = np.concatenate(
        [upper, keep[1], right, crotch, left[::-1], keep[0][::-1], made.armholes[0][::-1], made.shoulders[0][::-1]]
    )
    strokes = tuple(s for s in body.strokes if not any(s.points is side for side in made.sides))
    edges = tuple(Stroke(curve, 1.0, BLUNT) for curve in (*keep, np.concatenate([right, crotch, left[::-1]])))
    body = body.replace(shape=(outline,), strokes=strokes + edges)
    work: list[Finish | Folds] = [neckband(made, 0.03 * b, fit.trim)]
    if d.chance(0.6):
        stripe = [torso.curve(signed([(0.38, 2.4), (0.24, 4.0), (0.3, 5.2)], s)) for s in (-1, 1)]
        work += [piping(line, 0.05 * b, fit.trim) for line in stripe]
    out = [skin_trunk(fit, hem=5.05), finished(body, *work), nape(fit, made)]
    if name == "high":
        out += collars.stand(fit, fit.trim, height=0.5)
    if d.chance(0.65):
        fall = Fall(hem=drapery.knees(fit, 0.13), flare=0.2, waist=4.35, ease=0.015, bell=0.8, folds=7, wave=0.07)
        skirt = drapery.cut_skirt(fit, fall, d.of("skirt"))
        colour = fit.trim if d.chance(0.5) else fit.colour
        out += [
            drapery.back(fit, skirt, colour),
            drapery.front(fit, skirt, Plane.TOPWEAR + 0.01, colour, patterned=False),
        ]
    return out


def corset(fit: Fitting) -> list[Fragment]:
    """A laced corset over a blouse, or over bare shoulders."""
    d, b, torso = fit.dice.of("corset"), fit.b, fit.torso
    h, z = torso.half(2), Plane.TOPWEAR
    top, low = (2.35 if not fit.sleeveless else 2.15), d.uniform(4.7, 5.0)
    out: list[Fragment] = [skin_trunk(fit)]
    if not fit.sleeveless or d.chance(0.3):
        blouse, made = shell(
            fit,
            Cut(((-h - 0.02, 1.75), (-0.55 * h, 1.9), (0, 2.05)), top=1.75, hem=5.3),
            "crisp",
            z=Plane.TUCKED,
            colour=fit.outfit.inner,
            patterned=False,
            lines={"neckline": 1.0},
        )
        out += [
            finished(blouse, gather(made.neckline, -0.14 * b, d, count=10, width=0.02 * b)),
            collars.ruffle(fit, made.neckline, 0.07 * b, mix(fit.outfit.inner, WHITE, 0.5), z=Plane.TUCKED + 0.006),
        ]
    line = ((-torso.half(top) + 0.0, top + 0.1), (-0.7 * h, top - 0.08), (-0.35 * h, top - 0.1), (0, top + 0.22))
    cut = Cut(line, top=top + 0.1, hem=low - 0.25, ease=(0.01, 0.02, 0.025, 0.045), sag=0.16)
    body, made = shell(fit, cut, "", lines={"neckline": 1.0}, material=Material.CLOTH, shade=0.6)
    bones = [
        torso.curve(signed([(x, top + 0.05), (0.72 * x, 4.0), (0.95 * x, low - 0.2)], s))
        for x in (0.17, 0.3, 0.42)
        for s in (-1, 1)
    ]
    work: list[Finish | Folds] = [
        lines(*bones, weight=0.5),
        piping(made.neckline, -0.035 * b, fit.trim, line=0.6),
        piping(made.hem, 0.035 * b, fit.trim, line=0.6),
    ]
    rails = [torso.curve(signed([(0.075, top + 0.28), (0.06, 3.6), (0.07, low - 0.18)], s)) for s in (-1, 1)]
    gap = np.concatenate([rails[0], rails[1][::-1]])
    work += [
        Finish((Mark((gap,), darker(fit.outfit.inner, 0.12)),)),
        lacing(rails[0], rails[1], 7, fit.trim, 0.02 * b),
        lines(*rails, weight=0.6),
    ]
    out.append(finished(body.replace(z=z), *work))
    if fit.sleeveless and d.chance(0.4):
        out += straps(fit, 0.6 * h, top, fit.colour, width=0.06)
    return out
