"""Trousers, jeans and shorts: two halves that meet at the fly, each round its leg, and the inside of each hem."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from animelayers.artist import patterns
from animelayers.artist.curves import Curve, along, normals, spline
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Colour, Fragment, Mark, Plane, Stroke
from animelayers.artist.figure import SIDES, Limb
from animelayers.artist.folds import Folds, crease, radiating, together, zigzag
from animelayers.artist.hang import waistline
from animelayers.artist.legform import Ease, bowed, edges
from animelayers.artist.palette import mix, shifted, to_oklch
from animelayers.artist.patterns import Weave, weave
from animelayers.artist.subject import Subject
from animelayers.artist.trimmings import Finish, finished, lines, stitches
from animelayers.artist.waist import Girth, belt, button, loops
from animelayers.artist.wardrobe import Garment

WOVEN = {
    "jeans": (),
    "trousers": ("checks", "stripes", "band"),
    "shorts": ("checks", "stripes", "band", "dots", "flowers"),
}
"""Patterns that each is made in."""
OVER = {True: Plane.LEG_NEAR + 0.06, False: Plane.LEG_NEAR + 0.008}
"""Depths of the nearer and the farther half: over both thighs, but under the nearer shoe."""
TALL = ("boots", "longboots", "greaves")


@dataclass(frozen=True, slots=True)
class Cut:
    """How trousers are cut, in breadths unless said otherwise."""

    waist: float
    """Share of the way from the waist to the hip."""
    stop: float
    """Share of the leg's length at which they end."""
    thigh: float
    """Room at the thigh."""
    hem: float
    """Room at the hem."""
    beyond: float = 0.0
    """How far the hem falls over the shoe."""


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Trousers being made."""

    subject: Subject
    garment: Garment
    cut: Cut
    dice: Dice
    tucked: bool
    """Into boots."""

    @property
    def breadth(self) -> float:
        return self.subject.build.breadth

    @property
    def top(self) -> float:
        return waistline(self.subject.figure, self.cut.waist)

    @property
    def fork(self) -> tuple[float, float]:
        """Where both legs meet."""
        figure = self.subject.figure
        y = figure.level("crotch") + 0.04 * self.breadth
        return figure.middle(y) + 0.05 * figure.yaw * self.breadth, y


def draw_trousers(subject: Subject, dice: Dice) -> list[Fragment]:
    """Shorts, jeans or trousers."""
    worn = subject.outfit.bottom
    colour = denim(worn.colour, dice.of("denim")) if worn.kind == "jeans" else worn.colour
    garment = Garment(worn.kind, colour, worn.trim, worn.pattern if worn.pattern in WOVEN[worn.kind] else "plain")
    cut = CUTS[garment.kind](dice.of("cut"))
    tucked = subject.outfit.shoes.kind in TALL and cut.stop >= 0.9 and cut.hem < 0.1
    if tucked:
        cut = replace(cut, stop=0.985, hem=min(cut.hem, 0.012), beyond=0.0)
    pair = Pair(subject, garment, cut, dice, tucked)
    out = []
    for leg in subject.figure.legs.values():
        out += _half(pair, leg)
    return [*out, *_waist(pair)]


def denim(colour: Colour, dice: Dice) -> Colour:
    """Mostly blue, or black, or whatever colour is worn."""
    kind = dice.pick({"blue": 4.0, "pale": 1.5, "black": 1.0, "own": 1.0})
    blues: dict[str, Colour] = {"blue": (62, 88, 134), "pale": (132, 162, 196), "black": (52, 52, 60)}
    return mix(blues[kind], colour, 0.12) if kind in blues else colour


def ease(pair: Pair) -> Ease:
    """Room around a leg from the hip to the hem."""
    b, cut = pair.breadth, pair.cut

    def room(t: np.ndarray) -> np.ndarray:
        return np.asarray(b * np.interp(t, (0.0, 0.12, max(cut.stop, 0.2)), (0.02, cut.thigh, cut.hem)))

    return room


def _half(pair: Pair, leg: Limb) -> list[Fragment]:
    """One half: from the fly around the hip, down the leg, and up its inside; and its hem from within."""
    figure, b, top = pair.subject.figure, pair.breadth, pair.top + 0.05 * pair.breadth
    z = OVER[leg.z == Plane.LEG_NEAR]
    left, right = (_longer(edge, pair.cut.beyond * b) for edge in edges(leg, 0.0, pair.cut.stop, ease(pair)))
    outer, inner = (left, right) if leg.side == "r" else (right, left)
    hip = figure.edge(leg.side, top, figure.level("hip") - 0.12 * b, ease=0.02 * b)
    outer = _joined(hip, outer[outer[:, 1] > figure.level("hip") + 0.16 * b])
    fork = np.asarray(pair.fork)
    inner = _from_fork(inner, fork, SIDES[leg.side], 0.3 * b)
    middle = np.array([figure.middle(top) + 0.05 * figure.yaw * b, top])
    low = np.stack([outer[-1], inner[-1]])
    sag = 0.16 if low[0, 0] < low[1, 0] else -0.16
    hem = bowed(low[0], low[1], abs(sag)) if sag > 0 else bowed(low[1], low[0], abs(sag))[::-1]
    shape = np.concatenate([[middle], outer, hem, inner[::-1], [fork]])
    cloth = _cloth(outer, inner, fork, leg)
    made = Fragment("bottomwear", z, (shape,), pair.garment.colour, relief=0.11 * b, casts=0.6)
    folds = _folds(pair, leg, outer, hem)
    made = made.replace(
        marks=(*_fade(pair, leg), *patterns.marks(pair.garment, cloth, b)), strokes=folds.strokes, shades=folds.shades
    )
    made = finished(made, _work(pair, leg, outer, hem))
    dark = shifted(pair.garment.colour, lightness=-0.15)
    behind = np.concatenate([hem, _raised(hem)[::-1]])
    back = Fragment("bottomwear", Plane.LEG_FAR - 0.016, (behind,), dark, relief=0.0, casts=0.0)
    return [back, *(_in_boots(made, leg) if pair.tucked else [made]), *_cuff(pair, leg, outer, inner, z)]


def _in_boots(made: Fragment, leg: Limb) -> list[Fragment]:
    """Cut at the knee: the lower part goes into the boot."""
    y = leg.joints[1][1]
    (left, top), (right, bottom) = made.shape[0].min(axis=0) - 0.1, made.shape[0].max(axis=0) + 0.1
    above, below = (np.array([(left, a), (right, a), (right, z), (left, z)]) for a, z in ((top, y), (y - 0.01, bottom)))
    return [made.replace(z=leg.z + 0.012, clip=(below,)), made.replace(clip=(above,))]


def _longer(edge: Curve, far: float) -> Curve:
    return (
        np.concatenate([edge, [edge[-1] + (edge[-1] - edge[-4]) / np.hypot(*(edge[-1] - edge[-4])) * far]])
        if far
        else edge
    )


def _from_fork(inner: Curve, fork: Curve, sign: int, over: float) -> Curve:
    """The inner edge below the fork; cloth spans the gap between the thighs, less and less over a length."""
    edge = inner[inner[:, 1] > fork[1] + 0.01 * over]
    t = np.clip((edge[:, 1] - fork[1]) / over, 0, 1)
    gap = sign * (edge[:, 0] - fork[0])
    x = fork[0] + sign * np.where(gap > 0, gap * t * (2 - t), gap)
    return np.stack([x, edge[:, 1]], axis=1)


def _joined(hip: Curve, leg: Curve) -> Curve:
    """The hip's outline going over into the trouser leg's."""
    return np.concatenate([hip[:-1], spline([tuple(hip[-1]), *(tuple(p) for p in leg[:9:4])], steps=4), leg[9:]])


def _raised(hem: Curve) -> Curve:
    """The far side of a hem: the same ellipse, above."""
    t = np.linspace(0, 1, len(hem))[:, None]
    chord = hem[0] + (hem[-1] - hem[0]) * t
    return np.asarray(2 * chord - hem)


def _cloth(outer: Curve, inner: Curve, fork: Curve, leg: Limb) -> Weave:
    """The frame for patterns: along the leg, from the waist to the hem."""
    inside = np.concatenate([[(fork[0], outer[0, 1]), tuple(fork)], inner])
    left, right = (outer, inside) if leg.side == "r" else (inside, outer)
    return weave(left, right, bow=0.02)


def _folds(pair: Pair, leg: Limb, outer: Curve, hem: Curve) -> Folds:
    """They pull at the fork, bend at the knee, and pile up over the shoe."""
    b, d, sign = pair.breadth, pair.dice.of(leg.side), SIDES[leg.side]
    small = pair.subject.build.small
    x, y = pair.fork
    angles = [0.5 * math.pi - sign * (math.pi / 2 - a) for a in ((0.16, 0.75) if small else (-0.12, 0.3, 0.85))]
    folds = [radiating((x, y - 0.02 * b), angles, 0.3 * b, 0.03 * b, d.of("fork"), gap=0.12)]
    if pair.cut.stop > leg.bend + 0.1:
        r = float(leg.radius(leg.bend)[0])
        p, q = np.asarray(leg.point(leg.bend)), np.array([sign * r, 0.0])
        bent = zigzag(tuple(p - q * 0.95), tuple(p + q), leg.direction(leg.bend), 0.42 * b, 0.032 * b, d.of("knee"))
        folds.append(bent if not small else Folds(bent.shades))
        folds.append(_break(pair, leg, hem, d.of("break")))
    elif not small:
        start = along(outer, 0.6)
        points = np.stack([start, start + (-0.1 * sign * b, 0.03 * b), start + (-0.22 * sign * b, 0.0)])
        folds.append(crease(points, 0.03 * b * -sign, line=0.55, peak=0.3))
    return together(folds)


def _break(pair: Pair, leg: Limb, hem: Curve, dice: Dice) -> Folds:
    """Creases above the hem, from one side and the other."""
    b, out = pair.breadth, []
    first, last = hem[0], hem[-1]
    for k in range(dice.integer(1, 3)):
        up = np.array([0.0, -(0.07 + 0.12 * k) * b * dice.uniform(0.8, 1.2)])
        a, z = (first, last) if (k + (leg.side == "l")) % 2 else (last, first)
        points = np.stack(
            [a + up, a + (z - a) * 0.35 + up * 0.8 + (0, 0.03 * b), a + (z - a) * dice.uniform(0.6, 0.8) + up * 0.9]
        )
        out.append(crease(points, 0.03 * b * (1 if z[0] < a[0] else -1), line=0.6, peak=0.3))
    return together(out)


def _fade(pair: Pair, leg: Limb) -> tuple[Mark, ...]:
    """Denim is worn pale at the thigh."""
    if pair.garment.kind != "jeans" or not pair.dice.of("fade").chance(0.5):
        return ()
    spine, radius = leg.sleeve(0.08, min(pair.cut.stop, leg.bend + 0.02))
    swell = 0.4 * radius * np.sin(np.linspace(0.1, 3.0, len(spine)))
    shape = np.concatenate([spine + (1, 0) * swell[:, None], (spine - (1, 0) * swell[:, None])[::-1]])
    return (Mark((shape,), shifted(pair.garment.colour, lightness=0.09), 0.6, 0.05 * pair.breadth),)


def _work(pair: Pair, leg: Limb, outer: Curve, hem: Curve) -> Finish:
    """Pocket, side seam, crease or stitching."""
    b, sign, kind = pair.breadth, SIDES[leg.side], pair.garment.kind
    x, y = along(outer, 0.0)
    low = outer[int(np.argmin(np.abs(outer[:, 1] - (pair.top + 0.36 * b))))]
    if kind == "jeans":
        mouth = spline([(x - sign * 0.2 * b, y + 0.08 * b), (x - sign * 0.13 * b, y + 0.24 * b), tuple(low)], steps=5)
    else:
        mouth = np.array([(x - sign * 0.14 * b, y + 0.1 * b), tuple(low + (-sign * 0.015 * b, 0.05 * b))])
    out = lines(mouth, weight=0.65)
    if leg.side == "l":
        out += _fly(pair)
    thread = shifted(pair.garment.colour, lightness=0.2 if to_oklch(pair.garment.colour)[0] < 0.6 else -0.15)
    if kind == "jeans" and not pair.subject.build.small:
        out += stitches(mouth + (-sign * 0.018 * b, 0.02 * b), 0.045 * b, (206.0, 150.0, 80.0))
    if kind == "trousers" and pair.dice.of("pressed").chance(0.5):
        spine, _ = leg.sleeve(0.12, pair.cut.stop)
        out += Finish(strokes=(Stroke(spine, 0.5, (0.4, 0.02)),))
    elif kind == "trousers" and pair.garment.pattern in ("band", "stripes"):
        out += Finish(marks=(Mark((_beside(outer, 0.05 * b),), pair.garment.trim),))
    if not pair.tucked:
        out += Finish(
            strokes=(Stroke(hem - _ahead(leg, 0.035 * b), 0.4, (0.0, 0.0), thread if kind == "jeans" else None),)
        )
    return out


def _ahead(leg: Limb, far: float) -> Curve:
    """The step along the shin."""
    angle = leg.direction(0.97)
    return np.array([math.cos(angle), math.sin(angle)]) * far


def _beside(edge: Curve, width: float) -> Curve:
    n = normals(edge)
    return np.concatenate([edge + n * width, (edge - n * width)[::-1]])


def _cuff(pair: Pair, leg: Limb, outer: Curve, inner: Curve, z: float) -> list[Fragment]:
    """Hems turned up, the paler inside of the cloth showing."""
    if pair.tucked or not pair.dice.of("cuff").chance(CUFFED[pair.garment.kind]):
        return []
    b = pair.breadth
    high = 0.075 * b if pair.cut.stop < 0.5 else 0.1 * b
    ends = [edge[edge[:, 1] > edge[-1, 1] - high * 1.4] for edge in (outer, inner)]
    left, right = ends if leg.side == "r" else ends[::-1]
    a, c = left[0] + (-0.014 * b, 0.0), right[0] + (0.014 * b, 0.0)
    d, e = left[-1] + (-0.014 * b, 0.008 * b), right[-1] + (0.014 * b, 0.008 * b)
    shape = np.concatenate([bowed(a, c, 0.16), bowed(d, e, 0.16)[::-1]])
    colour = shifted(pair.garment.colour, lightness=0.1) if pair.garment.kind != "trousers" else pair.garment.colour
    return [Fragment("bottomwear", z + 0.008, (shape,), colour, relief=0.06 * b, casts=0.5)]


CUFFED = {"jeans": 0.35, "shorts": 0.45, "trousers": 0.12}


def _waist(pair: Pair) -> list[Fragment]:
    """The band with its button, loops and belt."""
    subject, b, d, kind = pair.subject, pair.breadth, pair.dice.of("waist"), pair.garment.kind
    girth = Girth(subject.figure, "bottomwear", Plane.BOTTOMWEAR + 0.012, pair.top - 0.02 * b, 0.1 * b, ease=0.022)
    band = girth.strap(pair.garment.colour).replace(casts=0.6)
    out = [band]
    if subject.theme == "sport":
        return [finished(band, _elastic(band)), *_drawstring(pair)]
    if d.chance({"jeans": 0.5, "trousers": 0.65, "shorts": 0.4}[kind]):
        strap = replace(girth, z=girth.z + 0.01, top=pair.top - 0.005 * b, height=0.075 * b, ease=0.033)
        out += belt(strap, subject.palette.dark, d.of("belt"))
    else:
        out.append(button(girth, 0.03 * b, pair.garment.trim))
    if kind == "jeans":
        out.append(loops(replace(girth, z=girth.z + 0.016, ease=0.03), pair.garment.colour))
    return out


def _fly(pair: Pair) -> Finish:
    """The seam's overlap: a curved line on the left half."""
    (x, y), b, top, figure = pair.fork, pair.breadth, pair.top, pair.subject.figure
    edge = figure.middle(top) + (0.05 * figure.yaw + 0.085) * b
    line = spline([(edge, top), (edge, top + 0.6 * (y - top)), (x + 0.01 * b, top + 0.86 * (y - top))])
    return lines(line, weight=0.5, taper=(0.0, 0.3))


def _elastic(band: Fragment) -> Finish:
    """Gathers of an elastic waist."""
    top, low = band.shape[0][:25], band.shape[0][25:][::-1]
    t = np.linspace(0.04, 0.96, 17)
    a, z = along(top, t), along(low, t)
    return lines(*(np.stack([p + (q - p) * 0.2, p + (q - p) * 0.8]) for p, q in zip(a, z, strict=True)), weight=0.4)


def _drawstring(pair: Pair) -> list[Fragment]:
    x, b, top = pair.subject.figure.middle(pair.top), pair.breadth, pair.top
    out = []
    for s, far in ((-1, 0.22), (1, 0.17)):
        cord = spline(
            [(x, top + 0.06 * b), (x + s * 0.05 * b, top + 0.14 * b), (x + s * 0.045 * b, top + far * b + 0.06 * b)]
        )
        shape = np.concatenate([cord - (0.012 * b, 0), (cord + (0.012 * b, 0))[::-1]])
        out.append(Fragment("bottomwear", Plane.BOTTOMWEAR + 0.02, (shape,), pair.garment.trim, relief=0.0, casts=0.4))
    return out


def _jeans(d: Dice) -> Cut:
    kind = d.pick({"slim": 3.0, "straight": 3.0, "flared": 1.0, "wide": 1.0})
    thigh, hem = {"slim": (0.012, 0.02), "straight": (0.03, 0.07), "flared": (0.01, 0.14), "wide": (0.06, 0.13)}[kind]
    long = d.of("long").chance(0.75)
    return Cut(d.uniform(0.35, 0.6), 0.985 if long else 0.9, thigh, hem, 0.07 if long and hem > 0.05 else 0.0)


def _trousers(d: Dice) -> Cut:
    kind = d.pick({"slim": 2.0, "straight": 4.0, "wide": 1.5})
    thigh, hem = {"slim": (0.02, 0.03), "straight": (0.04, 0.08), "wide": (0.08, 0.18)}[kind]
    return Cut(d.uniform(0.1, 0.5), 0.985, thigh, hem, 0.08 if hem > 0.05 else 0.0)


def _shorts(d: Dice) -> Cut:
    return Cut(d.uniform(0.2, 0.55), d.uniform(0.16, 0.42), d.uniform(0.03, 0.06), d.uniform(0.05, 0.1))


CUTS: dict[str, Callable[[Dice], Cut]] = {"jeans": _jeans, "trousers": _trousers, "shorts": _shorts}
