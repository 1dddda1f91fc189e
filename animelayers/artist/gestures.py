"""What hands do in each pose of the arm."""

from __future__ import annotations

import math
from dataclasses import dataclass

from animelayers.artist.build import Build
from animelayers.artist.dice import Dice, Range
from animelayers.artist.figure import SIDES, Limb
from animelayers.artist.hands import GESTURES, Hand, Make, Turn, hand


@dataclass(frozen=True, slots=True)
class Handling:
    """A gesture and how it is turned, degrees."""

    gesture: str
    roll: Range
    flex: Range = (-6, 10)
    aim: Range | None = None
    """Where the hand points, outwards from straight down; None: as the forearm does."""
    weight: float = 1.0


_HANGING = (
    Handling("relaxed", (38, 75), weight=5),
    Handling("curved", (45, 80), weight=2),
    Handling("fist", (40, 75), weight=0.5),
    Handling("relaxed", (5, 30), weight=1),
)
HANDLINGS: dict[str, tuple[Handling, ...]] = {
    "down": _HANGING,
    "relaxed": _HANGING,
    "apart": (Handling("relaxed", (55, 85), (-40, -22)), Handling("open", (150, 190), (-8, 8), weight=0.6)),
    "hip": (Handling("relaxed", (15, 45), aim=(-8, 18)), Handling("curved", (-15, 15), aim=(-72, -52))),
    "behind": (Handling("curved", (-20, 20)),),
    "together": (Handling("curved", (0, 30), aim=(-46, -28)),),
    "crossed": (Handling("curved", (0, 30), aim=(-112, -96)),),
    "chest": (
        Handling("curved", (0, 28), aim=(-122, -98)),
        Handling("cup", (0, 40), aim=(-140, -120)),
        Handling("fist", (0, 30), aim=(-150, -130), weight=0.6),
    ),
    "face": (
        Handling("curved", (-85, -55), aim=(-178, -160)),
        Handling("fist", (-40, -10), aim=(-172, -150), weight=0.6),
        Handling("peace", (165, 195), aim=(168, 184), weight=0.6),
    ),
    "wave": (
        Handling("open", (165, 195), weight=3),
        Handling("flat", (150, 180), weight=1),
        Handling("peace", (165, 190), weight=1.4),
        Handling("point", (160, 190), weight=0.8),
        Handling("fist", (150, 180), weight=0.4),
    ),
    "raised": (
        Handling("open", (165, 195), weight=2),
        Handling("relaxed", (70, 120), weight=1),
        Handling("fist", (150, 180), weight=1),
    ),
    "hold": (Handling("curved", (0, 28), aim=(-108, -88)), Handling("fist", (0, 25), aim=(-112, -92), weight=0.5)),
    "offer": (Handling("relaxed", (-120, -85), (-18, 4), weight=2), Handling("open", (-150, -110), (-15, 5))),
    "clasped": (Handling("flat", (-70, -40), aim=(-160, -150)), Handling("cup", (0, 30), aim=(-142, -130), weight=0.6)),
    "nape": (Handling("curved", (160, 190), aim=(-130, -100)),),
    "stretch": (Handling("curved", (0, 30), aim=(-150, -130)), Handling("flat", (0, 30), aim=(-176, -166))),
    "salute": (
        Handling("flat", (10, 40), aim=(-132, -118)),
        Handling("peace", (150, 180), aim=(-150, -138), weight=0.4),
    ),
    "chin": (
        Handling("curved", (-60, -30), aim=(-176, -160)),
        Handling("fist", (-40, -10), aim=(-172, -150)),
        Handling("point", (-40, -10), aim=(-176, -164)),
    ),
    "across": (Handling("curved", (0, 30), aim=(-100, -88)),),
    "elbow": (Handling("cup", (0, 25), aim=(-96, -80)), Handling("curved", (0, 25), aim=(-96, -80))),
}
"""By pose of the arm."""


def held_hand(build: Build, arm: Limb, dice: Dice) -> Hand:
    """The hand of an arm."""
    options = {k: option.weight for k, option in enumerate(HANDLINGS[arm.pose])}
    return pose_hand(build, arm, HANDLINGS[arm.pose][dice.of("gesture").pick(options)], dice)


def pose_hand(build: Build, arm: Limb, handling: Handling, dice: Dice) -> Hand:
    """A hand that does this."""
    d, sign = dice.of("turn"), SIDES[arm.side]
    angle = arm.direction(1.0)
    if handling.aim is not None:
        angle = math.pi / 2 - sign * math.radians(d.uniform(*handling.aim))
    turn = Turn(d.uniform(*handling.roll), d.uniform(*handling.flex))
    breadth = 1.35 if build.small else 1.0 + 0.14 * build.masculine
    make = Make(size(build), float(arm.radius(1.0)[0]), breadth, build.small)
    return hand(arm.joints[2], angle, arm.side, make, GESTURES[handling.gesture], turn)


def size(build: Build) -> float:
    """Length of a hand, head heights."""
    return (0.52 + 0.05 * build.masculine) * build.breadth + 0.03
