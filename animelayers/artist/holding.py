"""What is held, in which hand, where and how it leans."""

from __future__ import annotations

import math
from dataclasses import dataclass

from animelayers.artist.dice import Dice
from animelayers.artist.figure import SIDES, Limb
from animelayers.artist.hands import Hand
from animelayers.artist.holds import HOLDS, Hold
from animelayers.artist.subject import Subject


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """A thing in a hand."""

    kind: str
    side: str
    hold: Hold


def choose(subject: Subject, dice: Dice) -> Held | None:
    """What is held in which hand; None where nothing is, or no hand is free for it."""
    kind = subject.outfit.object.kind
    ways = HOLDS.get(kind, {})
    arms = subject.figure.arms
    free = [side for side in SIDES if arms[side].pose in ways]
    if not free:
        return None
    both = all(arms[side].pose == "together" for side in SIDES)
    side = max(free, key=lambda s: arms[s].z_end) if both else dice.pick(free)
    return Held(kind, side, ways[arms[side].pose])


def spot(held: Held, arm: Limb, hand: Hand) -> tuple[float, float]:
    """Where the thing's own origin lies."""
    if held.hold.at == "grip":
        return hand.grip
    if held.hold.at == "elbow":
        t = arm.bend + 0.12
    else:
        t = {"fore": arm.bend + 0.6 * (1 - arm.bend), "wrist": 1.0}.get(held.hold.at, 1.0)
    x, y = arm.joints[2] if t == 1.0 else arm.point(t)
    if held.hold.at == "palm":
        gx, gy = hand.grip
        return 0.35 * x + 0.65 * gx, 0.35 * y + 0.65 * gy
    return x, y


def tilt(held: Held, dice: Dice) -> float:
    """How far the thing is turned clockwise, radians."""
    return SIDES[held.side] * math.radians(dice.uniform(*held.hold.lean))
