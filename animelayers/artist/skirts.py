"""Skirts: pleated, flared, short, narrow, long and frilled, each with the inside of its back behind the legs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from animelayers.artist import patterns, waist
from animelayers.artist.curves import Curve
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Colour, Fragment, Mark, Plane, Shade, Stroke
from animelayers.artist.folds import Folds, crease, frill, radiating, together
from animelayers.artist.hang import Hang, Measure, hang, inside, waistline
from animelayers.artist.palette import mix, shifted
from animelayers.artist.subject import Subject
from animelayers.artist.trimmings import Finish, buttons, finished, lines, readable, stitches, zip_
from animelayers.artist.wardrobe import Garment

BEHIND_LEGS = Plane.LEG_FAR - 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Skirt:
    """A skirt being made."""

    subject: Subject
    garment: Garment
    frame: Hang
    measure: Measure
    dice: Dice

    @property
    def breadth(self) -> float:
        return self.subject.build.breadth

    @property
    def small(self) -> bool:
        """Of a chibi: fewer, broader folds."""
        return self.subject.build.heads < 4

    def front(self, hem: Curve, folds: Folds, marks: tuple[Mark, ...] | None = None) -> Fragment:
        """Its front down to a hem given as `(u, v)`."""
        made = Fragment(
            "bottomwear",
            Plane.BOTTOMWEAR,
            (self.frame.outline(hem),),
            self.garment.colour,
            relief=0.13 * self.breadth,
            strokes=folds.strokes,
            shades=folds.shades,
        )
        return made.replace(marks=self.pattern(hem) if marks is None else marks)

    def back(self, hem: Curve, colour: Colour | None = None) -> Fragment:
        """The inside of its back."""
        dark = shifted(self.garment.colour if colour is None else colour, lightness=-0.13, chroma=1.1)
        shape = inside(self.frame, hem)
        return Fragment("bottomwear", BEHIND_LEGS, (shape,), dark, relief=0.0, casts=0.0)

    def pattern(self, hem: Curve) -> tuple[Mark, ...]:
        """The garment's pattern; bands follow the hem with all its steps."""
        if self.garment.pattern != "band":
            return patterns.marks(self.garment, self.frame.weave(), self.breadth)
        d = self.dice.of("band")
        count, thick = d.pick({1: 3, 2: 3, 3: 1}), d.uniform(0.025, 0.045) * self.breadth
        thick *= 1.7 if count == 1 else 1.0
        first = d.uniform(0.05, 0.1) * self.breadth
        shapes = []
        for k in range(count):
            low = (first + 2 * k * thick) / self.frame.height
            shapes.append(self.strip(hem, low, low + thick / self.frame.height))
        return (Mark(tuple(shapes), readable(self.garment.colour, self.garment.trim)),)

    def strip(self, hem: Curve, low: float, high: float) -> Curve:
        """The closed area between two shares above the hem."""
        return np.concatenate([self.frame.place(hem - (0, low)), self.frame.place(hem - (0, high))[::-1]])


def draw_skirt(subject: Subject, dice: Dice) -> list[Fragment]:
    """The skirt a subject wears."""
    garment = subject.outfit.bottom
    measure = MEASURES[garment.kind](dice.of("measure"))
    swing = subject.figure.legs["l"].pose in ("walk", "kick", "bent")
    measure = _sway(measure, dice.of("sway"), 0.12 if swing else 0.05)
    skirt = Skirt(subject, garment, hang(subject.figure, measure), measure, dice)
    return [*KINDS[garment.kind](skirt), *_waistband(skirt)]


def _sway(measure: Measure, dice: Dice, reach: float) -> Measure:
    return Measure(
        measure.waist,
        measure.length,
        measure.hem,
        measure.sag,
        dice.near(0, reach) * measure.length**0.5,
        measure.ease,
        measure.puff,
    )


def _waistband(skirt: Skirt) -> list[Fragment]:
    """A band of its own cloth, a belt, or a sash."""
    subject, b, d = skirt.subject, skirt.breadth, skirt.dice.of("waist")
    top = waistline(subject.figure, skirt.measure.waist)
    kind = d.pick(WAISTS.get(skirt.garment.kind, {"band": 1.0}))
    height = d.uniform(0.09, 0.13) * b
    out = [waist.band(subject, top - 0.02 * b, height, skirt.garment.colour)]
    if kind == "belt":
        out += waist.belt(subject, top, 0.085 * b, subject.palette.dark, d.of("belt"))
    elif kind == "sash":
        out += waist.sash(subject, top - 0.03 * b, 0.13 * b, skirt.garment.trim, d.of("sash"))
    elif kind == "button":
        out.append(waist.button(subject.figure, top + 0.4 * height, 0.032 * b, skirt.garment.trim))
    return out


WAISTS = {
    "pleated": {"band": 4.0, "belt": 0.7},
    "flared": {"band": 2.0, "sash": 1.0, "belt": 1.0},
    "mini": {"band": 1.0, "belt": 2.0, "button": 1.0},
    "pencil": {"band": 2.0, "belt": 1.0},
    "long": {"band": 2.0, "belt": 1.0, "sash": 1.0},
    "frilled": {"band": 1.0, "sash": 2.0},
}


def _pleated(skirt: Skirt) -> list[Fragment]:
    """Knife or box pleats: panels with stepped hems, each throwing its shadow on the next."""
    d, frame = skirt.dice.of("pleats"), skirt.frame
    count = d.integer(5, 7) if skirt.small else d.integer(8, 14)
    u = np.linspace(-1, 1, count + 1)
    u[1:-1] += np.array(d.many(count - 1, -0.22, 0.22)) / count
    step, way = d.uniform(0.012, 0.028), d.sign()
    box = d.chance(0.3)
    ways = [way if not box else (1 if k < count / 2 else -1) for k in range(count)]
    wave = d.uniform(0.008, 0.022) * np.sin(math.pi * (d.uniform(1.5, 3) * u + d.uniform(-1, 1)))
    hem, folds = [], []
    for k in range(count):
        low, high = (0.0, step) if ways[k] > 0 else (step, 0.0)
        hem += [(u[k], 1 - wave[k] - low), ((u[k] + u[k + 1]) / 2, 1 - (wave[k] + wave[k + 1]) / 2 - step / 3)]
        hem.append((u[k + 1], 1 - wave[k + 1] - high))
        folds.append(_pleat(skirt, u[k], u[k + 1], ways[k], k > 0, d.of(k)))
    shape = np.array(hem)
    inner = np.stack([np.linspace(-1, 1, 31), 0.985 - _backwards(skirt, 31, 9.0, 0.012)], axis=1)
    return [skirt.back(inner), skirt.front(shape, together(folds), _on_pleats(skirt, shape, u))]


def _pleat(skirt: Skirt, left: float, right: float, way: int, lined: bool, dice: Dice) -> Folds:
    """The line of a pleat's edge and the shadow beside it, both opening towards the hem."""
    frame, broad = skirt.frame, right - left
    top = 0.06 + dice.uniform(0.0, 0.12)
    edge, inward = (left, right) if way > 0 else (right, left)
    far = edge + (inward - edge) * dice.uniform(0.25, 0.5)
    sliver = frame.place([(edge, top), (edge, 1.03), (far, 1.03), (edge + 0.15 * (far - edge), 0.4)])
    strokes = []
    if lined:
        strokes.append(Stroke(frame.down(left, 0.04, 0.99), 0.75, (0.3, 0.0)))
    if broad > 0.16 and dice.chance(0.3):
        middle = left + broad * dice.uniform(0.4, 0.7)
        strokes.append(Stroke(frame.down(middle, dice.uniform(0.5, 0.7), 0.97), 0.4, (0.6, 0.3)))
    return Folds((Shade((sliver,), dice.uniform(0.8, 1.1)),), tuple(strokes))


def _on_pleats(skirt: Skirt, hem: Curve, u: Curve) -> tuple[Mark, ...] | None:
    """Checks as pleats are sewn to them: across along the hem, upright alike in every pleat."""
    garment, frame, b = skirt.garment, skirt.frame, skirt.breadth
    if garment.pattern != "checks":
        return None
    colour = patterns.contrasting(garment)
    rows = max(round(frame.height / (0.2 * b)), 2)
    pitch, broad = 1 / rows, 0.36 / rows
    bands = [skirt.strip(hem, (k + 0.3) * pitch, (k + 0.3) * pitch + broad) for k in range(rows)]
    thin = [skirt.strip(hem, (k + 0.9) * pitch, (k + 0.9) * pitch + 0.08 * pitch) for k in range(rows)]
    upright, fine = [], []
    for left, right in zip(u[:-1], u[1:], strict=True):
        for start, stop, into in ((0.42, 0.74, upright), (0.12, 0.19, fine)):
            a, z = left + (right - left) * start, left + (right - left) * stop
            into.append(np.concatenate([frame.down(a), frame.down(z)[::-1]]))
    bright = mix(colour, (255.0, 255.0, 255.0), 0.6)
    return (
        Mark(tuple(bands), colour, 0.5),
        Mark(tuple(upright), colour, 0.5),
        Mark((*thin, *fine), bright, 0.75),
    )


def _backwards(skirt: Skirt, count: int, waves: float, high: float) -> Curve:
    """How far the back's hem lies above the front's at even steps from left to right: the ellipse, and a wave."""
    x = np.sin(np.linspace(-1, 1, count) * 1.3) / math.sin(1.3)
    seen = 1.5 * skirt.measure.sag * skirt.breadth / skirt.frame.height
    wave = np.sin(waves * np.linspace(-1, 1, count) + skirt.dice.of("back").uniform(0, 6))
    return np.asarray(seen * (1 - x * x) * 0.8 + high * wave * (1 - x**4))


def _flutes(skirt: Skirt, count: int, deep: float) -> tuple[Curve, Curve, Folds]:
    """The hem of a flared skirt with the folds that rise from it: `(u, v)` of the front and of the back."""
    d, frame = skirt.dice.of("flutes"), skirt.frame
    steps = 12
    t = np.linspace(0, 1, steps * count + 1)
    knots = np.linspace(-1, 1, count + 1)
    knots[1:-1] += np.array(d.many(count - 1, -0.3, 0.3)) / count
    tall = np.array([0.3, *d.many(count - 1, 0.4, 1.0), 0.3])
    phase = t * count
    u = np.interp(phase, range(count + 1), knots)
    high = np.interp(phase, range(count + 1), tall) * deep
    wave = 0.5 - 0.5 * np.cos(2 * np.pi * phase)
    u = u - 0.34 / count * np.sin(2 * np.pi * phase) * np.sin(np.pi * np.clip(t, 0.04, 0.96)) ** 0.4
    hem = np.stack([u, 1 - high * (1 - wave)], axis=1)
    folds = []
    for k in range(1, count):
        folds.append(_flute(skirt, float(knots[k]), float(1 - tall[k] * deep), d.of(k)))
    n = 41
    back = np.stack([np.linspace(-1, 1, n), 1.0 - _backwards(skirt, n, 2.2 * count, 0.6 * deep)], axis=1)
    return hem, back, together(folds)


def _flute(skirt: Skirt, u: float, v: float, dice: Dice) -> Folds:
    """A fold from the hem towards the waist, and sometimes a second beside it."""
    frame, b = skirt.frame, skirt.breadth
    top = dice.uniform(0.15, 0.6)
    lean = dice.near(0, 0.05)
    points = frame.place([(u, v), (u + 0.3 * lean, v + 0.5 * (top - v)), (u + lean, top)])
    width = frame.width * 0.05 * dice.uniform(0.6, 1.3)
    fold = crease(points, width * (1 if u > 0.1 * dice.sign() else -1), peak=0.12, part=0.85, line=0.75)
    if dice.chance(0.35):
        start = frame.place([(u + 0.1, 0.06), (u + 0.07, 0.25), (u + 0.08, dice.uniform(0.4, 0.55))])
        fold += crease(start, 0.035 * b * dice.sign(), peak=0.3, part=0.8, line=0.5)
    return fold


def _flared(skirt: Skirt) -> list[Fragment]:
    d = skirt.dice.of("flared")
    count = d.integer(3, 4) if skirt.small else d.integer(4, 7)
    hem, back, folds = _flutes(skirt, count, d.uniform(0.035, 0.075))
    front = skirt.front(hem, folds + _gathers(skirt, d.of("gathers")))
    return [skirt.back(back), front, *_edging(skirt, hem, d.of("edging"))]


def _gathers(skirt: Skirt, dice: Dice) -> Folds:
    """Short folds that start at the waistband."""
    count = 3 if skirt.small else dice.integer(4, 7)
    folds = []
    for k in range(count):
        u = -0.85 + 1.7 * (k + dice.uniform(0.2, 0.8)) / count
        stop = dice.uniform(0.18, 0.4)
        points = skirt.frame.place([(u, 0.03), (u * 1.02, stop / 2), (u * 1.05, stop)])
        folds.append(crease(points, 0.03 * skirt.breadth * (1 if u > 0 else -1), line=0.55, peak=0.25))
    return together(folds)


def _edging(skirt: Skirt, hem: Curve, dice: Dice) -> list[Fragment]:
    """Nothing, a lace or an underskirt that looks out below the hem."""
    kind = dice.pick({"none": 3.0, "lace": 1.0, "underskirt": 0.8})
    if kind == "none":
        return []
    b, frame, pale = skirt.breadth, skirt.frame, skirt.subject.palette.pale
    line = frame.place(hem - (0, 0.04))
    deep = 0.04 + 0.07 * b / frame.height
    if kind == "lace":
        edge = patterns.scallops(frame.place(hem + (0, deep - 0.055)), 0.045 * b)
        holes = patterns.lace(frame.place(hem), 0.06 * b, mix(pale, skirt.garment.colour, 0.5))
        made = Fragment("bottomwear", Plane.BOTTOMWEAR - 0.01, (np.concatenate([line, edge[::-1]]),), pale)
        return [made.replace(marks=holes, relief=0.02 * b, casts=0.6)]
    ruffle = frill(line, deep * frame.height + 0.05 * b, dice.of("frill"), pitch=0.13 * b, flare=0.02 * b)
    made = Fragment("bottomwear", Plane.BOTTOMWEAR - 0.01, (ruffle.shape,), pale, relief=0.04 * b)
    return [made.replace(shades=ruffle.folds.shades, strokes=ruffle.folds.strokes, casts=0.7)]


def _mini(skirt: Skirt) -> list[Fragment]:
    """Short and plain, of firm cloth: a zip, a row of buttons, a wrap, pockets."""
    d, b, frame = skirt.dice.of("mini"), skirt.breadth, skirt.frame
    hem = _plain_hem(d.uniform(0.0, 0.014), d)
    folds = together([_flute(skirt, u, 0.99, d.of(k)) for k, u in enumerate((-0.66, 0.6)) if d.chance(0.8)])
    front = finished(skirt.front(hem, folds + _tension(skirt, d.of("tension"))), _work(skirt, d.of("work")))
    seam = lines(frame.place(hem - (0, 0.045 * b / frame.height + 0.02)), weight=0.4)
    back = hem + np.stack([np.zeros(len(hem)), 0.004 - _backwards(skirt, len(hem), 3.0, 0.004)], axis=1)
    return [skirt.back(back), finished(front, seam)]


def _plain_hem(wave: float, dice: Dice) -> Curve:
    u = np.linspace(-1, 1, 33)
    return np.stack([u, 1 - wave * (1 + np.sin(dice.uniform(2, 5) * u + dice.uniform(0, 6)))], axis=1)


def _tension(skirt: Skirt, dice: Dice) -> Folds:
    """Where firm cloth pulls from hip to hip."""
    out = []
    for sign in (-1, 1):
        d = dice.of(sign)
        if not d.chance(0.75):
            continue
        v = d.uniform(0.2, 0.4)
        points = skirt.frame.place([(0.92 * sign, v), (0.62 * sign, v + 0.05), (0.34 * sign, v + 0.04)])
        out.append(crease(points, 0.035 * skirt.breadth * sign, line=0.55, peak=0.3))
    return together(out)


def _work(skirt: Skirt, dice: Dice) -> Finish:
    """What a tailor adds to the front of a plain skirt."""
    frame, b, garment = skirt.frame, skirt.breadth, skirt.garment
    kind = dice.pick({"none": 2.0, "zip": 1.0, "buttons": 1.2, "wrap": 1.2, "pockets": 1.2})
    if kind == "zip":
        return zip_(frame.down(0.0, 0.05, 1.0), 0.035 * b, waist.METALS[1])
    if kind == "buttons":
        spots = frame.place([(0.0, v) for v in np.linspace(0.16, 0.9, 5)])
        return lines(frame.down(0.07, 0.03), weight=0.5) + buttons(spots, 0.026 * b, garment.trim)
    if kind == "wrap":
        u = 0.3 * dice.sign()
        edge = frame.place([(u * 0.6, 0.03), (u * 0.9, 0.5), (u, 1.0)])
        shadow = Shade((frame.place([(u * 0.6, 0.03), (u, 1.02), (u * 1.25, 1.02)]),), 0.9)
        return lines(edge, weight=0.9) + Finish(shades=(shadow,)) + stitches(frame.down(u * 0.86, 0.05, 0.97), 0.05 * b)
    if kind == "pockets":
        openings = [frame.place([(0.86 * s, 0.2), (0.6 * s, 0.16), (0.42 * s, 0.05)]) for s in (-1, 1)]
        return lines(*openings, weight=0.6)
    return Finish()


def _pencil(skirt: Skirt) -> list[Fragment]:
    """Narrow to the knees: pulled across the hips, sunk between the thighs, slit at one side."""
    d, b, frame = skirt.dice.of("pencil"), skirt.breadth, skirt.frame
    hem = _plain_hem(0.003, d)
    between = frame.place([(-0.22, 0.34), (0.2, 0.34), (0.1, 0.6), (0.02, 0.8), (-0.1, 0.58)])
    sunk = Folds((Shade((between,), 0.5, 0.05 * b),))
    hip = radiating(
        (frame.down(0.0)[4][0], frame.down(0.0)[4][1]), (0.25, 2.9), 0.3 * b, 0.03 * b, d.of("pull"), gap=0.3
    )
    front = skirt.front(hem, _tension(skirt, d.of("tension")) + sunk + hip)
    darts = [frame.down(u, 0.04, 0.16) for u in (-0.45, 0.45)]
    front = finished(front, lines(*darts, weight=0.4, taper=(0.0, 0.6)), lines(frame.weft(0.965), weight=0.35))
    if d.chance(0.5):
        u = 0.5 * d.sign()
        slit = frame.place([(u, 0.7), (u - 0.05, 1.02), (u + 0.07, 1.02)])
        front = finished(front, Finish(shades=(Shade((slit,), 1.5),)), lines(frame.down(u, 0.7, 1.0), weight=0.8))
    back = hem - np.stack([np.zeros(len(hem)), _backwards(skirt, len(hem), 2.0, 0.002)], axis=1)
    return [skirt.back(back), front]


def _frilled(skirt: Skirt) -> list[Fragment]:
    """Tiers of ruffles, the upper over the lower."""
    d, b, frame = skirt.dice.of("frills"), skirt.breadth, skirt.frame
    hem, back, folds = _flutes(skirt, 4 if skirt.small else 6, 0.03)
    tiers = d.integer(1, 2) if skirt.small else d.integer(1, 3)
    other = d.pick([skirt.garment.colour, skirt.subject.palette.pale, skirt.garment.trim])
    cut = 0.1
    short = hem - (0, cut)
    out = [skirt.back(back), skirt.front(short, folds + _gathers(skirt, d.of("gathers")))]
    for k in range(tiers):
        share = 1 - cut - k * 0.26
        line = frame.place(np.stack([short[:, 0], short[:, 1] - k * 0.26], axis=1))
        deep = (0.16 if tiers > 1 else 0.2) * frame.height + 0.02 * b
        ruffle = frill(line, deep, d.of(k), pitch=(0.3 if skirt.small else 0.17) * b, flare=0.03 * b * share)
        z = Plane.BOTTOMWEAR + (-0.006 if k == 0 and tiers == 1 else 0.002 + 0.003 * k)
        made = Fragment("bottomwear", z, (ruffle.shape,), other if k % 2 == 0 else skirt.garment.colour)
        edge = Mark((_near(ruffle.shape, 0.02 * b),), skirt.garment.trim)
        lined = d.of("edge").chance(0.4) and other != skirt.garment.trim
        out.append(
            made.replace(
                shades=ruffle.folds.shades,
                strokes=ruffle.folds.strokes,
                marks=(edge,) if lined else (),
                relief=0.05 * b,
                casts=0.7,
            )
        )
    return out


def _near(shape: Curve, width: float) -> Curve:
    """A strip along the lower half of a frill's outline."""
    edge = shape[len(shape) // 2 :]
    return np.concatenate([edge + (0, 0.01), (edge - (0, width))[::-1]])


def _long(skirt: Skirt) -> list[Fragment]:
    """To calves or ankles in few deep folds; knees push through it."""
    d, frame, b = skirt.dice.of("long"), skirt.frame, skirt.breadth
    hem, back, folds = _flutes(skirt, 4 if skirt.small else d.integer(4, 6), d.uniform(0.012, 0.03))
    knees = []
    for side, leg in skirt.subject.figure.legs.items():
        x, y = leg.joints[1]
        if y < frame.left[-1, 1] - 0.2 * b:
            sign = 1 if side == "l" else -1
            below = [(x - sign * 0.08 * b, y - 0.12 * b), (x + sign * 0.02 * b, y + 0.3 * b), (x, y + 0.8 * b)]
            knees.append(crease(below, 0.05 * b * sign, line=0.6, peak=0.3))
    front = skirt.front(hem, folds + _gathers(skirt, d.of("gathers")) + together(knees))
    return [skirt.back(back), front, *_edging(skirt, hem, d.of("edging"))]


KINDS: dict[str, Callable[[Skirt], list[Fragment]]] = {
    "pleated": _pleated,
    "flared": _flared,
    "mini": _mini,
    "pencil": _pencil,
    "long": _long,
    "frilled": _frilled,
}

MEASURES: dict[str, Callable[[Dice], Measure]] = {
    "pleated": lambda d: Measure(d.uniform(0, 0.25), d.uniform(0.22, 0.6), d.uniform(0.78, 0.98), d.uniform(-0.03, 0.09)),
    "flared": lambda d: Measure(d.uniform(0, 0.15), d.uniform(0.3, 0.8), d.uniform(0.86, 1.15), d.uniform(-0.03, 0.1)),
    "mini": lambda d: Measure(d.uniform(0.1, 0.5), d.uniform(0.16, 0.36), d.uniform(0.62, 0.76), d.uniform(-0.02, 0.07)),
    "pencil": lambda d: Measure(d.uniform(0, 0.1), d.uniform(0.75, 1.0), d.uniform(0.5, 0.58), d.uniform(0.02, 0.06)),
    "long": lambda d: Measure(d.uniform(0, 0.1), d.uniform(1.25, 1.85), d.uniform(0.9, 1.35), d.uniform(0.0, 0.12)),
    "frilled": lambda d: Measure(
        d.uniform(0, 0.1), d.uniform(0.3, 0.65), d.uniform(0.9, 1.15), d.uniform(0.0, 0.1), puff=0.06
    ),
}  # fmt: skip
