"""Tops with skirts: dresses, maids' dresses, robes, tunics."""

from __future__ import annotations

import numpy as np

from animelayers.artist import collars, drapery, shirts
from animelayers.artist.bodice import Cut, Trunk
from animelayers.artist.curves import along, cut, spline
from animelayers.artist.drapery import Drape, Fall
from animelayers.artist.drawing import Colour, Fragment, Plane
from animelayers.artist.fitting import Fitting, cut_of, darker, nape, shell, signed, skin_trunk
from animelayers.artist.folds import Folds, frill, gather
from animelayers.artist.palette import GOLD, WHITE, mix
from animelayers.artist.trimmings import Finish, beside, buttons, finished, lacing, lines, piping
from animelayers.artist.waist import belt, hanging_end, sash, tied

LENGTHS = {"mini": 0.24, "short": 0.33, "knee": 0.47, "midi": 0.68, "long": 0.95}
"""Hems on the leg: 0 at the hips, 1 at the ankles."""


def dress(fit: Fitting) -> list[Fragment]:
    """A dress: one of several bodices, one of several skirts, something at the waist."""
    d = fit.dice.of("dress")
    length = d.pick({"mini": 1.5, "short": 3, "knee": 3, "midi": 1.2, "long": 1.2})
    style = d.pick({"flared": 4, "bell": 2.5, "tiered": 1.5, "column": 0.8})
    skirt = skirt_of(fit, style, length)
    second = fit.trim if d.chance(0.3) else fit.colour
    out = [drapery.back(fit, skirt, fit.colour), *bodice(fit)]
    out += layers(fit, skirt, style, second)
    return out + waist(fit)


def skirt_of(fit: Fitting, style: str, length: str, *, level: float = 4.0) -> Drape:
    """A skirt by style and length."""
    d = fit.dice.of("skirt")
    share = LENGTHS[length]
    stand = {"flared": 0.22, "bell": 0.4, "tiered": 0.34, "column": 0.05}[style] * (0.7 + 0.9 * min(share, 0.7))
    fall = Fall(
        hem=drapery.knees(fit, share),
        flare=stand * d.uniform(0.8, 1.25),
        waist=level,
        bell={"bell": 0.9, "tiered": 0.5}.get(style, 0.0),
        folds=4 if fit.torso.small or style == "column" else d.integer(5, 8),
        wave=0.02 if style == "column" else d.uniform(0.04, 0.07),
        gathered=style != "column",
    )
    return drapery.cut_skirt(fit, fall, d)


def layers(fit: Fitting, skirt: Drape, style: str, second: Colour) -> list[Fragment]:
    """The skirt itself with its tiers, frills, bands; the petticoat first."""
    d, b = fit.dice.of("layers"), fit.b
    z = Plane.TOPWEAR - 0.012
    body = drapery.front(fit, skirt, z)
    if style == "tiered":
        return tiers(fit, skirt, second)
    edge = d.pick(
        {"plain": 2, "frill": 2, "petticoat": 2, "band": 2, "lace": 1.5}
        if style != "column"
        else {"plain": 2, "band": 1, "frill": 1}
    )
    if edge == "frill":
        return [body, drapery.flounce(fit, skirt, 1.0, 0.14 * b, second, z - 0.004, d)]
    if edge == "petticoat":
        pale = mix(fit.outfit.inner, WHITE, 0.5)
        return [drapery.flounce(fit, skirt, 1.0, 0.11 * b, pale, z - 0.006, d), body]
    if edge == "band":
        tape = piping(skirt.hem, 0.05 * b, fit.trim, gap=0.045 * b)
        return [
            finished(body, tape, piping(skirt.hem, 0.018 * b, fit.trim, gap=0.12 * b) if d.chance(0.5) else Finish())
        ]
    if edge == "lace":
        pale = mix(fit.garment.trim, WHITE, 0.75)
        return [
            drapery.flounce(fit, skirt, 1.0, 0.07 * b, pale, z - 0.004, d),
            finished(body, lines(skirt.hem - (0, 0.04 * b), weight=0.4)),
        ]
    return [body]


def tiers(fit: Fitting, skirt: Drape, second: Colour) -> list[Fragment]:
    """Three skirts over each other, each shorter one above the longer."""
    d, out = fit.dice.of("tiers"), []
    low, top = float(skirt.hem[:, 1].mean()), float(skirt.waist[:, 1].mean())
    for k, share in enumerate((1.0, 0.7, 0.4)):
        wide = 0.5 * float(skirt.sides[1][-1, 0] - skirt.sides[0][-1, 0]) / fit.b - fit.torso.half(5)
        fall = Fall(
            top + share * (low - top), wide * (0.45 + 0.55 * share), bell=0.6, folds=7, wave=0.06, gathered=k == 2
        )
        colour = (fit.colour, second)[k % 2]
        tier = drapery.front(fit, drapery.cut_skirt(fit, fall, d.of(k)), Plane.TOPWEAR - 0.02 + 0.006 * k, colour)
        out.append(tier)
    return out


def bodice(fit: Fitting) -> list[Fragment]:
    """The upper part of a dress."""
    d, b = fit.dice.of("bodice"), fit.b
    bare = fit.sleeveless
    kind = d.pick(
        {
            "collar": 2,
            "square": 1.5,
            "sweetheart": 2 * bare,
            "halter": 1.0 * bare,
            "v": 1.2,
            "scoop": 1,
            "shirt": 1,
            "high": 0.8,
        }
    )
    ease = (0.0, 0.01, 0.012, 0.02)
    if kind == "sweetheart":
        return strapless(fit, hem=4.1, ease=ease)
    how = {"armhole": 0.26} if kind == "halter" else {}
    name = {"shirt": "collar", "halter": "high"}.get(kind, kind)
    body, made = shell(fit, cut_of(fit, name, hem=4.1, ease=ease, **how), "tight", lines={"neckline": 1.0, "hem": 0.7})
    out = [nape(fit, made)]
    paler = mix(fit.garment.trim, WHITE, 0.8)
    if kind in ("collar", "high"):
        out += (
            collars.peter_pan(fit, paler, lace=d.chance(0.4))
            if kind == "collar"
            else collars.stand(fit, fit.trim, height=0.55)
        )
        body = (
            finished(body, buttons(fit.torso.place([(0, level) for level in (1.5, 2.2, 2.9)]), 0.018 * b, fit.trim))
            if d.chance(0.5)
            else body
        )
    elif kind == "shirt":
        body = finished(body, shirts.placket(fit, 0.42, 4.0, fit.trim))
        out += collars.shirt(fit, paler if d.chance(0.6) else fit.colour, open_=0.0)
    elif d.chance(0.6):
        body = finished(body, piping(made.neckline, -0.035 * b, fit.trim, line=0.5))
    else:
        out.append(collars.ruffle(fit, made.neckline, 0.08 * b, paler, z=Plane.TOPWEAR + 0.01))
    if kind in ("square", "scoop", "v") and d.chance(0.5):
        body = finished(body, front_lacing(fit, made))
    return [body, *out]


def strapless(
    fit: Fitting, *, hem: float, ease: tuple[float, float, float, float], skin: float = 3.0
) -> list[Fragment]:
    """A heart-shaped upper edge, with straps or without."""
    d, h, b = fit.dice.of("strapless"), fit.torso.half(2), fit.b
    dip = 2.5 if not fit.torso.small else 2.2
    line = ((-h + 0.01, 2.12), (-0.78 * h, 1.93), (-0.42 * h, 1.92), (-0.12 * h, dip - 0.32), (0, dip))
    body, made = shell(
        fit, Cut(line, top=2.12, hem=hem, ease=ease, sharp=True), "tight", lines={"neckline": 1.0, "hem": 0.7}
    )
    out = [
        skin_trunk(fit, hem=skin),
        finished(body, piping(made.neckline, -0.04 * b, fit.trim, line=0.5) if d.chance(0.6) else Finish()),
    ]
    if d.chance(0.6):
        out += straps(fit, 0.6 * h, 1.95, fit.trim if d.chance(0.5) else fit.colour, width=0.05)
    if d.chance(0.4):
        out.append(collars.ruffle(fit, made.neckline, 0.09 * b, mix(fit.colour, WHITE, 0.6), z=Plane.TOPWEAR + 0.008))
    return out


def straps(fit: Fitting, x: float, level: float, colour: Colour, *, width: float) -> list[Fragment]:
    """Shoulder straps from the upper edge over the shoulders."""
    out = []
    for sign in (-1, 1):
        up = 0.86 * x
        spine = fit.torso.curve(
            signed(
                [(x, level + 0.12), (0.97 * x, 0.5 * (level + fit.torso.slope(up))), (up, fit.torso.slope(up) - 0.02)],
                sign,
            )
        )
        w = 0.5 * width * fit.b
        out.append(fit.piece(beside(spine, w, -w), Plane.TUCKED + 0.004, colour, relief=0.01))
    return out


def front_lacing(fit: Fitting, made: Trunk) -> Finish:
    """Laces down the middle of a bodice."""
    top = fit.torso.level(float(made.neckline[:, 1].max())) + 0.25
    rails = [fit.torso.curve(signed([(0.07, top), (0.06, (top + 3.8) / 2), (0.045, 3.8)], sign)) for sign in (-1, 1)]
    return lacing(rails[0], rails[1], 5, fit.trim, 0.02 * fit.b) + lines(*rails, weight=0.5)


def waist(fit: Fitting) -> list[Fragment]:
    """A sash, a belt or a bow at the waist, or only the seam."""
    d = fit.dice.of("waist")
    kind = d.pick({"sash": 3, "belt": 1.5, "bow": 2, "none": 2})
    if kind == "none":
        return []
    if kind == "belt":
        return belt(fit.girth(3.98, 0.08, ease=0.025), darker(fit.garment.trim, 0.4), d.of("belt"), GOLD)
    girth = fit.girth(4.0, d.uniform(0.1, 0.18), Plane.TOPWEAR + 0.016, ease=0.022)
    if kind == "sash":
        return [sash(girth, fit.trim, d.of("sash"))]
    return tied(girth, fit.trim, d.of("sash"), d.pick([0.5, 0.5, 0.8, 0.2]))


def maid(fit: Fitting) -> list[Fragment]:
    """A maid's dress with an apron: bib, straps with frills, a frilled skirt."""
    d, b = fit.dice.of("maid"), fit.b
    white = mix(fit.outfit.inner, WHITE, 0.7)
    skirt = skirt_of(fit, d.pick(["bell", "flared"]), d.pick({"short": 3, "mini": 1, "knee": 1.5, "long": 1.2}))
    cut_ = cut_of(fit, "collar", hem=4.1, ease=(0.0, 0.01, 0.012, 0.02))
    body, made = shell(fit, cut_, "tight", lines={"hem": 0.0})
    z = Plane.TOPWEAR - 0.012
    out = [drapery.back(fit, skirt, fit.colour), body, nape(fit, made), drapery.front(fit, skirt, z)]
    if d.chance(0.6):
        out.append(drapery.flounce(fit, skirt, 1.0, 0.1 * b, white, z - 0.004, d.of("petticoat")))
    out += [*apron(fit, skirt, white), *bib(fit, white)]
    out.append(sash(fit.girth(4.0, 0.13, ease=0.022), white, d.of("sash")))
    return out + (collars.peter_pan(fit, white) if d.chance(0.65) else collars.stand(fit, white, height=0.55))


def apron(fit: Fitting, skirt: Drape, white: Colour) -> list[Fragment]:
    """The skirt of an apron over a skirt, with a frill around it."""
    d, b = fit.dice.of("apron"), fit.b
    share, wide = d.uniform(0.66, 0.82), d.uniform(0.55, 0.75)
    v = np.linspace(0, 1, 9)
    rounding = np.sqrt(np.clip(1 - np.clip((v - 0.55) / 0.47, 0, 1) ** 2.4, 0, 1))
    half = np.stack([wide * np.minimum(1.0, 0.72 + 0.9 * v) * rounding, v * share], axis=1)
    edge = skirt.cloth.place(np.concatenate([half * (-1, 1), half[::-1]]))
    rim = spline(edge, steps=5)
    made = frill(rim, 0.085 * b, d, pitch=0.1 * b)
    top = skirt.cloth.place(np.stack([np.linspace(-0.72, 0.72, 9) * wide, np.full(9, 0.01)], axis=1))
    z = Plane.TOPWEAR + 0.004
    cloth = fit.piece(np.concatenate([top, rim[::-1]]), z, white, relief=0.05)
    pleats = gather(top, -0.3 * share * (skirt.hem[0, 1] - skirt.waist[0, 1]), d, count=5, width=0.03 * b)
    return [finished(fit.piece(made.shape, z - 0.003, white, relief=0.02), made.folds), finished(cloth, pleats)]


def bib(fit: Fitting, white: Colour) -> list[Fragment]:
    """The upper part of an apron with straps; frills stand off at the shoulders."""
    d, torso, b = fit.dice.of("bib"), fit.torso, fit.b
    top = d.uniform(2.2, 2.7)
    square = torso.curve([(-0.24, top), (0, top + 0.06), (0.24, top)])
    rest = torso.curve([(0.24, top), (0.23, 3.2), (0.25, 4.0)])
    other = torso.curve([(-0.25, 4.0), (-0.23, 3.2), (-0.24, top)])
    seam = lines(square + (0, 0.04 * b), weight=0.4)
    out = [finished(fit.piece(np.concatenate([square, rest, other]), Plane.TOPWEAR + 0.012, white, relief=0.03), seam)]
    reach, frilled = torso.half(1), d.chance(0.8)
    for sign in (-1, 1):
        spots = [(0.2, 4.0), (0.25, top + 0.1), (0.3, 1.4), (0.62 * reach, torso.slope(0.62 * reach) - 0.05)]
        line = torso.curve(signed(spots, sign))
        w = 0.045 * b
        if frilled:
            ruff = cut(line, 0.3, 1.0)
            made = frill(ruff if sign > 0 else ruff[::-1], 0.15 * b, d.of(sign), pitch=0.13 * b)
            out.append(finished(fit.piece(made.shape, Plane.ARM + 0.03, white, relief=0.03), made.folds))
        out.append(fit.piece(beside(line, w, -w), Plane.ARM + 0.034, white, relief=0.01))
    return out


def robe(fit: Fitting) -> list[Fragment]:
    """A robe of mages and priests: crossed or split in front, with broad borders, to the knees or the floor."""
    d, b, torso = fit.dice.of("robe"), fit.b, fit.torso
    n, long_ = torso.neck, d.pick({"knee": 1, "midi": 2, "long": 3})
    skirt = skirt_of(fit, "flared", long_, level=3.95)
    body, made = shell(
        fit, cut_of(fit, "v", hem=4.15, ease=(0.01, 0.03, 0.05, 0.04)), "crisp", lines={"hem": 0.0, "neckline": 1.0}
    )
    panel = drapery.front(fit, skirt, Plane.TOPWEAR - 0.012)
    border, width = fit.trim, d.uniform(0.07, 0.12) * b
    work: list[Finish | Folds] = [piping(skirt.hem, width, border, gap=0.03 * b, line=0.5)]
    foot = along(skirt.hem, 0.5)
    middle = spline([tuple(along(skirt.waist, 0.5)), tuple((along(skirt.waist, 0.5) + foot) / 2), tuple(foot)])
    if d.chance(0.6):
        work += [
            piping(middle, 0.06 * b, border, line=0.5),
            piping(middle, -0.06 * b, border, line=0.5),
            lines(middle, weight=0.7),
        ]
    out = [drapery.back(fit, skirt, fit.colour), finished(panel, *work)]
    cross = torso.curve([(-1.25 * n, torso.slope(1.25 * n)), (-0.3 * n, 1.6), (0.12, 3.2), (0.2, 4.1)])
    lap = torso.curve([(1.25 * n, torso.slope(1.25 * n)), (0.9 * n, 0.8), (0.25 * n, 1.75)])
    if d.chance(0.5):
        body = finished(
            body,
            piping(cross, -0.07 * b, border, line=0.6),
            piping(lap, 0.07 * b, border, line=0.6),
            lines(cross, weight=0.8),
        )
    else:
        body = finished(body, piping(made.neckline, -0.08 * b, border, line=0.6))
    out += [body, nape(fit, made)]
    girth = fit.girth(3.98, d.uniform(0.13, 0.24), ease=0.05)
    out.append(sash(girth, fit.trim if d.chance(0.5) else darker(fit.colour, 0.3), d.of("sash")))
    if d.chance(0.4):
        out.append(hanging_end(girth, border, d.of("end")))
    extra = d.pick({"none": 2, "stand": 2, "cowl": 1, "hood": 1})
    if extra == "stand":
        out += collars.stand(fit, border, height=0.9, gap=0.08)
    elif extra == "hood":
        out += collars.hood(fit, fit.colour, border)
    elif extra == "cowl":
        out += collars.cowl(fit, border)
    return out


def tunic(fit: Fitting) -> list[Fragment]:
    """A tunic to the thighs with a belt, its neckline and hem bordered; slit at the sides."""
    d, b, torso = fit.dice.of("tunic"), fit.b, fit.torso
    low = torso.level(drapery.knees(fit, d.uniform(0.12, 0.3)))
    name = d.pick({"v": 3, "square": 1, "crew": 1.5})
    cut = cut_of(fit, name, hem=max(low, 5.6), flare=d.uniform(0.02, 0.12), ease=(0.01, 0.03, 0.03, 0.05), sag=0.08)
    body, made = shell(fit, cut, "loose", lines={"neckline": 1.0})
    border = fit.trim
    work: list[Finish | Folds] = [
        piping(made.hem, 0.07 * b, border, gap=0.02 * b, line=0.5),
        piping(made.neckline, -0.06 * b, border, line=0.6),
    ]
    if d.chance(0.4):
        work.append(front_lacing(fit, made))
    rim = torso.curve([(-torso.half(4), 4.05), (0, 4.1), (torso.half(4), 4.05)])
    work.append(gather(rim, -0.4 * b, d.of("skirt"), count=7, width=0.035 * b))
    work.append(gather(rim - (0, 0.1 * b), 0.2 * b, d.of("above"), count=6, width=0.025 * b))
    out = [finished(body, *work), nape(fit, made)]
    if d.chance(0.75):
        leather = mix(darker(fit.garment.trim, 0.4), (105, 70, 45), 0.5)
        return out + belt(fit.girth(4.0, d.uniform(0.09, 0.14), ease=0.04), leather, d.of("belt"), GOLD)
    return [*out, sash(fit.girth(4.0, 0.14, ease=0.045), border, d.of("sash"))]
