"""Winter coats: double-breasted, duffles with toggles, belted ones, with fur or a hood."""

from __future__ import annotations

import numpy as np

from animelayers.artist import collars, drapery
from animelayers.artist.curves import ellipse
from animelayers.artist.drawing import Colour, Fragment, Plane
from animelayers.artist.fitting import Fitting, cut_of, darker, signed
from animelayers.artist.folds import Folds
from animelayers.artist.fronts import Panel, back_of, fronts, inner, lapels
from animelayers.artist.palette import GOLD, WHITE, mix
from animelayers.artist.trimmings import Finish, beside, buttons, finished, lines, pocket, stitches, welt
from animelayers.artist.waist import belt


def coat(fit: Fitting) -> list[Fragment]:
    """A coat to the thighs, the knees or below, closed or open."""
    d, torso = fit.dice.of("coat"), fit.torso
    kind = d.pick({"double": 3, "duffle": 2, "belted": 1.5, "fur": 1.5})
    hem = torso.level(drapery.knees(fit, d.pick({0.18: 2, 0.34: 3, 0.6: 1.5})))
    ajar = d.uniform(0.12, 0.22) if kind in ("double", "fur") and d.chance(0.35) else 0.0
    cut = cut_of(fit, "deep", hem=hem, flare=d.uniform(0.08, 0.3), ease=(0.03, 0.06, 0.09, 0.1), sag=0.06)
    lap = -0.15 if kind in ("double", "belted") else -0.04
    low = d.uniform(1.6, 2.4) if kind != "duffle" else 0.9
    n = torso.neck
    edge = [
        (1.25 * n, torso.slope(1.25 * n)),
        (0.5 * n + ajar, 0.5 * low + 0.3),
        (lap + 1.7 * ajar, low),
        (lap + 1.5 * ajar, 4.0),
        (lap + 2.2 * ajar, hem),
    ]
    other = [*edge[:2], (1.7 * ajar + 0.02, low), (1.5 * ajar + 0.02, 4.0), (2.2 * ajar + 0.02, hem)]
    made = fronts(fit, cut, (other, edge), rounded=0.03)
    out: list[Fragment] = [back_of(fit, cut, z=Plane.BEHIND_LEGS)]
    if ajar or kind != "duffle":
        out = [*inner(fit), *out]
    out += [finished(panel.fragment, *_work(fit, panel, kind, lap, low, ajar)) for panel in made]
    if kind == "duffle":
        out += toggles(fit)
        return out + collars.hood(fit, fit.colour, darker(fit.colour, 0.25))
    if kind == "belted" or (kind == "double" and d.chance(0.3)):
        out += belt(fit.girth(4.0, 0.13, ease=0.1), darker(fit.colour, 0.1), d.of("belt"), mix(GOLD, fit.colour, 0.2))
    if kind == "fur":
        return out + collars.fur(fit, mix(fit.garment.trim, WHITE, 0.65))
    return out + lapels(fit, low, broad=d.uniform(0.3, 0.4), notch=d.chance(0.7))


def _work(fit: Fitting, panel: Panel, kind: str, lap: float, low: float, ajar: float) -> list[Finish | Folds]:
    """Buttons, pockets, seams and borders of one front."""
    d, b, s, torso = fit.dice.of("work"), fit.b, panel.sign, fit.torso
    (ax, ay), (zx, zy) = torso.place(sorted(signed([(0.2, 4.75), (0.42, 4.7)], s)))
    deep = 0.2 * b
    work: list[Finish | Folds] = []
    if kind == "duffle" or d.chance(0.4):
        work.append(pocket(np.array([(ax, ay), (zx, zy), (zx, zy + deep), (ax, ay + deep)]), flap=0.35))
    else:
        work.append(welt((ax, ay), (zx, zy), 0.06 * b))
    if d.of("seam").chance(0.5):
        work.append(stitches(beside(panel.front, s * 0.03 * b, s * 0.03 * b)[: len(panel.front)], 0.05 * b))
    if s > 0 and kind in ("double", "belted", "fur"):
        rows = (lap + 0.06, 0.14) if kind != "fur" else (lap + 0.06,)
        levels = np.linspace(low + 0.35, 4.5, 3 if kind == "belted" else 4)
        spots = torso.place([(x + 1.6 * ajar, level) for x in rows for level in levels])
        work.append(buttons(spots, 0.03 * b, fit.trim if d.of("horn").chance(0.5) else darker(fit.colour, 0.45)))
    return work


def toggles(fit: Fitting) -> list[Fragment]:
    """Horn toggles with their cords across the front."""
    horn: Colour = (120.0, 84.0, 58.0)
    out, b = [], fit.b
    rope = mix(fit.garment.trim, (225, 205, 170), 0.5)
    for level in np.linspace(1.75, 4.3, 4):
        x, y = fit.torso.point(0.0, level)
        w, h = 0.15 * b, 0.022 * b
        loop = ellipse(x, y, w, h * 1.3)
        cords = fit.piece(loop, Plane.TOPWEAR + 0.014, rope, relief=0.01)
        peg = fit.piece(ellipse(x, y, 0.06 * b, 0.021 * b, turn=-0.12), Plane.TOPWEAR + 0.02, horn, relief=0.015)
        slit = lines(np.array([(x - w, y), (x + w, y)]), weight=0.5)
        out += [finished(cords, slit), peg]
    return out
