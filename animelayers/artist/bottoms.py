"""Bottomwear: whatever is worn from the waist down over the legs."""

from __future__ import annotations

from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Fragment
from animelayers.artist.skirts import KINDS, draw_skirt
from animelayers.artist.subject import Subject


def draw(subject: Subject, dice: Dice) -> list[Fragment]:
    """Nothing under a dress."""
    kind = subject.outfit.bottom.kind
    if kind in KINDS:
        return draw_skirt(subject, dice.of(kind))
    return []
