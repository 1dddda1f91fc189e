"""How a drawing is inked and shaded: the hand, as opposed to the character."""

from __future__ import annotations

import math
from dataclasses import dataclass

from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Colour, Material
from animelayers.artist.palette import oklch, shifted, to_oklch


@dataclass(frozen=True, slots=True)
class Line:
    """The pen."""

    width: float
    """Of a stroke of weight 1, head heights; 0 draws no outlines."""
    colour: str
    """`black`, `tinted` (one dark colour for all) or `region` (each outline darkens what it encloses)."""
    ink: Colour
    """What `black` and `tinted` lines are drawn with."""
    alpha: float
    swell: float
    """How much heavier an outline is on the shaded side, 0..1."""
    wobble: float
    """Unsteadiness of the width, 0..1."""
    broken: float
    """Share of outlines that have gaps."""

    def over(self, colour: Colour) -> Colour:
        """The colour of an outline around `colour`."""
        if self.colour != "region":
            return self.ink
        lightness, chroma, hue = to_oklch(colour)
        return oklch(min(0.3 * lightness + 0.1, 0.42), min(chroma * 1.1 + 0.02, 0.1), hue - 12)


@dataclass(frozen=True, slots=True)
class Shading:
    """The brush."""

    manner: str
    """`cel`, `soft`, `brushed`, `gradient`, `tone` (dots of a screen) or `none`."""
    steps: int
    """1, or 2 for a second, deeper shadow inside the first."""
    depth: float
    """How much a shadow darkens, 0..1."""
    softness: float
    """Standard deviation of a shadow's edge, head heights; 0 is a hard cel edge."""
    breadth: float
    """Times every form's own relief."""
    light: tuple[float, float]
    """Unit vector towards the light, in the picture."""
    hue: float
    """What shadows are tinted with, degrees of OKLCH."""
    tint: float
    """How strongly, as chroma."""
    cast: float
    """Strength of shadows that one thing throws on another, 0..1."""
    gloss: float
    """Strength of highlights, 0..1."""
    rim: float
    """Strength of the light along edges, 0..1; 0 is none."""
    rim_colour: Colour

    def shadow(self, material: Material, depth: float) -> Colour:
        """What a shadow of `depth` multiplies with."""
        hue, chroma = (
            (25.0, max(self.tint, 0.05)) if material is Material.SKIN and self.hue_of_skin else (self.hue, self.tint)
        )
        return oklch(max(1 - self.depth * depth, 0.12), chroma, hue)

    @property
    def hue_of_skin(self) -> bool:
        """Whether skin is shaded in its own warm colour, whatever the rest is shaded in."""
        return self.tint < 0.07

    def highlight(self, colour: Colour) -> Colour:
        """What is screened over `colour` where it shines."""
        return shifted(colour, lightness=0.25, chroma=0.6)


@dataclass(frozen=True, slots=True)
class Style:
    """A hand."""

    line: Line
    shading: Shading


def choose(dice: Dice) -> Style:
    """A hand, its traits going together as they do in the field: no line asks for richer shade, tone for black ink."""
    school = dice.pick({"anime": 6, "illustration": 4, "game": 4, "painterly": 2, "manga": 1, "flat": 1.2})
    return Style(_line(dice.of("line"), school), _shading(dice.of("shading"), school))


def _line(dice: Dice, school: str) -> Line:
    colour = dice.pick(
        {
            "anime": {"black": 5, "tinted": 2, "region": 3},
            "illustration": {"black": 1, "tinted": 3, "region": 5},
            "game": {"black": 1, "tinted": 3, "region": 6},
            "painterly": {"region": 3, "tinted": 1},
            "manga": {"black": 1},
            "flat": {"region": 3, "tinted": 1, "black": 1},
        }[school]
    )
    lineless = dice.chance({"painterly": 0.4, "flat": 0.35}.get(school, 0.02))
    ink = (
        oklch(dice.uniform(0.12, 0.2), 0.01, 300)
        if colour == "black"
        else oklch(dice.uniform(0.2, 0.34), 0.05, dice.pick([30, 20, 350, 300, 270]))
    )
    width = dice.pick({0.008: 2, 0.0115: 5, 0.015: 4, 0.02: 2, 0.028: 0.6}) * dice.uniform(0.85, 1.15)
    return Line(
        width=0.0 if lineless else width,
        colour=colour,
        ink=ink,
        alpha=dice.pick({1.0: 5, 0.85: 1}),
        swell=dice.uniform(0, 0.5),
        wobble=dice.pick({0.0: 3, 0.12: 3, 0.3: 1}),
        broken=dice.pick({0.0: 5, 0.25: 1.5, 0.6: 0.5}),
    )


def _shading(dice: Dice, school: str) -> Shading:
    manner = dice.pick(
        {
            "anime": {"cel": 1},
            "illustration": {"soft": 3, "cel": 2, "brushed": 2},
            "game": {"soft": 3, "cel": 3, "gradient": 1},
            "painterly": {"brushed": 3, "soft": 2},
            "manga": {"tone": 2, "cel": 1},
            "flat": {"none": 2, "gradient": 1, "cel": 1},
        }[school]
    )
    angle = math.radians(dice.pick([-125, -110, -60, -75, -140, -40, -90]) + dice.near(0, 12))
    return Shading(
        manner=manner,
        steps=2 if manner in ("cel", "soft", "brushed") and dice.chance(0.45) else 1,
        depth=dice.uniform(0.1, 0.3) if manner != "none" else 0.0,
        softness={
            "cel": 0.0,
            "soft": dice.uniform(0.012, 0.05),
            "brushed": dice.uniform(0.004, 0.02),
            "gradient": 0.12,
        }.get(manner, 0.0),
        breadth=dice.uniform(0.7, 1.5),
        light=(math.cos(angle), math.sin(angle)),
        hue=dice.pick({290: 4, 265: 2, 320: 2, 30: 2, 200: 0.7}) + dice.near(0, 15),
        tint=dice.pick({0.0: 1, 0.03: 4, 0.06: 4, 0.09: 0.8}),
        cast=0.0 if manner == "none" else dice.uniform(0.6, 1.0),
        gloss=dice.pick({0.0: 0.7, 0.35: 3, 0.65: 3, 0.95: 1}) if manner != "none" else 0.0,
        rim=dice.uniform(0.35, 0.9) if dice.chance(0.14) and manner in ("cel", "soft", "brushed") else 0.0,
        rim_colour=oklch(dice.uniform(0.7, 0.9), dice.uniform(0.02, 0.12), dice.uniform(0, 360)),
    )
