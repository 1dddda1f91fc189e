"""Clothes of the trunk, from the shirt to the gown."""

from __future__ import annotations

from collections.abc import Callable

from animelayers.artist import gowns, jackets, pullovers, shirts
from animelayers.artist.bodice import Torso
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Fragment
from animelayers.artist.fitting import Fitting
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
    "uniform": jackets.uniform,
    "dress": gowns.dress,
    "maid": gowns.maid,
    "robe": gowns.robe,
    "tunic": gowns.tunic,
}
"""Who makes which top."""


def draw(subject: Subject, dice: Dice) -> list[Fragment]:
    """The trunk of the top with its collar, skirt and inner shirt; no sleeves."""
    build, garment = subject.build, subject.outfit.top
    soft = max(0.0, 1 - 1.6 * build.masculine) * (build.heads > 4)
    torso = Torso(subject.figure, bust=soft * dice.of("bust").uniform(0.15, 1.0))
    return MAKERS.get(garment.kind, pullovers.tshirt)(Fitting(subject, torso, garment, dice.of(garment.kind)))
