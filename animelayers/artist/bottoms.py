"""Bottomwear: whatever is worn from the waist down over the legs."""

from __future__ import annotations

from collections.abc import Callable

from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Fragment
from animelayers.artist.faulds import draw_faulds
from animelayers.artist.skirts import KINDS, draw_skirt
from animelayers.artist.subject import Subject
from animelayers.artist.trousers import CUTS, draw_trousers


def draw(subject: Subject, dice: Dice) -> list[Fragment]:
    """Nothing under a dress."""
    kind = subject.outfit.bottom.kind
    maker = MAKERS.get(kind)
    return maker(subject, dice.of(kind)) if maker else []


MAKERS: dict[str, Callable[[Subject, Dice], list[Fragment]]] = {
    **dict.fromkeys(KINDS, draw_skirt),
    **dict.fromkeys(CUTS, draw_trousers),
    "faulds": draw_faulds,
}
