"""Fitting a top to a character: what its makers are given, and the pieces most tops have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from animelayers.artist import patterns
from animelayers.artist.bodice import Cut, Torso, Trunk, bust_shade, necklines, trunk, trunk_folds
from animelayers.artist.curves import Curve, spline
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Colour, Fragment, Material, Plane, Stroke
from animelayers.artist.folds import Folds
from animelayers.artist.palette import mix, shifted
from animelayers.artist.patterns import Weave
from animelayers.artist.subject import Subject
from animelayers.artist.trimmings import Finish, finished, readable
from animelayers.artist.waist import Girth
from animelayers.artist.wardrobe import Garment, Outfit

BEHIND_NECK = Plane.NECK - 0.06
"""Where collars and hoods go round the back of the neck."""


@dataclass(frozen=True, slots=True, eq=False)
class Fitting:
    """A top being made for a character."""

    subject: Subject
    torso: Torso
    garment: Garment
    dice: Dice

    @property
    def outfit(self) -> Outfit:
        return self.subject.outfit

    @property
    def b(self) -> float:
        return self.torso.b

    @property
    def colour(self) -> Colour:
        return self.garment.colour

    @property
    def trim(self) -> Colour:
        """The trim, readable on the garment's colour."""
        return readable(self.garment.colour, self.garment.trim)

    @property
    def sleeveless(self) -> bool:
        return self.outfit.sleeves.kind in ("none", "detached")

    @property
    def high(self) -> bool:
        """Whether what is worn below reaches up to the waist."""
        return self.outfit.bottom.kind in ("pleated", "flared", "pencil", "long", "frilled")

    def tucked(self, chance: float) -> bool:
        """Whether the hem goes under the waistband; bare shoulders lie under the armhole, so not without sleeves."""
        return not self.sleeveless and self.dice.of("tucked").chance(chance)

    def piece(self, shape: Curve, z: float, colour: Colour | None = None, **how: Any) -> Fragment:
        """A fragment of the top."""
        if z < Plane.BOTTOMWEAR:
            how.setdefault("ground", Plane.SURFACE + (0.06 if z >= Plane.TUCKED else 0.0))
        return Fragment("topwear", z, (shape,), self.colour if colour is None else colour, **how)

    def pattern(self, cloth: Weave) -> Finish:
        return Finish(patterns.marks(self.garment, cloth, self.b))

    def girth(self, level: float, height: float, z: float = Plane.TOPWEAR + 0.02, *, ease: float = 0.035) -> Girth:
        """Where something `height` breadths tall is bound around the trunk, with its middle at a level."""
        tall = height * self.b
        return Girth(self.torso.figure, "topwear", z, self.torso.y(level) - tall / 2, tall, ease)

    def neckline(self, name: str) -> dict[str, Any]:
        """A neckline by name, as arguments of a `Cut`."""
        spots, sharp = necklines(self.torso)[name]
        return {"neckline": spots, "sharp": sharp}


def cut_of(fit: Fitting, neckline: str, **how: Any) -> Cut:
    """A cut with a neckline by name, without sleeves where the outfit has none."""
    if fit.sleeveless and "top" not in how and "armhole" not in how:
        how["armhole"] = fit.torso.half(1) - fit.dice.of("armhole").uniform(0.13, 0.2)
    return Cut(**fit.neckline(neckline), **how)


def shell(
    fit: Fitting,
    cut: Cut,
    manner: str,
    *,
    z: float = Plane.TOPWEAR,
    colour: Colour | None = None,
    lines: dict[str, float] | None = None,
    patterned: bool = True,
    material: Material = Material.CLOTH,
    shade: float = 0.75,
) -> tuple[Fragment, Trunk]:
    """The trunk of a top with the forms and folds of its cloth; `lines` are weights as in `Trunk.lines`."""
    made = trunk(fit.torso, cut)
    weights = {"armholes": 1.0 if cut.armhole is not None else 0.0} | (lines or {})
    fragment = fit.piece(
        made.outline,
        z,
        colour,
        material=material,
        relief=0.09 * fit.b**0.5,
        outlined=False,
        strokes=made.lines(**weights),
    )
    folds = trunk_folds(fit.torso, manner, fit.dice.of("folds"), hem=cut.hem) if manner else Folds()
    return finished(
        fragment, fit.pattern(made.cloth) if patterned else Finish(), bust_shade(fit.torso, depth=shade), folds
    ), made


def nape(fit: Fitting, made: Trunk, colour: Colour | None = None, *, rise: float = 0.07) -> Fragment:
    """The inside of the back, seen in the neckline behind the neck; `rise` in breadths above its ends."""
    left, right = made.neckline[0], made.neckline[-1]
    middle = (left + right) / 2
    top = spline(
        [
            left,
            middle - (0.5 * (middle[0] - left[0]), 0.8 * rise * fit.b),
            middle - (0, rise * fit.b),
            middle + (0.5 * (right[0] - middle[0]), -0.8 * rise * fit.b),
            right,
        ]
    )
    low = spline([right, middle + (0, 0.5 * fit.b), left])
    inside = shifted(fit.colour if colour is None else colour, lightness=-0.07)
    return fit.piece(np.concatenate([top, low]), BEHIND_NECK, inside, relief=0.0)


def skin_trunk(fit: Fitting, *, top: float = 1.6, hem: float = 5.6) -> Fragment:
    """The bare trunk under short or strapless tops, with its navel and the hint of the waist's forms."""
    torso, skin = fit.torso, fit.subject.palette.skin
    cut = Cut(neckline=((-torso.half(2) + 0.02, top), (0, top)), top=top, ease=(0, 0, 0, 0), hem=hem)
    made = trunk(torso, cut)
    strokes = [Stroke(side, 1.0, (0.1, 0.0)) for side in made.sides]
    navel = torso.curve([(0.0, 4.42), (0.012, 4.5), (0.0, 4.58)])
    strokes.append(Stroke(navel, 0.7, (0.4, 0.4)))
    if not torso.small:
        strokes += [
            Stroke(torso.curve([(s * 0.2, 3.35), (s * 0.17, 3.7), (s * 0.19, 4.0)]), 0.35, (0.6, 0.6)) for s in (-1, 1)
        ]
    return fit.piece(
        made.outline,
        Plane.TORSO,
        skin,
        material=Material.SKIN,
        relief=0.07,
        outlined=False,
        strokes=tuple(strokes),
    )


def darker(colour: Colour, share: float = 0.3) -> Colour:
    """For linings and depths."""
    return mix(colour, (30, 25, 45), share)


def signed(spots: Sequence[tuple[float, float]], sign: int) -> list[tuple[float, float]]:
    """Places on one side of the body from those of its left."""
    return [(sign * x, level) for x, level in spots]
