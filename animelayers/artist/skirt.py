"""A skirt in the making: its front and back, and the folds, hems and edgings that its kinds share."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from animelayers.artist import patterns
from animelayers.artist.curves import Curve
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Colour, Fragment, Mark, Plane
from animelayers.artist.folds import Folds, crease, frill, together
from animelayers.artist.hang import Hang, Measure, inside
from animelayers.artist.palette import mix, shifted
from animelayers.artist.subject import Subject
from animelayers.artist.trimmings import readable
from animelayers.artist.wardrobe import Garment


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
        return self.subject.build.small

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
        return Fragment("bottomwear", Plane.BEHIND_LEGS, (shape,), dark, relief=0.0, casts=0.0)

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


def raised_back(skirt: Skirt, count: int, waves: float, high: float) -> Curve:
    """How far the back's hem lies above the front's at even steps from left to right: the ellipse, and a wave."""
    x = np.sin(np.linspace(-1, 1, count) * 1.3) / math.sin(1.3)
    seen = 1.5 * skirt.measure.sag * skirt.breadth / skirt.frame.height
    wave = np.sin(waves * np.linspace(-1, 1, count) + skirt.dice.of("back").uniform(0, 6))
    return np.asarray(seen * (1 - x * x) * 0.8 + high * wave * (1 - x**4))


def flutes(skirt: Skirt, count: int, deep: float) -> tuple[Curve, Curve, Folds]:
    """The hem of a flared skirt with the folds that rise from it: `(u, v)` of the front and of the back."""
    d = skirt.dice.of("flutes")
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
    folds = [flute(skirt, float(knots[k]), float(1 - tall[k] * deep), d.of(k)) for k in range(1, count)]
    n = 41
    back = np.stack([np.linspace(-1, 1, n), 1.0 - raised_back(skirt, n, 2.2 * count, 0.6 * deep)], axis=1)
    return hem, back, together(folds)


def flute(skirt: Skirt, u: float, v: float, dice: Dice) -> Folds:
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


def gathers(skirt: Skirt, dice: Dice) -> Folds:
    """Short folds that start at the waistband."""
    count = 3 if skirt.small else dice.integer(4, 7)
    folds = []
    for k in range(count):
        u = -0.85 + 1.7 * (k + dice.uniform(0.2, 0.8)) / count
        stop = dice.uniform(0.18, 0.4)
        points = skirt.frame.place([(u, 0.03), (u * 1.02, stop / 2), (u * 1.05, stop)])
        folds.append(crease(points, 0.03 * skirt.breadth * (1 if u > 0 else -1), line=0.55, peak=0.25))
    return together(folds)


def edging(skirt: Skirt, hem: Curve, dice: Dice) -> list[Fragment]:
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


def plain_hem(wave: float, dice: Dice) -> Curve:
    """A hem without folds, `(u, v)`: `wave` is how unevenly it hangs."""
    u = np.linspace(-1, 1, 33)
    return np.stack([u, 1 - wave * (1 + np.sin(dice.uniform(2, 5) * u + dice.uniform(0, 6)))], axis=1)


def tension(skirt: Skirt, dice: Dice) -> Folds:
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
