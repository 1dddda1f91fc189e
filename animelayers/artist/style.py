"""How a drawing is inked, shaded and graded: the hand, as opposed to the character."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Colour, Material
from animelayers.artist.palette import WHITE, grey, oklch, shifted, to_oklch, towards

COOL = 300.0
"""The hue that shadows turn to, degrees of OKLCH: yellow ones go orange, green ones teal, blue ones violet."""

APART = 0.14
"""What an outline differs at least in lightness from what it encloses."""


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
    taper: float
    """Share of an outline's length, from corner to corner, over which each end thins."""
    contour: float
    """How much heavier the outer contour of the whole figure is, 0..1."""

    def over(self, colour: Colour) -> Colour:
        """The colour of an outline around `colour`: always `APART` from it, on black cloth by being lighter."""
        lightness, chroma, hue = to_oklch(colour)
        if self.colour == "region":
            own = (min(0.42 * lightness + 0.1, 0.48), min(chroma * 1.05 + 0.015, 0.085), towards(hue, COOL, -12))
        else:
            own = to_oklch(self.ink)
        if lightness - own[0] >= APART:
            return oklch(*own)
        darker = lightness - APART
        return oklch(darker if darker > 0.05 else lightness + 1.4 * APART, *own[1:])


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
    """Standard deviation of a shadow's edge on a form of `MIDDLING` relief, head heights; 0 is a hard cel edge."""
    breadth: float
    """Times every form's own relief."""
    light: tuple[float, float]
    """Unit vector towards the light, in the picture."""
    hue: float
    """What shadows are tinted with, degrees of OKLCH."""
    tint: float
    """How strongly, as chroma."""
    own: float
    """How much of a thing's own chroma its shadow has instead, turned to `COOL`; 0 leaves all to `hue`."""
    edge: float
    """Strength of the warm edge of shadows on skin, 0..1."""
    bounce: float
    """Strength of the cool light that comes back from below within shadows, 0..1."""
    cast: float
    """Strength of shadows that one thing throws on another, 0..1."""
    gloss: float
    """Strength of highlights, 0..1."""
    rim: float
    """Strength of the light along edges, 0..1; 0 is none."""
    rim_colour: Colour

    def shadow(self, material: Material, colour: Colour, depth: float) -> Colour:
        """What a shadow of `depth` on something of a colour multiplies with."""
        _, chroma, hue = to_oklch(colour)
        level = max(1 - self.depth * depth, 0.12)
        if material is Material.SKIN and self.tint < 0.07:  # its own warm colour, whatever the rest is shaded in
            return oklch(level, max(self.tint, min(0.055, 2 * chroma)), towards(hue, COOL, 32))
        if self.own and chroma > 0.03:
            return oklch(level, max(self.own * min(chroma, 0.13), self.tint), towards(hue, COOL, 22))
        return oklch(level, self.tint, self.hue)

    def warmth(self, colour: Colour) -> Colour:
        """What the edge of a shadow on skin multiplies with: light that has gone through it."""
        _, chroma, hue = to_oklch(colour)
        return oklch(1 - 0.35 * self.depth, min(2.2 * chroma, 0.09), towards(hue, COOL, 25))

    def bounced(self, shadow: Colour) -> Colour:
        """A shadow's colour where light comes back into it."""
        lightness, chroma, hue = to_oklch(shadow)
        return oklch(
            lightness + 0.5 * self.bounce * (1 - lightness), chroma + 0.01 * self.bounce, towards(hue, 255, 60)
        )

    def highlight(self, colour: Colour) -> Colour:
        """What is screened over `colour` where it shines."""
        return shifted(colour, lightness=0.25, chroma=0.6)


@dataclass(frozen=True, slots=True)
class Style:
    """A hand."""

    line: Line
    shading: Shading
    grade: str
    """One of `palette.GRADES`."""


Weights = Mapping[str, float]

SCHOOLS = {"anime": 5, "illustration": 4, "game": 4, "painterly": 2.5, "manga": 1.3, "flat": 1.5}
INKS: dict[str, Weights] = {
    "anime": {"black": 4, "tinted": 3, "region": 3},
    "illustration": {"black": 1, "tinted": 3, "region": 5},
    "game": {"black": 1, "tinted": 3, "region": 6},
    "painterly": {"region": 3, "tinted": 1},
    "manga": {"black": 1},
    "flat": {"region": 3, "tinted": 1, "black": 1},
}
WIDTHS: dict[str, Mapping[float, float]] = {
    "anime": {0.006: 1, 0.008: 3, 0.0115: 4, 0.015: 2, 0.02: 0.6},
    "illustration": {0.006: 2, 0.008: 4, 0.0115: 2},
    "game": {0.006: 1, 0.008: 3, 0.0115: 3, 0.015: 2, 0.02: 0.6},
    "painterly": {0.006: 2, 0.008: 2, 0.0115: 1},
    "manga": {0.0115: 2, 0.015: 2, 0.02: 1},
    "flat": {0.0115: 1, 0.015: 1, 0.02: 1.5, 0.028: 1},
}
"""Head heights."""
LINELESS = {"painterly": 0.4, "flat": 0.35}
MANNERS: dict[str, Weights] = {
    "anime": {"cel": 1},
    "illustration": {"soft": 3, "cel": 2, "brushed": 2},
    "game": {"soft": 3, "cel": 3, "gradient": 1},
    "painterly": {"brushed": 3, "soft": 2},
    "manga": {"tone": 2, "cel": 1},
    "flat": {"none": 2, "gradient": 1, "cel": 1},
}
GRADINGS: Weights = {"none": 7, "warm": 1, "cool": 1, "faded": 1.2, "rich": 1, "dusk": 0.4}
MANGA_GRADINGS: Weights = {"grey": 3, "none": 2}


def choose(dice: Dice) -> Style:
    """A hand, its traits going together as they do in the field: no line asks for richer shade, tone for black ink."""
    school = dice.pick(SCHOOLS)
    grade = dice.of("grade").pick(MANGA_GRADINGS if school == "manga" else GRADINGS)
    line, shading = _line(dice.of("line"), school), _shading(dice.of("shading"), school)
    if grade == "grey":
        shading = replace(shading, tint=0.0, own=0.0, bounce=0.0, rim_colour=WHITE)
        line = replace(line, ink=grey(line.ink))
    return Style(line, shading, grade)


def _line(dice: Dice, school: str) -> Line:
    colour = dice.pick(INKS[school])
    ink = (
        oklch(dice.uniform(0.1, 0.18), 0.01, 300)
        if colour == "black"
        else oklch(dice.uniform(0.22, 0.4), 0.05, dice.pick([30, 20, 350, 300, 270]))
    )
    lineless = dice.chance(LINELESS.get(school, 0.02))
    return Line(
        width=0.0 if lineless else dice.pick(WIDTHS[school]) * dice.uniform(0.85, 1.15),
        colour=colour,
        ink=ink,
        alpha=dice.pick({1.0: 5, 0.85: 1}),
        swell=dice.uniform(0, 0.5),
        wobble=dice.pick({0.0: 3, 0.12: 3, 0.3: 1}),
        broken=dice.pick({0.0: 5, 0.25: 1.5, 0.6: 0.5}),
        taper=dice.pick({0.0: 2, 0.05: 2, 0.15: 1.5}),
        contour=dice.pick({0.0: 3, 0.3: 1, 0.6: 1, 0.9: 0.5}),
    )


def _shading(dice: Dice, school: str) -> Shading:
    manner = dice.pick(MANNERS[school])
    rendered, painted = manner in ("cel", "soft", "brushed"), manner in ("soft", "brushed")
    angle = math.radians(dice.pick([-125, -110, -60, -75, -140, -40, -150]) + dice.near(0, 12))
    softness = {"soft": dice.uniform(0.012, 0.035), "brushed": dice.uniform(0.003, 0.01)}
    return Shading(
        manner=manner,
        steps=2 if rendered and dice.chance(0.45) else 1,
        depth=0.0 if manner == "none" else dice.uniform(0.12, 0.3),
        softness=softness.get(manner, 0.0),
        breadth=dice.uniform(0.7, 1.5) * (1.25 if painted else 1.0),
        light=(math.cos(angle), math.sin(angle)),
        hue=dice.pick({290: 4, 265: 2, 320: 2, 30: 2, 200: 0.7}) + dice.near(0, 15),
        tint=dice.pick({0.0: 1, 0.03: 4, 0.06: 3, 0.09: 0.6}),
        own=dice.pick({0.0: 3, 0.35: 2, 0.7: 2}),
        edge=dice.uniform(0.4, 1.0) if painted and dice.chance(0.7) else 0.0,
        bounce=dice.uniform(0.4, 1.0) if rendered and dice.chance(0.5 if painted else 0.15) else 0.0,
        cast=0.0 if manner == "none" else dice.uniform(0.7, 1.0),
        gloss=0.0 if manner == "none" else dice.pick({0.0: 0.7, 0.35: 3, 0.65: 3, 0.95: 1}),
        rim=dice.uniform(0.35, 0.9) if rendered and dice.chance(0.17) else 0.0,
        rim_colour=oklch(dice.uniform(0.75, 0.93), dice.uniform(0.02, 0.1), dice.uniform(0, 360)),
    )
