"""Legs and what is worn on them: one skin from the hip to the toes, and stockings that lie on it whole."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from animelayers.artist.curves import along, cut, ellipse, ribbon, spline
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Colour, Fragment, Mark, Material, Shade, Stroke
from animelayers.artist.figure import SIDES, Limb
from animelayers.artist.legform import BOWED, Ease, around, bowed, edges, rim, ring
from animelayers.artist.pair import Worn, pair, tied
from animelayers.artist.palette import mix, shifted
from animelayers.artist.subject import Subject
from animelayers.artist.wardrobe import Garment

TOPS = {"socks": (0.8, 0.9), "knee": (0.56, 0.62), "thigh": (0.2, 0.33), "tights": (0.0, 0.0), "leggings": (0.0, 0.0)}
"""Where each begins, as a share of the leg's length: 0 at the hip, 1 at the ankle."""


def draw(subject: Subject, dice: Dice) -> list[Fragment]:
    """Both legs, bare, and over them whatever is worn."""
    garment = subject.outfit.legs
    wear = WEAR.get(garment.kind)
    top = dice.of("top").uniform(*TOPS.get(garment.kind, (1.0, 1.0)))
    out: list[Fragment] = []
    for worn in pair(subject, garment, dice):
        out.append(_skin(worn, top if garment.kind == "thigh" else None))
        if wear:
            out += wear(worn, top)
    return out


def _skin(worn: Worn, pressed: float | None) -> Fragment:
    """The whole leg with its foot; where a stocking presses, the flesh swells above it."""
    leg, b = worn.leg, worn.breadth

    def swell(t: np.ndarray) -> np.ndarray:
        return np.zeros_like(t) if pressed is None else 0.014 * b * np.exp(-(((t - pressed + 0.022) / 0.018) ** 2))

    skin = worn.subject.palette.skin
    made = Fragment(
        "legwear",
        leg.z,
        (around(worn.form, 0.0, worn.form.outline(), swell),),
        skin,
        leg.side,
        Material.SKIN,
        relief=0.1 * b,
        strokes=tuple(_knee(leg, worn.dice.of("knee"))),
        marks=_blush(leg, b, skin) if worn.dice.of("blush").chance(0.45) else (),
        shades=_modelling(leg, b),
    )
    return _open(made)


def _open(made: Fragment) -> Fragment:
    """Not inked across the hip, where it goes on as the body."""
    return made.replace(outlined=False, strokes=(Stroke(made.shape[0][BOWED:], 1.0, (0.0, 0.0)), *made.strokes))


def _knee(leg: Limb, dice: Dice) -> list[Stroke]:
    """A few short strokes: the kneecap is told by what is left out."""
    manner = dice.pick({"pair": 3.0, "inner": 2.0, "cup": 1.5, "none": 1.0})
    if manner == "none":
        return []
    x, y = along(leg.spine, leg.bend)
    r = float(leg.radius(leg.bend)[0])
    out, turn = SIDES[leg.side], leg.direction(leg.bend) - math.pi / 2
    c, s = math.cos(turn), math.sin(turn)

    def line(points: list[tuple[float, float]], weight: float = 0.6) -> Stroke:
        p = np.array(points) * (out * r, r)
        return Stroke(spline(p @ np.array([[c, s], [-s, c]]) + (x, y)), weight, (0.5, 0.6))

    inner = line([(-0.5, -0.55), (-0.56, -0.1), (-0.44, 0.35)])
    if manner == "inner":
        return [inner]
    if manner == "pair":
        return [inner, line([(0.52, -0.6), (0.5, -0.2), (0.38, 0.2)])]
    return [line([(-0.42, 0.3), (-0.05, 0.55), (0.36, 0.35)]), line([(-0.5, -0.4), (-0.56, -0.1), (-0.5, 0.12)])]


def _blush(leg: Limb, b: float, skin: Colour) -> tuple[Mark, ...]:
    x, y = leg.point(leg.bend)
    shape = ellipse(x, y, 0.07 * b, 0.07 * b, steps=20)
    return (Mark((shape,), shifted(skin, lightness=-0.06, chroma=1.9, hue=-22), 0.55, 0.035 * b),)


def _modelling(leg: Limb, b: float) -> tuple[Shade, ...]:
    """The hollow under the kneecap and the inside of the thigh."""
    left, right = edges(leg, 0.02, 0.4)
    inside = right if leg.side == "r" else left
    middle = along(leg.spine, np.linspace(0.02, 0.4, len(inside)))
    t = np.linspace(1, 0, len(inside))[:, None] ** 0.7
    thigh = np.concatenate([inside, (inside + (middle - inside) * 0.45 * t)[::-1]])
    below = ribbon(
        along(rim(leg, leg.bend + 0.035, sag=0.3), np.linspace(0.2, 0.85, 9)),
        0.02 * b * np.sin(np.linspace(0, math.pi, 9)),
    )
    return Shade((thigh,), 0.7, 0.01 * b), Shade((below,), 0.6, 0.008 * b)


def _stocking(worn: Worn, top: float) -> list[Fragment]:
    """From its rim down and around the foot: tights, thigh highs, knee highs, socks."""
    garment, leg, b = worn.garment, worn.leg, worn.breadth
    tight = 0.012 * b if garment.kind == "thigh" else 0.0
    thick = (0.004 if garment.kind in ("tights", "thigh") else 0.009) * b

    def ease(t: np.ndarray) -> np.ndarray:
        return np.asarray(thick - tight * np.exp(-(((t - top) / 0.012) ** 2)))

    sheer = garment.kind in ("tights", "thigh") and worn.dice.of("sheer").chance(0.35)
    cover = Fragment(
        "legwear",
        leg.z + 0.006,
        (around(worn.form, top, worn.form.outline(0.02), ease),),
        garment.colour,
        leg.side,
        relief=0.09 * b,
        strokes=tuple(_wrinkles(leg, worn.dice.of("wrinkles"))),
        marks=(*(_sheer(worn, top) if sheer else ()), *_pattern(garment, leg, top)),
        shades=_modelling(leg, b)[1:] if top < leg.bend else (),
        casts=0.5,
    )
    if garment.kind == "tights":
        return [_open(cover)]
    finish = FINISHES.get(worn.dice.of("finish").pick(FINISHED.get(garment.kind, {"plain": 1.0})))
    return [cover, *finish(worn, top, thick)] if finish else [cover]


def _wrinkles(leg: Limb, dice: Dice) -> list[Stroke]:
    """Where cloth gathers over the ankle."""
    out = []
    for k in range(dice.integer(0, 2)):
        line = rim(leg, 0.9 + 0.035 * k, sag=dice.uniform(0.1, 0.3))
        start = dice.uniform(0.0, 0.5)
        out.append(Stroke(cut(line, start, start + dice.uniform(0.3, 0.5)), 0.55, (0.2, 0.7)))
    return out


def _sheer(worn: Worn, top: float) -> tuple[Mark, ...]:
    """Skin shines through where the knit is stretched and faces the eye."""
    leg, colour = worn.leg, mix(worn.garment.colour, worn.subject.palette.skin, 0.5)
    b = worn.breadth
    marks = []
    for start, stop, share in ((max(top, 0.03), leg.bend - 0.03, 0.42), (leg.bend - 0.05, leg.bend + 0.04, 0.5)):
        if stop > start:
            spine, radius = leg.sleeve(start, stop)
            marks.append(
                Mark(
                    (ribbon(spine, share * radius * np.sin(np.linspace(0.4, 2.9, len(spine)))),), colour, 0.6, 0.045 * b
                )
            )
    spine, radius = leg.sleeve(max(top, leg.bend + 0.06), 0.9)
    marks.append(Mark((ribbon(spine, 0.35 * radius),), colour, 0.5, 0.04 * b))
    return tuple(marks)


def _pattern(garment: Garment, leg: Limb, top: float) -> tuple[Mark, ...]:
    """Rings of the trim: a pair below the rim, or all the way down."""
    if garment.pattern == "band" and top > 0:
        rings = [(top + 0.025 + 0.03 * k, top + 0.042 + 0.03 * k) for k in (0, 1)]
    elif garment.pattern == "stripes":
        step = 0.055
        rings = [(t, t + step / 2) for t in np.arange(top + 0.03, 0.99, step)]
    else:
        return ()
    return tuple(Mark((ring(leg, a, min(z, 1.0), over=0.05),), garment.trim) for a, z in rings)


Finish = Callable[[Worn, float, float], list[Fragment]]


def _welt(worn: Worn, top: float, thick: float) -> list[Fragment]:
    """A knitted band, a shade darker, with ribs."""
    return [_band(worn, (top, top + 0.03), thick + 0.003, shifted(worn.garment.colour, lightness=-0.05))]


def _cuff(worn: Worn, top: float, thick: float) -> list[Fragment]:
    """Turned over, standing out from the leg."""
    b = worn.breadth
    cuff = _band(worn, (top - 0.004, top + 0.052), thick + 0.016 * b, worn.garment.colour)
    return [cuff.replace(strokes=tuple(_ribs(worn.leg, top + 0.004, top + 0.044, 5)))]


def _lace(worn: Worn, top: float, thick: float) -> list[Fragment]:
    """A scalloped edge that stands up above the rim."""
    leg, b = worn.leg, worn.breadth
    upper = rim(leg, top - 0.012, thick + 0.008 * b)
    t = np.linspace(0, 1, 71)
    scallops = along(upper, t) - np.stack([0 * t, 0.03 * b * np.abs(np.sin(7 * math.pi * t))], axis=1)
    shape = np.concatenate([scallops, rim(leg, top + 0.022, thick + 0.008 * b)[::-1]])
    colour = worn.garment.trim if worn.garment.pattern != "plain" else worn.subject.palette.pale
    line = Stroke(rim(leg, top + 0.004, thick), 0.5, (0.1, 0.1))
    return [Fragment("legwear", leg.z + 0.01, (shape,), colour, leg.side, relief=0.02, strokes=(line,), casts=0.4)]


def _garter(worn: Worn, top: float, thick: float) -> list[Fragment]:
    """The welt, and two straps that run up under the skirt."""
    leg, b = worn.leg, worn.breadth
    low, high = rim(leg, top + 0.02), rim(leg, 0.02)
    out = _welt(worn, top, thick)
    for share in (0.3, 0.72):
        strap = ribbon(spline([tuple(along(high, share)), tuple(along(low, share))]), 0.014 * b)
        out.append(
            Fragment("legwear", leg.z + 0.009, (strap,), worn.subject.palette.dark, leg.side, relief=0.0, casts=0.4)
        )
    return out


def _bow(worn: Worn, top: float, thick: float) -> list[Fragment]:
    """A ribbon around the rim with a small bow at the outside."""
    leg, b = worn.leg, worn.breadth
    accent = worn.subject.palette.accent
    band = _band(worn, (top + 0.004, top + 0.026), thick + 0.004 * b, accent)
    x, y = along(rim(leg, top + 0.015), 0.7 if leg.side == "l" else 0.3)
    return [band, *tied(worn, "legwear", (float(x), float(y)), 0.11 * b, accent, leg.z + 0.014)]


FINISHES: dict[str, Finish] = {"welt": _welt, "cuff": _cuff, "lace": _lace, "garter": _garter, "bow": _bow}
FINISHED = {
    "socks": {"plain": 1.0, "welt": 2.0, "cuff": 2.5, "lace": 1.0},
    "knee": {"plain": 1.5, "welt": 2.0, "cuff": 1.0, "bow": 0.4},
    "thigh": {"plain": 1.5, "welt": 2.5, "lace": 1.2, "garter": 1.2, "bow": 0.6},
}


def _band(worn: Worn, between: tuple[float, float], ease: Ease, colour: Colour) -> Fragment:
    leg = worn.leg
    strokes = () if worn.subject.build.small else tuple(_ribs(leg, *between, 7, 0.35))
    return Fragment(
        "legwear",
        leg.z + 0.01,
        (ring(leg, *between, ease),),
        colour,
        leg.side,
        relief=0.05 * worn.subject.build.breadth,
        strokes=strokes,
        casts=0.5,
    )


def _ribs(leg: Limb, start: float, stop: float, count: int, weight: float = 0.45) -> list[Stroke]:
    """Short upright strokes between two rims, closer towards the edges as on a tube."""
    shares = 0.5 - 0.5 * np.cos(np.linspace(0.12, 0.88, count) * math.pi)
    upper, lower = along(rim(leg, start), shares), along(rim(leg, stop), shares)
    return [Stroke(np.stack([a, b]), weight, (0.1, 0.3)) for a, b in zip(upper, lower, strict=True)]


def _leggings(worn: Worn, top: float) -> list[Fragment]:
    """Without feet: they end above the ankle, or below the knee."""
    garment, leg, b = worn.garment, worn.leg, worn.breadth
    stop = worn.dice.of("stop").pick({0.9: 3.0, 0.66: 1.0})
    cover = Fragment(
        "legwear",
        leg.z + 0.006,
        (ring(leg, top, stop, 0.006 * b),),
        garment.colour,
        leg.side,
        relief=0.09 * b,
        marks=_seam(garment, leg, stop),
        shades=_modelling(leg, b)[1:],
    )
    return [_open(cover), _band(worn, (stop - 0.02, stop), 0.009 * b, garment.colour).replace(strokes=())]


def _seam(garment: Garment, leg: Limb, stop: float) -> tuple[Mark, ...]:
    """A stripe down the outside."""
    if garment.pattern == "plain":
        return ()
    left, right = edges(leg, 0.0, stop)
    edge, sign = (right, -1) if leg.side == "l" else (left, 1)
    r = leg.radius(np.linspace(0, stop, len(edge)))
    return (
        Mark(
            (np.concatenate([edge + (0.01, 0), (edge + np.stack([sign * 0.3 * r, 0 * r], axis=1))[::-1]]),),
            garment.trim,
        ),
    )


def _wraps(worn: Worn, _: float) -> list[Fragment]:
    """A bandage wound from the ankle to below the knee, its turns overlapping askew."""
    garment, leg, b = worn.garment, worn.leg, worn.breadth
    start, turns, slant = worn.dice.of("start").uniform(0.56, 0.72), 6, worn.dice.of("slant").sign()
    step = (0.98 - start) / turns
    out = []
    for k in range(turns):
        low = 0.98 - k * step
        lean = 0.3 * step * (slant if k % 2 else -slant)
        left = edges(leg, low - 1.3 * step + lean, min(low + lean, 1.0), 0.009 * b)[0]
        right = edges(leg, low - 1.3 * step - lean, min(low - lean, 1.0), 0.009 * b)[1]
        upper, lower = bowed(left[0], right[0], 0.14), bowed(left[-1], right[-1], 0.14)
        shape = np.concatenate([upper, right, lower[::-1], left[::-1]])
        z = leg.z + 0.006 + 0.0005 * k
        out.append(Fragment("legwear", z, (shape,), garment.colour, leg.side, relief=0.04 * b, casts=0.5))
    return out


Wear = Callable[[Worn, float], list[Fragment]]

WEAR: dict[str, Wear] = {
    "socks": _stocking,
    "knee": _stocking,
    "thigh": _stocking,
    "tights": _stocking,
    "leggings": _leggings,
    "wraps": _wraps,
}
