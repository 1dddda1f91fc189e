"""Hair: a style's pieces put together."""

from __future__ import annotations

from animelayers.artist import accents, backhair, fringe, hairstyle, scalp, sheen, sidelocks
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Fragment
from animelayers.artist.hairstyle import Hairstyle
from animelayers.artist.locks import Look
from animelayers.artist.scalp import Scalp
from animelayers.artist.subject import Subject
from animelayers.artist.tails import TAILS
from animelayers.artist.updos import UPDOS

FORWARD = 2.3
"""Length of hair that comes forward over a shoulder, at most."""

TIED = TAILS | UPDOS
"""What hair is tied into."""


def draw(subject: Subject, dice: Dice) -> list[Fragment]:
    """All the hair."""
    return dress(subject, chosen(subject, dice), dice)


def chosen(subject: Subject, dice: Dice) -> Hairstyle:
    """The style that `draw` dresses the hair in."""
    return hairstyle.choose(subject, dice.of("style"))


def dress(subject: Subject, style: Hairstyle, dice: Dice) -> list[Fragment]:
    """A head of hair in a style."""
    over = scalp.choose(subject, dice.of("scalp"))
    lights = sheen.draw(over, style.sheen, dice.of("sheen"))
    back, front = Look("back hair", over.tone), Look("front hair", over.tone, lights, relief=0.04)
    return [*_behind(over, back, style, dice), *_before(over, front, style, dice)]


def _behind(over: Scalp, look: Look, style: Hairstyle, dice: Dice) -> list[Fragment]:
    floor = over.floor(style.length)
    if style.back == "wild":
        made = accents.wild(over, look, dice.of("back"), floor)
    else:
        made = backhair.draw(over, look, style.back, style.length, dice.of("back"))
    for sign, share in zip((-1, 1), style.forward, strict=True):
        if share:
            made += backhair.beside(
                over, look, sign, over.floor(share * min(style.length, FORWARD)), dice.of(f"beside{sign}")
            )
    if style.tied != "none":
        made += TIED[style.tied](over, look, floor, dice.of("tied"))
    return made


def _before(over: Scalp, look: Look, style: Hairstyle, dice: Dice) -> list[Fragment]:
    cut = fringe.FRINGES[style.fringe](over, look, dice.of("fringe"))
    unruly = accents.spikes if style.back == "wild" else accents.flicks
    return [
        fringe.cap(over, look),
        *(() if style.fringe == "back" else fringe.temples(over, look, dice.of("temples"), style.temples)),
        *cut,
        *(fringe.streak(over, look, dice.of("streak")) if style.streak else ()),
        *sidelocks.draw(over, look, style.locks, dice.of("locks")),
        *unruly(over, look, dice.of("unruly"), style.unruly),
        *accents.flyaways(over, look, dice.of("flyaways"), style.flyaways),
        *accents.ahoge(over, look, style.ahoge, dice.of("ahoge")),
    ]
