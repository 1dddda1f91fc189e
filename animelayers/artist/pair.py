"""One of a pair: a thing worn on one leg."""

from __future__ import annotations

from dataclasses import dataclass

from animelayers.artist.bows import Ribbon, bow
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Colour, Fragment
from animelayers.artist.feet import Foot, foot
from animelayers.artist.figure import SIDES, Limb
from animelayers.artist.subject import Subject
from animelayers.artist.wardrobe import Garment


@dataclass(frozen=True, slots=True, eq=False)
class Worn:
    """What those who draw a stocking or a shoe need."""

    subject: Subject
    garment: Garment
    form: Foot
    dice: Dice
    """The same for both legs, so that a pair is a pair."""

    @property
    def leg(self) -> Limb:
        return self.form.leg

    @property
    def breadth(self) -> float:
        return self.subject.build.breadth

    @property
    def colour(self) -> Colour:
        return self.garment.colour

    @property
    def trim(self) -> Colour:
        return self.garment.trim

    @property
    def footed(self) -> bool:
        """Whether the legwear hides the toes."""
        return self.subject.outfit.legs.kind in ("socks", "knee", "thigh", "tights")


def pair(subject: Subject, garment: Garment, dice: Dice) -> list[Worn]:
    """For the right leg and the left."""
    kind = subject.outfit.shoes.kind
    return [Worn(subject, garment, foot(subject.figure.legs[side], subject.build, kind), dice) for side in SIDES]


def tied(worn: Worn, tag: str, at: tuple[float, float], size: float, colour: Colour, z: float) -> list[Fragment]:
    """A small bow on a shoe or a stocking, without ends, and too small for lines within."""
    ribbon = Ribbon(at, size, colour, tag, z, side=worn.leg.side)
    return [made.replace(strokes=()) for made in bow(ribbon, worn.dice.of("tied"), droop=0.1, plump=1.2)]
