"""Jackets: blazers, cardigans, vests, short jackets, track suits."""

from __future__ import annotations

import numpy as np

from animelayers.artist import collars, pullovers, shirts
from animelayers.artist.bodice import Cut
from animelayers.artist.curves import along, closed, path
from animelayers.artist.drawing import Fragment, Mark, Material, Plane, Stroke
from animelayers.artist.fitting import Fitting, cut_of, darker, shell, signed
from animelayers.artist.folds import Folds
from animelayers.artist.fronts import Panel, back_of, fronts, inner, lapels, under
from animelayers.artist.palette import GOLD, SILVER, WHITE, mix
from animelayers.artist.trimmings import (
    BLUNT,
    Finish,
    buttons,
    finished,
    lines,
    piping,
    pocket,
    rib,
    stitches,
    welt,
    zip_,
)


def blazer(fit: Fitting) -> list[Fragment]:
    """A jacket with lapels, one or two buttons closed, or open."""
    d, b, torso = fit.dice.of("cut"), fit.b, fit.torso
    hem, low = d.uniform(4.95, 5.45), d.uniform(2.7, 3.5)
    double = d.chance(0.22)
    cut = cut_of(fit, "deep", hem=hem, ease=(0.01, 0.03, 0.04, 0.05), sag=0.05)
    ajar = 0.0 if double or d.chance(0.6) else d.uniform(0.05, 0.14)
    lap, n = (-0.14 if double else -0.03), torso.neck
    edge = [
        (1.25 * n, torso.slope(1.25 * n)),
        (0.55 * n + ajar, 0.5 * low + 0.3),
        (lap + 1.5 * ajar, low),
        (lap + 1.2 * ajar, 4.0),
        (lap + 0.02 + 1.6 * ajar, hem),
    ]
    other = [*edge[:2], (0.02 + 1.5 * ajar, low), (0.02 + 1.2 * ajar, 4.0), (0.04 + 1.6 * ajar, hem)]
    made = fronts(fit, cut, (other, edge), rounded=0.0 if double else d.pick([0.0, 0.1, 0.16]))
    metal = d.pick([GOLD, SILVER, darker(fit.colour, 0.4), fit.trim])
    tape = fit.trim if d.chance(0.3) else None
    rows = [(lap + 0.045 if not double else -0.075), *([0.13] if double else [])]
    levels = np.linspace(low + 0.25, min(4.35, hem - 0.6), 2 + double) if d.chance(0.7) else np.array([low + 0.45])
    spots = torso.place([(x + (1.4 * ajar), level) for x in rows for level in levels])
    out = [back_of(fit, cut, z=Plane.BEHIND_LEGS)] if ajar else []
    for panel in made:
        work: list[Finish | Folds] = [_flap_pocket(fit, panel.sign)]
        if tape:
            work.append(piping(np.concatenate([panel.front, panel.hem]), panel.sign * 0.022 * b, tape))
        if panel.sign > 0:
            work += [buttons(spots, 0.024 * b, metal), _breast(fit)]
        out.append(finished(panel.fragment, *work))
    return [
        *inner(fit),
        *out,
        *lapels(fit, low, broad=d.uniform(0.22, 0.34), notch=not double or d.chance(0.5), tape=tape),
    ]


def _flap_pocket(fit: Fitting, sign: int) -> Finish:
    spots = signed([(0.2, 4.42), (0.42, 4.36)], sign)
    a, z = fit.torso.place(sorted(spots))
    return welt((float(a[0]), float(a[1])), (float(z[0]), float(z[1])), 0.05 * fit.b)


def _breast(fit: Fitting) -> Finish:
    """A welt or a badge on the character's left."""
    d, h = fit.dice.of("breast"), fit.torso.half(2.5)
    if d.chance(0.45):
        x, y = fit.torso.point(0.55 * h, 2.35)
        size = 0.075 * fit.b
        shield = path(
            [(x - size, y - size), (x + size, y - size)],
            [
                (x + size, y - size),
                (x + 0.95 * size, y + 0.3 * size),
                (x, y + 1.3 * size),
                (x - 0.95 * size, y + 0.3 * size),
                (x - size, y - size),
            ],
        )
        inside = (shield - (x, y)) * 0.62 + (x, y)
        return Finish(
            (Mark((shield,), fit.trim), Mark((inside,), GOLD)),
            strokes=(Stroke(closed(shield), 0.5, BLUNT),),
        )
    (ax, ay), (zx, zy) = fit.torso.place([(0.36 * h, 2.42), (0.74 * h, 2.36)])
    return welt((ax, ay), (zx, zy), 0.03 * fit.b)


def cardigan(fit: Fitting) -> list[Fragment]:
    """A knitted jacket, buttoned or open, with ribs along its front and hem."""
    d, b, torso, n = fit.dice.of("cut"), fit.b, fit.torso, fit.torso.neck
    hem, low = d.uniform(4.9, 5.7), d.uniform(2.0, 2.9)
    ajar = d.pick({0.0: 2, 0.12: 2, 0.2: 1})
    cut = cut_of(fit, "v", hem=hem, ease=(0.01, 0.03, 0.07, 0.06), sag=0.03)
    edge = [
        (1.35 * n, torso.slope(1.35 * n)),
        (1.15 * n + 0.3 * ajar, 0.8),
        (0.5 * n + 0.8 * ajar, low - 0.45),
        (ajar - 0.02, low + 0.2),
        (1.15 * ajar - 0.02, 4.0),
        (1.3 * ajar - 0.02, hem),
    ]
    other = [*edge[:3], (ajar + 0.02, low + 0.2), (1.15 * ajar + 0.02, 4.0), (1.3 * ajar + 0.02, hem)]
    made = fronts(fit, cut, (other, edge), manner="knit")
    colour = fit.trim if d.chance(0.25) else None
    out = [back_of(fit, cut, z=Plane.BEHIND_LEGS)]
    for panel in made:
        band = 0.05 * b * panel.sign
        work: list[Finish | Folds] = [
            piping(panel.front, band, colour or fit.colour, line=0.6),
            rib(panel.hem, 0.07 * b * panel.sign, pitch=0.045 * b, weight=0.3),
        ]
        if panel.sign > 0:
            spots = along(panel.front, np.linspace(0.45, 0.93, 5)) + (0.025 * b, 0)
            work.append(buttons(spots, 0.018 * b, mix(fit.trim, WHITE, 0.3)))
        if d.of("pockets").chance(0.6):
            (ax, ay), (zx, zy) = torso.place(sorted(signed([(0.2, 4.3), (0.42, 4.3)], panel.sign)))
            work.append(pocket(np.array([(ax, ay), (zx, zy), (zx, zy + 0.24 * b), (ax, ay + 0.24 * b)])))
        out.append(finished(panel.fragment, *work))
    return [*inner(fit), *out]


def vest(fit: Fitting) -> list[Fragment]:
    """A knitted vest over a shirt, or a waistcoat."""
    d, b, torso, n = fit.dice.of("cut"), fit.b, fit.torso, fit.torso.neck
    shirt = shirts.shirt_of(
        fit,
        fit.outfit.sleeves.colour,
        open_=0.0 if fit.outfit.neckwear.kind in shirts.TIED else 0.4,
        tucked=True,
        plain=True,
    )
    reach = torso.half(1) - 0.17
    if fit.subject.theme == "formal" or d.chance(0.2):
        low = d.uniform(2.3, 2.9)
        cut = Cut(**fit.neckline("deep"), armhole=reach, hem=4.75, ease=(0.0, 0.015, 0.02, 0.03), sag=0.0)
        edge = [
            (1.35 * n, torso.slope(1.35 * n)),
            (0.6 * n, 0.55 * low + 0.2),
            (-0.03, low),
            (-0.03, 4.4),
            (0.07, 5.05),
        ]
        other = [*edge[:2], (0.03, low), (0.03, 4.4), (0.07, 5.05)]
        made = fronts(fit, cut, (other, edge), z=Plane.TOPWEAR)
        spots = torso.place([(0.0, level) for level in np.linspace(low + 0.2, 4.4, 4)])
        left = [buttons(spots, 0.02 * b, fit.trim)]
        return [*shirt, *(finished(p.fragment, _flap_pocket(fit, p.sign), *(left if p.sign > 0 else [])) for p in made)]
    hem = d.uniform(4.6, 5.0)
    cut = Cut(**fit.neckline(d.pick({"v": 2, "deep": 2})), armhole=reach, hem=hem, ease=(0.0, 0.02, 0.06, 0.03))
    body, made_ = shell(fit, cut, "knit", lines={"neckline": 1.0, "hem": 0.0})
    tape = fit.trim if d.chance(0.55) else None
    work: list[Finish | Folds] = [rib(made_.neckline, -0.055 * b, pitch=0.045 * b, weight=0.3, colour=tape)]
    if tape:
        work.append(piping(made_.neckline, -0.02 * b, fit.colour, gap=-0.02 * b))
    work += [
        rib(hole, s * 0.05 * b, pitch=0.05 * b, weight=0.3, colour=tape)
        for hole, s in zip(made_.armholes, (1, -1), strict=True)
    ]
    return [*shirt, finished(body, *work), pullovers.knit_hem(fit, made_, tape or fit.colour, z=Plane.TOPWEAR + 0.006)]


def jacket(fit: Fitting) -> list[Fragment]:
    """A short jacket with a zip: bomber, denim or leather."""
    d, torso, n = fit.dice.of("cut"), fit.torso, fit.torso.neck
    kind = d.pick({"bomber": 3, "denim": 2, "leather": 2})
    hem, ajar = d.uniform(4.35, 4.8), d.pick({0.1: 2, 0.2: 2})
    cut = cut_of(fit, "collar", hem=hem, ease=(0.02, 0.05, 0.1, 0.06), sag=0.0)
    edge = [
        (1.3 * n, torso.slope(1.3 * n)),
        (1.05 * n + 0.4 * ajar, 0.6),
        (ajar + 0.05, 1.6),
        (ajar + 0.01, 3.2),
        (ajar + 0.04, hem),
    ]
    made = fronts(fit, cut, (edge, edge), manner="boxy" if kind == "bomber" else "crisp")
    out = [back_of(fit, cut, z=Plane.BEHIND_LEGS)]
    for panel in made:
        work = _jacket_work(fit, panel, kind)
        fragment = panel.fragment.replace(material=Material.GLOSSY) if kind == "leather" else panel.fragment
        out.append(finished(fragment, *work))
    if kind == "bomber":
        out += collars.stand(fit, fit.trim, height=0.5, gap=0.9 * n + 0.4 * ajar)
    else:
        out += (
            lapels(fit, 2.3 + ajar, broad=0.3, notch=kind == "leather")
            if kind == "leather"
            else collars.shirt(fit, fit.colour, open_=1.0)
        )
    return [*under(fit, fit.outfit.inner, d.pick({"crew": 3, "scoop": 2, "high": 1})), *out]


def _jacket_work(fit: Fitting, panel: Panel, kind: str) -> list[Finish | Folds]:
    """Zip, pockets, hem."""
    b, s, torso = fit.b, panel.sign, fit.torso
    metal = SILVER if fit.dice.of("metal").chance(0.6) else GOLD
    if kind == "denim":
        seam = torso.curve(signed([(0.12, 1.75), (0.3, 1.72), (torso.half(2), 1.7)], s))
        down = [torso.curve(signed([(x, 1.75), (0.85 * x, 4.0), (0.8 * x, 4.5)], s)) for x in (0.2, 0.34)]
        h = torso.half(2.5)
        (ax, ay), (zx, zy) = torso.place(sorted(signed([(0.3 * h, 2.1), (0.75 * h, 2.1)], s)))
        box = pocket(np.array([(ax, ay), (zx, zy), (zx, zy + 0.24 * b), (ax, ay + 0.24 * b)]), flap=0.35, rounded=False)
        tack = mix(fit.colour, (230, 170, 90), 0.6)
        spots = along(panel.front, np.linspace(0.3, 0.95, 5)) + (0.025 * b * s, 0)
        return [
            lines(seam, *down, weight=0.5),
            stitches(seam + (0, 0.02 * b), 0.04 * b, tack),
            box,
            piping(panel.front, 0.05 * b * s, fit.colour, line=0.5),
            buttons(spots, 0.015 * b, metal),
            piping(panel.hem, 0.09 * b * s, fit.colour, line=0.6),
        ]
    work: list[Finish | Folds] = [piping(panel.front, 0.028 * b * s, metal, line=0.5)]
    slant = (
        torso.curve(signed([(0.22, 3.9), (0.31, 4.2)], s))
        if kind == "bomber"
        else torso.curve(signed([(0.18, 3.3), (0.36, 3.15)], s))
    )
    work.append(lines(slant, slant + (0.018 * b * s, 0.006), weight=0.7))
    if kind == "bomber":
        work.append(rib(panel.hem, 0.1 * b * s, pitch=0.05 * b, weight=0.35, colour=fit.trim))
    else:
        work.append(piping(panel.hem, 0.07 * b * s, darker(fit.colour, 0.2), line=0.6))
    return work


def tracksuit(fit: Fitting) -> list[Fragment]:
    """A sports jacket, zipped up, with tapes over the shoulders."""
    d, b, torso = fit.dice.of("cut"), fit.b, fit.torso
    hem = d.uniform(4.7, 5.1)
    body, made = shell(fit, cut_of(fit, "collar", hem=hem, ease=(0.01, 0.04, 0.09, 0.05)), "loose", lines={"hem": 0.0})
    stripe = fit.trim
    work: list[Finish | Folds] = []
    style = d.pick({"yoke": 2, "tapes": 2, "sides": 2})
    h = torso.half(2)
    if style == "yoke":
        yoke = torso.curve([(-h - 0.05, 1.9), (0, 2.15 + d.near(0, 0.3)), (h + 0.05, 1.9)])
        top = torso.place([(h + 0.2, -1.0), (-h - 0.2, -1.0)])
        work += [
            Finish((Mark((np.concatenate([yoke, top]),), stripe),)),
            piping(yoke, -0.03 * b, WHITE, line=0.0),
            lines(yoke, weight=0.5),
        ]
    elif style == "tapes":
        for sign in (-1, 1):
            line = torso.curve(signed([(0.2, -0.2), (torso.half(1) - 0.02, 1.0)], sign))
            work += [
                piping(line, sign * -0.03 * b, stripe, gap=sign * -0.02 * b),
                piping(line, sign * -0.03 * b, stripe, gap=sign * -0.075 * b),
            ]
    else:
        for side, sign in zip(made.sides, (1, -1), strict=True):
            work += [piping(side, sign * 0.09 * b, stripe, line=0.5)]
    work.append(zip_(torso.curve([(0, 0.5), (0, 2.5), (0, hem + 0.2)]), 0.035 * b, SILVER))
    work += [lines(torso.curve(signed([(0.28, 3.95), (0.38, 4.35)], sign)), weight=0.8) for sign in (-1, 1)]
    tape = stripe if d.chance(0.5) else fit.colour
    return [
        finished(body, *work),
        pullovers.knit_hem(fit, made, tape, z=Plane.TOPWEAR + 0.006, width=0.12),
        *collars.stand(fit, tape, trim=stripe if tape is not stripe else WHITE, height=0.75),
    ]
