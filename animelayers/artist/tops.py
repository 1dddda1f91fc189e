"""Clothes of the trunk, from the shirt to the gown."""

from __future__ import annotations

from collections.abc import Callable

from animelayers.artist import armoury, coats, fitted, gowns, jackets, kimonos, neckwear, pullovers, shirts, uniforms
from animelayers.artist.bodice import Torso
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Fragment, Material
from animelayers.artist.fitting import Fitting, skin_trunk
from animelayers.artist.subject import Subject

MAKERS: dict[str, Callable[[Fitting], list[Fragment]]] = {
    "sailor": shirts.sailor,
    "shirt": shirts.shirt,
    "blouse": shirts.blouse,
    "tshirt": pullovers.tshirt,
    "sweater": pullovers.sweater,
    "turtleneck": pullovers.turtleneck,
    "hoodie": pullovers.hoodie,
    "blazer": jackets.blazer,
    "cardigan": jackets.cardigan,
    "vest": jackets.vest,
    "jacket": jackets.jacket,
    "tracksuit": jackets.tracksuit,
    "uniform": uniforms.uniform,
    "dress": gowns.dress,
    "maid": gowns.maid,
    "robe": gowns.robe,
    "tunic": gowns.tunic,
    "kimono": kimonos.kimono,
    "coat": coats.coat,
    "camisole": fitted.camisole,
    "crop": fitted.crop,
    "offshoulder": fitted.offshoulder,
    "leotard": fitted.leotard,
    "corset": fitted.corset,
    "armour": armoury.armour,
}
"""Who makes which top."""


def draw(subject: Subject, dice: Dice) -> list[Fragment]:
    """The trunk of the top with its collar, skirt and inner shirt; no sleeves."""
    build, garment = subject.build, subject.outfit.top
    soft = max(0.0, 1 - 1.6 * build.masculine) * (not build.small)
    torso = Torso(subject.figure, bust=soft * dice.of("bust").uniform(0.15, 1.0))
    fit = Fitting(subject, torso, garment, dice.of(garment.kind))
    made = MAKERS[garment.kind](fit)
    bare = [] if _covered(fit, made) else [skin_trunk(fit)]
    return [*bare, *made, *neckwear.draw(fit)]


def _covered(fit: Fitting, made: list[Fragment]) -> bool:
    """Whether top and bottom meet, or the skin between them is drawn."""
    lowest = max(float(fragment.shape[0][:, 1].max()) for fragment in made)
    return fit.high or lowest > fit.torso.y(4.95) or any(fragment.material is Material.SKIN for fragment in made)
