"""What is bound around the waist: bands, belts and their buckles, sashes and their ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from animelayers.artist.bows import Ribbon, bow
from animelayers.artist.curves import Curve, along, ellipse, path, ribbon
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Colour, Fragment, Material, Shade, Stroke
from animelayers.artist.figure import Figure
from animelayers.artist.folds import crease, gather
from animelayers.artist.palette import GOLD, SILVER, WHITE, mix, shifted
from animelayers.artist.trimmings import BLUNT, finished, piping

METALS: tuple[Colour, ...] = (GOLD, SILVER, (110.0, 106.0, 112.0))


@dataclass(frozen=True, slots=True, eq=False)
class Girth:
    """A part of the trunk that something is bound around."""

    figure: Figure
    tag: str
    z: float
    top: float
    height: float
    """Both in head heights."""
    ease: float = 0.03
    """Room at either side, breadths."""
    sag: float = 0.04
    """How far the middle hangs below the sides, breadths."""

    @property
    def b(self) -> float:
        """Breadth of the body, head heights."""
        return self.figure.build.breadth

    def line(self, share: float) -> Curve:
        """Around the front from left to right in the picture, float [25, 2]; share 0 is its upper edge, 1 the lower."""
        y = self.top + share * self.height
        left, right = (self.figure.edge(side, y, y + 0.01, ease=self.ease * self.b)[0] for side in ("r", "l"))
        t = np.linspace(0, 1, 25)[:, None]
        return np.asarray(left + (right - left) * t + np.array([0, self.sag * self.b]) * 4 * t * (1 - t))

    def point(self, across: float) -> tuple[float, float]:
        """Half way down, at a share of the way across."""
        x, y = along(self.line(0.5), across)
        return float(x), float(y)

    def middle(self) -> tuple[float, float]:
        """Where it closes in front."""
        y = self.top + self.height / 2
        return self.figure.middle(y) + 0.05 * self.figure.yaw * self.b, y + self.sag * self.b

    def strap(self, colour: Colour, relief: float = 0.05) -> Fragment:
        """The bare band; `relief` in breadths."""
        shape = np.concatenate([self.line(0.0), self.line(1.0)[::-1]])
        return Fragment(self.tag, self.z, (shape,), colour, relief=relief * self.b)


def belt(girth: Girth, colour: Colour, dice: Dice, metal: Colour | None = None) -> list[Fragment]:
    """A leather belt with a buckle, angular or round; `metal` None takes one of `METALS`."""
    stitching = tuple(Stroke(girth.line(k), 0.35, BLUNT, shifted(colour, lightness=0.16)) for k in (0.2, 0.8))
    strap = girth.strap(colour).replace(material=Material.GLOSSY, strokes=stitching if dice.chance(0.4) else ())
    (x, y), r = girth.middle(), 0.68 * girth.height
    if dice.of("round").chance(0.3):
        frame, hole = ellipse(x, y, 1.05 * r, r), ellipse(x, y, 0.65 * r, 0.6 * r)
    else:
        frame, hole = (_plate(x, y, w * r, h * r) for w, h in ((1.2, 1.0), (0.8, 0.55)))
    metal = metal or dice.of("metal").pick(METALS)
    prong = Stroke(np.array([(x + 0.1 * r, y), (x - r, y)]), 0.9, BLUNT)
    buckle = Fragment(girth.tag, girth.z + 0.008, (frame, hole), metal, "", Material.GLOSSY, 0.02)
    return [strap, buckle.replace(hollow=True, strokes=(prong,), casts=0.3)]


def _plate(x: float, y: float, w: float, h: float) -> Curve:
    return path(
        [(x - w, y - h), (x, y - 1.04 * h), (x + w, y - h)],
        [(x + w, y - h), (x + w, y + h)],
        [(x + w, y + h), (x, y + 1.04 * h), (x - w, y + h)],
        [(x - w, y + h), (x - w, y - h)],
    )


def sash(girth: Girth, colour: Colour, dice: Dice) -> Fragment:
    """A band of soft cloth: folds along it, and a few creases from its upper edge."""
    tall, upper = girth.height, girth.line(0.0)[8:]
    pulled = crease(girth.line(0.62)[::3], 0.1 * tall, line=0.5, peak=0.5, part=dice.of("pull").uniform(0.5, 0.9))
    gathers = gather(upper, -0.7 * tall, dice.of("gathers"), count=4, width=0.02 * girth.b, weight=0.5)
    return finished(girth.strap(colour), pulled, gathers)


def tied(girth: Girth, colour: Colour, dice: Dice, across: float) -> list[Fragment]:
    """A sash with a bow at a share of the way across, its ends hanging."""
    knot = Ribbon(girth.point(across), 0.2 * girth.b, colour, girth.tag, girth.z + 0.014)
    return [sash(girth, colour, dice), *bow(knot, dice.of("bow"), tails=dice.of("tails").uniform(0.36, 0.55) * girth.b)]


def hanging_end(girth: Girth, colour: Colour, dice: Dice) -> Fragment:
    """The long end of a sash, down the front."""
    b, (x, y) = girth.b, girth.middle()
    low = y + dice.uniform(0.7, 1.1) * b
    w, sway = dice.uniform(0.08, 0.13) * b, dice.near(0, 0.05) * b
    shape = path(
        [(x - 0.8 * w, y), (x - w + sway, (y + low) / 2), (x - 1.1 * w + sway, low)],
        [(x - 1.1 * w + sway, low), (x + sway, low + 0.1 * b), (x + 1.1 * w + sway, low)],
        [(x + 1.1 * w + sway, low), (x + w, (y + low) / 2), (x + 0.8 * w, y)],
    )
    seam = np.array([(x - 1.1 * w + sway, low - 0.07 * b), (x + 1.1 * w + sway, low - 0.07 * b)])
    made = Fragment(girth.tag, girth.z + 0.006, (shape,), colour, relief=0.02)
    return finished(made, piping(seam, 0.03 * b, mix(colour, WHITE, 0.6)))


def loops(girth: Girth, colour: Colour) -> Fragment:
    """Belt loops on jeans."""
    over = np.array([0, 0.012 * girth.b])
    shapes = [
        ribbon(np.stack([along(girth.line(0.0), share) - over, along(girth.line(1.0), share) + over]), 0.016 * girth.b)
        for share in (0.12, 0.3, 0.7, 0.88)
    ]
    return Fragment(girth.tag, girth.z, tuple(shapes), shifted(colour, lightness=-0.02), relief=0.0)


def button(girth: Girth, radius: float, colour: Colour) -> Fragment:
    """The one button of a waistband."""
    x, y = girth.middle()
    shine = Shade((ellipse(x - 0.3 * radius, y - 0.3 * radius, 0.35 * radius, 0.3 * radius, steps=10),), -0.8)
    shape = ellipse(x, y, radius, radius, steps=16)
    made = Fragment(girth.tag, girth.z + 0.01, (shape,), mix(colour, GOLD, 0.6), "", Material.GLOSSY)
    return made.replace(relief=0.0, shades=(shine,), casts=0.3)
