"""What hair is like, as a hairdresser would say it: cuts that go with a length, a build, a hat."""

from __future__ import annotations

from dataclasses import dataclass

from animelayers.artist.dice import Dice
from animelayers.artist.subject import Subject
from animelayers.artist.wardrobe import HATS

Weights = dict[str, float]

SHORT, TYING = 0.55, 0.8
"""Lengths (`Subject.hair_length`) below which hair is cropped, and from which it may be tied."""

BACKS: tuple[tuple[float, Weights], ...] = (
    (SHORT, {"cropped": 3, "bob": 1.5, "wild": 0.5}),
    (0.9, {"bob": 4, "flipped": 2, "wolf": 1.5, "layered": 1, "wild": 0.7}),
    (1.35, {"bob": 1.2, "flipped": 1.5, "wolf": 1.5, "layered": 2, "straight": 2, "hime": 0.8, "wild": 0.5}),
    (9.9, {"straight": 3, "layered": 2.5, "flared": 2, "hime": 1.5}),
)
"""Up to which length → how hair falls behind."""

MENS_BACKS: tuple[tuple[float, Weights], ...] = (
    (SHORT, {"cropped": 3, "wild": 2}),
    (1.35, {"wolf": 3, "wild": 1.5, "layered": 1.5, "straight": 0.5}),
    (9.9, {"straight": 2, "layered": 2, "wolf": 1}),
)

TIED: Weights = {
    "high": 3,
    "low": 1.6,
    "side": 1.6,
    "twin": 4,
    "bun": 1.2,
    "odango": 1,
    "braid": 1.2,
    "twin braids": 1.6,
    "drills": 0.9,
}
"""What all the hair is tied into."""

MENS_TIED: Weights = {"low": 2.5, "high": 2, "bun": 0.5, "braid": 0.6}

HALF_TIED: Weights = {"high": 0.7, "side": 1, "bun": 1.5, "odango": 1.5, "crown braid": 2, "twin": 1}
"""What a part of the hair is tied into where the rest hangs."""

FRINGES: Weights = {
    "choppy": 4,
    "blunt": 2.5,
    "between": 2.5,
    "sparse": 2,
    "parted": 2,
    "curtain": 1.5,
    "swept": 2,
    "over eye": 0.7,
    "back": 0.8,
    "spikes": 0.3,
}

MENS_FRINGES: Weights = {
    "spikes": 2,
    "choppy": 2.5,
    "between": 2,
    "swept": 2,
    "parted": 1.2,
    "back": 1.2,
    "over eye": 0.5,
}

FRINGES_WITH: dict[str, Weights] = {
    "wild": {"spikes": 3, "choppy": 2, "between": 2},
    "hime": {"blunt": 4, "choppy": 1, "sparse": 0.5},
}
"""Where the back asks for one."""

UPRIGHT = ("high", "bun", "odango", "crown braid")
"""What a hat has no room for."""


@dataclass(frozen=True, slots=True)
class Hairstyle:
    """A style, by the names of its parts."""

    fringe: str
    """One of `fringe.FRINGES`."""
    temples: float
    """Height down to which hair covers the temples; above -0.02 the ears are free."""
    locks: str
    """One of `sidelocks.LOCKS`."""
    back: str
    """One of `backhair.FALLS`, or `wild`."""
    tied: str
    """One of `tails.TAILS` or `updos.UPDOS`, or `none`."""
    length: float
    """As `Subject.hair_length`."""
    forward: tuple[float, float]
    """Length of what comes forward over the right and left shoulder, shares of the fall; 0 is nothing."""
    ahoge: str
    """One of `accents.AHOGES`, or `none`."""
    sheen: str
    """One of `sheen.RINGS`, `soft` or `none`."""
    unruly: int
    """Spikes or flicks that leave the outline of the dome."""
    flyaways: int
    """Single stray hairs."""
    streak: bool
    """Whether a lock of the fringe has the colour of the tips."""


def choose(subject: Subject, dice: Dice) -> Hairstyle:
    """A style for a length: short hair is cropped or bobbed, long hair may be tied, hats press it down."""
    length, man = subject.hair_length, subject.build.masculine > 0.5
    hat = subject.outfit.headwear.kind in HATS
    back, tied = _fall(length, man, hat, dice.of("fall"))
    if subject.outfit.headwear.kind == "hood":
        back, tied = "tied", "none"
    cut = _fringe(subject, man, back, tied, dice.of("fringe"))
    d = dice.of("accents")
    return Hairstyle(
        fringe=cut,
        temples=_temples(man, length, dice.of("temples")),
        locks=_locks(length, man, back, dice.of("locks")),
        back=back,
        tied=tied,
        length=length,
        forward=_forward(length, back, dice.of("forward")),
        ahoge="none" if hat else d.pick({"none": 20, "antenna": 1.5, "hook": 1.5, "wave": 1.0}),
        sheen=d.pick({"none": 3, "ring": 3, "double": 1.5, "broken": 3, "dashes": 2, "soft": 2.5}),
        unruly=0 if hat else d.integer(5, 8) if back == "wild" else d.integer(1, 2) if d.chance(0.2) else 0,
        flyaways=d.integer(1, 3) if d.chance(0.4) else 0,
        streak=subject.palette.tips != subject.palette.hair and d.chance(0.3),
    )


def _fringe(subject: Subject, man: bool, back: str, tied: str, dice: Dice) -> str:
    """What suits the back; bare foreheads suit men, and grown women who tie their hair."""
    weights = FRINGES_WITH.get(back, MENS_FRINGES if man else FRINGES)
    bare = man or (tied != "none" and not subject.build.small)
    return dice.pick({name: weight for name, weight in weights.items() if bare or name != "back"})


def _fall(length: float, man: bool, hat: bool, dice: Dice) -> tuple[str, str]:
    """The back, and what is tied."""
    banned = (*UPRIGHT, "wild") if hat else ()

    def pick(weights: Weights) -> str:
        return dice.pick({name: weight for name, weight in weights.items() if name not in banned})

    if length > TYING and dice.chance(0.15 if man else 0.4):
        return "tied", pick(MENS_TIED if man else TIED)
    back = pick(next(weights for limit, weights in (MENS_BACKS if man else BACKS) if length < limit))
    half = not man and back not in ("wild", "wolf", "cropped") and dice.chance(0.16)
    return back, pick(HALF_TIED) if half else "none"


def _temples(man: bool, length: float, dice: Dice) -> float:
    if man or length < SHORT:
        return dice.pick({-0.04: 1.5, 0.08: 2, 0.16: 1.5})
    return dice.pick({-0.04: 1.2, 0.16: 2, 0.26: 3, 0.38: 2})


def _locks(length: float, man: bool, back: str, dice: Dice) -> str:
    if back == "hime":
        return dice.pick({"hime": 4, "chest": 1})
    if man or length < SHORT:
        return dice.pick({"none": 2, "sideburn": 4, "strand": 1, "cheek": 1})
    weights: Weights = {
        "none": 2,
        "cheek": 2,
        "chin": 2.5,
        "strand": 1.5,
        "chest": 2.0 if length > 1.2 and back != "tied" else 0.0,
    }
    return dice.pick(weights)


def _forward(length: float, back: str, dice: Dice) -> tuple[float, float]:
    """Over which shoulder long hair comes forward: neither, both, or one."""
    if length < 0.9 or back in ("tied", "wild", "bob", "flipped", "hime"):
        return 0.0, 0.0
    both, one = dice.uniform(0.55, 0.95), dice.uniform(0.6, 1.0)
    return dice.pick({(0.0, 0.0): 3, (both, both * 0.95): 3, (one, 0.0): 1.5, (0.0, one): 1.5})
